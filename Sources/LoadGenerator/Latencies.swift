import Histogram

/// Times of replies, to three digits, without keeping each.
public struct Latencies: Sendable {
    private var histogram = Histogram<UInt32>(
        highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)

    /// None yet.
    public init() {}

    /// Counts one more, in seconds.
    public mutating func record(_ seconds: Double) {
        histogram.record(min(600_000_000, UInt64(max(0, seconds * 1e6))))
    }

    /// Counts those of another.
    public mutating func add(_ other: Latencies) {
        histogram.add(other.histogram)
    }

    /// How many there are.
    public var count: Int { Int(histogram.totalCount) }

    /// The microseconds that so many of a hundred don't pass.
    public func micros(percentile: Double) -> Double {
        Double(histogram.valueAtPercentile(percentile))
    }
}
