import Foundation
import Glibc
import TestSupport

/// The programs as they were built, run as processes.
enum Binaries {
    /// The folder of this build's products: the one that this test program lies in.
    static let folder = URL(
        fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "."
    )
    .deletingLastPathComponent().path

    /// The repository.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let rates = root + "/config/rates.yaml"

    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Runs a program to its end.
    static func run(
        _ name: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
        closesOutput: Bool = false, openFilesMax: Int? = nil
    ) throws -> Result {
        let process = Process()
        set(process, name, arguments, openFilesMax)
        process.environment = clean.merging(environment) { _, new in new }
        let directory = try TemporaryDirectory()
        // Files, not pipes: none of them can fill up while nobody reads.
        for (name, content) in [("in", input), ("out", ""), ("err", "")] {
            try Data(content.utf8).write(to: URL(fileURLWithPath: directory.path + "/" + name))
        }
        func file(_ name: String, _ mode: (String) -> FileHandle?) throws -> FileHandle {
            guard let handle = mode(directory.path + "/" + name) else { throw Missing() }
            return handle
        }
        process.standardInput = try file("in", FileHandle.init(forReadingAtPath:))
        process.standardOutput = try file("out", FileHandle.init(forWritingAtPath:))
        process.standardError = try file("err", FileHandle.init(forWritingAtPath:))
        if closesOutput {
            // A pipe that nobody reads.
            let pipe = Pipe()
            process.standardOutput = pipe
            try pipe.fileHandleForReading.close()
        }
        try process.run()
        process.waitUntilExit()
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: directory.path + "/" + name, encoding: .utf8)
        }
        return Result(status: process.terminationStatus, output: try text("out"), errors: try text("err"))
    }

    /// Has a process run a program, with so many open files at most: prlimit(1) becomes the program.
    static func set(_ process: Process, _ name: String, _ arguments: [String], _ openFilesMax: Int?) {
        let program = folder + "/" + name
        guard let openFilesMax else {
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            return
        }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        process.arguments = ["--nofile=\(openFilesMax):\(openFilesMax)", program] + arguments
    }

    /// The environment without anything of a real meterd's or systemd's.
    static var clean: [String: String] {
        ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("METERD_")
                && !["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"].contains(name)
        }
    }

    struct Missing: Error {}
}

/// A running daemon in a folder of its own.
final class RunningDaemon {
    let directory: TemporaryDirectory
    let notify: NotifyListener
    private let arguments: [String]
    private let environment: [String: String]
    private let openFilesMax: Int?
    private(set) var process = Process()

    var ingestSocket: String { directory.path + "/i.sock" }
    var controlSocket: String { directory.path + "/c.sock" }
    var stateDirectory: String { directory.path + "/state" }
    var log: String { (try? String(contentsOfFile: directory.path + "/log", encoding: .utf8)) ?? "" }

    /// Starts the daemon and waits until it says that it is ready.
    init(
        rates: String = Binaries.rates, arguments: [String] = [], environment: [String: String] = [:],
        openFilesMax: Int? = nil
    ) throws {
        self.openFilesMax = openFilesMax
        directory = try TemporaryDirectory()
        notify = try NotifyListener(in: directory)
        self.environment = environment
        let path = directory.path
        self.arguments =
            [
                "run", "--state-dir", path + "/state", "--ingest-socket", path + "/i.sock", "--control-socket",
                path + "/c.sock", "--rates", rates,
            ] + arguments
        let made = try Binaries.run("meterd", ["init", "--state-dir", path + "/state"])
        guard made.status == 0 else { throw Refused(arguments: ["init"], result: made) }
        try start()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Starts it again in the same folder.
    func start() throws {
        try launch()
        _ = try notify.wait(for: "READY=1")
    }

    /// Starts it, and doesn't wait until it is ready.
    func launch() throws {
        process = Process()
        Binaries.set(process, "meterd", arguments, openFilesMax)
        process.environment = Binaries.clean.merging(["NOTIFY_SOCKET": notify.path]) { _, new in new }
            .merging(environment) { _, new in new }
        if !FileManager.default.fileExists(atPath: directory.path + "/log") {
            _ = FileManager.default.createFile(atPath: directory.path + "/log", contents: nil)
        }
        guard let log = FileHandle(forWritingAtPath: directory.path + "/log") else { throw Binaries.Missing() }
        _ = try log.seekToEnd()
        process.standardError = log
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Ends it as a power cut would, as far as a process can see.
    func kill9() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks it to stop, and gives its exit status.
    func terminate() -> Int32 {
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Waits until it ends by itself.
    func waitForEnd() { process.waitUntilExit() }

    /// The status with which it ended.
    var status: Int32 { process.terminationStatus }

    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    /// Runs `meterctl` against it.
    func meterctl(_ arguments: String..., input: String = "") throws -> Binaries.Result {
        try Binaries.run(
            "meterctl", arguments, input: input,
            environment: ["METERD_CONTROL_SOCKET": controlSocket, "METERD_INGEST_SOCKET": ingestSocket])
    }

    /// One exchange with the control socket: the head and the body, in one text.
    func ask(_ method: String, _ path: String, _ body: String? = nil) throws -> String {
        let client = try LineClient(controlSocket)
        let length = body?.utf8.count ?? 0
        try client.write(
            Array(
                "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(length)\r\n\r\n\(body ?? "")"
                    .utf8))
        var lines: [String] = []
        while let line = try client.receive(includingLast: true) { lines.append(line) }
        return lines.joined(separator: "\n")
    }

    /// Runs `meterctl … --json` and reads its document.
    func json(_ arguments: String..., input: String = "") throws -> [String: Any] {
        let result = try Binaries.run(
            "meterctl", arguments + ["--json"], input: input,
            environment: ["METERD_CONTROL_SOCKET": controlSocket, "METERD_INGEST_SOCKET": ingestSocket])
        guard result.status == 0,
            let document = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        else { throw Refused(arguments: arguments, result: result) }
        return document
    }

    struct Refused: Error {
        let arguments: [String]
        let result: Binaries.Result
    }
}
