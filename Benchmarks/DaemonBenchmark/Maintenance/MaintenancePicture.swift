import Foundation
import LoadGenerator

/// Reply times of a quiet run and of one with maintenance, second by second, as SVG. The times' axis is logarithmic.
enum MaintenancePicture {
    private static let (width, height) = (760.0, 320.0)
    private static let (left, top, right, bottom) = (64.0, 44.0, 16.0, 36.0)
    private static let (leastMicros, mostMicros) = (200.0, 2_000_000.0)

    static func draw(quiet: TimedReplies, busy: TimedReplies) -> String {
        let count = max(quiet.seconds.count, busy.seconds.count, 2)
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\" "
                + "aria-label=\"Reply times by second, quiet and with maintenance\" font-family=\"sans-serif\" "
                + "font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
        ]
        for (micros, name) in [(1000.0, "1 ms"), (10_000, "10 ms"), (100_000, "100 ms"), (1_000_000, "1 s")] {
            let y = place(micros)
            parts.append(
                "<line x1=\"\(Int(left))\" x2=\"\(Int(width - right))\" y1=\"\(text(y))\" y2=\"\(text(y))\" "
                    + "stroke=\"#dddddd\"/><text x=\"\(Int(left - 8))\" y=\"\(text(y + 4))\" text-anchor=\"end\" "
                    + "fill=\"#444444\">\(name)</text>")
        }
        for second in stride(from: 0, through: count, by: 10) {
            let x = left + (width - left - right) * Double(second) / Double(count)
            parts.append(
                "<text x=\"\(text(x))\" y=\"\(Int(height - bottom + 20))\" text-anchor=\"middle\" fill=\"#444444\">"
                    + "\(second) s</text>")
        }
        let lines: [(replies: TimedReplies, percentile: Double, color: String, dash: String, name: String)] = [
            (quiet, 50, "#1f6f4a", "", "quiet, p50"), (quiet, 99.9, "#1f6f4a", "5 3", "quiet, p99.9"),
            (busy, 50, "#b5480f", "", "maintenance, p50"), (busy, 99.9, "#b5480f", "5 3", "maintenance, p99.9"),
        ]
        for (number, line) in lines.enumerated() {
            let points = line.replies.seconds.enumerated().map { second, result in
                let x = left + (width - left - right) * (Double(second) + 0.5) / Double(count)
                return "\(text(x)),\(text(place(result.latency(percentile: line.percentile))))"
            }
            let style = "fill=\"none\" stroke=\"\(line.color)\" stroke-width=\"1.6\" stroke-dasharray=\"\(line.dash)\""
            let x = left + Double(number) * 170
            parts.append("<polyline points=\"\(points.joined(separator: " "))\" \(style)/>")
            parts.append(
                "<line x1=\"\(Int(x))\" x2=\"\(Int(x + 24))\" y1=\"20\" y2=\"20\" \(style)/>"
                    + "<text x=\"\(Int(x + 30))\" y=\"24\" fill=\"#222222\">\(line.name)</text>")
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    /// Where a time lies.
    private static func place(_ micros: Double) -> Double {
        let share = log(min(max(micros, leastMicros), mostMicros) / leastMicros) / log(mostMicros / leastMicros)
        return height - bottom - (height - bottom - top) * share
    }

    private static func text(_ value: Double) -> String { String(format: "%.1f", value) }
}
