import Ledger
import Metering
import Synchronization

/// Notes beside the ledger how far it has come, and says at a start where it had come further: somebody put an older state in its
/// place.
final class HistoryKeeper: Sendable {
    private let reader: LedgerReader
    private let directory: String
    private let kept: Mutex<LedgerHistory?>

    init(reader: LedgerReader, directory: String) {
        self.reader = reader
        self.directory = directory
        kept = Mutex(LedgerHistory.kept(in: directory))
    }

    /// The latest gap.
    var gap: LedgerGap? { kept.withLock { $0?.gap } }

    /// Looks at a start whether something is missing; what is, once. Throws if this is another ledger than the one before.
    func look(now: Timestamp, in directory: String) async throws -> LedgerGap? {
        guard let before = kept.withLock({ $0 }) else { return nil }
        let ledger = try await reader.ledgerID()
        guard ledger == before.mark.ledger || before.mark.records == 0 && before.mark.transfers == 0 else {
            throw LedgerOpenError(
                kind: .another,
                description:
                    "\(directory)/meterd.db is ledger \(ledger), and \(directory)/history.json says that ledger \(before.mark.ledger) was there with \(before.mark.records) records, up to \(before.mark.committed); put that one back, or, if the present one is meant to take its place, remove history.json"
            )
        }
        guard let gap = try await reader.gap(after: before.mark, now: now) else { return nil }
        kept.withLock { $0?.gap = gap }
        return gap
    }

    /// Notes that somebody says that the clock is right, for the next start.
    func confirmClock(at now: Timestamp) async {
        await note()
        let history = kept.withLock { kept -> LedgerHistory? in
            kept?.clockConfirmed = now
            return kept
        }
        try? history?.keep(in: directory)
    }

    /// Notes how far the ledger has come, where it has. What can't be noted is noted the next time.
    func note() async {
        guard let mark = try? await reader.mark() else { return }
        let history: LedgerHistory? = kept.withLock { kept in
            guard kept?.mark != mark else { return nil }
            let confirmed = kept?.clockConfirmed
            kept = LedgerHistory(mark: mark, gap: kept?.gap)
            kept?.clockConfirmed = confirmed
            return kept
        }
        try? history?.keep(in: directory)
    }
}
