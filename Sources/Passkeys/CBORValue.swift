/// A CBOR data item of the subset that WebAuthn needs (RFC 8949 §3): no tags, no floats, definite lengths.
enum CBORValue: Sendable, Hashable {
    /// A label of a map: COSE allows integers and text (RFC 9052 §1.5).
    enum Label: Sendable, Hashable {
        case unsigned(UInt64)
        /// The integer -1 - n.
        case negative(UInt64)
        /// UTF-8. Labels are compared by their bytes, not as Unicode.
        case text([UInt8])

        init(_ text: String) { self = .text(Array(text.utf8)) }

        init(_ number: Int) {
            self = number < 0 ? .negative(UInt64(~number)) : .unsigned(UInt64(number))
        }
    }

    case unsigned(UInt64)
    /// The integer -1 - n.
    case negative(UInt64)
    case bytes([UInt8])
    /// UTF-8.
    case text([UInt8])
    case array([CBORValue])
    case map([Label: CBORValue])
    case bool(Bool)
    case null

    /// The integer, if this is one that fits.
    var integer: Int? {
        switch self {
        case .unsigned(let number): Int(exactly: number)
        case .negative(let number): Int(exactly: number).map { ~$0 }
        default: nil
        }
    }

    /// The byte string, if this is one.
    var byteString: [UInt8]? {
        guard case .bytes(let bytes) = self else { return nil }
        return bytes
    }

    /// The map, if this is one.
    var map: [Label: CBORValue]? {
        guard case .map(let map) = self else { return nil }
        return map
    }
}
