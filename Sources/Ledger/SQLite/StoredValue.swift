import GRDB
import Metering

/// A state, kind or tier that the ledger keeps as a number.
///
/// A number that means nothing is a damaged row, or one that a newer version wrote. Nothing stands in for it: a payment in an
/// unknown state is not one to collect.
protocol StoredValue: RawRepresentable where RawValue: BinaryInteger {
    /// What it is, in words that stand before the number: `payment state`.
    static var words: String { get }
}

extension StoredValue {
    /// The value of a stored number.
    ///
    /// - Parameter row: the row in words, for the error: `payment 12`.
    init(stored number: Int64, of row: @autoclosure () -> String) throws(SQLiteError) {
        guard let raw = RawValue(exactly: number), let value = Self(rawValue: raw) else {
            throw SQLiteError.damaged(
                "\(row()) is damaged: it has the \(Self.words) \(number), and there is none of that number")
        }
        self = value
    }

    /// The same of a column that may be NULL.
    init?(stored number: Int64?, of row: @autoclosure () -> String) throws(SQLiteError) {
        guard let number else { return nil }
        try self.init(stored: number, of: row())
    }
}

extension AccountKind: StoredValue { static var words: String { "account kind" } }
extension TransferCode: StoredValue { static var words: String { "transfer code" } }
extension HoldState: StoredValue { static var words: String { "hold state" } }
extension GrantSource: StoredValue { static var words: String { "grant source" } }
extension GrantState: StoredValue { static var words: String { "grant state" } }
extension CorrectionKind: StoredValue { static var words: String { "correction kind" } }
extension ChargeStatus: StoredValue { static var words: String { "charge status" } }
extension OrgState: StoredValue { static var words: String { "org state" } }
extension SoldProduct: StoredValue { static var words: String { "product" } }
extension PaymentState: StoredValue { static var words: String { "payment state" } }
extension RefundCause: StoredValue { static var words: String { "refund cause" } }
extension RefundState: StoredValue { static var words: String { "refund state" } }
extension ReturnKind: StoredValue { static var words: String { "return kind" } }
extension InvoiceState: StoredValue { static var words: String { "invoice state" } }
extension InvoiceKind: StoredValue { static var words: String { "invoice kind" } }
extension NoteKind: StoredValue { static var words: String { "note kind" } }
extension QuarantineState: StoredValue { static var words: String { "quarantine state" } }
extension ServiceTier: StoredValue { static var words: String { "service tier" } }

extension PriceCodec {
    /// What was kept of a price, of a row that must have it.
    static func decode(_ bytes: [UInt8], of row: @autoclosure () -> String) throws(SQLiteError) -> KeptPrice {
        guard let kept = decode(bytes) else {
            throw SQLiteError.damaged("\(row()) is damaged: its price can't be read")
        }
        return kept
    }
}
