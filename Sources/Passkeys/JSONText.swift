import Foundation

/// Reads JSON of a browser and writes JSON for one.
enum JSONText {
    /// Decodes UTF-8. The caller has checked the size.
    ///
    /// JSONDecoder guesses UTF-16 and UTF-32 from zero bytes, so that they are refused first: no JSON text in UTF-8 has
    /// one (RFC 8259 §7).
    static func decode<Value: Decodable>(
        _ type: Value.Type, _ json: [UInt8], part: String
    ) throws(PasskeyError) -> Value {
        guard !json.contains(0), String(validating: json, as: UTF8.self) != nil else {
            throw .malformedJSON(part: part)
        }
        do {
            return try JSONDecoder().decode(type, from: Data(json))
        } catch {
            throw .malformedJSON(part: part)
        }
    }

    /// Encodes with sorted members, so that the same options are the same text.
    static func encode(_ value: some Encodable) throws(PasskeyError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw .invalidOptions("they can't be written as JSON")
        }
    }

    /// Decodes a base64url member of the browser's answer.
    ///
    /// - Parameter limit: the largest length, in bytes after decoding.
    static func bytes(_ text: String, _ member: String, limit: Int) throws(PasskeyError) -> [UInt8] {
        // Four characters per three bytes.
        guard text.utf8.count <= (limit * 4 + 2) / 3 else { throw .tooLarge(part: member, limit: limit) }
        guard let bytes = Base64URL.decode(text), !bytes.isEmpty else { throw .malformedMember(member) }
        return bytes
    }
}
