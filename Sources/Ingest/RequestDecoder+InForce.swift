import Ledger
import Metering

extension RequestDecoder {
    /// A decoder that goes by the rates and the names in force.
    ///
    /// - Parameters:
    ///   - book: every rate card.
    ///   - orgNames: orgs by their other names.
    public static func inForce(
        book: @escaping () -> RateBook, clock: @escaping () -> Timestamp, orgNames: @escaping () -> [String: String]
    ) -> RequestDecoder {
        var decoder = RequestDecoder { model in
            let book = book()
            guard let entry = book.entry(at: clock()),
                case .rate(let rate, _)? = try? book.resolve(model, provider: nil, on: entry)
            else { return nil }
            return rate.provider
        }
        decoder.orgOfAlias = { orgNames()[$0] }
        return decoder
    }

    /// Reads a usage line that was refused and kept once more, as lines are read now.
    ///
    /// - Parameters:
    ///   - at: the time to take in place of the line's own; nil for the line's.
    ///   - id: the id to take in place of the line's own; nil for the line's.
    public func usage(again line: [UInt8], at: Timestamp?, id: String?) -> Result<UsageRecord, Refusal> {
        var members: [(name: String, value: String)] = []
        if let id {
            guard RequestLimits.isID(id) else {
                let most = RequestLimits.idBytesMax
                return .failure(Refusal(.malformed, "id must be 1 to \(most) bytes of printable ASCII"))
            }
            members.append(("id", id))
        }
        if let at { members.append(("at", at.description)) }
        let line = Self.replacing(members, in: line) ?? line
        switch line.withUnsafeBufferPointer(decode).result {
        case .success(.usage(let record)): return .success(record)
        case .success: return .failure(Refusal(.malformed, "the line asks for something else than usage"))
        case .failure(let refusal): return .failure(refusal)
        }
    }

    /// A line with other texts for some of its members; nil if it is no JSON object.
    private static func replacing(_ members: [(name: String, value: String)], in line: [UInt8]) -> [UInt8]? {
        guard !members.isEmpty else { return nil }
        var parts = members.map { name, value in
            let escaped = value.utf8.flatMap { byte -> [UInt8] in
                byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? [UInt8(ascii: "\\"), byte] : [byte]
            }
            return Array("\"\(name)\":\"".utf8) + escaped + [UInt8(ascii: "\"")]
        }
        do {
            try line.withUnsafeBufferPointer { bytes in
                var cursor = JSONCursor(bytes)
                try cursor.beginObject()
                while let key = try cursor.nextMember() {
                    let isReplaced = members.contains { (try? cursor.text(key)) == $0.name }
                    let value = try cursor.skipValue()
                    if !isReplaced { parts.append(Array(bytes[(key.range.lowerBound - 1)..<value.upperBound])) }
                }
            }
        } catch {
            return nil
        }
        return [UInt8(ascii: "{")] + parts.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "}")]
    }
}
