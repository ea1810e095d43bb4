import ArgumentParser
import Billing
import Control
import Ledger

extension OrgCommand {
    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists what happened to an org's money and seats, newest first.",
            discussion: """
                Examples: meterctl org history acme
                          meterctl org history acme --csv --limit 10000 >history.csv

                Purchases, refunds, credits that were given, and changes of seats.
                """)

        @Argument(help: "The org.") var org: String
        @Option(help: "Items at most.") var limit = 100
        @Flag(help: "Print comma-separated values.") var csv = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(HistoryItem.self, ["v1", "orgs", org, "history"], limit: limit)
                guard csv else { return try common.show(page: page, Self.table) }
                let rows = [["at", "kind", "number", "amount_usd", "state", "what"]] + page.items.map(Self.row)
                Terminal.print(
                    rows.map { $0.map(UsageCommand.field).joined(separator: ",") }.joined(separator: "\r\n"))
            }
        }

        private static func table(_ page: Page<HistoryItem>) -> String {
            var table = Table(
                ("AT", .left), ("KIND", .left), ("NUMBER", .right), ("USD", .right), ("STATE", .left), ("WHAT", .left))
            table.rows = page.items.map(row)
            return table.text
        }

        private static func row(_ item: HistoryItem) -> [String] {
            if let payment = item.payment {
                let what = [payment.isTopUp ? "top-up of credits" : payment.purpose, payment.method ?? payment.gateway]
                return [
                    item.at, item.kind, "\(payment.payment)", payment.amount, payment.state,
                    what.joined(separator: ", ") + (payment.words.map { ": \($0)" } ?? ""),
                ]
            }
            if let refund = item.refund {
                return [
                    item.at, item.kind, "\(refund.refund)", "-" + refund.amount, refund.state,
                    "of payment \(refund.payment): \(refund.reason)",
                ]
            }
            if let grant = item.grant {
                return [
                    item.at, item.kind, "\(grant.grant)", dollars(grant.amount), grant.state,
                    grant.source + (grant.reason.map { ": \($0)" } ?? ""),
                ]
            }
            guard let step = item.seats else { return [item.at, item.kind, "", "", "", ""] }
            let seats =
                step.isCanceled
                ? "\(step.seats) seats, and the subscription ends"
                : "\(step.seats) seats, \(step.nextSeats) from the next period on"
            return [item.at, item.kind, "\(step.change)", "", "", "\(seats), by \(step.actor)"]
        }
    }
}
