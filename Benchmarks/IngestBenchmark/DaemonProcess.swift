import Foundation
import Glibc
import LoadGenerator

/// The daemon under measurement, in a folder of its own.
final class DaemonProcess {
    let ingestSocket: String
    private let controlSocket: String
    private let process = Process()

    init(_ arguments: Arguments, _ directory: String) throws {
        ingestSocket = directory + "/i.sock"
        controlSocket = directory + "/c.sock"
        process.executableURL = URL(fileURLWithPath: arguments.meterd)
        process.arguments = [
            "run", "--state-dir", directory + "/state", "--ingest-socket", ingestSocket, "--control-socket",
            controlSocket, "--rates", arguments.rates,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<500 {
            if (try? request("GET", "/healthz", nil)) != nil { return }
            usleep(20_000)
        }
        throw BenchmarkError("the daemon did not become healthy")
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

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

    /// Bytes of the database and its log for each usage record, indexes and all.
    func bytesPerRecord() throws -> Int {
        let status = try JSONSerialization.jsonObject(with: Data(try request("GET", "/v1/status", nil).utf8))
        guard let members = status as? [String: Any], let records = members["records"] as? Int, records > 0,
            let database = members["database_bytes"] as? Int, let log = members["wal_bytes"] as? Int
        else { throw BenchmarkError("the status has no sizes") }
        return (database + log) / records
    }

    /// The most memory that the daemon has had, in MiB.
    var peakResidentMebibytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) / 1024
    }

    /// One HTTP/1.1 exchange on the control socket; the body of a 200.
    private func request(_ method: String, _ path: String, _ body: String?) throws -> String {
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
