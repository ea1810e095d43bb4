import Metering

/// Whether a usage object names a count of output tokens, whatever provider's or tool's spelling it has.
///
/// The reader of usage objects takes a missing count for zero, and so does a price. Only `authorize` has to tell the two apart: a
/// request whose proxy doesn't know an output limit isn't one without output.
enum OutputCount {
    /// Words in names of such counts, in lower case and without `_`: `completion_tokens`, `outputTokens`, `candidatesTokenCount`,
    /// `responseTokenCount`, `eval_count`, `generated_tokens`.
    private static let words = ["completiontoken", "outputtoken", "candidatestoken", "responsetoken", "generatedtoken"]

    /// Looks at each member, nested ones too, whose value is a number.
    static func isNamed(in json: String) -> Bool {
        var copy = json
        return copy.withUTF8 { bytes in
            var cursor = JSONCursor(bytes)
            // The object was read before: what can't be read here names nothing.
            return (try? isNamed(&cursor)) ?? false
        }
    }

    private static func isNamed(_ cursor: inout JSONCursor) throws(JSONError) -> Bool {
        guard cursor.peek() == UInt8(ascii: "{") else {
            try cursor.skipValue()
            return false
        }
        try cursor.beginObject()
        var found = false
        while let key = try cursor.nextMember() {
            let name = try cursor.text(key)
            if let byte = cursor.peek(),
                byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            {
                try cursor.skipValue()
                if isOutput(name) { found = true }
            } else if try isNamed(&cursor) {
                found = true
            }
        }
        return found
    }

    private static func isOutput(_ name: String) -> Bool {
        let plain = name.lowercased().filter { $0 != "_" && $0 != "." }
        return words.contains { plain.contains($0) } || plain == "evalcount"
    }
}
