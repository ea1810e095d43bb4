import Foundation
import Metering

// The event log: what others may want to know, in the order of commits, kept for 46 days.
extension SQLiteStore {
    mutating func raise(
        _ kind: LedgerEvent.Kind, _ org: String, at: Timestamp, _ data: [String: String]
    ) throws(SQLiteError) {
        let event = LedgerEvent(number: next.event, at: at.description, kind: kind.rawValue, org: org, data: data)
        let encoded: String
        do {
            encoded = String(decoding: try WireJSON.encode(data), as: UTF8.self)
        } catch {
            throw SQLiteError(code: 1, extendedCode: 1, message: "an event can't be encoded")
        }
        let insert = try kept.statement("INSERT INTO event VALUES(?, ?, ?, ?, ?)")
        insert.bind(1, event.number)
        insert.bind(2, at.milliseconds)
        insert.bind(3, event.kind)
        insert.bind(4, org)
        insert.bind(5, encoded)
        try insert.run()
        // The newest stays whatever its age: numbers go on from it.
        if !isTimeInDoubt {
            let prune = try kept.statement("DELETE FROM event WHERE at < ? AND number < ?")
            prune.bind(1, at.advanced(bySeconds: -TimeWindow.keySecondsMin).milliseconds)
            prune.bind(2, event.number)
            try prune.run()
        }
        next.event += 1
        events.append(event)
    }

    /// Tells of each threshold that a balance passed downwards in this batch, once.
    mutating func raiseAlerts(_ now: Timestamp) throws(SQLiteError) {
        for account in accounts.touched where !account.thresholds.isEmpty {
            let (before, after) = (account.committedBalance, account.balance)
            for threshold in account.thresholds where before >= threshold && after < threshold {
                try raiseBalanceLow(account.org ?? "", threshold, balance: after, at: now)
            }
        }
    }

    mutating func raiseBalanceLow(
        _ org: String, _ threshold: Money, balance: Money, at now: Timestamp
    ) throws(SQLiteError) {
        try raise(.balanceLow, org, at: now, ["balance": balance.description, "threshold": threshold.description])
    }
}
