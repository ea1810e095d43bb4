import Foundation
import Ledger
import Metering
import Synchronization

/// Why the rate table can't be used.
struct RatesFileError: Error, CustomStringConvertible {
    let description: String
}

/// The rate table that the settings name, read: ours or LiteLLM's.
struct RatesFile {
    let table: RateTable

    /// The table; nil where the default one is not there.
    static func load(_ settings: Settings) throws(RatesFileError) -> RatesFile? {
        let path = settings.ratesFile
        let content: Data
        do {
            content = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            if !settings.isRatesFileNamed, access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR { return nil }
            throw RatesFileError(
                description: "rates.file: \(path) can't be read: \((error as NSError).localizedDescription)")
        }
        guard let document = String(validating: content, as: UTF8.self) else {
            throw RatesFileError(description: "rates.file: \(path) is not UTF-8 text")
        }
        do throws(RateDocumentError) {
            return RatesFile(table: try RateTable(document))
        } catch {
            throw RatesFileError(description: "rates.file: \(path): \(error)")
        }
    }
}

/// The rates in force, for everybody who reads them while the writer changes them.
final class RatesInForce: Sendable {
    private let book = Mutex(RateBook.empty)

    /// Every card and alias.
    var current: RateBook {
        get { book.withLock { $0 } }
        set { book.withLock { $0 = newValue } }
    }
}

/// Orgs by their other names, as the writer has them.
final class OrgNamesInForce: Sendable {
    private let names = Mutex<[String: String]>([:])

    var current: [String: String] {
        get { names.withLock { $0 } }
        set { names.withLock { $0 = newValue } }
    }
}
