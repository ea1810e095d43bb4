import Metering

/// How far a record's own time may lie from the daemon's. Protocol, section 1.
public enum TimeWindow {
    /// Seconds ahead.
    public static let aheadSecondsMax: Int64 = 15 * 60
    /// Seconds back: 45 days.
    public static let backSecondsMax: Int64 = 45 * 86_400
    /// Seconds for which keys of control-plane mutations and events of the outbox are kept: 46 days.
    public static let keySecondsMin: Int64 = 46 * 86_400
}

/// How much of each thing there may be.
public enum LedgerLimits {
    /// Other names of all orgs together.
    public static let orgAliasesMax = 10_000
    /// Open holds of an org.
    public static let holdsPerOrgMax = 10_000
    /// Grants of an org with something left.
    public static let grantsPerOrgMax = 1_000
    /// Members of an org, removed ones included.
    public static let membersPerOrgMax = 10_000
    /// Balances of an org at which to tell.
    public static let alertsPerOrgMax = 16
    /// What one record may cost: a million US dollars. More is a mistake of its sender, and would fill an account.
    public static let recordCostMax = Money(nanos: 1_000_000_000_000_000)
    /// What credits may be bought at a time: a million US dollars.
    public static let purchaseMax = Money(nanos: 1_000_000_000_000_000)
    /// What one payment may be: a hundred million US dollars.
    public static let paymentMax = Money(nanos: 100_000_000_000_000_000)
    /// Seconds that a hold may live.
    public static let holdSecondsMax: Int64 = 86_400
    /// Models that one `authorize` may name.
    public static let candidatesMax = 16
    /// By how much an org's open holds may be below their worst cases, if its policy doesn't say.
    public static let cappedExposureDefault = Money(nanos: 10_000_000_000)
    /// Output tokens that a policy may reserve for a request without an output limit.
    public static let defaultOutputTokensMax: Int64 = 10_000_000
    /// Patterns of models that a policy may allow.
    public static let modelPatternsMax = 256
    /// Wholly unpriced records of an org beyond which `authorize` is refused, if nothing else is set.
    public static let unpricedRecordsDefault: Int64 = 1_000
    /// The largest number of unpriced records that a policy may name.
    public static let unpricedRecordsMax: Int64 = 1_000_000_000
    /// The largest priority of a grant; 0 is drawn from first.
    public static let priorityMax = 100
    /// The priority of a grant that names none.
    public static let priorityDefault = 50
    /// Bytes of a reason or an actor.
    public static let wordsBytesMax = 512
}
