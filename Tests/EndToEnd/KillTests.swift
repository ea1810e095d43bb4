import Foundation
import Synchronization
import TestSupport
import Testing

/// The real binary, killed with SIGKILL under load again and again.
///
/// Faults: the process ends between any two instructions. The files are whole as the kernel has them; a cut of the power
/// itself is another matter.
@Suite(.ownThread) struct KillTests {
    private static let kills = 20
    private static let clients = 4

    /// What a client knows: the reply to each record that was answered, and how far it has come.
    private struct Journal {
        var replies: [String: String] = [:]
        var next = 0
    }

    @Test func everyAcknowledgedRecordIsThereOnceAfterTwentyKills() async throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "1000000")
        let socket = daemon.ingestSocket
        var journals = Array(repeating: Journal(), count: Self.clients)
        for round in 0..<Self.kills {
            let answered = Counter(target: Int.random(in: 1...400))
            let rounds = journals.enumerated().map { client, journal in
                Background { Self.push(socket, client, journal, answered) }
            }
            await answered.waitForTarget()
            daemon.kill9()
            for (client, task) in rounds.enumerated() { journals[client] = try await task.value }
            try daemon.start()
            let verification = try daemon.json("ledger", "verify")
            #expect(verification["ok"] as? Bool == true, "round \(round)")
        }

        // Each acknowledged record, sent again, is known and gets its first reply. What was sent but never answered
        // counts as well, once, whether the crash came before or after its commit.
        var costs: Int64 = 0
        var records = 0
        for (client, journal) in journals.enumerated() {
            let connection = try LineClient(socket)
            for number in 0..<journal.next {
                let id = Self.id(client, number)
                let again = try connection.ask(Self.line(client, number))
                let first = again.replacingOccurrences(of: ",\"duplicate\":true", with: "")
                if let acknowledged = journal.replies[id] {
                    #expect(again.contains("\"duplicate\":true"), "\(id) was acknowledged and lost")
                    #expect(first == acknowledged)
                }
                costs += Self.nanos(of: again)
                records += 1
            }
        }
        let acknowledged = journals.reduce(0) { $0 + $1.replies.count }
        #expect(acknowledged >= Self.kills)
        let verification = try daemon.json("ledger", "verify")
        #expect(verification["ok"] as? Bool == true)
        #expect(verification["records"] as? Int == records)
        let balance = try daemon.json("balance", "acme")
        #expect(balance["balance"] as? String == Self.dollars(1_000_000_000_000_000 - costs))
        #expect(daemon.terminate() == 0)
        print("kill test: \(Self.kills) kills, \(acknowledged) acknowledged of \(records) sent, all there once")
    }

    /// Pushes records with sixteen in flight until the connection breaks.
    private static func push(_ socket: String, _ client: Int, _ old: Journal, _ answered: Counter) -> Journal {
        var journal = old
        do {
            let connection = try LineClient(socket)
            var open: [Int] = []
            while true {
                while open.count < 16 {
                    // Counted before it is sent: whether it arrived can't be known.
                    open.append(journal.next)
                    journal.next += 1
                    try connection.send(line(client, open[open.count - 1]))
                }
                guard let reply = try connection.receive() else { return journal }
                journal.replies[id(client, open.removeFirst())] = reply
                answered.add()
            }
        } catch {
            return journal
        }
    }

    private static func id(_ client: Int, _ number: Int) -> String {
        "kill-\(client)-\(number)"
    }

    private static func line(_ client: Int, _ number: Int) -> String {
        """
        {"id":"\(id(client, number))","org":"acme","user":"u\(client)","model":"claude-sonnet-4-5",\
        "provider":"anthropic","usage":{"input_tokens":\(number % 997 + 1),"output_tokens":\(client + 1)}}
        """
    }

    private static func nanos(of reply: String) -> Int64 {
        guard let start = reply.range(of: "\"cost\":\""), let end = reply[start.upperBound...].firstIndex(of: "\"")
        else {
            return .min / 1000
        }
        return Int64(reply[start.upperBound..<end].filter { $0 != "." }) ?? .min / 1000
    }

    private static func dollars(_ nanos: Int64) -> String {
        let digits = String(nanos % 1_000_000_000)
        return "\(nanos / 1_000_000_000)." + String(repeating: "0", count: 9 - digits.count) + digits
    }
}

/// Counts replies and tells when there are as many as a test waits for.
private final class Counter: Sendable {
    private struct State {
        var count = 0
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let target: Int
    private let state = Mutex(State())

    init(target: Int) {
        self.target = target
    }

    func add() {
        let waiting = state.withLock { state in
            state.count += 1
            guard state.count == target else { return nil as CheckedContinuation<Void, Never>? }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    func waitForTarget() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard state.count < target else { return true }
                state.waiting = continuation
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}
