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
            // What is put on record has to be read again at every start.
            card = try RateDocument.parse(document)
            self.report = report
        }
        guard !card.rates.isEmpty else { throw RateDocumentError(description: "the table has no rates") }
    }

    /// A JSON object without a member `format` is LiteLLM's.
    private static func format(of text: String) -> RateFormat {
        guard text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return .meterd }
        var copy = text
        return copy.withUTF8 { bytes in
            do {
                var cursor = JSONCursor(bytes)
                try cursor.beginObject()
                while let key = try cursor.nextMember() {
                    if cursor.matches(key, "format") { return .meterd }
                    try cursor.skipValue()
                }
            } catch {
                // Said with its place by whoever reads it.
            }
            return .litellm
        }
    }
}
