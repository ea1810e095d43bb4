import ArgumentParser
import Ledger

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows one record's life: usage, price, grants, transfers, hold, corrections.",
        discussion: "Example: meterctl explain acme req_01JD8Y")

    @Argument(help: "The org.") var org: String
    @Argument(help: "The request's id.") var id: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            let explanation = try await common.client.get(
                ExplanationView.self, ["v1", "orgs", org, "usage", id, "explanation"])
            try common.show(explanation, Self.describe)
        }
    }

    static func describe(_ life: ExplanationView) -> String {
        let record = life.record
        var parts = [
            definitions([
                ("record", "\(record.id) of org \(record.org)" + (record.user.map { ", user \($0)" } ?? "")),
                ("model", record.model + (record.provider.map { " of \($0)" } ?? "")),
                ("ended", "\(record.at), received \(record.received)"),
                ("reported", record.usage.isEmpty ? "erased; digest \(record.digest)" : record.usage),
                (
                    "read as",
                    life.buckets.isEmpty
                        ? nil : life.buckets.map { "\($0.unit) \($0.quantity)" }.joined(separator: ", ")
                ),
                ("served as", life.conditions.isEmpty ? nil : life.conditions.joined(separator: ", ")),
                ("no price", life.reasonWithoutPrice),
                ("tier", record.tierFellBack ? "\(record.tier), at standard's price" : record.tier),
                ("rate card", record.rateCard), ("status", life.status),
                ("costs", "USD " + dollars(life.cost)),
                ("balance", record.balanceAfter.map { "USD " + dollars($0) + " after it" }),
            ]),
            "first charge\n" + indented(LineTable.text(record.lines, cost: record.cost)),
        ]
        if let hold = life.hold {
            var state = life.holdState.map { "found \($0): nothing was freed" } ?? "settled by this record"
            if hold.estimate == record.id {
                state = "expired without usage: this record charges what it had reserved, until usage names the hold"
            } else if let estimate = hold.estimate {
                state += "; what it had reserved was charged as \(estimate), and taken back for this record"
            }
            parts.append(
                "hold\n"
                    + indented(
                        "\(hold.id)  USD \(dollars(hold.amount)) reserved \(hold.created), until \(hold.expires); \(state)"
                    ))
        } else if let state = life.holdState {
            parts.append("hold\n" + indented("the record names a hold that is \(state)"))
        }
        for correction in life.corrections {
            let who = [correction.actor.map { "by \($0)" }, correction.reason.map { "\u{201C}\($0)\u{201D}" }]
                .compactMap { $0 }.joined(separator: ", ")
            parts.append(
                "correction \(correction.correction): \(correction.kind) \(correction.at) \(who)\n"
                    + indented(
                        "USD \(dollars(correction.costBefore)) → \(dollars(correction.cost))\n"
                            + (correction.usage.map { "usage \($0)\n" } ?? "")
                            + (correction.rateCard.map { "rate card \($0)\n" } ?? "")
                            + LineTable.text(correction.lines, cost: correction.cost)))
        }
        if !life.transfers.isEmpty {
            var table = Table(
                ("TRANSFER", .right), ("AT", .left), ("CODE", .left), ("DEBIT", .left), ("CREDIT", .left),
                ("AMOUNT", .right), ("GRANTS", .left))
            table.rows = life.transfers.map { transfer in
                [
                    "\(transfer.transfer)", transfer.at, transfer.code, transfer.debit, transfer.credit,
                    dollars(transfer.amount),
                    transfer.grants.map { "\($0.grant): \(dollars($0.amount))" }.joined(separator: ", "),
                ]
            }
            parts.append("money\n" + indented(table.text))
        }
        if !life.grants.isEmpty {
            var table = Table(
                ("GRANT", .right), ("SOURCE", .left), ("AMOUNT", .right), ("LEFT NOW", .right), ("STATE", .left),
                ("EXPIRES", .left), ("REASON", .left))
            table.rows = life.grants.map {
                [
                    "\($0.grant)", $0.source, dollars($0.amount), dollars($0.remaining), $0.state,
                    $0.expires ?? "never",
                    $0.reason ?? "",
                ]
            }
            parts.append("grants\n" + indented(table.text))
        }
        return parts.joined(separator: "\n\n")
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
    }
}
