import Foundation
import TestSupport
import Testing

/// What operators do with rates, through the built programs; and what the documentation says they would see.
@Suite(.ownThread) struct RatesTests {
    @Test func everyExampleOfTheDocumentationIsTrue() throws {
        let text = try String(contentsOfFile: Binaries.root + "/docs/rates.md", encoding: .utf8)
        let directory = try TemporaryDirectory()
        var count = 0
        for part in text.components(separatedBy: "\n```").dropLast() {
            if part.hasPrefix("yaml\n") {
                try Data(part.dropFirst(5).utf8).write(to: URL(fileURLWithPath: directory.path + "/rates.yaml"))
            }
            guard part.hasPrefix("console\n") else { continue }
            for example in part.dropFirst("console\n".count).components(separatedBy: "$ meterctl ").dropFirst() {
                let lines = example.split(separator: "\n", maxSplits: 1).map(String.init)
                let arguments = Self.words(lines[0]).map { $0 == "rates.yaml" ? directory.path + "/rates.yaml" : $0 }
                let result = try Binaries.run("meterctl", arguments)
                func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .newlines) }
                #expect(trimmed(result.output + result.errors) == trimmed(lines[1]), "\(lines[0])")
                count += 1
            }
        }
        #expect(count >= 20)
    }

    /// A shell's words, quoted by `'` or not at all.
    private static func words(_ line: String) -> [String] {
        line.components(separatedBy: "'").enumerated().flatMap { index, part in
            index % 2 == 1 ? [part] : part.split(separator: " ").map(String.init)
        }
    }

    private func file(_ directory: TemporaryDirectory, _ name: String, _ text: String) throws -> String {
        let path = directory.path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func table(_ price: Int) -> String {
        "format: meterd/1\nrates:\n  - {model: m, provider: p, price: {input: \(price), output: 1}} # ours\n"
    }

    @Test func aTableIsImportedShownComparedAndTakenBack() throws {
        let daemon = try RunningDaemon()
        let folder = try TemporaryDirectory()
        let first = try file(folder, "first.yaml", table(1))
        let planned = try daemon.json("rates", "import", first, "--dry-run")
        #expect(planned["card"] == nil && planned["added"] as? Int == 1)
        #expect(try daemon.meterctl("rates", "show", "m").status == 1)

        let done = try daemon.json("rates", "import", first, "--id", "once")
        #expect(done["is_new"] as? Bool == true)
        #expect(try daemon.json("rates", "import", first, "--id", "once")["is_new"] as? Bool == false)
        let second = try file(folder, "second.yaml", table(2))
        let conflict = try daemon.meterctl("rates", "import", second, "--id", "once")
        #expect(conflict.status == 1 && conflict.errors.contains("id_conflict"))
        _ = try daemon.json("rates", "import", second)

        let shown = try daemon.json("rates", "show", "p/m-20260101")
        #expect((shown["prices"] as? [[String: String]])?.first == ["price": "input", "amount": "2.00"])
        #expect(shown["found_as"] as? String == "m")
        let diff = try daemon.json("rates", "diff")
        let changes = try #require(diff["changes"] as? [[String: Any]])
        #expect(changes.count == 1 && changes[0]["kind"] as? String == "changed")
        let history = try #require(try daemon.json("rates", "history", "m")["items"] as? [[String: Any]])
        #expect(history.count == 2)
        let cards = try #require(try daemon.json("rates", "list")["items"] as? [[String: Any]])
        #expect(cards.count == 3)
        #expect(cards.allSatisfy { $0["document"] == nil })

        // A document of ours comes back as it was, comments and all.
        #expect(try daemon.meterctl("rates", "export").output == table(2))
        #expect(try daemon.meterctl("rates", "export", "--card", "2").output == table(1))
        #expect(try daemon.meterctl("rates", "export", "--card", "77").errors.contains("there is no rate card '77'"))

        let bad = try file(folder, "bad.yaml", table(3) + "  - {model: m, provider: p, price: {input: x}}\n")
        let refused = try daemon.meterctl("rates", "import", bad)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("line 4, column"))
        let inForce = try #require(try daemon.json("rates", "show", "m")["card"] as? [String: Any])
        #expect(inForce["card"] as? Int == 3)
        #expect(
            try daemon.json("price", "--model", "m", "--usage", #"{"prompt_tokens":1000000}"#)["cost"] as? String
                == "2.000000000")
    }

    @Test func aForeignTableIsImportedWithItsReportAndComesBackAsOurs() throws {
        let daemon = try RunningDaemon()
        let folder = try TemporaryDirectory()
        let foreign = try file(
            folder, "prices.json",
            """
            {"sample_spec": {}, "m": {"litellm_provider": "openai", "input_cost_per_token": 9.499999999999999e-07,
             "output_cost_per_token": 2e-06, "output_dbu_cost_per_token": 0.04, "mode": "chat"},
             "broken": {"litellm_provider": "openai", "input_cost_per_token": -1}}
            """)
        let result = try daemon.meterctl("rates", "import", foreign)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("9.499999999999999e-07 → 9.5e-07"))
        #expect(result.output.contains("1 × output_dbu_cost_per_token"))
        #expect(result.output.contains("broken input_cost_per_token: '-1' is not a price"))
        let exported = try daemon.meterctl("rates", "export").output
        #expect(exported.contains("price: {input: 0.95, output: 2.00}"))
        #expect(exported.contains("output_dbu_cost_per_token: 0.04"))
        let again = try daemon.json("rates", "import", try file(folder, "again.yaml", exported))
        #expect(again["added"] as? Int == 0 && again["changed"] as? Int == 0 && again["removed"] as? Int == 0)
        // The file that the settings name may be of either kind.
        let other = try RunningDaemon(rates: foreign)
        #expect(
            try other.json("price", "--model", "m", "--usage", #"{"prompt_tokens":1000000}"#)["cost"] as? String
                == "0.950000000")
    }

    @Test func anImportThatIsNotInForceSaysSo() throws {
        let daemon = try RunningDaemon()
        let folder = try TemporaryDirectory()
        let old = try daemon.meterctl(
            "rates", "import", try file(folder, "old.yaml", table(1)), "--effective", "2025-01-01T00:00:00Z")
        #expect(old.status == 0)
        #expect(old.output.contains("it is not what is charged by now: card 1"))
        let odd = try file(
            folder, "odd.json",
            #"{"m\u001b[31m": {"litellm_provider": "openai"}, "n": {"litellm_provider": "openai", "input_cost_per_token": 1e-6}}"#
        )
        #expect(try daemon.meterctl("rates", "import", odd, "-v").output.contains("m\\u{1b}[31m"))
        let line = try daemon.meterctl("rates", "import", odd, "--actor", "a\nb")
        #expect(line.status == 1 && line.errors.contains("one line without control characters"))
    }

    @Test func oldRecordsArePricedByOldCardsWithoutADaemonToo() throws {
        let daemon = try RunningDaemon()
        let folder = try TemporaryDirectory()
        for month in 1...6 {
            let path = try file(folder, "\(month).yaml", table(month))
            _ = try daemon.json("rates", "import", path, "--effective", "2026-0\(month)-01T00:00:00Z")
        }
        let lines = (1...6).map {
            #"{"id":"\#($0)","model":"m","at":"2026-0\#($0)-15T00:00:00Z","usage":{"prompt_tokens":1000000}}"#
        }
        let priced = try daemon.meterctl("price", "--stdin", input: lines.joined(separator: "\n"))
        let costs = priced.output.split(separator: "\n").map { $0.dropFirst(#"{"id":"1","cost":""#.count).prefix(4) }
        #expect(costs == ["1.00", "2.00", "3.00", "4.00", "5.00", "6.00"])
    }

    @Test func whoeverReadsOnlyTheBeginningEndsTheCommandQuietly() throws {
        let result = try Binaries.run(
            "meterctl", ["rates", "export", "--rates", Binaries.rates], closesOutput: true)
        #expect(result.errors.isEmpty)
        #expect(result.status == SIGPIPE)
    }

    @Test func anAliasIsGivenListedAndTakenBack() throws {
        let daemon = try RunningDaemon()
        #expect(
            try daemon.meterctl("rates", "alias", "add", "gpt-5", "gpt-4o").errors.contains("has a rate of that name"))
        #expect(try daemon.meterctl("rates", "alias", "add", "ours", "gpt-5").status == 0)
        #expect(
            try daemon.json("price", "--model", "ours", "--usage", #"{"prompt_tokens":1000}"#)["cost"] as? String
                == "0.001250000")
        #expect(try daemon.json("rates", "show", "ours")["model"] as? String == "gpt-5")
        #expect(try daemon.meterctl("rates", "alias", "list").output.contains("ours"))
        #expect(try daemon.meterctl("rates", "alias", "remove", "ours").status == 0)
        #expect(try daemon.meterctl("rates", "alias", "remove", "ours").errors.contains("there is no alias"))
        #expect(try daemon.meterctl("price", "--model", "ours", "--usage", #"{"prompt_tokens":1000}"#).status == 1)
    }

    @Test func whatHasNoPriceSaysWhy() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        let record =
            #"{"id":"r","org":"acme","model":"deepseek-v4-pro","usage":{"prompt_tokens":5,"num_search_queries":2}}"#
        let sent = try daemon.meterctl("send", input: record + "\n")
        #expect(sent.status == 0, "\(sent.errors)")
        let reason = try daemon.json("explain", "acme", "r")["reason_without_price"] as? String
        #expect(reason?.contains("web_search") == true, "\(reason ?? "")")
    }

    @Test func aReloadUnderLoadLosesNothingAndMixesNoTwoCards() async throws {
        let folder = try TemporaryDirectory()
        // Input and output cost the same on each card: a record of two cards would have two different rates.
        func write(_ price: Int) throws {
            let text =
                "format: meterd/1\nrates:\n  - {model: m, provider: p, price: {input: \(price), output: \(price)}}\n"
            try text.write(toFile: folder.path + "/rates.yaml", atomically: true, encoding: .utf8)
        }
        try write(1)
        let daemon = try RunningDaemon(rates: folder.path + "/rates.yaml")
        _ = try daemon.meterctl("org", "create", "acme")
        _ = try daemon.meterctl("credits", "grant", "acme", "1000")
        let gate = Gate()
        let sent = 4_000
        let socket = daemon.ingestSocket
        let sender = Background {
            let client = try LineClient(socket)
            var costs: [String] = []
            for start in stride(from: 0, to: sent, by: 100) {
                for number in start..<start + 100 {
                    try client.send(
                        #"{"id":"\#(number)","org":"acme","model":"m","usage":{"prompt_tokens":1000,"completion_tokens":1000}}"#
                    )
                }
                for _ in 0..<100 { costs.append(try client.receive() ?? "") }
                if start == 500 { gate.enter() }
            }
            return costs
        }
        gate.waitUntilEntered()
        for price in 2...6 {
            try write(price)
            daemon.signal(SIGHUP)
            _ = try daemon.notify.wait(for: "STATUS=reloaded")
            // The first is over before more is sent, so that there are two cards for certain; the others come in between.
            if price == 2 { gate.open() }
        }
        let replies = try await sender.value
        #expect(replies.count == sent)
        var seen: Set<String> = []
        for reply in replies {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(reply.utf8)) as? [String: Any])
            #expect(object["status"] as? String == "charged")
            seen.insert(try #require(object["cost"] as? String))
        }
        let possible = (1...6).map { "0.0" + ($0 < 5 ? "0\($0 * 2)" : "\($0 * 2)") + "000000" }
        #expect(seen.isSubset(of: possible) && seen.count > 1, "\(seen)")
        let shown = try #require(
            try daemon.json("usage", "list", "acme", "--limit", "5000")["items"] as? [[String: Any]])
        #expect(shown.count == sent)
        for record in shown {
            let rates = try #require(record["lines"] as? [[String: Any]]).compactMap { $0["rate"] as? String }
            #expect(Set(rates).count == 1 && rates.count == 2, "\(record)")
        }
        #expect(try daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func standardInputThatCannotBeReadIsSaid() throws {
        let process = Process()
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // A folder can be opened, and not read.
        process.arguments = ["-c", "exec \"$0\" rates import - < /", Binaries.folder + "/meterctl"]
        process.standardError = errors
        try process.run()
        let words = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 78)
        #expect(String(decoding: words, as: UTF8.self).contains("can't be read"))
    }
}
