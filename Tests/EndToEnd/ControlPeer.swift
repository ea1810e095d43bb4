import Foundation

/// Speaks HTTP to a control socket over one connection; as the user `nobody`, where the tests are run by root, so that the daemon's
/// rules of `peers` are about it.
final class ControlPeer {
    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: String

        /// The body as JSON; empty if it is none.
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) ?? [:]
        }
        /// The protocol's code of a problem; nil for none.
        var code: String? { json["code"] as? String }
    }

    struct Ended: Error {}

    /// Whether it is another user than the daemon's.
    static var isStranger: Bool { geteuid() == 0 }
    /// The user, for a rule of `peers`.
    static let uid = 65534

    private let process = Process()
    private let input = Pipe()
    private let output: FileHandle
    private var rest = Data()

    init(_ socket: String, isStranger: Bool = ControlPeer.isStranger) throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "people/peer.py").path
        let output = Pipe()
        self.output = output.fileHandleForReading
        process.executableURL = URL(filePath: "/usr/bin/env")
        // The first of PATH may lie where others can't read.
        let known = "/usr/bin/python3"
        let python = [FileManager.default.isExecutableFile(atPath: known) ? known : "python3", script, socket]
        let id = "\(Self.uid)"
        process.arguments =
            isStranger ? ["setpriv", "--reuid", id, "--regid", id, "--clear-groups"] + python : python
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        // It ends with its input.
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// One exchange.
    ///
    /// - Parameters:
    ///   - member: on whose behalf; nil to name nobody.
    ///   - signedIn: when that member signed in.
    ///   - key: the idempotency key; a new one if it is left out.
    func ask(
        _ method: String, _ path: String, _ body: Any? = nil, as member: Int? = nil, signedIn: String? = nil,
        key: String = UUID().uuidString
    ) throws -> Answer {
        var headers: [String: String] = [:]
        if method != "GET" { headers["Idempotency-Key"] = key }
        headers["Meterd-Acting"] = member.map(String.init)
        headers["Meterd-Signed-In"] = signedIn
        var request: [String: Any] = ["method": method, "path": path, "headers": headers]
        if let body {
            request["body"] = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        }
        let line = try JSONSerialization.data(withJSONObject: request) + Data("\n".utf8)
        try input.fileHandleForWriting.write(contentsOf: line)
        let answer = try JSONSerialization.jsonObject(with: try readLine()) as? [String: Any] ?? [:]
        return Answer(
            status: answer["status"] as? Int ?? 0, headers: answer["headers"] as? [String: String] ?? [:],
            body: answer["body"] as? String ?? "")
    }

    private func readLine() throws -> Data {
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                defer { rest = rest[(end + 1)...] }
                return rest[..<end]
            }
            // `read(upToCount:)` of a pipe waits until there is that much.
            let piece = output.availableData
            guard !piece.isEmpty else { throw Ended() }
            rest += piece
        }
    }
}
