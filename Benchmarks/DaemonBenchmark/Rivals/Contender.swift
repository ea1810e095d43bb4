import LoadGenerator

/// How records come: so many clients, each with so many in flight, over so many orgs.
struct Point: Equatable {
    let connections: Int
    let window: Int
    let orgs: Int

    /// `64x1`.
    init?(_ text: Substring, orgs: Int) {
        let numbers = text.split(separator: "x").map { Int($0) }
        guard numbers.count == 2, let connections = numbers[0], let window = numbers[1], connections > 0, window > 0
        else { return nil }
        self.init(connections: connections, window: window, orgs: orgs)
    }

    init(connections: Int, window: Int, orgs: Int) {
        (self.connections, self.window, self.orgs) = (connections, window, orgs)
    }

    var name: String { "\(connections) x \(window)" + (orgs == 1 ? ", one org" : "") }
}

/// What a run measured.
struct Measured {
    /// Durable acknowledged records a second.
    let perSecond: Double
    /// Microseconds; nil where nobody waits for a single record.
    var p50: Double?
    var p99: Double?
    var p999: Double?

    init(perSecond: Double, p50: Double? = nil, p99: Double? = nil, p999: Double? = nil) {
        (self.perSecond, self.p50, self.p99, self.p999) = (perSecond, p50, p99, p999)
    }

    init(_ result: LoadResult) {
        self.init(
            perSecond: result.perSecond, p50: result.latency(percentile: 50), p99: result.latency(percentile: 99),
            p999: result.latency(percentile: 99.9))
    }

    /// The run in the middle.
    static func median(_ runs: [Measured]) -> Measured {
        runs.sorted { $0.perSecond < $1.perSecond }[runs.count / 2]
    }
}

/// Who takes durable debits: the daemon, or what it is measured against. Started already.
protocol Contender {
    var name: String { get }
    /// Whether somebody waits for each record's reply, so that latencies mean something.
    var answersEach: Bool { get }
    /// Runs for so long, the warm-up included.
    func run(_ point: Point, seconds: Double) throws -> Measured
    func stop()
}

extension Contender {
    var answersEach: Bool { true }
}
