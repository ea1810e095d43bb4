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
    @Option(help: "standard, batch, flex or priority.") var tier: String?
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
            let pricer = Pricer(book: try await book())
            if stdin {
                try PriceStream(pricer: pricer).run()
            } else {
                try priceOne(pricer)
            }
        }
    }

    private func priceOne(_ pricer: Pricer) throws {
        let members = try ["model": model, "provider": provider, "tier": tier, "at": at]
            .compactMapValues { $0 }.sorted { $0.key < $1.key }
            .map { "\"\($0.key)\":" + String(decoding: try WireJSON.encode($0.value), as: UTF8.self) }
        let line = "{" + (members + ["\"usage\":" + (usage ?? "")]).joined(separator: ",") + "}"
        let answer = pricer.answer(Array(line.utf8))
        if case .refused(let refusal) = answer.result, !common.json {
            throw Failure(status: .refused, message: "\(refusal.message) (\(refusal.code.rawValue))")
        }
        if common.json {
            print(String(decoding: answer.json, as: UTF8.self))
        } else if case .priced(let price) = answer.result {
            let tier = price.tierFellBack ? "\(price.tier.name), at standard's price" : price.tier.name
            print(definitions([("model", model), ("tier", tier)]))
            print("\n" + LineTable.text(LineView.lines(of: price), cost: price.cost.description))
        }
        if case .refused = answer.result { throw ExitCode(Failure.Status.refused.rawValue) }
    }

    /// The cards to price with: a file's, or the daemon's.
    private func book() async throws -> RateBook {
        guard let rates else {
            let page = try await common.client.get(Page<RateCardView>.self, ["v1", "rates", "cards"])
            return RateBook(
                try page.items.map { view in
                    guard let effective = Timestamp(rfc3339: view.effective),
                        let recorded = Timestamp(rfc3339: view.recorded)
                    else { throw Failure(status: .refused, message: "meterd gave a rate card without its times") }
                    return RateBook.Entry(
                        id: view.card, effective: effective, recorded: recorded, card: try parse(view.document, "card"))
                })
        }
        let document: String
        do {
            document = try String(contentsOfFile: rates, encoding: .utf8)
        } catch {
            throw Failure(
                status: .configuration, message: "\(rates) can't be read: \((error as NSError).localizedDescription)")
        }
        let card = try parse(document, rates)
        let always = Timestamp(milliseconds: 0)
        return RateBook([RateBook.Entry(id: 1, effective: always, recorded: always, card: card)])
    }

    private func parse(_ document: String, _ name: String) throws -> RateCard {
        do throws(RateDocumentError) {
            return try RateDocument.parse(document)
        } catch {
            throw Failure(status: .configuration, message: "\(name): \(error)")
        }
    }
}
