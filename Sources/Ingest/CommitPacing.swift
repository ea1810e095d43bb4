/// When what connections have asked for goes to the writer: at once, or a little later together with what others are about to
/// ask for.
///
/// A commit costs the same for one record as for fifty: one sync of the disk. Where several connections take turns, each with
/// a request now and then, every request would pay for a sync alone. So commits begin at least ``interval`` apart, and what
/// comes between waits for the next, except where waiting brings nothing: the daemon was idle, every connection that takes
/// part has asked for something already, or the batch is large.
///
/// Time is passed in, in nanoseconds of any clock that doesn't go back.
struct CommitPacing {
    /// The least time between the beginnings of two commits, in nanoseconds.
    let interval: UInt64
    /// Requests that go at once.
    let enough: Int
    /// How long a connection takes part after it asked for something.
    private static let periodNanoseconds: UInt64 = 20_000_000

    private var begun: UInt64 = 0
    private var period: UInt64 = 1
    private var periodEnd: UInt64 = 0
    private var active = 0
    private var activeBefore = 0

    init(interval: UInt64, enough: Int) {
        self.interval = interval
        self.enough = enough
    }

    /// Counts a connection that asks for something.
    ///
    /// - Parameter mark: the connection's own, 0 at first.
    mutating func note(_ mark: inout UInt64, at now: UInt64) {
        if now >= periodEnd {
            activeBefore = now - periodEnd < Self.periodNanoseconds ? active : 0
            active = 0
            period += 1
            periodEnd = now + Self.periodNanoseconds
        }
        guard mark != period else { return }
        mark = period
        active += 1
    }

    /// How long a batch still has to wait, in nanoseconds; 0 for not at all.
    ///
    /// - Parameter connections: those that the requests are of.
    func delay(of requests: Int, from connections: Int, at now: UInt64) -> UInt64 {
        guard requests < enough, connections < max(active, activeBefore), now < begun + interval else { return 0 }
        return begun + interval - now
    }

    /// Takes note that a commit begins.
    mutating func begin(at now: UInt64) {
        begun = now
    }
}
