import Foundation
import Ledger
import Metering
import Synchronization

extension Timestamp {
    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

extension RateBook {
    /// A book of one card for all times: a table's file.
    init(file path: String) throws {
        let table = try RateFile.table(path)
        let always = Timestamp(milliseconds: 0)
        self.init(
            [Entry(id: 1, hash: table.card.hash, effective: always, recorded: always, source: path)],
            cards: RateCards(capacity: 1) { _ in table.card })
    }

    /// The daemon's cards and aliases. A card is fetched when it is first asked for: ask on a thread that may wait
    /// (``Waiting``).
    init(from client: ControlClient) async throws {
        let listed = try await client.list(RateCardView.self, ["v1", "rates", "cards"], limit: .max).items
        let entries = try listed.map { view in
            guard let effective = Timestamp(rfc3339: view.effective), let recorded = Timestamp(rfc3339: view.recorded)
            else { throw Failure(status: .refused, message: "meterd gave a rate card without its times") }
            return Entry(
                id: view.card, hash: view.hash, effective: effective, recorded: recorded, source: view.source)
        }
        let aliases = try await client.get(Page<ModelAliasView>.self, ["v1", "rates", "aliases"]).items
        self.init(
            entries, aliases: aliases.map { ModelAlias(alias: $0.alias, model: $0.model, provider: $0.provider) },
            cards: RateCards { id throws(RateCardUnavailable) in
                do {
                    let view = try Waiting.value {
                        try await client.get(RateCardView.self, ["v1", "rates", "cards", "\(id)"])
                    }
                    return try RateDocument.parse(view.document ?? "")
                } catch {
                    throw RateCardUnavailable("card \(id): \((error as? Failure)?.message ?? "\(error)")")
                }
            })
    }
}

/// A bridge for code that can't suspend.
enum Waiting {
    /// Runs work that waits on a thread of its own, so that none of the few that suspended work needs is held.
    static func thread(_ work: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// Waits for something asynchronous.
    static func value<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
        let box = Box<Value>()
        Task {
            let value: Result<Value, any Error>
            do { value = .success(try await work()) } catch { value = .failure(error) }
            box.result.withLock { $0 = value }
            box.done.signal()
        }
        box.done.wait()
        guard let value = box.result.withLock({ $0 }) else { throw CancellationError() }
        return try value.get()
    }

    private final class Box<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
    }
}
