import Metering
import Synchronization

/// How the gateway answered since the daemon's start.
public final class GatewayContact: Sendable {
    /// What is known at a moment.
    public struct Counts: Sendable, Hashable {
        /// Since when it gives no answer; nil while it does.
        public var failingSince: Timestamp?
        /// What it said, or what was wrong, when it gave none.
        public var words: String?
        /// Payments that succeeded.
        public var succeeded: UInt64 = 0
        /// Payments that a bank declined.
        public var declined: UInt64 = 0
        /// Payments that no bank was asked for.
        public var problems: UInt64 = 0
    }

    private let counts = Mutex(Counts())

    /// Nothing asked yet.
    public init() {}

    /// What is known now.
    public var now: Counts { counts.withLock { $0 } }

    func took(_ result: ChargeResult, at now: Timestamp) {
        counts.withLock { counts in
            switch result {
            case .succeeded: counts.succeeded += 1
            case .declined(let reason, _):
                if reason.meaning == .notAsked { counts.problems += 1 } else { counts.declined += 1 }
            case .impossible: counts.problems += 1
            case .pending, .waitsForCustomer: break
            case .unknown(let words): return Self.fail(&counts, words, now)
            }
            (counts.failingSince, counts.words) = (nil, nil)
        }
    }

    /// Takes note that it answered, or did not, to anything else.
    func answered(_ trouble: String?, at now: Timestamp) {
        counts.withLock { counts in
            if let trouble { return Self.fail(&counts, trouble, now) }
            (counts.failingSince, counts.words) = (nil, nil)
        }
    }

    private static func fail(_ counts: inout Counts, _ words: String, _ now: Timestamp) {
        counts.failingSince = counts.failingSince ?? now
        counts.words = words
    }
}
