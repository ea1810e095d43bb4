import Foundation
import TestSupport
import Testing

/// What a new user does, with the built programs: six providers' usage objects in, the right cents gone.
@Suite(.ownThread) struct TourTests {
    private static let records = [
        #"{"id":"openai-chat","org":"acme","user":"ana","model":"gpt-5","provider":"openai","usage":{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}"#,
        #"{"id":"openai-responses","org":"acme","model":"gpt-5","provider":"openai","usage":{"input_tokens":2006,"input_tokens_details":{"cached_tokens":1920},"output_tokens":300,"output_tokens_details":{"reasoning_tokens":100},"total_tokens":2306}}"#,
        #"{"id":"anthropic","org":"acme","user":"ana","model":"claude-sonnet-4-5-20250929","provider":"anthropic","usage":{"input_tokens":100,"cache_creation_input_tokens":3000,"cache_read_input_tokens":50000,"cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":2000},"output_tokens":500,"service_tier":"standard"}}"#,
        #"{"id":"gemini","org":"acme","model":"gemini-2.5-pro","provider":"gemini","usage":{"promptTokenCount":200001,"candidatesTokenCount":50,"thoughtsTokenCount":200,"totalTokenCount":200251,"promptTokensDetails":[{"modality":"TEXT","tokenCount":200001}]}}"#,
        #"{"id":"bedrock","org":"acme","model":"anthropic.claude-sonnet-4-5-20250929-v1:0","provider":"bedrock","usage":{"inputTokens":100,"outputTokens":500,"totalTokens":3600,"cacheReadInputTokens":2000,"cacheWriteInputTokens":1000}}"#,
        #"{"id":"deepseek","org":"acme","model":"deepseek-chat","provider":"deepseek","usage":{"prompt_tokens":100,"completion_tokens":40,"total_tokens":140,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}}"#,
    ]

    @Test func theRightCentsAreGone() throws {
        let daemon = try RunningDaemon()
        let org = try daemon.json("org", "create", "acme", "--display-name", "Acme Inc.", "--country", "DE")
        #expect(org["state"] as? String == "active")
        _ = try daemon.json("credits", "grant", "acme", "10.00", "--reason", "first purchase", "--id", "order-1")
        _ = try daemon.json("credits", "grant", "acme", "10", "--reason", "first purchase", "--id", "order-1")

        let sent = try daemon.json("send", input: Self.records.joined(separator: "\n"))
        #expect(sent["charged"] as? Int == 6)
        #expect(sent["refused"] as? Int == 0)
        func cost(_ id: String) throws -> String? { try daemon.json("usage", "show", "acme", id)["cost"] as? String }
        #expect(try cost("openai-chat") == "0.003347500")
        #expect(try cost("openai-responses") == "0.003347500")
        #expect(try cost("anthropic") == "0.038550000")
        #expect(try cost("gemini") == "0.503752500")
        // 100 × 3 + 2000 × 0.30 + 1000 × 3.75 + 500 × 15, per million
        #expect(try cost("bedrock") == "0.012150000")
        let listed = try daemon.json("usage", "list", "acme", "--user", "ana")
        #expect((listed["items"] as? [[String: Any]])?.map { $0["id"] as? String } == ["anthropic", "openai-chat"])

        // The same file again changes nothing.
        let before = try daemon.json("balance", "acme")["balance"] as? String
        let again = try daemon.json("send", input: Self.records.joined(separator: "\n"))
        #expect(again["duplicates"] as? Int == 6)
        #expect(try daemon.json("balance", "acme")["balance"] as? String == before)
        let transfers = try daemon.json("ledger", "list", "acme")
        #expect((transfers["items"] as? [Any])?.count == 7)
        #expect(try daemon.json("ledger", "verify")["records"] as? Int == 6)

        // Every amount of the listing adds up to what is gone.
        let items = try #require(try daemon.json("usage", "list", "acme")["items"] as? [[String: Any]])
        let spent = items.compactMap { ($0["cost"] as? String).flatMap { Decimal(string: $0) } }.reduce(0, +)
        #expect(Decimal(10) - spent == Decimal(string: before ?? ""))
        #expect(daemon.terminate() == 0)
    }

    @Test func listsHavePagesThatFollowOneAnother() throws {
        let daemon = try RunningDaemon()
        for number in 0..<5 { _ = try daemon.json("org", "create", "org-\(number)") }
        _ = try daemon.json("credits", "grant", "org-0", "1")
        let lines = (0..<25).map { #"{"id":"r\#($0)","org":"org-0","model":"gpt-5","usage":{"prompt_tokens":1}}"# }
        _ = try daemon.json("send", input: lines.joined(separator: "\n"))
        let first = try daemon.json("usage", "list", "org-0", "--limit", "10")
        let items = try #require(first["items"] as? [[String: Any]])
        #expect(items.map { $0["id"] as? String } == (15..<25).reversed().map { "r\($0)" })
        #expect(first["next_cursor"] as? String == "16")
        #expect((try daemon.json("usage", "list", "org-0", "--limit", "2000")["items"] as? [Any])?.count == 25)
        #expect((try daemon.json("org", "list")["items"] as? [Any])?.count == 5)
        let table = try daemon.meterctl("usage", "list", "org-0", "--limit", "10")
        #expect(table.errors.contains("there are more"))
    }

    @Test func anyIdCanBeShownAndNoNameActsOnATerminal() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        let ids = ["a:b", "a/b", "a b", "a+b", "a%b", "a=b?c#d", "~!@$^&*()"]
        let lines = ids.map {
            #"{"id":"\#($0)","org":"acme","user":"x\u001b[31m\ny","model":"gpt-5","usage":{"prompt_tokens":1}}"#
        }
        #expect(try daemon.json("send", input: lines.joined(separator: "\n"))["refused"] as? Int == 0)
        for id in ids { #expect(try daemon.json("usage", "show", "acme", id)["id"] as? String == id) }
        let table = try daemon.meterctl("usage", "list", "acme").output
        #expect(!table.contains("\u{1B}"))
        #expect(table.split(separator: "\n").count == ids.count + 1)
        #expect(try daemon.meterctl("balance", "").status == 1)
    }

    @Test func sendResendsAfterARestartAndCountsNothingTwice() async throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        let lines = (0..<30_000).map { #"{"id":"r\#($0)","org":"acme","model":"gpt-5","usage":{"prompt_tokens":8}}"# }
        let path = daemon.directory.path
        let file = path + "/usage.ndjson"
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let sending = Background {
            try Binaries.run("meterctl", ["send", file, "--json", "--ingest-socket", path + "/i.sock"])
        }
        for _ in 0..<3 {
            let before = try daemon.json("status")["records"] as? Int ?? 0
            while try daemon.json("status")["records"] as? Int ?? 0 == before { await Task.yield() }
            daemon.kill9()
            try daemon.start()
        }
        let result = try await sending.value
        #expect(result.status == 0, "\(result.errors)")
        let summary = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(summary["sent"] as? Int == 30_000)
        let verification = try daemon.json("ledger", "verify")
        #expect(verification["ok"] as? Bool == true)
        #expect(verification["records"] as? Int == 30_000)
        #expect(try daemon.json("balance", "acme")["balance"] as? String == "-0.300000000")
    }

    @Test func refusalsOfSendAreToldWithTheirLine() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        let result = try daemon.meterctl(
            "send",
            input: """
                {"id":"a","org":"acme","model":"gpt-5","usage":{"prompt_tokens":1}}

                {"id":"b","org":"acme","model":"gpt-5","usage":{"prompt_tokens":-1}}
                \(String(repeating: "x", count: 70_000))
                {"id":"c","org":"nobody","model":"gpt-5","usage":{"prompt_tokens":1}}
                """)
        #expect(result.status == 1)
        #expect(result.errors.contains("line 3: prompt_tokens is negative (malformed)"))
        #expect(result.errors.contains("line 4: the line is longer than 65536 bytes"))
        #expect(result.errors.contains("line 5: there is no org 'nobody'"))
        #expect(result.output.contains("refused"))
    }

    @Test func aPriceIsShownWithoutADaemon() throws {
        let one = try Binaries.run(
            "meterctl",
            [
                "price", "--rates", Binaries.rates, "--model", "gpt-5", "--json", "--usage",
                #"{"prompt_tokens":2006,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1920}}"#,
            ])
        #expect(
            one.output
                == #"{"cost":"0.003347500","lines":[{"unit":"input","quantity":86,"rate":"0.00000125","amount":"0.0001075"},{"unit":"cache_read","quantity":1920,"rate":"0.000000125","amount":"0.00024"},{"unit":"output","quantity":300,"rate":"0.00001","amount":"0.003"}],"tier":"standard"}"#
                + "\n")
        let stream = try Binaries.run(
            "meterctl", ["price", "--stdin", "--rates", Binaries.rates],
            input: """
                {"id":"a","model":"claude-sonnet-4-5","usage":{"input_tokens":1,"output_tokens":0}}
                {"id":"b","model":"nope","usage":{"input_tokens":1}}
                {"id":"c","model":"gpt-5","usage":{"prompt_tokens":1.5}}

                nonsense
                """)
        let lines = stream.output.split(separator: "\n").map(String.init)
        #expect(stream.status == 0)
        try #require(lines.count == 4)
        #expect(lines[0].hasPrefix(#"{"id":"a","cost":"0.000003000","lines":[{"unit":"input""#))
        #expect(lines[1].hasPrefix(#"{"id":"b","cost":null,"error":{"code":"unknown_model""#))
        #expect(lines[2].contains("\"code\":\"malformed\""))
        #expect(lines[3].hasPrefix(#"{"cost":null,"error":{"code":"malformed""#))
        let refused = try Binaries.run(
            "meterctl", ["price", "--rates", Binaries.rates, "--model", "nope", "--usage", #"{"prompt_tokens":1}"#])
        #expect(refused.status == 1)
        #expect(refused.output.isEmpty)
        #expect(refused.errors.contains("there is no rate for model 'nope'"))
    }

    @Test func theDaemonsCardsPriceLikeTheDaemon() throws {
        let daemon = try RunningDaemon()
        let price = try daemon.json("price", "--model", "gpt-5", "--usage", #"{"prompt_tokens":1000}"#)
        #expect(price["cost"] as? String == "0.001250000")
    }

    @Test func theLoadGeneratorMeasuresARunAndSparesALedgerWithOthersOrgs() throws {
        let daemon = try RunningDaemon()
        func bench(_ arguments: [String]) throws -> Binaries.Result {
            try Binaries.run(
                "meterctl", ["bench", "--duration", "1.5", "--orgs", "3", "--connections", "2", "--json"] + arguments,
                environment: [
                    "METERD_CONTROL_SOCKET": daemon.controlSocket, "METERD_INGEST_SOCKET": daemon.ingestSocket,
                ])
        }
        var acknowledged = 0
        for arguments in [["--window", "8", "--holds", "10"], ["--rate", "200", "--ids", "ordered"]] {
            let result = try bench(arguments)
            #expect(result.status == 0, "\(result.errors)")
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
            acknowledged += try #require(report["acknowledged"] as? Int)
            let (p50, p99) = (try #require(report["p50_us"] as? Int), try #require(report["p99_us"] as? Int))
            #expect(p50 > 0 && p50 <= p99)
        }
        // What was counted is on disk, and the warm-up's records beside it.
        let records = try #require(try daemon.json("status")["records"] as? Int)
        #expect(acknowledged > 0 && records > acknowledged)
        #expect(try daemon.meterctl("ledger", "verify").status == 0)
        _ = try daemon.meterctl("org", "create", "acme")
        let refused = try bench([])
        #expect(refused.status == 1 && refused.errors.contains("this ledger has other orgs (acme)"))
        #expect(try bench(["--force"]).status == 0)
    }

    @Test func exitStatusesTellScriptsWhatHappened() throws {
        let daemon = try RunningDaemon()
        #expect(try daemon.meterctl("balance", "nobody").status == 1)
        #expect(try daemon.meterctl("balance").status == 64)
        #expect(try daemon.meterctl("nonsense").status == 64)
        #expect(try daemon.meterctl("credits", "grant", "nobody", "1").errors.contains("unknown_org"))
        #expect(try daemon.meterctl("org", "create", "Not A Name").errors.contains("org must be 1 to 64"))
        _ = try daemon.json("org", "create", "acme")
        for amount in ["0", "-1", "1.0000000001", "many", "9999999999999"] {
            let result = try daemon.meterctl("credits", "grant", "--", "acme", amount)
            #expect(result.status == 1, "\(amount)")
            #expect(result.errors.contains("amount must be"))
        }
        #expect(daemon.terminate() == 0)
        let unreachable = try daemon.meterctl("status")
        #expect(unreachable.status == 69)
        #expect(unreachable.output.isEmpty)
        #expect(unreachable.errors.contains("can't be reached"))
        let grant = try daemon.meterctl("credits", "grant", "acme", "1")
        #expect(grant.status == 69)
        #expect(grant.errors.contains("try again with --id "))
    }
}
