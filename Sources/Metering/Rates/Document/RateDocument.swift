import Crypto

/// Why a rate document was refused, and where.
public struct RateDocumentError: Error, Sendable, CustomStringConvertible {
    /// `line 12, column 5: price.input is not a decimal: "x"`
    public let description: String
}

/// Our own form of a rate card (`format: meterd/1`): the YAML that people edit, or the same as JSON, which is quicker
/// to read.
///
/// Numbers are taken as the text that stands in the file and read as decimals; no binary floating point is involved.
/// What may stand in it: `docs/rates.md`.
public enum RateDocument {
    /// Bytes that are accepted.
    public static let bytesMax = 16 << 20

    /// Bytes of a model's or provider's name that are accepted.
    static let nameBytesMax = 256

    static func isName(_ text: String) -> Bool {
        (1...nameBytesMax).contains(text.utf8.count)
    }

    /// Reads a whole document, or refuses it whole.
    public static func parse(_ text: String) throws(RateDocumentError) -> RateCard {
        do {
            let root = try DocumentNode(text, bytesMax: bytesMax)
            return try RateDocumentReader().card(root, hash: hash(of: text))
        } catch let problem as DocumentProblem {
            throw RateDocumentError(description: problem.words(in: text))
        } catch let error as RateDocumentError {
            throw error
        } catch {
            throw RateDocumentError(description: "\(error)")
        }
    }

    /// The SHA-256 of a document in hexadecimal: what `sha256sum` says of its file.
    public static func hash(of text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map(hex).joined()
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }
}
