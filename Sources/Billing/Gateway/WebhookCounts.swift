import Synchronization

/// Deliveries of webhooks since the daemon's start, by what became of them.
public final class WebhookCounts: Sendable {
    /// The counts at a moment.
    public struct Counts: Sendable, Hashable {
        /// Deliveries for which the gateway was asked.
        public var acted: Int64 = 0
        /// Deliveries that came before.
        public var known: Int64 = 0
        /// Deliveries of types that are not acted on, by type.
        public var ignored: [String: Int64] = [:]
    }

    private let counts = Mutex(Counts())

    /// Types that are counted one by one; deliveries of further types count as `other`. Stripe has some 250.
    private static let typesMax = 300

    /// Nothing counted.
    public init() {}

    func count(_ news: GatewayNews) {
        counts.withLock { counts in
            switch news {
            case .payment, .returns: counts.acted += 1
            case .known: counts.known += 1
            case .nothing(let type):
                let isApart = counts.ignored[type] != nil || counts.ignored.count < Self.typesMax
                counts.ignored[isApart ? type : "other", default: 0] += 1
            }
        }
    }

    /// What was counted so far.
    public var now: Counts { counts.withLock { $0 } }
}
