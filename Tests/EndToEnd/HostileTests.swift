import Foundation
import Glibc
import TestSupport
import Testing

/// Clients that mean harm, or only behave like it; each is a defect that was. What else is tried, and for longer: `Tests/hostile`.
@Suite(.ownThread) struct HostileTests {
    @Test func oneConnectionTooManyOnTheControlSocketHurtsNobody() throws {
        let daemon = try RunningDaemon()
        var idle = try (0..<560).map { _ in try LineClient(daemon.controlSocket) }
        // Those beyond the limit are closed; the daemon lives, and has room for others when they are gone.
        #expect(daemon.process.isRunning)
        idle.removeAll()
        #expect(try daemon.meterctl("status").status == 0)
        #expect(daemon.terminate() == 0)
    }

    @Test func whereFilesAreFewConnectionsAre() throws {
        let daemon = try RunningDaemon(openFilesMax: 256)
        _ = try daemon.json("org", "create", "acme")
        let served = try LineClient(daemon.ingestSocket)
        let idle = try (0..<300).map { _ in try LineClient(daemon.ingestSocket) }
        for number in 0..<50 {
            let reply = try served.ask(#"{"id":"\#(number)","org":"acme","model":"gpt-5","usage":{"prompt_tokens":8}}"#)
            #expect(reply.contains(#""ok":true"#))
        }
        // Files are left for what is no connection.
        _ = try daemon.json("backup", daemon.directory.path + "/backup.db")
        withExtendedLifetime(idle) {}
        #expect(daemon.log.contains("connections are taken at a time"))
        #expect(daemon.terminate() == 0)
    }

    @Test func withHardlyAnyFilesItSaysSo() throws {
        let directory = try TemporaryDirectory()
        let result = try Binaries.run(
            "meterd",
            [
                "run", "--state-dir", directory.path + "/state", "--ingest-socket", directory.path + "/i",
                "--control-socket", directory.path + "/c",
            ], openFilesMax: 100)
        #expect(result.status == 78)
        #expect(result.errors.contains("LimitNOFILE="))
    }

    @Test func aBurstOfClientsThatDoNotWaitIsTakenIn() throws {
        let daemon = try RunningDaemon()
        // Stopped, it accepts nothing: what waits is the kernel's.
        daemon.signal(SIGSTOP)
        let clients = try (0..<1000).map { _ in try LineClient(daemon.ingestSocket, waits: false) }
        daemon.signal(SIGCONT)
        #expect(try clients[999].ask("{}").contains("malformed"))
        #expect(daemon.terminate() == 0)
    }

    @Test(arguments: [
        "a,b\"\u{301},=1+1", "\"\u{301}x", "a,\u{301}", "=1+1", "＝1+1", "-inf", "a\"b\nc",
    ])
    func aNameIsOneFieldOfATable(user: String) throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        let name = String(decoding: try JSONEncoder().encode(user), as: UTF8.self)
        let client = try LineClient(daemon.ingestSocket)
        _ = try client.ask(#"{"id":"1","org":"acme","user":\#(name),"model":"gpt-5","usage":{"prompt_tokens":8}}"#)
        _ = try client.ask(#"{"id":"2","org":"acme","user":"bo","model":"gpt-5","usage":{"prompt_tokens":8}}"#)
        let table = try daemon.meterctl("usage", "summary", "acme", "--by", "user", "--csv").output
        let rows = Self.rows(of: table)
        #expect(rows.count == 3, "\(table)")
        #expect(Set(rows.map(\.count)).count == 1, "\(table)")
        #expect(
            rows.allSatisfy { row in row.allSatisfy { !"=+-@＝".unicodeScalars.contains($0.unicodeScalars.first ?? "x") }
            })
    }

    /// A table as RFC 4180 has it, byte by byte.
    private static func rows(of text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field = String.UnicodeScalarView()
        var isQuoted = false
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\"" where isQuoted && scalars.first == "\"":
                field.append("\"")
                scalars.removeFirst()
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                row.append(String(field))
                field.removeAll()
            case "\r" where !isQuoted: break
            case "\n" where !isQuoted:
                rows.append(row + [String(field)])
                row.removeAll()
                field.removeAll()
            default: field.append(scalar)
            }
        }
        return rows
    }

    @Test func aNULIsNoPartOfANameOrText() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "victim")
        func ask(_ request: String) throws -> String {
            let client = try LineClient(daemon.controlSocket)
            try client.write(Array(request.utf8))
            return try client.receive() ?? ""
        }
        #expect(try ask("GET /v1/orgs/victim%00 HTTP/1.1\r\nHost: a\r\n\r\n").contains("400"))
        let body = #"{"org":"other","display_name":"a\u0000b"}"#
        let post = "POST /v1/orgs HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n"
        #expect(try ask(post + "Content-Length: \(body.utf8.count)\r\n\r\n" + body).contains("400"))
        // A backslash that is written so is none.
        let fine = #"{"org":"other","display_name":"a\\u0000b"}"#
        #expect(try ask(post + "Content-Length: \(fine.utf8.count)\r\n\r\n" + fine).contains("HTTP/1.1 20"))
        #expect(try daemon.json("org", "show", "other")["display_name"] as? String == #"a\u0000b"#)
    }
}
