/// The forms in which a table of rates can be had.
public enum RateFormat: String, CaseIterable, Sendable, Codable {
    /// Our own: ``RateDocument``.
    case meterd
    /// LiteLLM's: ``LiteLLMTable``.
    case litellm
}

/// A table of rates as it was read: what is put on record.
public struct RateTable: Sendable {
    /// The document in our own form: the file itself, or what was made of it.
    public let document: String
    /// The document, read.
    public let card: RateCard
    /// What became of everything in a foreign table; nil for one of ours.
    public let report: LiteLLMReport?

    /// Reads a table whole, or refuses it whole.
    ///
    /// - Parameter format: the table's; nil where its first words shall tell.
    public init(_ text: String, format: RateFormat? = nil) throws(RateDocumentError) {
        switch format ?? Self.format(of: text) {
        case .meterd:
            document = text
            card = try RateDocument.parse(text)
            report = nil
        case .litellm:
            let (rates, report) = try LiteLLMTable.read(text)
            document = RateDocument.json(rates)
            card = RateCard(hash: RateDocument.hash(of: document), effective: nil, rates: rates)
            self.report = report
        }
    }

    /// A JSON object that doesn't begin with our `format` is LiteLLM's.
    private static func format(of text: String) -> RateFormat {
        let start = text.utf8.prefix(1024).filter { $0 > 0x20 }
        return start.first == UInt8(ascii: "{") && !start.starts(with: #"{"format":"meterd/"#.utf8) ? .litellm : .meterd
    }
}
