import Foundation
import Glibc
import TestSupport
import Testing

/// A running dashboard before a daemon.
final class RunningDashboard {
    let daemon: RunningDaemon
    let port: UInt16
    private let directory: TemporaryDirectory
    private let notify: NotifyListener
    private let process = Process()
    private var ahead = 0

    var log: String { (try? String(contentsOfFile: directory.path + "/log", encoding: .utf8)) ?? "" }
    var address: String { "http://localhost:\(port)" }

    init(_ daemon: RunningDaemon) throws {
        self.daemon = daemon
        directory = try TemporaryDirectory()
        notify = try NotifyListener(in: directory)
        port = try Self.freePort()
        Binaries.set(
            process, "meterd-dashboard",
            [
                "run", "--config", directory.path + "/none.yaml", "--public-url", "http://localhost:\(port)",
                "--listen", "127.0.0.1:\(port)", "--control-socket", daemon.controlSocket, "--state-dir",
                directory.path + "/state", "--test-clock", directory.path + "/clock",
            ], nil)
        process.environment = Binaries.clean.merging(["NOTIFY_SOCKET": notify.path]) { $1 }
        _ = FileManager.default.createFile(atPath: directory.path + "/log", contents: nil)
        guard let log = FileHandle(forWritingAtPath: directory.path + "/log") else { throw Binaries.Missing() }
        process.standardError = log
        process.standardInput = FileHandle.nullDevice
        try process.run()
        _ = try notify.wait(for: "READY=1")
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Moves the dashboard's clock, not the daemon's.
    func wait(seconds: Int) throws {
        ahead += seconds
        try "\(ahead)".write(toFile: directory.path + "/clock", atomically: true, encoding: .utf8)
    }

    /// A browser in which somebody joined an org by a link, and is signed in.
    func join(_ org: String, _ name: String, _ role: String) throws -> Browser {
        let made = try daemon.json(
            "dashboard", "invite", org, "\(name)@\(org).example", "--name", name, "--role", role, "--url", address)
        let link = try #require(made["link"] as? String)
        let browser = Browser(port: port)
        let path = try #require(URL(string: link)?.path)
        try browser.get(path)
        try browser.get("/join")
        let joined = try browser.post("/join", ["name": name])
        #expect(joined.status == 303, "\(joined)")
        try browser.get("/orgs/\(org)/security")
        // So many may look at invitations in a minute.
        try wait(seconds: 61)
        return browser
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Browser.Unreachable() }
        return UInt16(bigEndian: address.sin_port)
    }
}
