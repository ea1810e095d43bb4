import Foundation
import TestSupport
import Testing

/// Usage added up, and an org's way out, with the built programs.
@Suite(.ownThread) struct SummaryTests {
    private func filled() throws -> RunningDaemon {
        let daemon = try RunningDaemon(arguments: ["--test-clock", "2026-03-10T12:00:00Z"])
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "100")
        let client = try LineClient(daemon.ingestSocket)
        for (id, user, model, tokens, day) in [
            ("a", "ana", "gpt-5", 1000, 8), ("b", "bo", "gpt-5", 3000, 9), ("c", "ana", "gpt-5-mini", 1000, 9),
            ("d", "=1+1", "gpt-5", 8000, 10),
        ] {
            let line =
                #"{"id":"\#(id)","org":"acme","user":"\#(user)","model":"\#(model)","at":"2026-03-\#(day < 10 ? "0" : "")\#(day)T10:00:00Z","usage":{"prompt_tokens":\#(tokens)},"tags":{"project":"\#(user == "bo" ? "x" : "y")"}}"#
            #expect(try client.ask(line).contains("charged"))
        }
        return daemon
    }

    private func items(_ document: [String: Any]) -> [String] {
        (document["items"] as? [[String: Any]] ?? []).map {
            (($0["key"] as? [String]) ?? []).joined(separator: "/") + " \($0["records"] ?? "") \($0["cost"] ?? "")"
        }
    }

    @Test func usageIsAddedUpByWhateverIsAsked() throws {
        let daemon = try filled()
        #expect(
            items(try daemon.json("usage", "summary", "acme", "--by", "user")) == [
                "=1+1 1 0.010000000", "bo 1 0.003750000", "ana 2 0.001500000",
            ])
        #expect(
            items(try daemon.json("usage", "summary", "acme", "--by", "day,model")).first
                == "2026-03-08/gpt-5 1 0.001250000")
        #expect(
            items(try daemon.json("usage", "summary", "acme", "--by", "tag:project")) == [
                "y 3 0.011500000", "x 1 0.003750000",
            ])
        #expect(
            items(
                try daemon.json(
                    "usage", "summary", "acme", "--by", "model", "--since", "2026-03-09", "--until", "2026-03-10"))
                == ["gpt-5 1 0.003750000", "gpt-5-mini 1 0.000250000"])
        let table = try daemon.meterctl("usage", "summary", "acme", "--by", "user").output
        #expect(table.hasPrefix("acme, 2026-03-01 to 2026-03-11: USD 0.01525 for 4 requests"))
        // A spreadsheet takes nothing of it for a formula.
        let csv = try daemon.meterctl("usage", "summary", "acme", "--by", "user", "--csv").output
        #expect(
            csv.hasPrefix("user,requests,unpriced,cost_usd,input_tokens,output_tokens,average_cost_usd,users,")
                && csv.contains("\r\n'=1+1,1,0,0.010000000,8000,0,0.010000000,,0,0,0"), "\(csv)")
        for by in ["", "usr", "tag:", "tag:a,user", "user,user", "week,week"] {
            #expect(try daemon.meterctl("usage", "summary", "acme", "--by", by).status == 1, "\(by)")
        }
        #expect(try daemon.meterctl("usage", "summary", "acme", "--since", "yesterday").errors.contains("2026-11-01"))
    }

    @Test func theForecastGoesByTheLastDays() throws {
        let daemon = try filled()
        // By when requests ended, not by when they were reported. Today isn't over.
        let first = try daemon.json("usage", "forecast", "acme")
        #expect((first["days"] as? Int, first["per_day"] as? String) == (2, "0.002625000"))
        _ = try daemon.meterctl("clock", "2026-03-12T00:00:00Z")
        let forecast = try daemon.json("usage", "forecast", "acme")
        #expect(forecast["days"] as? Int == 4)
        #expect(forecast["per_day"] as? String == "0.003812500")
        #expect(forecast["days_left"] as? Int == 26225)
        #expect(forecast["runs_out"] as? String == "2097-12-29")
        // A statement goes by the day of the charge.
        #expect(
            items(try daemon.json("usage", "statement", "acme", "--since", "2026-03-10", "--until", "2026-03-11")).count
                == 4)
    }

    @Test func anOrgsWayOutHasEverything() throws {
        let daemon = try filled()
        _ = try daemon.json("member", "add", "acme", "ana")
        _ = try daemon.json("credits", "buy", "acme", "50")
        let folder = "\(daemon.directory.path)/out"
        let counts = try daemon.json("export", "acme", "--out", folder)
        #expect((counts["usage"] as? Int, counts["transfers"] as? Int, counts["members"] as? Int) == (4, 5, 1))
        func text(_ name: String) throws -> String { try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }
        let usage = try text("usage.jsonl").split(separator: "\n")
        #expect(usage.count == 4)
        #expect(usage.first?.contains(#""cost":"0.010000000""#) == true)
        #expect(try text("payments.jsonl").contains(#""amount":"50.00""#))
        #expect(try daemon.meterctl("export", "acme", "--out", folder).errors.contains("is there already"))
        _ = try daemon.json("export", "acme", "--format", "csv", "--out", folder + "2")
        let csv = try String(contentsOfFile: folder + "2/usage.csv", encoding: .utf8)
        #expect(csv.hasPrefix("sequence,id,user,model"))
        #expect(csv.contains("'=1+1"))
        #expect(try daemon.meterctl("export", "globex", "--out", folder + "3").status == 1)
        #expect(!FileManager.default.fileExists(atPath: folder + "3"))
    }
}
