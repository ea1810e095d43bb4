import HTML
import Metering
import Wording

/// Bars of sums over time, drawn on the server. The same numbers stand in the table beside it.
enum BarChart {
    /// A bar: what it stands for, its sum in nano-dollars, and how that is said.
    struct Bar {
        let label: String
        let nanos: Int64
        let words: String
    }

    private static let (width, height, left, bottom): (Int64, Int64, Int64, Int64) = (960, 240, 72, 26)

    static func draw(_ title: String, _ bars: [Bar]) -> HTML {
        guard !bars.isEmpty else { return HTML() }
        let top = scale(bars.map(\.nanos).max() ?? 0)
        let plot = (width: width - left, height: height - bottom - 10)
        // A few bars stay bars.
        let slot = min(120, max(1, plot.width / Int64(bars.count)))
        let gap = slot > 12 ? slot / 6 : slot > 3 ? 1 : 0
        return element(
            .svg, .class("chart"), .text(.viewBox, "0 0 \(width) \(height)"), .text(.role, "img"),
            .aria("label", title)
        ) {
            element(.title, text: title)
            for part in Int64(0)...4 {
                let y = 10 + plot.height - plot.height * part / 4
                element(
                    .line, .number(.x1, left), .number(.x2, width), .number(.y1, y), .number(.y2, y))
                element(
                    .text, .number(.x, left - 8), .number(.y, y + 4), .text(.textAnchor, "end"),
                    text: Words.usd(Money(nanos: top / 4 * part).description))
            }
            for (index, bar) in bars.enumerated() {
                let size = top > 0 ? Int64(Int128(max(0, bar.nanos)) * Int128(plot.height) / Int128(top)) : 0
                let tall = bar.nanos > 0 ? max(1, size) : 0
                element(
                    .g,
                    containing: {
                        element(.title, text: "\(bar.label): \(bar.words)")
                        element(
                            .rect, .number(.x, left + Int64(index) * slot + gap),
                            .number(.y, 10 + plot.height - tall), .number(.width, max(1, slot - 2 * gap)),
                            .number(.height, tall), .number(.rx, slot > 12 ? 3 : 0))
                    })
                if isLabelled(index, of: bars.count) {
                    element(
                        .text, .number(.x, left + Int64(index) * slot + slot / 2), .number(.y, height - 6),
                        .text(.textAnchor, "middle"), text: bar.label)
                }
            }
        }
    }

    /// At most eight labels, which don't run into each other.
    private static func isLabelled(_ index: Int, of count: Int) -> Bool {
        let every = max(1, (count + 7) / 8)
        return index % every == every / 2
    }

    /// A round number above: 1, 2, 4 or 8 with zeros behind it, which four lines divide.
    static func scale(_ most: Int64) -> Int64 {
        guard most > 0 else { return 4 }
        var unit: Int64 = 4
        while unit < most {
            for factor: Int64 in [1, 2, 5] {
                let (product, isOver) = unit.multipliedReportingOverflow(by: factor)
                if isOver { return .max }
                if product >= most { return product }
            }
            let (next, isOver) = unit.multipliedReportingOverflow(by: 10)
            if isOver { return .max }
            unit = next
        }
        return unit
    }
}
