import Access
import Dispatch
import Foundation
import Ingest
import Ledger
import Synchronization
import TestSupport
import Testing

/// Senders that don't read: which replies a connection gets, over real sockets.
@Suite(.ownThread) struct ReplyModeTests {
    /// More lines than the buffers of a socket hold replies to.
    private static let many = 20_000

    @Test func withoutRepliesASenderThatNeverReadsIsNeverHeldUp() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        try client.send(#"{"op":"mode","replies":"none"}"#)
        for number in 0..<Self.many { try client.send(IngestFixture.usage("n\(number)")) }
        try client.send(#"{"id":"nonsense"}"#)
        try client.send(#"{"op":"ping"}"#)
        client.endInput()
        // The daemon closes when everything is done, and has said nothing.
        #expect(try client.receive(includingLast: true) == nil)
        guard case .found(let sequence) = await fixture.writer.perform(.find(org: "acme", id: "n\(Self.many - 1)"))
        else {
            Issue.record("the last record was not taken")
            return
        }
        #expect(sequence == Int64(Self.many))
        try await fixture.stop()
    }

    @Test func withErrorsOnlyRefusalsAreWrittenInOrder() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        try client.send("")
        try client.send(#"{"op":"mode","replies":"errors","id":"m"}"#)
        for number in 0..<Self.many {
            switch number {
            case 100: try client.send(#"{"id":"wrong"}"#)
            case 200: try client.send(#"{"id":"n0","org":"acme","model":"m","usage":{"prompt_tokens":9}}"#)
            case 300: try client.send(#"{"op":"mode","replies":"all","id":"late"}"#)
            default: try client.send(IngestFixture.usage("n\(number)"))
            }
        }
        client.endInput()
        #expect(try client.receive()?.hasPrefix(#"{"id":"wrong","ok":false,"error":{"code":"malformed""#) == true)
        #expect(try client.receive()?.hasPrefix(#"{"id":"n0","ok":false,"error":{"code":"id_conflict""#) == true)
        #expect(try client.receive()?.contains("mode must be the first line of its connection") == true)
        #expect(try client.receive(includingLast: true) == nil)
        try await fixture.stop()
    }

    @Test func modeAnswersByItselfAndAWrongOneIsRefused() async throws {
        let fixture = try await IngestFixture()
        let client = try LineClient(fixture.socket)
        #expect(try client.ask(#"{"op":"mode","replies":"all","id":"m"}"#) == #"{"id":"m","ok":true,"replies":"all"}"#)
        #expect(try client.ask(IngestFixture.usage("a")).hasPrefix(#"{"id":"a","ok":true"#))
        let other = try LineClient(fixture.socket)
        let refusal = try other.ask(#"{"op":"mode","replies":"some"}"#)
        #expect(refusal.contains("malformed") && refusal.contains("replies must be none, errors or all"))
        // It was the first line: from now on every reply is written.
        #expect(try other.ask(#"{"op":"mode","replies":"none"}"#).contains("mode must be the first line"))
        #expect(try other.ask(IngestFixture.usage("b")).hasPrefix(#"{"id":"b","ok":true"#))
        try await fixture.stop()
    }

    @Test func aSenderThatLeavesItsRepliesUnreadIsToldOfOnce() async throws {
        var limits = IngestLimits()
        limits.unreadPatience = .milliseconds(1)
        let observer = Observer()
        let fixture = try await IngestFixture(limits: limits, observer: observer)
        let silent = try LineClient(fixture.socket)
        let writing = Background {
            for number in 0..<Self.many { try silent.send(IngestFixture.usage("s\(number)")) }
        }
        observer.told.wait()
        for number in 0..<Self.many {
            #expect(try silent.receive()?.hasPrefix(#"{"id":"s\#(number)","ok":true"#) == true)
        }
        _ = try await writing.value
        // One that says that it doesn't read is not.
        let quiet = try LineClient(fixture.socket)
        try quiet.send(#"{"op":"mode","replies":"none"}"#)
        for number in 0..<Self.many { try quiet.send(IngestFixture.usage("q\(number)")) }
        quiet.endInput()
        #expect(try quiet.receive() == nil)
        try await fixture.stop()
        #expect(observer.count.load(ordering: .sequentiallyConsistent) == 1)
    }

    @Test(.enabled(if: Self.socat != nil, "socat is not installed")) func socatPushesAFile() async throws {
        let fixture = try await IngestFixture()
        let lines = fixture.directory.path + "/usage.ndjson"
        let text =
            #"{"op":"mode","replies":"none"}"# + "\n"
            + (0..<Self.many).map { IngestFixture.usage("f\($0)") + "\n" }.joined()
        try Data(text.utf8).write(to: URL(fileURLWithPath: lines))
        let socat = Process()
        socat.executableURL = URL(fileURLWithPath: try #require(Self.socat))
        socat.arguments = ["-u", "FILE:" + lines, "UNIX-CONNECT:" + fixture.socket]
        try socat.run()
        socat.waitUntilExit()
        #expect(socat.terminationStatus == 0)
        // It closed without waiting for anything: what it wrote is read to its end.
        while await fixture.server.statistics().connections > 0 { await Task.yield() }
        while await fixture.server.statistics().open > 0 { await Task.yield() }
        for number in [0, Self.many / 2, Self.many - 1] {
            guard case .found = await fixture.writer.perform(.find(org: "acme", id: "f\(number)")) else {
                Issue.record("record \(number) was not taken")
                continue
            }
        }
        try await fixture.stop()
    }

    private static let socat = ["/usr/bin/socat", "/usr/local/bin/socat"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    private final class Observer: IngestObserver {
        let told = DispatchSemaphore(value: 0)
        let count = Atomic(0)
        var wantsAnswers: Bool { false }

        func didRefuse(_ refusal: Refusal, id: String?, org: String, to peer: PeerCredentials?) {}
        func didAnswer(_ outcome: Outcome, id: String?, org: String, from peer: PeerCredentials?) {}

        func didLeaveUnread(_ peer: PeerCredentials?) {
            count.add(1, ordering: .sequentiallyConsistent)
            told.signal()
        }
    }
}
