import Foundation
import Glibc
import TestSupport
import Testing

/// Holds, limits, alerts, corrections and the journal, with the built programs.
@Suite(.ownThread) struct CreditTests {
    private static func usage(_ id: String, user: String = "ana", hold: String? = nil, tokens: Int = 1000) -> String {
        let named = hold.map { #","hold":"\#($0)""# } ?? ""
        return
            #"{"id":"\#(id)","org":"acme","user":"\#(user)","model":"gpt-5"\#(named),"usage":{"prompt_tokens":\#(tokens)}}"#
    }

    @Test func aProxyReservesSettlesAndReleases() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "1")
        let client = try LineClient(daemon.ingestSocket)
        let held = try client.ask(
            #"{"op":"authorize","id":"h1","org":"acme","user":"ana","model":"gpt-5","usage":{"prompt_tokens":1000,"completion_tokens":50000},"ttl": 120}"#
        )
        #expect(
            held.hasPrefix(
                #"{"id":"h1","ok":true,"status":"held","held":"0.501250000","balance":"1.000000000","available":"0.498750000","expires":""#
            ))
        #expect(try daemon.meterctl("hold", "list", "acme").output.contains("h1"))
        #expect(
            try client.ask(#"{"op":"authorize","id":"h2","org":"acme","amount":"0.5"}"#).contains(
                "\"code\":\"insufficient_credits\""))
        #expect(
            try client.ask(Self.usage("r1", hold: "h1"))
                == #"{"id":"r1","ok":true,"status":"charged","cost":"0.001250000","balance":"0.998750000","available":"0.998750000"}"#
        )
        #expect(try client.ask(Self.usage("r2", hold: "h1")).contains(#""hold_state":"settled""#))
        #expect(
            try client.ask(#"{"op":"release","id":"h1","org":"acme"}"#).hasPrefix(
                #"{"id":"h1","ok":true,"status":"settled","held":"0.501250000""#))
        #expect(
            try client.ask(#"{"op":"authorize","id":"h3","org":"acme","model":"no","usage":{"prompt_tokens":1}}"#)
                .contains("\"code\":\"unknown_model\""))
        #expect(try daemon.json("ledger", "verify")["holds"] as? Int == 1)
    }

    @Test func membersAndBudgetsRefuseWhatPassesThem() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "100")
        let client = try LineClient(daemon.ingestSocket)
        // What ana spent before she is a member counts.
        #expect(try client.ask(Self.usage("r1")).contains("charged"))
        #expect(try daemon.json("member", "add", "acme", "ana")["spent_today"] as? String == "0.001250000")
        _ = try daemon.json("member", "limit", "acme", "ana", "--daily", "0.5")
        func ask(_ id: String, _ user: String) throws -> String {
            try client.ask(#"{"op":"authorize","id":"\#(id)","org":"acme","user":"\#(user)","amount":"0.499"}"#)
        }
        #expect(try ask("h1", "ana").contains("\"code\":\"member_limit\""))
        #expect(try ask("h1", "bo").contains("\"status\":\"held\""))
        _ = try daemon.json("budget", "acme", "--monthly", "0.6")
        #expect(try ask("h2", "bo").contains("\"code\":\"org_budget\""))
        #expect(try daemon.json("budget", "acme")["held"] as? String == "0.499000000")
        #expect(try daemon.json("budget", "acme", "--none")["monthly_budget"] == nil)
        #expect(try ask("h2", "bo").contains("\"status\":\"held\""))
        #expect(try daemon.meterctl("member", "list", "acme").output.contains("0.50"))
        #expect(try daemon.meterctl("member", "remove", "acme", "nobody").errors.contains("not_found"))
        _ = try daemon.json("member", "remove", "acme", "ana")
        #expect(try ask("h3", "ana").contains("\"status\":\"held\""))
        #expect(try daemon.meterctl("budget", "acme", "--monthly", "lots").errors.contains("monthly must be"))
    }

    @Test func grantsAreSpentInTheirOrderAndTakenBack() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "1", "--id", "paid")
        _ = try daemon.json(
            "credits", "grant", "acme", "0.001", "--source", "promotion", "--expires", "2099-01-01T00:00:00Z", "--id",
            "gift")
        _ = try daemon.json("send", input: Self.usage("r1"))
        let grants = try daemon.json("credits", "list", "acme")["items"] as? [[String: Any]]
        #expect(grants?.map { $0["state"] as? String } == ["spent", "open"])
        #expect(grants?.map { $0["remaining"] as? String } == ["0.000000000", "0.999750000"])
        let voided = try daemon.json("credits", "void", "acme", "1", "--reason", "charged back")
        #expect(voided["voided"] as? String == "0.999750000" && voided["state"] as? String == "voided")
        #expect(try daemon.json("balance", "acme")["balance"] as? String == "0.000000000")
        for wrong in [
            ["--source", "gift"], ["--priority", "101"], ["--expires", "tomorrow"],
            ["--expires", "2020-01-01T00:00:00Z"],
        ] {
            let result = try Binaries.run(
                "meterctl", ["credits", "grant", "acme", "1"] + wrong,
                environment: ["METERD_CONTROL_SOCKET": daemon.controlSocket])
            #expect(result.status == 1 && result.errors.contains(wrong[0].dropFirst(2)), "\(result)")
        }
    }

    @Test func eventsAreFollowedInOrderThroughARestart() async throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "1")
        _ = try daemon.json("alert", "set", "acme", "0.999", "0.998")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Binaries.folder + "/meterctl")
        process.arguments = ["events", "--follow", "--json"]
        process.environment = Binaries.clean.merging(["METERD_CONTROL_SOCKET": daemon.controlSocket]) { _, new in new }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { kill(process.processIdentifier, SIGKILL) }
        _ = try daemon.json("send", input: Self.usage("r1"))
        let reader = LineReader(pipe.fileHandleForReading)
        #expect(try await reader.next().contains(#""threshold":"0.999000000""#))
        daemon.kill9()
        try daemon.start()
        _ = try daemon.json("send", input: Self.usage("r2"))
        #expect(try await reader.next().contains(#""number":2"#))
        // The list says the same; a cursor goes on behind what was handled.
        let items = try daemon.json("events", "--after", "1")["items"] as? [[String: Any]]
        #expect(items?.map { $0["number"] as? Int } == [2])
        #expect((items?.first?["data"] as? [String: Any])?["threshold"] as? String == "0.998000000")
        // An open stream doesn't keep the daemon from stopping.
        #expect(daemon.terminate() == 0)
    }

    @Test func aRecordIsCorrectedRepricedAndExplained() throws {
        let directory = try TemporaryDirectory()
        let table = directory.path + "/rates.yaml"
        func rates(_ price: String) throws {
            try """
            format: meterd/1
            effective: 2026-01-01T00:00:00Z
            rates:
              - {model: gpt-5, provider: openai, price: {input: \(price), output: 1}}
            """.write(toFile: table, atomically: true, encoding: .utf8)
        }
        try rates("1")
        let daemon = try RunningDaemon(rates: table)
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "1")
        _ = try daemon.json("send", input: (1...3).map { Self.usage("r\($0)") }.joined(separator: "\n"))
        let correction = try daemon.json(
            "usage", "correct", "acme", "r1", "--reason", "the call failed", "--actor", "fin")
        #expect(correction["cost_before"] as? String == "0.001000000" && correction["cost"] as? String == "0.000000000")
        _ = try daemon.json(
            "usage", "correct", "acme", "r2", "--reason", "miscounted", "--usage", #"{"prompt_tokens":10}"#)
        try rates("2")
        daemon.signal(SIGHUP)
        while try daemon.json("price", "--model", "gpt-5", "--usage", #"{"prompt_tokens":1000}"#)["cost"] as? String
            != "0.002000000"
        {}
        let since = ["rates", "reprice", "--since", "2026-01-01T00:00:00Z"]
        let dry = try daemon.meterctl("rates", "reprice", "--since", "2026-01-01T00:00:00Z", "--dry-run").output
        #expect(dry.contains("3 records looked at, 2 would be repriced: USD 0.00101 would be charged"), "\(dry)")
        for changed in [2, 0] {
            let result = try Binaries.run(
                "meterctl", since + ["--json"], environment: ["METERD_CONTROL_SOCKET": daemon.controlSocket])
            #expect(result.output.contains("\"changed\":\(changed)"), "\(result)")
        }
        #expect(try daemon.json("balance", "acme")["balance"] as? String == "0.997980000")
        let life = try daemon.meterctl("explain", "acme", "r2").output
        // The first charge's card and the one it was repriced by.
        let document = try daemon.json("explain", "acme", "r2")
        let cards = (document["corrections"] as? [[String: Any]])?.map { $0["rate_card"] as? String } ?? []
        let first = (document["record"] as? [String: Any])?["rate_card"] as? String
        #expect(
            cards.count == 2 && cards.first == first && cards.last != first
                && document["status"] as? String == "charged")
        for words in ["miscounted", "corrected", "repriced", "0.00001 → 0.00002", "correction_credit", "grants"] {
            #expect(life.contains(words), "\(words): \(life)")
        }
        #expect(try daemon.meterctl("explain", "acme", "nobody's").errors.contains("not_found"))
        let wrong = try daemon.meterctl("usage", "correct", "acme", "r3", "--reason", "x", "--usage", "{}")
        #expect(wrong.status == 1 && wrong.errors.contains("malformed"))
        #expect(try daemon.json("ledger", "verify")["ok"] as? Bool == true)
    }

    @Test func hledgerAgreesOnEveryBalance() throws {
        let daemon = try RunningDaemon()
        for org in ["acme", "other"] {
            _ = try daemon.json("org", "create", org)
            _ = try daemon.json("credits", "grant", org, "1", "--id", "grant-\(org)")
        }
        let client = try LineClient(daemon.ingestSocket)
        for id in ["h1", "h2", "h3"] {
            _ = try client.ask(#"{"op":"authorize","id":"\#(id)","org":"acme","amount":"0.1"}"#)
        }
        _ = try client.ask(Self.usage("r1", hold: "h1"))
        _ = try client.ask(Self.usage("r2", tokens: 1_000_000))
        _ = try client.ask(#"{"op":"release","id":"h2","org":"acme"}"#)
        _ = try daemon.json("usage", "correct", "acme", "r1", "--reason", "x")
        _ = try daemon.json("credits", "void", "other", "2")
        let journal = daemon.directory.path + "/all.journal"
        for arguments in [["ledger", "export"], ["ledger", "export", "--org", "acme"]] {
            let result = try Binaries.run(
                "meterctl", arguments, environment: ["METERD_CONTROL_SOCKET": daemon.controlSocket])
            #expect(result.status == 0)
            try result.output.write(toFile: journal, atomically: true, encoding: .utf8)
            let check = try hledger(["-f", journal, "check", "--strict"])
            #expect(check.status == 0, "\(check.errors)\n\(result.output)")
            let balance = try hledger(["-f", journal, "balance", "-N", "org_credits:acme", "org_held:acme"])
            #expect(balance.output.contains("USD 0.350000000") && balance.output.contains("USD -0.100000000"))
            // An amount that is another one fails the assertions: the check is no formality.
            try result.output.replacingOccurrences(of: "USD 1.250000000", with: "USD 1.250000001")
                .replacingOccurrences(of: "USD -1.250000000", with: "USD -1.250000001")
                .write(toFile: journal, atomically: true, encoding: .utf8)
            #expect(try hledger(["-f", journal, "check"]).errors.contains("assertion"))
        }
        #expect(try daemon.meterctl("ledger", "export", "--org", "nobody").errors.contains("unknown_org"))
        #expect(daemon.terminate() == 0)
        let copy = try daemon.meterctl("ledger", "export", "--database", daemon.stateDirectory + "/meterd.db")
        try copy.output.write(toFile: journal, atomically: true, encoding: .utf8)
        #expect(copy.status == 0 && copy.output.contains("the balances that the daemon keeps"))
        #expect(try hledger(["-f", journal, "check"]).status == 0)
    }

    private func hledger(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["hledger"] + arguments
        process.environment = Binaries.clean.merging(["LANG": "C.UTF-8"]) { _, new in new }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = (
            output.fileHandleForReading.readDataToEndOfFile(), errors.fileHandleForReading.readDataToEndOfFile()
        )
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text.0, as: UTF8.self), String(decoding: text.1, as: UTF8.self)
        )
    }
}

/// The lines of a pipe, read on a thread of their own.
private final class LineReader: @unchecked Sendable {
    // `@unchecked Sendable`: one `next()` at a time.
    private let handle: FileHandle
    private var buffer: [UInt8] = []

    init(_ handle: FileHandle) { self.handle = handle }

    func next() async throws -> String {
        try await Background { [self] in
            while true {
                if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { buffer.removeFirst(end + 1) }
                    return String(decoding: buffer[..<end], as: UTF8.self)
                }
                let piece = handle.availableData
                guard !piece.isEmpty else { return "the stream ended" }
                buffer += piece
            }
        }.value
    }
}
