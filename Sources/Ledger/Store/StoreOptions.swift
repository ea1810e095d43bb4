import Metering

/// How the SQLite store behaves. The defaults are what is measured and shipped.
public struct StoreOptions: Sendable {
    /// The time, in UTC.
    public var clock: @Sendable () -> Timestamp
    /// Whether the clock can't be believed at the moment: then nothing expires, is erased or billed. Asked with each commit.
    public var isTimeInDoubt: @Sendable () -> Bool = { false }
    /// A clock that nobody sets, for how long things take.
    public var stopwatch: @Sendable () -> ContinuousClock.Instant = { .now }
    /// Request ids kept in memory before they are sealed into the database.
    public var sealIdsAt = 131_072
    /// Pages in the write-ahead log at which a commit moves them into the database file (4 KiB each).
    public var checkpointPages = 2_048
    /// Copies of the database that are made while it is written.
    public var copies = CopyWatch()
    /// What long work passes before it reads.
    public var gate = ReadGate()
    /// Memory for database pages, in KiB.
    public var cacheKiB = 32_768
    /// Unpriced records that are looked at in one commit, beside what was asked for.
    public var sweepRecordsMax = 256
    /// Holds and grants that expire in one commit, beside those of the orgs that something is asked of.
    public var expiriesMax = 1_024
    /// What is done with costs that senders report.
    public var costPolicies = CostPolicies()
    /// Wholly unpriced records of an org beyond which `authorize` is refused, if its policy doesn't say; 0 for any number.
    public var unpricedRecordsMax = LedgerLimits.unpricedRecordsDefault
    /// Called on the writer's thread with the events of a commit, after it; must not wait.
    public var onEvents: @Sendable ([LedgerEvent]) -> Void = { _ in }
    /// Called on the writer's thread with every card and alias, after a commit that changed them; must not wait.
    public var onBook: @Sendable (RateBook) -> Void = { _ in }
    /// How much refused usage is kept.
    public var quarantine = QuarantineLimits()
    /// Called on the writer's thread with orgs by their other names, after a commit that changed them; must not wait.
    public var onOrgNames: @Sendable ([String: String]) -> Void = { _ in }
    /// Called on the writer's thread after a commit that brought billing something to do; must not wait.
    public var onBillingDue: @Sendable () -> Void = {}
    /// A limit on the database file's pages, so that a full disk can be had on purpose; nil for none.
    public var pagesMax: Int?

    /// The defaults, with a clock.
    public init(clock: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
    }
}
