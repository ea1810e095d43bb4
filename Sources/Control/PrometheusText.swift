import Ledger

/// Metrics in Prometheus' text format: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
public struct PrometheusText: Sendable {
    /// The document so far.
    public private(set) var text = ""

    /// The format's media type.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Nothing yet.
    public init() {}

    /// A value that goes up and down.
    public mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        family(name, "gauge", help, [([], value)])
    }

    /// A value that only rises until a restart; its name ends with `_total`.
    public mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        family(name, "counter", help, [([], Double(value))])
    }

    /// One value a label.
    public mutating func counters(_ name: String, _ help: String, by label: String, _ values: [(String, UInt64)]) {
        family(name, "counter", help, values.map { ([(label, $0.0)], Double($0.1)) })
    }

    /// One value a label, which goes up and down.
    public mutating func gauges(_ name: String, _ help: String, by label: String, _ values: [(String, Double)]) {
        family(name, "gauge", help, values.map { ([(label, $0.0)], $0.1) })
    }

    /// One series with labels.
    public mutating func gauge(_ name: String, _ help: String, labels: [(String, String)], _ value: Double) {
        family(name, "gauge", help, [(labels, value)])
    }

    /// A counter in fractions.
    public mutating func counter(_ name: String, _ help: String, seconds: Double) {
        family(name, "counter", help, [([], seconds)])
    }

    /// A histogram.
    public mutating func histogram(_ name: String, _ help: String, _ histogram: MetricHistogram) {
        head(name, "histogram", help)
        var count: UInt64 = 0
        for (bound, some) in zip(histogram.bounds, histogram.counts) {
            count += some
            line(name + "_bucket", [("le", Self.number(bound))], Double(count))
        }
        line(name + "_bucket", [("le", "+Inf")], Double(histogram.count))
        line(name + "_sum", [], histogram.sum)
        line(name + "_count", [], Double(histogram.count))
    }

    private mutating func family(
        _ name: String, _ type: String, _ help: String, _ series: [(labels: [(String, String)], value: Double)]
    ) {
        head(name, type, help)
        for (labels, value) in series { line(name, labels, value) }
    }

    private mutating func head(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",") + "}"
        }
        text += " \(Self.number(value))\n"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}
