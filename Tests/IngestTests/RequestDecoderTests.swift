import Ledger
import Metering
import Testing

@testable import Ingest

@Suite struct RequestDecoderTests {
    private func decode(_ line: String) -> DecodedLine {
        var copy = line
        return copy.withUTF8 { RequestDecoder { $0 == "grok-4" ? "xai" : nil }.decode($0) }
    }

    private func refusal(_ line: String) -> Refusal? {
        guard case .failure(let refusal) = decode(line).result else { return nil }
        return refusal
    }

    private func record(_ line: String) -> UsageRecord? {
        guard case .success(.usage(let record)) = decode(line).result else { return nil }
        return record
    }

    @Test func everyMemberOfAUsageRecordIsRead() throws {
        let record = try #require(
            self.record(
                """
                {"op":"usage","id":"req_1","org":"acme","user":"ana \\"the\\" \\u00e9","model":"m","provider":"Google",\
                "at":"2026-11-24T09:58:24.123Z","tier":"batch","hold":"h1","tags":{"team":"a"},\
                "usage":{"prompt_tokens":3},"else":[{"x":null}]}
                """))
        #expect(record.id == "req_1")
        #expect(record.org == "acme")
        #expect(record.user == "ana \"the\" é")
        #expect(record.provider == "gemini")
        #expect(record.at?.description == "2026-11-24T09:58:24.123Z")
        #expect(record.tier == .batch)
        #expect(record.hold == "h1")
        #expect(record.tags == #"{"team":"a"}"#)
        #expect(record.usage == #"{"prompt_tokens":3}"#)
        #expect(record.reading.buckets[.input] == 3)
    }

    @Test func everyMemberOfAnAuthorizeIsRead() throws {
        guard
            case .success(.authorize(let request)) = decode(
                #"{"op":"authorize","id":"h","org":"acme","user":"ana","model":"m","provider":"Google","tier":"flex","usage":{"prompt_tokens":3},"ttl": 120 }"#
            ).result
        else {
            Issue.record("not read")
            return
        }
        #expect(request.id == "h" && request.org == "acme" && request.user == "ana" && request.model == "m")
        #expect(request.provider == "gemini" && request.tier == .flex && request.ttlSeconds == 120)
        guard case .usage(let json, let reading) = request.worst else {
            Issue.record("no usage")
            return
        }
        #expect(json == #"{"prompt_tokens":3}"# && reading.buckets[.input] == 3)
        guard
            case .success(.authorize(let other)) = decode(
                #"{"op":"authorize","id":"h","org":"acme","amount":"0.25"}"#
            ).result, case .amount(let amount) = other.worst
        else {
            Issue.record("no amount")
            return
        }
        #expect(amount.nanos == 250_000_000 && other.ttlSeconds == 600)
        guard case .success(.release("acme", "h")) = decode(#"{"op":"release","id":"h","org":"acme"}"#).result else {
            Issue.record("no release")
            return
        }
    }

    @Test(arguments: [
        (#""id":"h","org":"o""#, "usage is missing"),
        (#""id":"h","org":"o","amount":"1","cap":"0""#, "cap must be a decimal string"),
        (#""id":"h","org":"o","amount":"1","cap":1"#, "cap must be a string"),
        (
            #""id":"h","org":"o","amount":"0","usage":{"prompt_tokens":1},"model":"m""#,
            "amount must be a decimal string"
        ),
        (#""id":"h","org":"o","usage":{"prompt_tokens":1},"model":"m","models":[{"model":"m"}]"#, "both models and"),
        (#""id":"h","org":"o","usage":{"prompt_tokens":1},"provider":"p","models":[{"model":"m"}]"#, "both models and"),
        (#""id":"h","org":"o","amount":"1","models":[]"#, "models must have 1 to 16"),
        (#""id":"h","org":"o","amount":"1","models":{"model":"m"}"#, "models must be a list"),
        (#""id":"h","org":"o","amount":"1","models":["m"]"#, "models must be a list of objects"),
        (#""id":"h","org":"o","amount":"1","models":[{"model":"m"},{"provider":"p"}]"#, "models[1].model is missing"),
        (#""id":"h","org":"o","amount":"1","models":[{"model":""}]"#, "models[0].model must be 1 to"),
        (#""id":"h","org":"o","amount":"1","models":[{"model":"m","amount":"-1"}]"#, "models[0].amount must be"),
        (#""id":"h","org":"o","amount":"1","models":[{"model":"m","model":"m"}]"#, "models[0].model is there twice"),
        (#""id":"h","org":"o","models":[{"model":"m","amount":"1"},{"model":"n"}]"#, "usage is missing"),
        (#""id":"h","org":"o","usage":{"prompt_tokens":1}"#, "model is missing"),
        (#""id":"h","org":"o","amount":0.25"#, "amount must be a string"),
        (#""id":"h","org":"o","amount":"0""#, "amount must be a decimal string"),
        (#""id":"h","org":"o","amount":"-1""#, "amount must be a decimal string"),
        (#""id":"h","org":"o","amount":"1e400""#, "amount must be a decimal string"),
        (#""id":"h","org":"o","amount":"1","ttl":0"#, "ttl must be"),
        (#""id":"h","org":"o","amount":"1","ttl":86401"#, "ttl must be"),
        (#""id":"h","org":"o","amount":"1","ttl":1.5"#, "ttl must be"),
        (#""id":"h","org":"o","amount":"1","ttl":"60""#, "ttl must be"),
        (#""id":"h","org":"o","amount":"1","ttl":99999999999999999999"#, "ttl must be"),
        (#""id":"h","org":"o","amount":"1","ttl":60,"ttl":60"#, "ttl is there twice"),
        (#""org":"o","amount":"1""#, "id is missing"),
        (#""id":"h","amount":"1""#, "org is missing"),
        (#""id":"h","org":"o","amount":"1","user":"""#, "user must be 1 to 128"),
        (#""id":"h","org":"o","amount":"1","tier":"gold""#, "tier must be one of"),
    ])
    func aWrongAuthorizeIsRefusedByName(members: String, words: String) {
        let refusal = refusal("{\"op\":\"authorize\",\(members)}")
        #expect(refusal?.code == .malformed)
        #expect(refusal?.message.contains(words) == true, "\(String(describing: refusal))")
    }

    @Test func anAuthorizeMayNameSeveralModels() throws {
        guard
            case .success(.authorize(let request)) = decode(
                """
                {"op":"authorize","id":"h","org":"acme","usage":{"prompt_tokens":3},"cap":"0.5","amount":"2","models":\
                [{"model":"m","provider":"Google","amount":"1","x":[1]}, {"provider":null,"model":"n \\u00e9"}]}
                """
            ).result, let candidates = request.candidates
        else {
            Issue.record("not read")
            return
        }
        #expect(candidates.map(\.model) == ["m", "n é"] && candidates.map(\.provider) == ["gemini", nil])
        #expect(candidates.map(\.amount) == [Money(decimal: "1"), nil])
        #expect(candidates.allSatisfy { $0.reading?.buckets[.input] == 3 })
        #expect(request.cap == Money(decimal: "0.5") && request.amountWithoutRate == Money(decimal: "2"))
        #expect(request.model == nil && !request.statesOutput)
        let many = (0..<17).map { "{\"model\":\"m\($0)\"}" }.joined(separator: ",")
        #expect(
            refusal("{\"op\":\"authorize\",\"id\":\"h\",\"org\":\"o\",\"amount\":\"1\",\"models\":[\(many)]}")?
                .message.hasPrefix("models must have 1 to 16") == true)
    }

    @Test(arguments: [
        (#"{"prompt_tokens":3}"#, false), (#"{"prompt_tokens":3,"completion_tokens":null}"#, false),
        (#"{"input_tokens":3}"#, false), (#"{"promptTokenCount":3}"#, false), (#"{"inputTokens":3}"#, false),
        (#"{"prompt_tokens":3,"total_tokens":3}"#, false), (#"{"prompt_tokens":3,"completion_tokens":0}"#, true),
        (#"{"input_tokens":3,"output_tokens":0}"#, true), (#"{"promptTokenCount":3,"candidatesTokenCount":0}"#, true),
        (#"{"inputTokens":3,"outputTokens":0}"#, true), (#"{"prompt_tokens":3,"completion_tokens":9}"#, true),
    ])
    func aWorstCaseWithoutAnOutputCountIsTold(usage: String, isStated: Bool) {
        let line = "{\"op\":\"authorize\",\"id\":\"h\",\"org\":\"o\",\"model\":\"m\",\"usage\":\(usage)}"
        guard case .success(.authorize(let request)) = decode(line).result else {
            Issue.record("not read")
            return
        }
        #expect(request.statesOutput == isStated)
    }

    @Test func theOpDefaultsToUsageAndAbsentMembersToNothing() throws {
        let record = try #require(
            self.record(#"{"id":"a","org":"o","model":"m","usage":{"prompt_tokens":1},"user":null}"#))
        #expect(record.user == nil)
        #expect(record.at == nil)
        #expect(record.tier == .standard)
    }

    @Test func theRatesProviderReadsAnAmbiguousObject() throws {
        let usage = #"{"prompt_tokens":1,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":2}}"#
        func output(_ more: String) -> Int64? {
            record(#"{"id":"a","org":"o","usage":\#(usage),\#(more)}"#)?.reading.buckets[.output]
        }
        #expect(output(#""model":"grok-4""#) == 2)
        #expect(output(#""model":"grok-4","provider":"azure_ai""#) == 2)
        #expect(output(#""model":"gpt-5","provider":"openai""#) == 0)
        #expect(output(#""model":"other""#) == 0)
    }

    @Test(arguments: [
        ("", "the line is not a JSON object"), ("7", "the line is not a JSON object"),
        ("[1]", "the line is not a JSON object"), (#"{"id":"a""#, "not valid JSON"),
        (#"{"id":"a"} x"#, "not valid JSON"),
        (#"{"org":"o","model":"m","usage":{"prompt_tokens":1}}"#, "id is missing"),
        (#"{"id":"a","model":"m","usage":{"prompt_tokens":1}}"#, "org is missing"),
        (#"{"id":"a","org":"o","usage":{"prompt_tokens":1}}"#, "model is missing"),
        (#"{"id":"a","org":"o","model":"m"}"#, "usage is missing"),
        (#"{"id":"a","org":"o","model":"m","usage":"x"}"#, "usage must be an object"),
        (#"{"id":7,"org":"o","model":"m","usage":{"prompt_tokens":1}}"#, "id must be a string"),
        (#"{"id":"","org":"o","model":"m","usage":{"prompt_tokens":1}}"#, "id must be 1 to 512 bytes"),
        (#"{"id":"é","org":"o","model":"m","usage":{"prompt_tokens":1}}"#, "id must be 1 to 512 bytes"),
        (#"{"id":"a","org":"Acme","model":"m","usage":{"prompt_tokens":1}}"#, "org must be 1 to 64"),
        (#"{"id":"a","org":"o","model":"","usage":{"prompt_tokens":1}}"#, "model must be 1 to 256 bytes"),
        (#"{"id":"a","org":"o","model":"m","tier":"gold","usage":{"prompt_tokens":1}}"#, "tier must be one of"),
        (#"{"id":"a","org":"o","model":"m","at":"now","usage":{"prompt_tokens":1}}"#, "at must be an RFC 3339 time"),
        (#"{"id":"a","org":"o","model":"m","at":true,"usage":{"prompt_tokens":1}}"#, "at must be a string"),
        (#"{"id":"a","org":"o","model":"m","at":-7,"usage":{"prompt_tokens":1}}"#, "at must be a string"),
        (#"{"id":"a","org":"o","model":"m","at":1e9,"usage":{"prompt_tokens":1}}"#, "at must be an RFC 3339 time"),
        (#"{"id":"a","org":"o","model":"m","at":7,"at":8,"usage":{"prompt_tokens":1}}"#, "at is there twice"),
        (#"{"id":"a","org":"o","model":"m","sender":"","usage":{"prompt_tokens":1}}"#, "sender must be 1 to 128"),
        (#"{"id":"a","id":"b","org":"o","model":"m","usage":{"prompt_tokens":1}}"#, "id is there twice"),
        (#"{"id":"a","org":"o","model":"m","usage":{"prompt_tokens":1},"usage":{}}"#, "usage is there twice"),
        (
            #"{"id":"a","org":"o","model":"m","usage":{"prompt_tokens":1},"tags":{"a":[1]}}"#,
            "tags must be an object of strings"
        ),
        (#"{"id":"a","org":"o","model":"m","usage":{"prompt_tokens":-1}}"#, "prompt_tokens is negative"),
        (#"{"op":"balance","org":7}"#, "org must be a string"), (#"{"op":"balance"}"#, "org is missing"),
    ])
    func whatIsWrongIsNamed(line: String, words: String) throws {
        let refusal = try #require(self.refusal(line))
        #expect(refusal.code == .malformed)
        #expect(refusal.message.contains(words), "\(refusal.message)")
    }

    @Test(
        arguments: [
            (#""user":"""#, ["user_empty"], nil, nil, nil),
            (
                #""tags":{"a":1.50,"b":true,"c":null,"d":"x\u00e9"}"#, ["tags_not_text"], nil, nil,
                #"{"a":"1.50","b":"true","d":"x\u00e9"}"#
            ),
            (#""at":"2026-11-24T11:58:24.5+02:00""#, ["at_offset"], nil, "2026-11-24T09:58:24.500Z", nil),
            (#""at":"2026-11-24T11:58:24+0200""#, ["at_offset"], nil, "2026-11-24T09:58:24.000Z", nil),
            (#""at":"2026-11-24T07:58:24-02""#, ["at_offset"], nil, "2026-11-24T09:58:24.000Z", nil),
            (#""at":1795514304"#, ["at_epoch"], nil, "2026-11-24T09:58:24.000Z", nil),
            (#""at":"1795514304""#, ["at_epoch"], nil, "2026-11-24T09:58:24.000Z", nil),
            (#""at":1795514304.1239"#, ["at_epoch"], nil, "2026-11-24T09:58:24.123Z", nil),
            (#""at":1795514304123"#, ["at_epoch"], nil, "2026-11-24T09:58:24.123Z", nil),
            (
                #""at":"1795514304123","user":"","tags":{"a":false}"#, ["user_empty", "tags_not_text", "at_epoch"], nil,
                "2026-11-24T09:58:24.123Z", #"{"a":"false"}"#
            ),
            (
                #""user":"ana","tags":{"a":"1"},"at":"2026-11-24T09:58:24Z""#, [], "ana", "2026-11-24T09:58:24.000Z",
                #"{"a":"1"}"#
            ),
        ] as [(String, [String], String?, String?, String?)])
    func triviaNeverCostsARecord(members: String, warnings: [String], user: String?, at: String?, tags: String?) throws
    {
        let line = decode(#"{"id":"a","org":"o","model":"m","usage":{"prompt_tokens":1},\#(members)}"#)
        guard case .success(.usage(let record)) = line.result else {
            Issue.record("\(line.result)")
            return
        }
        #expect(line.warnings.names == warnings)
        #expect(record.user == user && record.at?.description == at && record.tags == tags)
    }

    @Test(arguments: [
        #""user":"""#, #""at":7"#, #""tags":{"a":1}"#, #""tags":{"a":null}"#,
    ])
    func anAuthorizeStaysStrict(member: String) {
        let refusal = refusal(#"{"op":"authorize","id":"h","org":"o","amount":"1",\#(member)}"#)
        #expect(refusal?.code == .malformed)
        // Wherever the op stands.
        #expect(
            self.refusal(#"{\#(member),"id":"h","org":"o","amount":"1","op":"authorize"}"#)?.code == .malformed)
    }

    @Test func usageWithoutAnIdTakesItsHolds() throws {
        let line = decode(#"{"org":"o","model":"m","hold":"h1","usage":{"prompt_tokens":1}}"#)
        guard case .success(.usage(let record)) = line.result else {
            Issue.record("\(line.result)")
            return
        }
        #expect(record.id == "h1" && record.hold == "h1" && line.id == "h1")
        let long = String(repeating: "i", count: 512)
        #expect(self.record(#"{"id":"\#(long)","org":"o","model":"m","usage":{"prompt_tokens":1}}"#)?.id == long)
        #expect(refusal(#"{"id":"\#(long)i","org":"o","model":"m","usage":{"prompt_tokens":1}}"#)?.code == .malformed)
    }

    @Test func onlyWholeUsageObjectsAreWorthKeeping() {
        func refused(_ line: String) -> RefusedMembers? { decode(line).refused }
        #expect(
            refused(#"{"org":"Acme Inc.","user":"ana","model":7}"#) == RefusedMembers(org: "Acme Inc.", user: "ana"))
        #expect(refused(#"{"op":"usage","id":"a"}"#) == RefusedMembers(org: nil, user: nil))
        for line in [
            #"{"op":"authorize","id":"a"}"#, #"{"op":7,"id":"a"}"#, #"{"op":"drop"}"#, #"{"id":"a""#, "[1]", "7",
            #"{"op":"release"}"#, #"{"id":"a"} x"#,
        ] { #expect(refused(line) == nil, "\(line)") }
    }

    @Test func aKeptLineIsReadAgainWithAnotherTimeAndId() throws {
        let decoder = RequestDecoder { _ in nil }
        let line = Array(
            #"{ "\u0069d":7, "org":"o","model":"m","at":[1],"usage":{"prompt_tokens":1}, "x":{"id":2} }"#.utf8)
        let at = try #require(Timestamp(rfc3339: "2026-11-24T09:58:24Z"))
        let record = try decoder.usage(again: line, at: at, id: #"a"\"#).get()
        #expect(record.id == #"a"\"# && record.at == at && record.usage == #"{"prompt_tokens":1}"#)
        #expect(throws: Refusal.self) { try decoder.usage(again: line, at: nil, id: "a").get() }
        #expect(throws: Refusal.self) { try decoder.usage(again: line, at: at, id: "é").get() }
        #expect(throws: Refusal.self) {
            try decoder.usage(again: Array(#"{"op":"ping"}"#.utf8), at: nil, id: nil).get()
        }
    }

    @Test func anUnknownOpIsRefusedByItsName() throws {
        let refusal = try #require(self.refusal(#"{"op":"drop","id":"a"}"#))
        #expect(refusal.code == .unknownOp)
        #expect(refusal.message.contains("'drop'"))
    }

    @Test func theIdIsEchoedWhereverItStands() {
        #expect(decode(#"{"org":7,"model":[],"id":"late"}"#).id == "late")
        #expect(decode(#"{"id":"early","org":"#).id == "early")
        #expect(decode(#"{"op":"ping","id":"p"}"#).id == "p")
        #expect(decode("{\"id\":\"\u{1F600}\"}").id == nil)
        #expect(decode(#"{"org":"o"}"#).id == nil)
    }

    @Test func moreThanSixteenTagsAreRefused() throws {
        func line(_ count: Int) -> String {
            let tags = (0..<count).map { "\"t\($0)\":\"\"" }.joined(separator: ",")
            return #"{"id":"a","org":"o","model":"m","usage":{"prompt_tokens":1},"tags":{\#(tags)}}"#
        }
        #expect(refusal(line(16)) == nil)
        #expect(refusal(line(17))?.message == "tags must have at most 16 pairs")
    }

    @Test func noPrefixOfARecordAndNoChangedByteEndsTheProcess() {
        let line = Array(
            #"{"op":"usage","id":"r","org":"o","model":"m","at":"2026-11-24T09:58:24Z","usage":{"prompt_tokens":1}}"#
                .utf8)
        let decoder = RequestDecoder { _ in nil }
        for count in 0..<line.count {
            let decoded = line[..<count].withUnsafeBufferPointer {
                decoder.decode(UnsafeBufferPointer(rebasing: $0[...]))
            }
            guard case .failure = decoded.result else {
                Issue.record("a line cut at \(count) was taken")
                return
            }
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var changed = line
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                changed[Int.random(in: 0..<line.count, using: &generator)] = UInt8.random(
                    in: .min ... .max, using: &generator)
            }
            _ = changed.withUnsafeBufferPointer { decoder.decode($0) }
        }
    }
}
