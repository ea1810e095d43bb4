import Foundation
import Glibc
import LoadGenerator

/// The daemon under measurement, in a folder of its own.
final class DaemonProcess {
    let ingestSocket: String
    let controlSocket: String
    /// The database's file.
    let database: String
    private let program: URL
    private let arguments: [String]
    private let log: String?
    private var process = Process()

    /// Starts it.
    ///
    /// - Parameter log: the file that its log is appended to; nil for none.
    init(_ options: CommonOptions, _ directory: String, log: String? = nil) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        ingestSocket = directory + "/i.sock"
        controlSocket = directory + "/c.sock"
        database = directory + "/state/meterd.db"
        program = URL(fileURLWithPath: options.meterd)
        arguments = [
            "run", "--state-dir", directory + "/state", "--ingest-socket", ingestSocket, "--control-socket",
            controlSocket, "--rates", options.rates,
        ]
        self.log = log
        let making = Process()
        making.executableURL = program
        making.arguments = ["init", "--state-dir", directory + "/state"]
        making.standardOutput = FileHandle.nullDevice
        try making.run()
        making.waitUntilExit()
        guard making.terminationStatus == 0 else { throw BenchmarkError("meterd init failed in \(directory)") }
        try start()
    }

    /// Starts it, again where it was killed; returns when it is healthy.
    func start() throws {
        process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardError = try log.map(Subprocess.appending) ?? FileHandle.nullDevice
        try process.run()
        for _ in 0..<6000 {
            if (try? request("GET", "/healthz", nil)) != nil { return }
            guard process.isRunning else { throw BenchmarkError("the daemon ended at its start: \(ending)") }
            usleep(10_000)
        }
        throw BenchmarkError("the daemon did not become healthy within a minute")
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Ends it as a crash does.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Has it take in its configuration and its rates again.
    func reload() {
        Glibc.kill(process.processIdentifier, SIGHUP)
    }

    var isRunning: Bool { process.isRunning }
    var identifier: pid_t { process.processIdentifier }

    /// How it ended: an exit status or a signal.
    var ending: String {
        process.terminationReason == .exit ? "exit \(process.terminationStatus)" : "signal \(process.terminationStatus)"
    }

    /// A load for it.
    var plan: LoadPlan { LoadPlan(socket: ingestSocket) }

    /// What each org is given, in nano-dollars.
    static let grantNanos: Int64 = 1_000_000_000_000_000

    /// Founds `org-1` to `org-N` and gives each a million dollars.
    func createOrgs(_ count: Int) throws {
        for number in 1...count {
            _ = try request("POST", "/v1/orgs", "{\"org\":\"org-\(number)\"}")
            _ = try request("POST", "/v1/orgs/org-\(number)/grants", "{\"amount\":\"1000000\"}")
        }
    }

    /// What `ledger verify` says.
    func verify() throws -> String {
        try request("GET", "/v1/ledger/verification", nil)
    }

    /// Usage records that it holds.
    func records() throws -> Int { try status("records") }

    /// Bytes of the database and its log for each usage record, indexes and all.
    func bytesPerRecord() throws -> Int {
        try (status("database_bytes") + status("wal_bytes")) / max(1, records())
    }

    func status(_ member: String) throws -> Int {
        let status = try JSONSerialization.jsonObject(with: Data(try request("GET", "/v1/status", nil).utf8))
        guard let number = (status as? [String: Any])?[member] as? Int else {
            throw BenchmarkError("the status has no \(member)")
        }
        return number
    }

    /// Processor time that it has used.
    var processorSeconds: Double { ProcessFigures.processorSeconds(of: identifier) }

    /// The most memory that the daemon has had, in MiB.
    var peakResidentMebibytes: Int { ProcessFigures(of: identifier).peakResidentKibibytes / 1024 }

    /// One HTTP/1.1 exchange on the control socket; the body of a 200.
    func request(_ method: String, _ path: String, _ body: String?) throws -> String {
        let socket = try UnixSocket(connectingTo: controlSocket)
        defer { socket.close() }
        let content = body ?? ""
        let head = """
            \(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIdempotency-Key: \(UUID().uuidString)\r
            Content-Length: \(content.utf8.count)\r\n\r\n
            """
        try socket.writeAll(Array((head + content).utf8))
        let answer = String(decoding: socket.readAll(), as: UTF8.self)
        guard answer.hasPrefix("HTTP/1.1 200"), let end = answer.range(of: "\r\n\r\n") else {
            throw BenchmarkError("\(method) \(path): \(answer.prefix(300))")
        }
        return String(answer[end.upperBound...])
    }
}
