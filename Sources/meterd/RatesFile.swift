import Foundation
import Ledger
import Metering
import Synchronization

/// Why the rate table can't be used.
struct RatesFileError: Error, CustomStringConvertible {
    let description: String
}

/// The rate table that the settings name, read.
struct RatesFile {
    let document: String
    let card: RateCard

    /// The table; nil where the default one is not there.
    static func load(_ settings: Settings) throws(RatesFileError) -> RatesFile? {
        let path = settings.ratesFile
        let document: String
        do {
            document = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            if !settings.isRatesFileNamed, !FileManager.default.fileExists(atPath: path) { return nil }
            throw RatesFileError(
                description: "rates.file: \(path) can't be read: \((error as NSError).localizedDescription)")
        }
        do throws(RateDocumentError) {
            return RatesFile(document: document, card: try RateDocument.parse(document))
        } catch {
            throw RatesFileError(description: "rates.file: \(path): \(error)")
        }
    }
}

/// The rates in force, for everybody who reads them while the writer changes them.
final class RatesInForce: Sendable {
    private let book: Mutex<RateBook>

    init(_ book: RateBook) {
        self.book = Mutex(book)
    }

    var current: RateBook { book.withLock { $0 } }

    /// Hands a table to the writer and takes in the card that came of it.
    func record(
        _ file: RatesFile, source: String, writer: LedgerWriter
    ) async throws(Refusal) -> (
        entry: RateBook.Entry, isNew: Bool
    ) {
        let card = NewCard(document: file.document, card: file.card, source: source)
        switch await writer.perform(.recordCard(card)) {
        case .card(let entry, let isNew):
            if isNew { book.withLock { $0 = RateBook($0.entries + [entry]) } }
            return (entry, isNew)
        case .refused(let refusal): throw refusal
        default: throw Refusal(.unknownOutcome, "the writer gave an answer of another kind")
        }
    }

    /// Who sells a model by the rates in force at a moment.
    func provider(of model: String, at moment: Timestamp) -> String? {
        book.withLock { $0.entry(at: moment)?.card.rate(model: model, provider: nil)?.provider }
    }
}
