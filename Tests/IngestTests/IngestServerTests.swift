import Foundation
import Ingest
import Ledger
import Metering
import Synchronization
import TestSupport
import Testing

@Suite(.ownThread) struct IngestServerTests {
    @Test func repliesComeInTheOrderOfTheLinesWhateverTheirKind() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        for number in 0..<300 {
            switch number % 4 {
            case 0: try client.send(IngestFixture.usage("\(number)"))
            case 1: try client.send(#"{"op":"ping","id":"\#(number)"}"#)
            case 2: try client.send(#"{"id":"\#(number)","nonsense":true}"#)
            default: try client.send(#"{"op":"balance","id":"\#(number)","org":"acme"}"#)
            }
        }
        for number in 0..<300 {
            let reply = try #require(try client.receive())
            #expect(reply.hasPrefix(#"{"id":"\#(number)","ok":\#(number % 4 != 2)"#), "\(reply)")
            if number % 4 == 3 {
                // A balance sees what earlier lines of its connection did.
                let spent = Double((number + 1) / 4) * 0.001
                #expect(reply.contains("\"balance\":\"-\(String(format: "%.3f", spent))000000\""), "\(reply)")
            }
        }
        try await fixture.stop()
    }

    @Test func theReplyIsTheProtocols() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        let line = IngestFixture.usage("a", tokens: 3)
        let reply =
            #""ok":true,"status":"overdrawn","cost":"0.003000000","balance":"-0.003000000","available":"-0.003000000""#
        #expect(try client.ask(line) == "{\"id\":\"a\",\(reply)}")
        #expect(try client.ask(line) == "{\"id\":\"a\",\(reply),\"duplicate\":true}")
        #expect(
            try client.ask(IngestFixture.usage("a", tokens: 4))
                == #"{"id":"a","ok":false,"error":{"code":"id_conflict","message":"id 'a' was already used for a different record: usage differs","retryable":false},"quarantined":true}"#
        )
        #expect(try client.ask(#"{"op":"ping"}"#) == #"{"ok":true,"version":"test"}"#)
        #expect(
            try client.ask(#"{"op":"balance","org":"acme"}"#)
                == #"{"ok":true,"org":"acme","state":"active","balance":"-0.003000000","available":"-0.003000000"}"#)
        #expect(
            try client.ask(#"{"id":"b","org":"x","model":"m","usage":{"prompt_tokens":1}}"#).contains("unknown_org"))
        #expect(try client.ask(#"{"op":"\"\n","id":"q"}"#).contains(#"there is no op '\"\u000a'"#))
        try await fixture.stop()
    }

    @Test func linesMayComeInAnyPieces() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        let bytes = Array((IngestFixture.usage("a") + "\r\n\n  \n" + IngestFixture.usage("b") + "\n").utf8)
        for byte in bytes { try client.write([byte]) }
        #expect(try client.receive()?.hasPrefix(#"{"id":"a","ok":true"#) == true)
        #expect(try client.receive()?.hasPrefix(#"{"id":"b","ok":true"#) == true)
        try await fixture.stop()
    }

    @Test func afterAHalfCloseEverythingReadIsAnsweredAndACutLineIsNot() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        for number in 0..<50 { try client.send(IngestFixture.usage("\(number)")) }
        try client.write(Array(IngestFixture.usage("cut off").utf8))
        client.endInput()
        for number in 0..<50 {
            #expect(try client.receive()?.hasPrefix(#"{"id":"\#(number)","ok":true"#) == true)
        }
        #expect(try client.receive() == nil)
        guard case .refused(let refusal) = await fixture.writer.perform(.find(org: "acme", id: "cut off")) else {
            Issue.record("an unterminated line was executed")
            return
        }
        #expect(refusal.code == .notFound)
        try await fixture.stop()
    }

    @Test func aLineAtTheLimitIsTakenAndOneBeyondClosesItsConnectionOnly() async throws {
        let fixture = try await IngestFixture()
        let other = try LineClient(fixture.socket)
        let client = try LineClient(fixture.socket)
        func line(bytes: Int) -> String {
            let frame = #"{"id":"a","org":"acme","model":"m","usage":{"prompt_tokens":1},"x":""}"#
            let padding = String(repeating: "y", count: bytes - 1 - frame.utf8.count)
            return #"{"id":"a","org":"acme","model":"m","usage":{"prompt_tokens":1},"x":"\#(padding)"}"#
        }
        #expect(try client.ask(line(bytes: 65_536)).hasPrefix(#"{"id":"a","ok":true"#))
        try client.send(IngestFixture.usage("before"))
        try client.send(line(bytes: 65_537))
        #expect(try client.receive()?.hasPrefix(#"{"id":"before","ok":true"#) == true)
        #expect(try client.receive()?.contains("too_long") == true)
        #expect((try? client.receive()) == .some(nil))
        #expect(try other.ask(#"{"op":"ping"}"#).contains("true"))
        try await fixture.stop()
    }

    @Test func aClientThatVanishesMidLineOrWithRepliesOpenHurtsNoOther() async throws {
        let fixture = try await IngestFixture()
        let other = try LineClient(fixture.socket)
        for round in 0..<20 {
            let client = try LineClient(fixture.socket)
            for number in 0..<20 { try client.send(IngestFixture.usage("\(round)-\(number)")) }
            try client.write(Array(#"{"id":"half"#.utf8))
        }
        #expect(try other.ask(IngestFixture.usage("alive")).contains("\"ok\":true"))
        let last = try LineClient(fixture.socket)
        #expect(try last.ask(IngestFixture.usage("last")).contains("\"ok\":true"))
        try await fixture.stop()
    }

    @Test func linesThatTakeNoRoomAreAllAnsweredHoweverLittleThereIs() async throws {
        var limits = IngestLimits()
        limits.openPerConnectionMax = 3
        let fixture = try await IngestFixture(limits: limits)
        let client = try LineClient(fixture.socket)
        var lines: [String] = []
        for number in 0..<40 {
            lines += (0..<Int.random(in: 0..<40)).map { #"{"op":"ping","id":"p\#(number).\#($0)"}"# }
            lines.append(IngestFixture.usage("\(number)"))
        }
        // In one piece: nothing follows that would have the daemon look again.
        try client.write(Array((lines.joined(separator: "\n") + "\n").utf8))
        for _ in lines { #expect(try client.receive()?.contains("\"ok\":true") == true) }
        try await fixture.stop()
    }

    @Test func aClientThatDoesNotReadStopsOnlyItself() async throws {
        var limits = IngestLimits()
        limits.openPerConnectionMax = 64
        let fixture = try await IngestFixture(limits: limits)
        let silent = try LineClient(fixture.socket)
        // It writes without reading until the daemon has stopped reading: its own writes would then wait for ever.
        let writing = Background {
            for number in 0..<20_000 { try silent.send(IngestFixture.usage("s\(number)")) }
        }
        let other = try LineClient(fixture.socket)
        for number in 0..<200 {
            #expect(try other.ask(IngestFixture.usage("o\(number)")).contains("\"ok\":true"))
        }
        // Once it reads, it gets every answer in order.
        for number in 0..<20_000 {
            #expect(try silent.receive()?.hasPrefix(#"{"id":"s\#(number)","ok":true"#) == true)
        }
        _ = try await writing.value
        try await fixture.stop()
    }

    @Test func aFullDaemonStopsReadingAndDropsNothing() async throws {
        var limits = IngestLimits()
        limits.openMax = 10
        limits.inlineMax = 0
        let gate = Gate()
        let fixture = try await IngestFixture(limits: limits) { GatedStore(store: $0, gate: gate) }
        let clients = try (0..<5).map { _ in try LineClient(fixture.socket) }
        for (index, client) in clients.enumerated() {
            for number in 0..<20 { try client.send(IngestFixture.usage("\(index)-\(number)")) }
        }
        gate.waitUntilEntered()
        #expect(await fixture.server.statistics().open <= 10)
        gate.open()
        for (index, client) in clients.enumerated() {
            for number in 0..<20 {
                #expect(try client.receive()?.hasPrefix(#"{"id":"\#(index)-\#(number)","ok":true"#) == true)
            }
        }
        #expect(await fixture.server.statistics().open == 0)
        try await fixture.stop()
    }

    @Test func aStopAnswersWhatWasReadAndRefusesWhatComesLate() async throws {
        let gate = Gate()
        let fixture = try await IngestFixture(limits: .withoutInline) { GatedStore(store: $0, gate: gate) }
        let client = try LineClient(fixture.socket)
        for number in 0..<10 { try client.send(IngestFixture.usage("\(number)")) }
        gate.waitUntilEntered()
        let stopping = Task { try await fixture.stop() }
        // The path goes no further once the listener is closed: the sign that the stop has begun.
        while (try? LineClient(fixture.socket)) != nil { await Task.yield() }
        try client.send(IngestFixture.usage("late"))
        gate.open()
        for number in 0..<10 {
            #expect(try client.receive()?.hasPrefix(#"{"id":"\#(number)","ok":true"#) == true)
        }
        let late = try #require(try client.receive())
        #expect(late.contains("shutting_down") && late.contains("\"retryable\":true"))
        #expect(try client.receive() == nil)
        try await stopping.value
    }

    @Test func aDiskThatStandsStillUnderTheEventLoopLosesNothingAndTheStatisticsAnswer() async throws {
        let gate = Gate()
        let fixture = try await IngestFixture { GatedStore(store: $0, gate: gate) }
        let client = try LineClient(fixture.socket)
        let other = try LineClient(fixture.socket)
        try client.send(IngestFixture.usage("0"))
        gate.waitUntilEntered()
        for number in 1..<100 { try client.send(IngestFixture.usage("\(number)")) }
        try other.send(IngestFixture.usage("other"))
        #expect(await fixture.server.statistics().refusals.isEmpty)
        gate.open()
        for number in 0..<100 {
            #expect(try client.receive()?.hasPrefix(#"{"id":"\#(number)","ok":true"#) == true)
        }
        #expect(try other.receive()?.contains("\"ok\":true") == true)
        #expect(fixture.writer.statistics.records == 101)
        try await fixture.stop()
    }

    @Test func whatComesAfterABurstTakesNoMoreMemoryThanItNeeds() async throws {
        let gate = Gate()
        let lots = Mutex<[(count: Int, capacity: Int)]>([])
        let fixture = try await IngestFixture { store in
            GatedStore(
                store: store, gate: gate,
                onLots: { all in lots.withLock { $0 += all.map { ($0.count, $0.capacity) } } })
        }
        let clients = try (0..<4).map { _ in try LineClient(fixture.socket) }
        try clients[0].send(IngestFixture.usage("first"))
        gate.waitUntilEntered()
        for (index, client) in clients.enumerated() {
            // At once: a socket's buffer takes few lines that are sent one by one.
            try client.send((0..<500).map { IngestFixture.usage("\(index)-\($0)") }.joined(separator: "\n"))
        }
        gate.open()
        #expect(try clients[0].receive()?.contains("\"ok\":true") == true)
        for client in clients { for _ in 0..<500 { #expect(try client.receive()?.contains("\"ok\":true") == true) } }
        for id in ["next", "last"] {
            #expect(try clients[1].ask(IngestFixture.usage(id)).contains("\"ok\":true"))
        }
        try await fixture.stop()
        let seen = lots.withLock { $0 }
        #expect((seen.map(\.count).max() ?? 0) > 100)
        let last = try #require(seen.last { $0.count == 1 })
        #expect(last.capacity < 16)
    }

    @Test func aStorageFailureUnderTheEventLoopAnswersNothing() async throws {
        let gate = Gate()
        let failed = Gate()
        let fixture = try await IngestFixture {
            GatedStore(store: $0, gate: gate, fails: true)
        } onFailure: { _ in
            failed.enter()
        }
        let client = try LineClient(fixture.socket)
        try client.send(IngestFixture.usage("unknown outcome"))
        gate.waitUntilEntered()
        gate.open()
        failed.waitUntilEntered()
        failed.open()
        try client.send(IngestFixture.usage("never taken"))
        try await fixture.stop()
        #expect(try client.receive() == nil)
    }

    @Test func afterAStorageFailureNothingIsAnsweredNorTakenForAnother() async throws {
        let gate = Gate()
        let failed = Gate()
        let fixture = try await IngestFixture(limits: .withoutInline) {
            GatedStore(store: $0, gate: gate, fails: true)
        } onFailure: { _ in
            failed.enter()
        }
        let client = try LineClient(fixture.socket)
        try client.send(IngestFixture.usage("unknown outcome"))
        gate.waitUntilEntered()
        gate.open()
        failed.waitUntilEntered()
        // The writer takes no more. A refusal of this one must not reach the client as the reply to the first.
        try client.send(IngestFixture.usage("never taken"))
        let other = try LineClient(fixture.socket)
        #expect(try other.ask(#"{"op":"ping"}"#).contains("true"))
        failed.open()
        // In the daemon the process ends here. The server's stop gives up on what has no answer.
        try await fixture.stop()
        #expect(try client.receive() == nil)
    }

    @Test func garbageIsAnsweredOnEveryLineAndTheConnectionStays() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var line = (0..<Int.random(in: 1...200, using: &generator)).map { _ in
                UInt8.random(in: .min ... .max, using: &generator)
            }.filter { $0 != UInt8(ascii: "\n") }
            line.append(contentsOf: [UInt8(ascii: "x"), UInt8(ascii: "\n")])
            try client.write(line)
            #expect(try client.receive()?.contains("malformed") == true)
        }
        try client.write(Array(String(repeating: "[", count: 60_000).utf8) + [UInt8(ascii: "\n")])
        #expect(try client.receive()?.contains("malformed") == true)
        #expect(try client.ask(IngestFixture.usage("a")).contains("\"ok\":true"))
        try await fixture.stop()
    }
}
