import ArgumentParser
import Foundation
import Ingest
import Ledger
import Metering

struct PriceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "price", abstract: "Prices usage without recording anything; every line item is shown.",
        discussion: """
            Examples: meterctl price --model gpt-5 --usage '{"prompt_tokens":2006,"completion_tokens":300}'
                      meterctl price --stdin --rates config/rates.yaml < usage.ndjson

            With --rates no daemon is needed. With --stdin each line is a usage record and is answered by one line.
            """)

    @Option(help: "The model, as the provider reports it.") var model: String?
    @Option(help: "Who serves it: openai, anthropic, gemini, bedrock, …") var provider: String?
    @Option(help: "standard, batch, flex, priority, balanced or ultrafast.") var tier: String?
    @Option(help: "The provider's usage object, JSON.") var usage: String?
    @Option(help: "When the request ended (RFC 3339); picks the rate card.") var at: String?
    @Flag(help: "Read NDJSON usage records from standard input.") var stdin = false
    @Option(help: "A rate table to price with, in place of the daemon's cards.") var rates: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard stdin != (model != nil && usage != nil) else {
            throw ValidationError("give either --stdin, or --model and --usage")
        }
    }

    func run() async throws {
        try await orExit {
            let book = try await book()
            try await Waiting.thread {
                let pricer = Pricer(book: book)
                if stdin {
                    try PriceStream(pricer: pricer).run()
                } else {
                    try priceOne(pricer)
                }
            }
        }
    }

    private func priceOne(_ pricer: Pricer) throws {
        let members = try ["model": model, "provider": provider, "tier": tier, "at": at]
            .compactMapValues { $0 }.sorted { $0.key < $1.key }
            .map { "\"\($0.key)\":" + String(decoding: try WireJSON.encode($0.value), as: UTF8.self) }
        guard let usage, usage.contains(where: { !$0.isWhitespace }) else {
            throw Failure(status: .refused, message: "--usage is empty; it takes the provider's usage object, JSON")
        }
        let line = "{" + (members + ["\"usage\":" + usage]).joined(separator: ",") + "}"
        let answer = pricer.answer(Array(line.utf8))
        if case .refused(let refusal) = answer.result, !common.json {
            throw Failure(status: .refused, message: "\(refusal.message) (\(refusal.code.rawValue))")
        }
        if common.json {
            Terminal.print(String(decoding: answer.json, as: UTF8.self))
        } else if case .priced(let price, let priced) = answer.result {
            let card = rates == nil ? priced.entry.map { ", card \($0.id) (\($0.hash.prefix(12))…)" } ?? "" : ""
            let rate = priced.rate.map { "\($0.provider)'s \($0.model)\(card)" } ?? "none; what the sender reports"
            let tier = price.tierFellBack ? "\(price.tier.name), at standard's price" : price.tier.name
            let surcharges = price.surcharges.sorted { $0.key < $1.key }.map { "\($0.key) ×\($0.value.text)" }
            Terminal.print(
                definitions([
                    ("model", model), ("rate", rate), ("tier", tier),
                    ("surcharge", surcharges.isEmpty ? nil : surcharges.joined(separator: ", ")),
                    (
                        "unpriced",
                        price.unpriced.isEmpty
                            ? nil : price.unpriced.map(\.name).joined(separator: ", ") + ": no rate yet"
                    ),
                    (
                        "reported cost",
                        price.reported.map { "USD \(dollars($0.amount.description)) by \($0.source.name)" }
                    ),
                ]))
            Terminal.print("\n" + LineTable.text(LineView.lines(of: price), cost: price.cost.description))
        }
        if case .refused = answer.result { throw ExitCode(Failure.Status.refused.rawValue) }
    }

    /// The cards to price with: a file's, or the daemon's.
    private func book() async throws -> RateBook {
        if let rates { return try RateBook(file: rates) }
        return try await RateBook(from: common.client)
    }
}
