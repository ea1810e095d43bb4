import Billing
import Foundation
import Synchronization

/// Why a file of plans or taxes can't be used.
struct BillingFileError: Error, CustomStringConvertible {
    let description: String
}

/// What is sold at which price and how it is taxed, as the files say that the settings name.
struct BillingFiles: Sendable {
    var plan = Plan()
    var taxes = TaxTable.none

    /// Reads the files that are named; what is not named has its default.
    init(_ settings: Settings) throws(BillingFileError) {
        if let path = settings.plansFile {
            plan = try Self.read(path, "billing.plans") { text throws(BillingDocumentError) in
                try PlanDocument.parse(text)
            }
        }
        if let path = settings.taxFile {
            taxes = try Self.read(path, "billing.tax") { text throws(BillingDocumentError) in
                try TaxDocument.parse(text)
            }
        }
    }

    private static func read<Value>(
        _ path: String, _ key: String, _ parse: (String) throws(BillingDocumentError) -> Value
    ) throws(BillingFileError) -> Value {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw BillingFileError(description: "\(key): \(path) can't be read: \(error.localizedDescription)")
        }
        do throws(BillingDocumentError) {
            return try parse(text)
        } catch {
            throw BillingFileError(description: "\(key): \(path): \(error)")
        }
    }
}

/// Plans and taxes in force, which a reload can change.
final class BillingInForce: Sendable {
    private let files: Mutex<BillingFiles>

    init(_ files: BillingFiles) { self.files = Mutex(files) }

    var current: BillingFiles {
        get { files.withLock { $0 } }
        set { files.withLock { $0 = newValue } }
    }
}
