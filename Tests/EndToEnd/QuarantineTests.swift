import Foundation
import Glibc
import TestSupport
import Testing

/// Refused usage and orgs' other names, with the built programs.
@Suite(.ownThread) struct QuarantineTests {
    private static func usage(_ id: String, org: String = "acme", user: String = "ana", tokens: Int = 1000) -> String {
        #"{"id":"\#(id)","org":"\#(org)","user":"\#(user)","model":"gpt-5","usage":{"prompt_tokens":\#(tokens)}}"#
    }

    @Test func refusedUsageIsListedShownRetriedAndDiscarded() throws {
        let daemon = try RunningDaemon()
        let client = try LineClient(daemon.ingestSocket)
        #expect(try daemon.meterctl("quarantine", "list").output == "no refused usage waits\n")
        // Four refusals: an org that comes later, a conflict, a time, and text that would act on a terminal.
        #expect(try client.ask(Self.usage("early")).contains(#""quarantined":true"#))
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "1")
        #expect(try client.ask(Self.usage("r1")).contains("charged"))
        #expect(try client.ask(Self.usage("r1", tokens: 2000)).contains(#""quarantined":true"#))
        let old = Self.usage("old").dropLast() + #","at":"2020-01-01T00:00:00Z"}"#
        #expect(try client.ask(String(old)).contains(#""quarantined":true"#))
        try client.write(
            Array(#"{"id":"bad","org":"acme","user":"\u001b[2J‮x","x":""#.utf8) + [0xE2, 0x80, 0xAE]
                + Array("\"}\n".utf8))
        #expect(try client.receive()?.contains(#""quarantined":true"#) == true)

        let list = try daemon.meterctl("quarantine", "list")
        #expect(list.status == 0)
        for code in ["malformed", "time_out_of_range", "id_conflict", "unknown_org"] {
            #expect(list.output.contains(code), "\(list.output)")
        }
        for arguments in [["list"], ["list", "--json"], ["show", "4"], ["show", "4", "--json"]] {
            let result = try Binaries.run(
                "meterctl", ["quarantine"] + arguments, environment: ["METERD_CONTROL_SOCKET": daemon.controlSocket])
            #expect(!result.output.utf8.contains(0x1B) && !result.output.unicodeScalars.contains("\u{202E}"))
        }
        #expect(try daemon.meterctl("quarantine", "show", "4").output.contains(#"\u{202e}"#))
        let shown = try daemon.json("quarantine", "show", "2")
        let bytes = try #require(Data(base64Encoded: shown["line_base64"] as? String ?? ""))
        #expect(String(decoding: bytes, as: UTF8.self) == Self.usage("r1", tokens: 2000))
        #expect(
            try daemon.meterctl("quarantine", "list", "--code", "id_conflict", "--org", "acme").output.contains("r1"))
        #expect(try daemon.meterctl("quarantine", "list", "--sender", "7").output == "no refused usage waits\n")
        #expect(try daemon.meterctl("quarantine", "list", "--sender", "\(geteuid())").output.contains("r1"))
        #expect(try daemon.meterctl("status").output.contains("4 refused lines wait (1 id_conflict, 1 malformed"))
        #expect(try daemon.meterctl("doctor").output.contains("meterctl quarantine list"))

        // What was missing is there now.
        #expect(
            try daemon.meterctl("quarantine", "retry", "--code", "unknown_org").output.contains(
                "line 1 is record 2 of org acme: charged, USD 0.00125"))
        let refused = try daemon.meterctl("quarantine", "retry", "2", "3")
        #expect(
            refused.status == 1 && refused.output.contains("line 2 stays:")
                && refused.output.contains("(time_out_of_range)"))
        #expect(
            try daemon.meterctl("quarantine", "retry", "2", "--id", "r1-2", "--actor", "eve").output.contains(
                "record 3"))
        let now = ISO8601DateFormatter().string(from: Date())
        #expect(try daemon.meterctl("quarantine", "retry", "3", "--at", now).output.contains("record 4"))
        #expect(try daemon.meterctl("quarantine", "retry", "3", "--at", now).output.contains("record 4"))
        #expect(try daemon.json("quarantine", "show", "2")["actor"] as? String == "eve")
        #expect(try daemon.json("balance", "acme")["balance"] as? String == "0.993750000")
        #expect(try daemon.meterctl("quarantine", "retry", "2", "3", "--id", "x").status == 64)
        #expect(try daemon.meterctl("quarantine", "discard").status == 64)
        #expect(try daemon.meterctl("quarantine", "discard", "4", "--erase").output == "line 4 is discarded\n")
        #expect(try daemon.meterctl("quarantine", "show", "4").output.contains("erased"))
        #expect(try daemon.meterctl("quarantine", "list").output == "no refused usage waits\n")
        #expect(try daemon.json("ledger", "verify")["quarantined"] as? Int == 4)
        // The hour's refusals are told at the latest when the daemon stops.
        #expect(daemon.terminate() == 0)
        #expect(daemon.log.contains("are kept: meterctl quarantine list"))
        #expect(daemon.log.contains("ids of org acme came again with other content"))
        #expect(!daemon.log.utf8.contains(0x1B))
    }

    @Test func aKilledDaemonHasWhatItSaidIsKept() throws {
        let daemon = try RunningDaemon()
        let client = try LineClient(daemon.ingestSocket)
        for number in 0..<200 {
            #expect(try client.ask(Self.usage("\(number)", org: "nobody")).contains("quarantined"))
        }
        daemon.kill9()
        try daemon.start()
        _ = try daemon.json("org", "create", "nobody")
        #expect(try daemon.json("ledger", "verify")["quarantined"] as? Int == 200)
        #expect(try daemon.meterctl("quarantine", "retry", "--all").status == 0)
        #expect(try daemon.json("ledger", "verify")["records"] as? Int == 200)
    }

    @Test func anOrgHasOtherNames() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        #expect(
            try daemon.meterctl("org", "alias", "add", "acme", "Acme Inc.").output
                == "'Acme Inc.' stands for org acme\n")
        let client = try LineClient(daemon.ingestSocket)
        #expect(try client.ask(Self.usage("a", org: "Acme Inc.")).contains("\"ok\":true"))
        #expect(try daemon.meterctl("org", "alias", "list").output.contains("Acme Inc.  acme"))
        #expect(try daemon.meterctl("org", "alias", "add", "acme", " x").status == 1)
        #expect(try daemon.meterctl("org", "create", "globex").status == 0)
        #expect(try daemon.meterctl("org", "alias", "add", "acme", "globex").errors.contains("id_conflict"))
        #expect(try daemon.meterctl("org", "alias", "remove", "Acme Inc.").status == 0)
        #expect(try client.ask(Self.usage("b", org: "Acme Inc.")).contains("\"malformed\""))
    }

    @Test(arguments: [
        ("senders: [{name: red, ops: [push]}]", "'push' is not one of all, usage, authorize, release, balance"),
        ("senders: [{name: red, ops: [delegate]}]", "a sender can't delegate"),
        ("senders: [{name: red, cost_policy: free}]", "'free' is not one of compare, fallback, trust"),
        ("senders: [{name: red}, {name: red}]", "there is one of that name already"),
        ("senders: [{name: red, orgs: [ACME]}]", "'ACME' can be no org's name"),
        ("senders: [{orgs: [acme]}]", "name: expected 1 to 128 bytes"),
        ("senders: red", "expected a list"), ("quarantine: {retention_days: 0}", "expected a number from 1 to 3650"),
    ])
    func aWrongSenderIsToldByItsPlace(text: String, words: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let result = try Binaries.run("meterd", ["check-config", "--config", path])
        #expect(result.status == 78 && result.errors.contains(words), "\(result.errors)")
    }

    @Test func sendersAreReadAgainOnHangup() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.yaml"
        try "senders: [{name: red, orgs: [acme], ops: [usage], cost_policy: trust}]".write(
            toFile: path, atomically: true, encoding: .utf8)
        let daemon = try RunningDaemon(arguments: ["--config", path])
        _ = try daemon.json("org", "create", "acme")
        let client = try LineClient(daemon.ingestSocket)
        func ask(_ id: String) throws -> String {
            try client.ask(String(Self.usage(id).dropLast()) + #","sender":"red"}"#)
        }
        #expect(try ask("a").contains("\"ok\":true"))
        let usage = try daemon.json("usage", "list", "acme")["items"] as? [[String: Any]]
        #expect(usage?.first?["sender"] as? String == "red")
        try "senders: [{name: blue}]".write(toFile: path, atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
        _ = try daemon.notify.wait(for: "RELOADING=1")
        _ = try daemon.notify.wait(for: "READY=1")
        #expect(try ask("b").contains("there is no sender 'red' in the configuration"))
    }
}
