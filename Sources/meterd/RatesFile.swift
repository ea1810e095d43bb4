import Foundation
import Ledger
import Metering
import Synchronization

/// Why the rate table can't be used.
struct RatesFileError: Error, CustomStringConvertible {
    let description: String
}

/// A rate table in a file, read: ours or LiteLLM's.
struct RatesFile {
    /// The file's path, under which its cards are on record.
    let path: String
    let table: RateTable

    /// The table that counts by itself, at a start and at a reload: the operator's own, or the package's if that is followed. Nil if the
    /// default one is not there.
    static func load(_ settings: Settings) throws(RatesFileError) -> RatesFile? {
        if settings.followsPackageRates {
            guard access(settings.ratesFile, F_OK) != 0 else {
                throw RatesFileError(
                    description:
                        "rates.follow_package: \(settings.ratesFile) is there as well; move it away, or set rates.follow_package to false"
                )
            }
            return try settings.packageRatesFile.map { path throws(RatesFileError) in
                try RatesFile("rates.package_file", path)
            }
        }
        let path = settings.ratesFile
        if !settings.isRatesFileNamed, access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR { return nil }
        return try RatesFile("rates.file", path)
    }

    /// Reads the file that a key names.
    init(_ key: String, _ path: String) throws(RatesFileError) {
        self.path = path
        let document = try Self.text(key, path)
        do throws(RateDocumentError) {
            table = try RateTable(document)
        } catch {
            throw RatesFileError(description: "\(key): \(path): \(error)")
        }
    }

    fileprivate static func text(_ key: String, _ path: String) throws(RatesFileError) -> String {
        let content: Data
        do {
            content = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            let reason =
                access(path, R_OK) == 0
                ? (error as NSError).localizedDescription : String(cString: strerror(errno))
            throw RatesFileError(description: "\(key): \(path) can't be read: \(reason)")
        }
        guard let document = String(validating: content, as: UTF8.self) else {
            throw RatesFileError(description: "\(key): \(path) is not UTF-8 text")
        }
        return document
    }
}

/// The rate table that the installed package brings. It is a proposal: no upgrade of the package changes a price by itself. Only a ledger
/// without any card takes it at once.
final class PackageRates: Sendable {
    let path: String?
    private let hash = Mutex<String?>(nil)

    /// The table in a file; none if the path is nil.
    init(path: String?) {
        self.path = path
        look()
    }

    /// SHA-256 of the table as it was at the latest look; nil if there is none.
    var latest: String? { hash.withLock { $0 } }

    /// Looks again, as after an upgrade of the package.
    func look() {
        let document = path.flatMap { try? RatesFile.text("rates.package_file", $0) }
        hash.withLock { $0 = document.map { RateDocument.hash(of: $0) } }
    }

    /// The table's file and text.
    func document() throws(RatesFileError) -> (path: String, document: String) {
        guard let path else { throw RatesFileError(description: "rates.package_file names no file") }
        return (path, try RatesFile.text("rates.package_file", path))
    }

    /// The table, read; nil if there is none.
    func table() throws(RatesFileError) -> RatesFile? {
        guard let path, latest != nil else { return nil }
        return try RatesFile("rates.package_file", path)
    }

    /// The hash of a table that is on no card yet.
    func proposal(beside book: RateBook) -> String? {
        latest.flatMap { hash in book.entries.contains { $0.hash == hash } ? nil : hash }
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
