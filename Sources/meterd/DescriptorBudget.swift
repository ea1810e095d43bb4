import Glibc

/// This process may not have as many files open as it needs.
struct DescriptorsTooFew: Error, CustomStringConvertible {
    let limit: Int
    var description: String {
        "\(limit) files may be open, at least \(DescriptorBudget.least) are needed; raise LimitNOFILE= (ulimit -n)"
    }
}

/// How many connections there may be at a time, for the files that this process may have open. Without room beside them a rate card
/// could not be read, nor a backup begun, and what accepts connections would turn in circles.
struct DescriptorBudget {
    /// Files that are open or opened beside connections: the ledger's, readers', a copy's, a gateway's.
    private static let reserve = 128
    /// Fewer than these are too few to work with.
    static let least = 256

    let ingest: Int
    let control: Int
    let metrics: Int
    let health: Int

    /// Shares out a limit; nil where it is too small.
    init?(limit: Int, ingestWanted: Int) {
        guard limit >= Self.least else { return nil }
        let free = limit - Self.reserve
        control = min(512, free / 4)
        metrics = min(64, free / 8)
        health = metrics
        ingest = min(ingestWanted, free - control - metrics - health)
    }

    /// Has as many files as this process may ask for, and says how many those are. See getrlimit(2): the soft limit is there for programs
    /// that use select(2).
    static func raiseLimit() -> Int {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(files, &limit) == 0 else { return least }
        let soft = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return Int(clamping: setrlimit(files, &limit) == 0 ? limit.rlim_max : soft)
    }
}
