import Access
import Foundation
import Glibc
import Ledger
import TestSupport
import Testing

@testable import Ingest

/// Refused usage, trivia, other names and senders, over a real socket.
@Suite(.ownThread) struct RefusedUsageTests {
    @Test(arguments: [true, false]) func aRefusedLineIsKeptByteForByteAndItsReplySaysSo(isInline: Bool) async throws {
        let fixture = try await IngestFixture(limits: isInline ? IngestLimits() : .withoutInline)
        let client = try LineClient(fixture.socket)
        let taken = #"{"id":"a","org":"acme","model":"m","usage":{"prompt_tokens":1}}"#
        #expect(try client.ask(taken).contains("\"ok\":true"))
        let lines: [(String, String)] = [
            (
                #" {"id":"a","org":"acme","model":"m","usage":{"prompt_tokens":2},"odd":"\u00e9\ud83d\ude42" } "#,
                "id_conflict"
            ),
            (#"{"id":"b","org":"nobody","model":"m","usage":{"prompt_tokens":2}}"#, "unknown_org"),
            (
                #"{"id":"c","org":"acme","model":"m","at":"2020-01-01T00:00:00Z","usage":{"prompt_tokens":2}}"#,
                "time_out_of_range"
            ),
            (#"{"id":"d","org":"acme","usage":{"prompt_tokens":2}}"#, "malformed"),
            (#"{"usage":{"prompt_tokens":-2},"user":"ana"}"#, "malformed"),
        ]
        for (line, code) in lines {
            let reply = try client.ask(line)
            #expect(reply.contains("\"code\":\"\(code)\""), "\(reply)")
            #expect(reply.hasSuffix(#""retryable":false},"quarantined":true}"#), "\(reply)")
        }
        let kept = try await fixture.quarantined()
        #expect(kept.map(\.code).reversed() == lines.map(\.1))
        #expect(kept.allSatisfy { $0.peerUid == geteuid() && $0.peerPid == getpid() })
        #expect(kept[1].id == "d" && kept[1].org == "acme" && kept[0].user == "ana" && kept[0].org == nil)
        for (number, line) in lines.enumerated() {
            #expect(try await fixture.line(Int64(number) + 1) == Array(line.0.utf8))
        }
        try await fixture.stop()
    }

    @Test func whatIsNoWholeUsageObjectIsNotKept() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        for line in [
            #"{"id":"a""#, "[1]", #"{"op":"authorize","id":"h","org":"acme"}"#, #"{"op":"drop"}"#,
            #"{"op":"release","id":"h","org":"nobody"}"#,
        ] { #expect(try !client.ask(line).contains("quarantined"), "\(line)") }
        #expect(try await fixture.quarantined().isEmpty)
        try await fixture.stop()
    }

    @Test func repliesKeepTheirOrderAroundLinesThatAreKept() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        var text = ""
        for number in 0..<300 {
            text +=
                number % 3 == 0
                ? "{\"id\":\"\(number)\",\"org\":\"acme\"}\n"
                : number % 3 == 1 ? IngestFixture.usage("\(number)") + "\n" : "{\"op\":\"ping\",\"id\":\"\(number)\"}\n"
        }
        try client.write(Array(text.utf8))
        for number in 0..<300 {
            let reply = try #require(try client.receive())
            #expect(reply.hasPrefix("{\"id\":\"\(number)\",\"ok\":\(number % 3 != 0)"), "\(reply)")
        }
        #expect(try await fixture.quarantined().count == 100)
        try await fixture.stop()
    }

    @Test func whatCantBeKeptIsRetryable() async throws {
        var limits = QuarantineLimits()
        limits.bytesMax = 0
        let fixture = try await IngestFixture(quarantine: limits)
        let client = try LineClient(fixture.socket)
        let reply = try client.ask(#"{"id":"b","org":"nobody","model":"m","usage":{"prompt_tokens":2}}"#)
        #expect(reply.contains(#""code":"quarantine_full""#) && reply.hasSuffix("\"retryable\":true}}"), "\(reply)")
        try await fixture.stop()
    }

    @Test func triviaIsTakenAndToldAndAResendIsTheSame() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        let seconds = IngestFixture.clock().milliseconds / 1000
        let line =
            #"{"id":"t","org":"acme","user":"","model":"m","at":\#(seconds),"tags":{"n":1},"usage":{"prompt_tokens":1}}"#
        let first = try client.ask(line)
        #expect(first.contains("\"ok\":true"))
        #expect(first.hasSuffix(#","warnings":["user_empty","tags_not_text","at_epoch"]}"#), "\(first)")
        let again = try client.ask(line)
        #expect(
            again.hasSuffix(#","duplicate":true,"warnings":["user_empty","tags_not_text","at_epoch"]}"#), "\(again)")
        #expect(try client.ask(IngestFixture.usage("plain")).contains("warnings") == false)
        try await fixture.stop()
    }

    @Test func usageWithoutAnIdIsItsHolds() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        let reply = try client.ask(#"{"org":"acme","model":"m","hold":"h1","usage":{"prompt_tokens":1}}"#)
        #expect(reply.hasPrefix(#"{"id":"h1","ok":true"#) && reply.contains(#""hold_state":"unknown""#), "\(reply)")
        try await fixture.stop()
    }

    @Test func anOtherNameStandsForItsOrgAtOnce() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        let line = #"{"id":"a","org":"Acme Inc.","model":"m","usage":{"prompt_tokens":1}}"#
        #expect(try client.ask(line).contains("\"code\":\"malformed\""))
        let key = IdempotencyKey(route: "nameOrg", key: "k", body: "b")
        _ = await fixture.writer.perform(.nameOrg(alias: "Acme Inc.", org: "acme", actor: "op", key))
        #expect(try client.ask(line).contains("\"ok\":true"))
        // The same record under the org's own name.
        #expect(
            try client.ask(line.replacing("Acme Inc.", with: "acme")).contains("\"duplicate\":true"))
        #expect(
            try client.ask(#"{"op":"balance","org":"Acme Inc."}"#).contains(#""org":"acme""#))
        try await fixture.stop()
    }

    @Test func aSendersOwnRightsHold() async throws {
        let senders = [
            Sender(name: "red", orgs: ["acme"], operations: [.usage]), Sender(name: "blue", orgs: ["globex"]),
        ]
        let fixture = try await IngestFixture(access: AccessPolicy(rules: nil, senders: senders))
        let client = try LineClient(fixture.socket)
        func ask(_ sender: String, op: String = "usage", id: String = UUID().uuidString) throws -> String {
            try client.ask(
                #"{"op":"\#(op)","id":"\#(id)","org":"acme","sender":"\#(sender)","model":"m","usage":{"prompt_tokens":1}}"#
            )
        }
        #expect(try ask("red").contains("\"ok\":true"))
        for reply in [try ask("blue"), try ask("red", op: "authorize"), try ask("no\\u001bbody")] {
            #expect(reply.contains("\"code\":\"forbidden\"") && !reply.contains("quarantined"), "\(reply)")
        }
        #expect(try ask("no\\u001bbody").contains(#"there is no sender 'no\\u{1b}body'"#))
        // A line that is refused is kept with its sender, and only if it is the sender's to send.
        #expect(try client.ask(#"{"org":"acme","sender":"red"}"#).contains("quarantined"))
        #expect(try !client.ask(#"{"org":"acme","sender":"blue"}"#).contains("quarantined"))
        #expect(try await fixture.quarantined().map(\.sender) == ["red"])
        try await fixture.stop()
    }
}
