import CSV
import Control
import HTML
import Ledger
import Metering
import Wording

/// The same sums as on the page, for a spreadsheet.
enum UsageCSV {
    private static let linesMax = 100_000

    /// `GET …/usage.csv`
    static func download(_ team: Team) async throws(PageError) -> Reply {
        let filter = try UsageFilter(team.visit.query)
        let by = team.visit.query["by"] ?? "day"
        let today = CalendarDay(team.now)
        let names = by.split(separator: ",").map(String.init)
        var lines = [
            (names + [
                "requests", "unpriced_requests", "cost_usd", "input_tokens", "cache_read_tokens", "cache_write_tokens",
                "output_tokens", "reasoning_tokens",
            ]).map(CSV.field).joined(separator: ",")
        ]
        /// Nothing where no tokens are kept: by tag.
        func text(_ number: Int64?) -> String { number.map { "\($0)" } ?? "" }
        let question = filter.question(by: by, today).filter { $0.0 != "limit" } + [("limit", "\(linesMax)")]
        // One answer, so that all lines are of one moment.
        let page = try await team.daemon.get(UsageSummaryView.self, "summary", query: question)
        guard page.nextCursor == nil else {
            throw .malformed("this is more than \(Words.count(Int64(linesMax))) lines; choose fewer days")
        }
        for item in page.items {
            let numbers = [
                "\(item.records)", "\(item.unpriced)", item.cost, text(item.inputTokens), text(item.cacheReadTokens),
                text(item.cacheWriteTokens), text(item.outputTokens), text(item.reasoningTokens),
            ]
            lines.append((item.key + numbers).map(CSV.field).joined(separator: ","))
        }
        let (since, until) = filter.range(today)
        let name = "usage-\(since)-\(until.advanced(byDays: -1)).csv"
        return Reply(
            .file(Array((lines.joined(separator: "\r\n") + "\r\n").utf8), type: "text/csv; charset=utf-8", name: name))
    }
}
