import Metering

/// How the SQLite store behaves. The defaults are what is measured and shipped.
public struct StoreOptions: Sendable {
    /// The time, in UTC.
    public var clock: @Sendable () -> Timestamp
    /// Request ids kept in memory before they are sealed into the database.
    public var sealIdsAt = 131_072
    /// Pages in the write-ahead log at which a commit moves them into the database file (4 KiB each).
    public var checkpointPages = 8_192
    /// Memory for database pages, in KiB.
    public var cacheKiB = 32_768
    /// A limit on the database file's pages, so that a full disk can be had on purpose; nil for none.
    public var pagesMax: Int?

    /// The defaults, with a clock.
    public init(clock: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
    }
}

/// How far a record's own time may lie from the daemon's. Protocol, section 1.
public enum TimeWindow {
    /// Seconds ahead.
    public static let aheadSecondsMax: Int64 = 15 * 60
    /// Seconds back: 45 days.
    public static let backSecondsMax: Int64 = 45 * 86_400
    /// Seconds for which keys of control-plane mutations are kept: 46 days.
    public static let keySecondsMin: Int64 = 46 * 86_400
}
