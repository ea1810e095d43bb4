import Foundation
import TestSupport
import Testing

/// What operators decide about an org's requests, and holds that expire without usage, with the built programs and a clock that the
/// test moves.
@Suite(.ownThread) struct PolicyTests {
    private func daemon(_ arguments: [String] = []) throws -> RunningDaemon {
        let daemon = try RunningDaemon(arguments: ["--test-clock", "2026-11-24T10:00:00Z"] + arguments)
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "20")
        return daemon
    }

    @Test func aPolicyIsSetShownAndKept() throws {
        let daemon = try daemon()
        let set = try daemon.json(
            "org", "policy", "acme", "--default-output-tokens", "1000", "--allowed-models",
            "openai/*, claude-sonnet-4-5",
            "--capped-exposure", "2.5", "--charge-expired-holds", "on", "--unpriced-records", "0")
        #expect(set["default_output_tokens"] as? Int == 1000 && set["charge_expired_holds"] as? Bool == true)
        #expect(set["allowed_models"] as? [String] == ["openai/*", "claude-sonnet-4-5"])
        #expect(set["capped_exposure_max"] as? String == "2.500000000" && set["unpriced_records_max"] as? Int == 0)
        let again = try daemon.json(
            "org", "policy", "acme", "--unpriced-records", "default", "--charge-expired-holds", "off")
        #expect(again["unpriced_records_max"] == nil && again["charge_expired_holds"] as? Bool == false)
        #expect(again["default_output_tokens"] as? Int == 1000)
        daemon.kill9()
        try daemon.start()
        #expect(try daemon.json("org", "policy", "acme") as NSDictionary == again as NSDictionary)
        let org = try daemon.json("org", "show", "acme")
        #expect(org["org"] as? String == "acme" && org["policy"] as? NSDictionary == again as NSDictionary)
        let words = try daemon.meterctl("org", "show", "acme").output
        #expect(words.contains("openai/*, claude-sonnet-4-5") && words.contains("USD 0.00 of USD 2.50"), "\(words)")
        for (wrong, reason) in [
            (["--default-output-tokens", "0"], "default_output_tokens must be"), (["--capped-exposure=-1"], "capped"),
            (["--allowed-models", "open ai/*"], "allowed_models"), (["--allowed-models", "*"], "allowed_models"),
            (["--unpriced-records=-1"], "unpriced_records_max must be"),
        ] {
            let result = try Binaries.run(
                "meterctl", ["org", "policy", "acme"] + wrong,
                environment: ["METERD_CONTROL_SOCKET": daemon.controlSocket])
            #expect(result.status == 1 && result.errors.contains(reason), "\(result.errors)")
        }
        #expect(try daemon.meterctl("org", "policy", "acme", "--charge-expired-holds", "perhaps").status == 64)
        #expect(try daemon.meterctl("org", "policy", "nobody").errors.contains("unknown_org"))
    }

    @Test func whatAnOrgAllowsToBeDoneWithItsDataIsHandedOut() throws {
        let daemon = try daemon()
        let client = try LineClient(daemon.ingestSocket)
        let ask = #"{"op":"authorize","id":"h","org":"acme","amount":"0.1"}"#
        #expect(try !client.ask(ask).contains("data_policy"))
        let policy = try daemon.json(
            "org", "policy", "acme", "--allow-training", "off", "--allow-usage-analytics", "on")
        #expect(policy["data"] as? [String: Bool] == ["allow_training": false, "allow_usage_analytics": true])
        for line in [ask, ask.replacingOccurrences(of: #""h""#, with: #""i""#)] {
            let reply = try client.ask(line)
            #expect(
                reply.hasSuffix(#","data_policy":{"allow_training":false,"allow_usage_analytics":true}}"#), "\(reply)")
        }
        daemon.kill9()
        try daemon.start()
        #expect(try daemon.meterctl("org", "policy", "acme").output.contains("training: not allowed"))
        let forgotten = try daemon.json(
            "org", "policy", "acme", "--allow-training", "default", "--allow-usage-analytics", "default")
        #expect(forgotten["data"] == nil)
        #expect(try daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func aProxyReservesWithWhatItKnows() throws {
        let daemon = try daemon()
        let client = try LineClient(daemon.ingestSocket)
        let models = #""models":[{"model":"gpt-5"},{"model":"claude-sonnet-4-5"},{"model":"own","amount":"0.05"}]"#
        let held = try client.ask(
            #"{"op":"authorize","id":"h1","org":"acme",\#(models),"usage":{"prompt_tokens":1000,"completion_tokens":1000}}"#
        )
        // Of USD 0.01125, 0.018 and 0.05.
        #expect(held.contains(#""status":"held","held":"0.050000000""#), "\(held)")
        let capped = try client.ask(
            #"{"op":"authorize","id":"h2","org":"acme","model":"gpt-5","cap":"0.1","usage":{"prompt_tokens":0,"completion_tokens":128000}}"#
        )
        #expect(capped.contains(#""status":"held","held":"0.100000000""#), "\(capped)")
        let open = try client.ask(
            #"{"op":"authorize","id":"h3","org":"acme","model":"gpt-5","cap":"0.1","usage":{"prompt_tokens":0,"completion_tokens":1280000}}"#
        )
        #expect(open.contains(#""code":"limit_exceeded""#) && open.contains(#""missing":"3.880000000""#), "\(open)")
        let credits = try client.ask(#"{"op":"authorize","id":"h4","org":"acme","amount":"21"}"#)
        #expect(credits.hasSuffix(#""retryable":false,"missing":"1.150000000"}}"#), "\(credits)")
        _ = try daemon.json("budget", "acme", "--monthly", "1")
        let budget = try client.ask(#"{"op":"authorize","id":"h5","org":"acme","amount":"2"}"#)
        #expect(
            budget.hasSuffix(#""retryable":false,"missing":"1.150000000","retry_at":"2026-12-01T00:00:00.000Z"}}"#),
            "\(budget)")
        _ = try daemon.json("org", "policy", "acme", "--allowed-models", "openai/*")
        #expect(
            try client.ask(#"{"op":"authorize","id":"h6","org":"acme","model":"claude-sonnet-4-5","amount":"0.1"}"#)
                .contains(#""code":"model_not_allowed""#))
        let used =
            #"{"id":"r1","org":"acme","model":"claude-sonnet-4-5","usage":{"input_tokens":10,"output_tokens":1}}"#
        #expect(try client.ask(used).contains(#""status":"charged""#))
        let events = try daemon.meterctl("events", "--json").output
        #expect(events.contains("forbidden_model_used") && events.contains("anthropic/claude-sonnet-4-5"), "\(events)")
        #expect(daemon.log.contains("used model anthropic/claude-sonnet-4-5"))
        #expect(try daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func aHoldThatExpiresIsChargedUntilItsUsageComes() throws {
        let daemon = try daemon()
        let client = try LineClient(daemon.ingestSocket)
        _ = try daemon.json("org", "policy", "acme", "--charge-expired-holds", "on")
        for id in ["lost", "late", "never"] {
            let line =
                #"{"op":"authorize","id":"\#(id)","org":"acme","user":"ana","model":"gpt-5","amount":"0.5","ttl":60}"#
            #expect(try client.ask(line).contains("held"))
        }
        #expect(try daemon.meterctl("clock", "2026-11-24T10:05:00Z").status == 0)
        // Whatever is asked of a hold that is due finds it expired.
        #expect(try client.ask(#"{"op":"release","id":"never","org":"acme"}"#).contains(#""hold_state":"expired""#))
        let late =
            #"{"id":"r1","org":"acme","user":"ana","model":"gpt-5","hold":"late","usage":{"prompt_tokens":1000}}"#
        let reply = try client.ask(late)
        #expect(reply.contains(#""cost":"0.001250000""#) && reply.contains(#""hold_state":"expired""#), "\(reply)")
        #expect(try client.ask(late).contains("duplicate"))
        #expect(
            try client.ask(#"{"op":"release","id":"lost","org":"nobody"}"#).contains("unknown_org"))
        let metrics = try LineClient(daemon.controlSocket)
        try metrics.write(Array("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8))
        var lines: [String] = []
        while let line = try metrics.receive(includingLast: true) { lines.append(line) }
        #expect(lines.contains("meterd_holds_expired_total 3"))
        daemon.kill9()
        try daemon.start()
        #expect(try daemon.json("balance", "acme")["balance"] as? String == "19.498750000")
        let list = try daemon.meterctl("hold", "list", "acme", "--expired").output
        #expect(list.contains("CHARGED AS") && list.contains("\u{2248}hold:lost"), "\(list)")
        let explained = try daemon.meterctl("explain", "acme", "\u{2248}hold:late").output
        #expect(
            explained.contains("replaced") && explained.contains("usage record 'r1' names its hold"), "\(explained)")
        let real = try daemon.meterctl("explain", "acme", "r1").output
        #expect(real.contains("was charged as \u{2248}hold:late, and taken back"), "\(real)")
        let usage = try daemon.meterctl("usage", "list", "acme").output
        #expect(usage.contains("estimated") && usage.contains("replaced") && usage.contains("voided"), "\(usage)")
        let summary = try daemon.json("usage", "summary", "acme", "--by", "user", "--since", "2026-11-24")
        let total = summary["total"] as? [String: Any]
        let estimated = summary["estimated"] as? [String: Any]
        #expect(total?["records"] as? Int == 2 && total?["cost"] as? String == "0.501250000")
        #expect(estimated?["records"] as? Int == 1 && estimated?["cost"] as? String == "0.500000000")
        #expect(try daemon.meterctl("ledger", "verify").status == 0)
        #expect(daemon.log.contains("hold lost of org acme expired without usage, USD 0.500000000; charged as"))
    }

    @Test func theDaemonsDefaultRefusesAnOrgWithTooMuchUnpriced() throws {
        let daemon = try RunningDaemon(environment: ["METERD_AUTHORIZE_UNPRICED_RECORDS_MAX": "2"])
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "1")
        let client = try LineClient(daemon.ingestSocket)
        for number in 0..<3 {
            let line = #"{"id":"u\#(number)","org":"acme","model":"nobodys","usage":{"prompt_tokens":1}}"#
            #expect(try client.ask(line).contains("unpriced"))
        }
        let ask = #"{"op":"authorize","id":"h","org":"acme","amount":"0.1"}"#
        #expect(try client.ask(ask).contains(#""code":"too_many_unpriced""#))
        #expect(try daemon.meterctl("org", "policy", "acme").output.contains("3 of the daemon's default"))
        #expect(try daemon.meterctl("usage", "correct", "acme", "u0", "--reason", "a test").status == 0)
        #expect(try client.ask(ask).contains(#""status":"held""#))
    }
}
