import ArgumentParser
import Control
import Foundation
import Ledger
import Metering

/// Whose model, and by which card.
struct ModelOptions: ParsableArguments {
    @Argument(help: "The model's name, as records bear it.") var model: String
    @Option(help: "Who sells it; needed where several do at different prices.") var provider: String?
}

extension RatesCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what a model costs, and how its name was understood.",
            discussion: """
                Examples: meterctl rates show claude-sonnet-4-5-20250929
                          meterctl rates show gpt-5 --provider azure --at 2026-10-01T00:00:00Z
                """)

        @OptionGroup var model: ModelOptions
        @Option(help: "When (RFC 3339); now if absent.") var at: String?
        @Option(help: "By which card: its number or the beginning of its hash.") var card: String?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let rate = try await common.client.get(
                    RateView.self, ["v1", "rates", "model"],
                    ["model": model.model, "provider": model.provider, "at": at, "card": card])
                try common.show(rate, text)
            }
        }

        private func text(_ rate: RateView) -> String {
            let found = rate.foundAs == model.model ? nil : rate.foundAs
            var parts = [
                definitions([
                    ("model", rate.model), ("provider", rate.provider), ("found as", found),
                    ("aliases", rate.aliases.isEmpty ? nil : rate.aliases.joined(separator: ", ")),
                    ("default seller of", rate.defaultNames.isEmpty ? nil : rate.defaultNames.joined(separator: ", ")),
                    ("card", RatesCommand.describe(rate.card)),
                ])
            ]
            if rate.prices.isEmpty {
                parts.append("no price that a usage record can report: its usage stays unpriced")
            } else {
                var table = Table(("PRICE", .left), ("USD", .right), ("PER", .left))
                table.rows = rate.prices.map { [$0.price, $0.amount, Self.unit(of: $0.price)] }
                parts.append(table.text)
            }
            if !rate.unused.isEmpty {
                var table = Table(("UNUSED", .left), ("AS PUBLISHED", .right))
                table.rows = rate.unused.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
                parts.append(table.text)
            }
            return parts.joined(separator: "\n\n")
        }

        /// What a price is for: its last word is the unit.
        private static func unit(of price: String) -> String {
            guard let name = price.split(separator: " ").last, let unit = UsageUnit(name: String(name)) else {
                return ""
            }
            return unit.isTokens ? "1M tokens" : "1K"
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the rate cards, newest first.", discussion: "Example: meterctl rates list")

        @Option(help: "How many at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(RateCardView.self, ["v1", "rates", "cards"], limit: limit)
                let current = try? await common.client.get(RateCardView.self, ["v1", "rates", "cards", "current"])
                try common.show(page: page) { page in
                    var table = Table(
                        ("CARD", .right), ("HASH", .left), ("EFFECTIVE", .left), ("RECORDED", .left), ("", .left),
                        ("SOURCE", .left))
                    table.rows = page.items.map { card in
                        [
                            "\(card.card)", String(card.hash.prefix(12)), RatesCommand.effective(card), card.recorded,
                            card.card == current?.card ? "in force" : "", card.source,
                        ]
                    }
                    return table.rows.isEmpty
                        ? "there is no rate card; meterctl rates import puts one on record" : table.text
                }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a rate card as YAML, to read, edit and import again.",
            discussion: "Example: meterctl rates export > rates.yaml")

        @Option(help: "Which card: its number or the beginning of its hash; the one in force if absent.")
        var card = "current"
        @Option(help: "A table's file to write as YAML in place of a card; no daemon is needed.") var rates: String?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                if let rates {
                    let table = try RateFile.table(rates)
                    if common.json { return Terminal.write(RateDocument.json(table.card.rates).utf8) }
                    let isYAML = table.document.utf8.first != UInt8(ascii: "{")
                    let comment = ["Made of \((rates as NSString).lastPathComponent)"]
                    let text = isYAML ? table.document : RateDocument.yaml(table.card.rates, comment: comment)
                    Terminal.write(text.utf8)
                    return
                }
                if common.json {
                    let view = try await common.client.get(RateCardView.self, ["v1", "rates", "cards", card])
                    let table = try RateFile.table(view.document ?? "", named: "card \(view.card)")
                    return Terminal.write(RateDocument.json(table.card.rates).utf8)
                }
                try await common.client.text(["v1", "rates", "cards", card, "export"]) { piece in
                    Terminal.write(piece.readableBytesView)
                }
            }
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what is different on two rate cards.",
            discussion: """
                Examples: meterctl rates diff            (the card before the one in force, and the one in force)
                          meterctl rates diff 3 5
                """)

        @Argument(help: "A card: its number or the beginning of its hash.") var from: String?
        @Argument(help: "The card to compare it with; the one in force if absent.") var to: String?
        @Option(help: "Only this provider's models.") var provider: String?
        @Option(help: "Only models whose name begins so.") var model: String?
        @Option(help: "How many rates to show at most.") var limit = 100
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                var diff = try await common.client.get(
                    RateDiffView.self, ["v1", "rates", "diff"], ["from": from, "to": to])
                diff.changes.removeAll { change in
                    provider.map { RateCard.canonicalProvider($0) != change.provider } ?? false
                        || model.map { !change.model.hasPrefix($0) } ?? false
                }
                try common.show(diff) { diff in
                    let head = "from \(RatesCommand.describe(diff.from))\nto   \(RatesCommand.describe(diff.to))\n\n"
                    guard !diff.changes.isEmpty else { return head + "the same rates" }
                    let count = Dictionary(grouping: diff.changes, by: \.kind).mapValues(\.count)
                    let more =
                        diff.changes.count > limit
                        ? "\n… and \(diff.changes.count - limit) more; --limit, --provider and --model choose" : ""
                    return head + RatesCommand.text(diff.changes, limit: limit) + more + "\n\n"
                        + "\(count[.added] ?? 0) added, \(count[.changed] ?? 0) changed, \(count[.removed] ?? 0) removed"
                }
            }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the cards that changed a model's rate, newest first.",
            discussion: "Example: meterctl rates history claude-sonnet-4-5")

        @OptionGroup var model: ModelOptions
        @Option(help: "How many changes at most.") var limit = 1000
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    RateHistoryView.self, ["v1", "rates", "history"],
                    ["model": model.model, "provider": model.provider], limit: limit)
                guard !page.items.isEmpty else {
                    throw Failure(
                        status: .refused,
                        message: "no card has a model '\(model.model)'; meterctl rates list shows the cards")
                }
                try common.show(page: page) { page in
                    page.items.map { item in
                        RatesCommand.describe(item.card) + ", \(item.card.source)\n" + RatesCommand.text([item.change])
                    }.joined(separator: "\n\n")
                }
            }
        }
    }
}

extension RateFile {
    /// A table's file, read.
    static func table(_ path: String) throws -> RateTable {
        try table(try text(of: path), named: path)
    }

    /// A table's text, read.
    static func table(_ text: String, named name: String) throws -> RateTable {
        do throws(RateDocumentError) {
            return try RateTable(text)
        } catch {
            throw Failure(status: .configuration, message: "\(name): \(error)")
        }
    }
}
