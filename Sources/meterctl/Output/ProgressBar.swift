import Foundation

/// A line on a terminal's standard error that is drawn over itself; nothing where there is no terminal.
final class ProgressBar {
    private let total: Int?
    private let unit: String
    private let start = DispatchTime.now()
    private var drawn = DispatchTime(uptimeNanoseconds: 0)
    private var isShown = false

    /// A bar towards `total`, or a counter where that isn't known.
    init(total: Int?, unit: String = "records") {
        self.total = total
        self.unit = unit
    }

    func update(_ done: Int, _ words: String) {
        guard Terminal.isErrorATerminal else { return }
        let now = DispatchTime.now()
        guard now.uptimeNanoseconds - drawn.uptimeNanoseconds > 100_000_000 || done == total else { return }
        drawn = now
        isShown = true
        let seconds = max(0.001, Double(now.uptimeNanoseconds - start.uptimeNanoseconds) / 1e9)
        let rate = "\(Int(Double(done) / seconds))/s"
        var bar = ""
        if let total, total > 0 {
            let filled = min(30, done * 30 / total)
            bar =
                "[" + String(repeating: "█", count: filled) + String(repeating: "·", count: 30 - filled)
                + "] \(min(100, done * 100 / total)) % "
        }
        draw("\r\u{1B}[K\(bar)\(done) \(unit), \(rate)\(words)")
    }

    /// Leaves the line, so that other words can follow.
    func clear() {
        if isShown { draw("\r\u{1B}[K") }
        isShown = false
    }

    /// A terminal that has gone away is no reason to end what the bar is about.
    private func draw(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
