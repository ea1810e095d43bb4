/// Why a document of plans or taxes was refused, and where.
public struct BillingDocumentError: Error, Sendable, CustomStringConvertible {
    /// `line 12, column 5: percent must be a decimal from 0 to 100`
    public let description: String

    init(_ description: String) { self.description = description }
}
