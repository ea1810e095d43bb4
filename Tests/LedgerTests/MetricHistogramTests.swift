import Ledger
import Testing

@Suite struct MetricHistogramTests {
    @Test func aValueIsCountedAtTheFirstBoundThatItDoesNotPass() {
        var histogram = MetricHistogram(bounds: [1, 2, 4])
        for value in [0.5, 1, 1.5, 4, 5] { histogram.observe(value) }
        histogram.observe(2, times: 3)
        #expect(histogram.counts == [2, 4, 1, 1])
        #expect(histogram.sum == 18)
        #expect(histogram.count == 8)
    }

    @Test func aQuantileRisesEvenlyBetweenTwoBounds() {
        var histogram = MetricHistogram(bounds: [1, 2, 4])
        #expect(histogram.quantile(0.5) == nil)
        histogram.observe(1.5, times: 100)
        #expect(histogram.quantile(0.5) == 1.5)
        #expect(histogram.quantile(0.99) == 1.99)
        histogram.observe(9, times: 900)
        #expect(histogram.quantile(0.5) == 4)
    }

    @Test func whatCameSinceIsTheDifference() {
        var histogram = MetricHistogram(bounds: [1, 2])
        histogram.observe(1, times: 10)
        let earlier = histogram
        histogram.observe(2, times: 5)
        let since = histogram.since(earlier)
        #expect(since.counts == [0, 5, 0] && since.sum == 10)
    }
}
