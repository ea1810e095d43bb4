import ArgumentParser
import Control
import Ledger
import Metering

struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Usage records and what they cost.",

        subcommands: [
            List.self, Show.self, Correct.self, Summary.self, Statement.self, Forecast.self,
            Unread.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists an org's usage records, newest first.",
            discussion: "Example: meterctl usage list acme --since 2026-11-01T00:00:00Z --user ana")

        @Argument(help: "The org.") var org: String
        @Option(help: "Only requests that ended then or later (RFC 3339).") var since: String?
        @Option(help: "Only requests that ended before (RFC 3339).") var until: String?
        @Option(help: "Only this member's.") var user: String?
        @Option(help: "Only this model's.") var model: String?
        @Option(help: "Records at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    UsageView.self, ["v1", "orgs", org, "usage"],
                    ["since": since, "until": until, "user": user, "model": model], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("AT", .left), ("ID", .left), ("USER", .left), ("MODEL", .left), ("STATUS", .left),
                        ("COST", .right))
                    table.rows = page.items.map {
                        [$0.at, $0.id, $0.user ?? "", $0.model, $0.status, dollars($0.cost)]
                    }
                    return table.text
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one usage record with every line of its price.",
            discussion: "Example: meterctl usage show acme req_01JD8Y")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The request's id.") var id: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let record = try await common.client.get(UsageView.self, ["v1", "orgs", org, "usage", id])
                try common.show(record) { record in
                    let facts = definitions([
                        ("id", record.id), ("org", record.org), ("user", record.user), ("model", record.model),
                        ("provider", record.provider), ("at", record.at), ("received", record.received),
                        ("tier", record.tierFellBack ? "\(record.tier), at standard's price" : record.tier),
                        ("status", record.status),
                        (
                            "unpriced",
                            record.unpricedUnits.map { $0.joined(separator: ", ") + ": charged when a rate comes" }
                        ),
                        (
                            "reported cost",
                            record.reportedCost.map { "USD \(dollars($0)) by \(record.reportedBy ?? "its sender")" }
                        ), ("hold", record.hold), ("tags", record.tags),
                        ("usage", record.usage), ("rate card", record.rateCard),
                        ("correction", record.correction.map { "\($0); meterctl explain shows what it changed" }),
                        ("balance", record.balanceAfter.map { "USD " + dollars($0) + " after it" }),
                    ])
                    return facts + "\n\n" + LineTable.text(record.lines, cost: record.cost)
                }
            }
        }
    }

    struct Correct: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Charges a record by other usage, or, without --usage, not at all.",
            discussion: """
                Examples: meterctl usage correct acme req_01JD8Y --reason 'the upstream call failed'
                          meterctl usage correct acme req_01JD8Y --reason 'miscounted' --usage '{"prompt_tokens":90,"completion_tokens":4}'

                The difference is charged, or goes back to the grants that paid; the record and its first charge stay.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The request's id.") var id: String
        @Option(help: "Why, in words.") var reason: String
        @Option(help: "The usage object in place of what was reported, JSON.") var usage: String?
        @OptionGroup var actor: ActorOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let body = CorrectionBody(reason: reason, actor: actor.name, usage: usage)
                let correction = try await common.client.post(
                    CorrectionView.self, ["v1", "orgs", org, "usage", id, "corrections"], body: body, key: key.key)
                try common.show(correction) { correction in
                    definitions([
                        ("correction", "\(correction.correction)"), ("record", correction.id),
                        ("kind", correction.kind), ("reason", correction.reason), ("by", correction.actor),
                        ("cost before", "USD " + dollars(correction.costBefore)),
                        ("cost now", "USD " + dollars(correction.cost)),
                    ]) + "\n\n" + LineTable.text(correction.lines, cost: correction.cost)
                }
            }
        }
    }
}

/// The lines of a price with their sum, for people.
enum LineTable {
    static func text(_ lines: [LineView], cost: String) -> String {
        var table = Table(("UNIT", .left), ("QUANTITY", .right), ("USD EACH", .right), ("USD", .right))
        table.rows = lines.map {
            [name(of: $0), $0.quantity.map(String.init) ?? "", $0.rate ?? "", dollars($0.amount)]
        }
        table.rows.append(["cost", "", "", dollars(cost)])
        return table.text
    }

    /// The unit, whose model if it isn't the record's own, and where a reported cost stood.
    private static func name(of line: LineView) -> String {
        [line.model.map { "\($0):" }, line.unit, line.source.map { "(\($0))" }].compactMap { $0 }.joined(separator: " ")
    }
}
