import ArgumentParser
import Control
import Foundation
import Ledger
import Metering

struct RatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rates", abstract: "What models cost.",
        subcommands: [
            Show.self, List.self, Import.self, Upgrade.self, Export.self, Diff.self, History.self, AliasCommand.self,
            Reprice.self,
            Drift.self,
        ])

    /// A card on one line: `card 3 (a1b2c3d4…), in force from 2026-11-24T00:00:00.000Z`.
    static func describe(_ card: RateCardView) -> String {
        "card \(card.card) (\(card.hash.prefix(12))…), in force from \(effective(card))"
    }

    /// From when a card holds; the first card of all may hold for always.
    static func effective(_ card: RateCardView) -> String {
        card.effective.hasPrefix("1970-01-01") ? "always" : card.effective
    }

    /// What an operator reads of changes: a line for each price.
    static func text(_ changes: [RateChange], limit: Int = .max) -> String {
        var table = Table(
            ("PROVIDER", .left), ("MODEL", .left), ("", .left), ("PRICE", .left), ("BEFORE", .right), ("AFTER", .right))
        for change in changes.prefix(limit) {
            let prices = change.kind == .changed ? change.prices : Array(change.prices.prefix(3))
            for price in prices {
                table.rows.append([
                    change.provider, change.model, change.kind.rawValue, price.price, price.before ?? "–",
                    price.after ?? "–",
                ])
            }
            if prices.count < change.prices.count {
                table.rows.append(["", "", "", "… \(change.prices.count - prices.count) more", "", ""])
            }
            for alias in change.aliasesAdded where change.kind == .changed {
                table.rows.append([change.provider, change.model, "alias", alias, "", "added"])
            }
            for alias in change.aliasesRemoved where change.kind == .changed {
                table.rows.append([change.provider, change.model, "alias", alias, "", "removed"])
            }
            if change.prices.isEmpty, change.kind != .changed {
                table.rows.append([change.provider, change.model, change.kind.rawValue, "", "", ""])
            }
        }
        return table.text
    }
}

/// Who does something that leaves a trace.
struct ActorOption: ParsableArguments {
    @Option(name: .customLong("actor"), help: "Who does it; your user name if absent.")
    var given: String?

    var name: String { given ?? NSUserName() }
}
