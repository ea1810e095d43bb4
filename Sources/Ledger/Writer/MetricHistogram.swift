/// How long things took, or how many they were: counts by upper bound, as Prometheus' histograms have them.
public struct MetricHistogram: Sendable, Hashable {
    /// The upper bounds, inclusive, rising; above the last one is counted too.
    public let bounds: [Double]
    /// Observations up to each bound and above the one before; one more than there are bounds.
    public private(set) var counts: [UInt64]
    /// The sum of all observations.
    public private(set) var sum = 0.0

    /// Of nothing yet.
    public init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// Seconds, from a tenth of a millisecond to ten seconds.
    public static let seconds = MetricHistogram(bounds: [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ])

    /// Things in a batch, by powers of two.
    public static let batches = MetricHistogram(bounds: (0...12).map { Double(1 << $0) })

    /// All observations.
    public var count: UInt64 { counts.reduce(0, +) }

    /// Takes a value, so many times.
    public mutating func observe(_ value: Double, times: UInt64 = 1) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index] += times
        sum += value * Double(times)
    }

    /// The value that a part of the observations (0 to 1) doesn't pass, as well as the bounds tell; nil without any. Between two
    /// bounds it is taken to rise evenly, as Prometheus' histogram_quantile() does.
    public func quantile(_ part: Double) -> Double? {
        let total = count
        guard total > 0 else { return nil }
        let rank = part * Double(total)
        var below: UInt64 = 0
        for (index, count) in counts.enumerated() {
            guard Double(below + count) >= rank, count > 0 else {
                below += count
                continue
            }
            guard index < bounds.count else { return bounds.last }
            let lower = index == 0 ? 0 : bounds[index - 1]
            return lower + (bounds[index] - lower) * (rank - Double(below)) / Double(count)
        }
        return bounds.last
    }

    /// What was observed since an earlier state of the same histogram.
    public func since(_ earlier: MetricHistogram) -> MetricHistogram {
        var difference = self
        for index in counts.indices { difference.counts[index] = counts[index] &- earlier.counts[index] }
        difference.sum = sum - earlier.sum
        return difference
    }
}
