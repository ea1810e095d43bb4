import Foundation

/// How figures are shown.
enum Report {
    /// The machine, in a line.
    static var machine: String {
        let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        return "\(ProcessInfo.processInfo.activeProcessorCount) cores (\(cpu ?? "unknown")), \(memory) GiB, \(day())"
    }

    private static func day() -> String {
        let format = DateFormatter()
        format.dateFormat = "yyyy-MM-dd"
        return format.string(from: Date())
    }

    static func micros(_ value: Double) -> String {
        value < 1000 ? "\(Int(value)) us" : "\((value / 100).rounded() / 10) ms"
    }

    static func rate(_ value: Double) -> String {
        value < 10_000 ? "\(Int(value))" : "\((value / 100).rounded() / 10) k"
    }

    static func seconds(_ value: Double) -> String {
        value < 100 ? String(format: value < 10 ? "%.2f s" : "%.1f s", value) : "\(Int(value)) s"
    }

    static func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }

    /// Without a point where it is whole.
    static func plain(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }

    static func ratio(_ value: Double) -> String { String(format: "%.2f", value) }

    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// A Markdown table whose columns line up on a terminal too.
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            "| "
                + zip(cells, widths).enumerated().map { $0 == 0 ? left($1.0, $1.1) : right($1.0, $1.1) }
                .joined(separator: " | ") + " |"
        }
        let rule = widths.enumerated().map { $0 == 0 ? String(repeating: "-", count: $1) : right("-:", $1) }
        return ([line(head), line(rule)] + rows.map(line)).joined(separator: "\n")
    }

    /// Shows what is under way, where somebody looks on; and what was printed so far, wherever it goes.
    static func progress(_ text: String) {
        fflush(nil)
        guard isatty(2) == 1 else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
