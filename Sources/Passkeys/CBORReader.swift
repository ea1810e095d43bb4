/// Reads CBOR (RFC 8949) strictly. Every read is bounds-checked, and no length is believed before its bytes are there.
///
/// It refuses indefinite lengths, tags, floats, `undefined`, text that is not UTF-8, labels other than integers and
/// text, and duplicate labels. It does not require the shortest form of a number.
struct CBORReader {
    /// How deep items may be nested. An attestation object needs 3, or 5 with the format `compound`.
    static let depthMax = 8
    /// Items at most, labels included.
    static let itemsMax = 4096

    private let bytes: [UInt8]
    private var itemsLeft = Self.itemsMax
    /// The position after what has been read.
    private(set) var offset: Int

    /// A reader that begins at a position. A position beyond the end leaves nothing to read.
    init(_ bytes: [UInt8], from offset: Int = 0) {
        self.bytes = bytes
        self.offset = min(max(offset, 0), bytes.count)
    }

    /// Reads one item that is the whole input.
    static func read(all bytes: [UInt8]) throws(PasskeyError) -> CBORValue {
        var reader = CBORReader(bytes)
        let value = try reader.read()
        guard reader.offset == bytes.count else { throw .malformedCBOR(.trailingBytes) }
        return value
    }

    /// Reads the next item and moves behind it.
    mutating func read() throws(PasskeyError) -> CBORValue {
        try read(depth: 0)
    }

    private mutating func read(depth: Int) throws(PasskeyError) -> CBORValue {
        guard depth < Self.depthMax else { throw .malformedCBOR(.tooDeep) }
        let initial = try initialByte()
        let information = initial & 0x1F
        switch initial >> 5 {
        case 0: return .unsigned(try argument(information))
        case 1: return .negative(try argument(information))
        case 2: return .bytes(Array(try take(try argument(information))))
        case 3: return .text(try text(information))
        case 4: return .array(try array(information, depth))
        case 5: return .map(try map(information, depth))
        case 7:
            // Simple values (RFC 8949 §3.3).
            switch information {
            case 20: return .bool(false)
            case 21: return .bool(true)
            case 22: return .null
            default: throw .malformedCBOR(.unsupportedType)
            }
        default: throw .malformedCBOR(.unsupportedType)
        }
    }

    private mutating func initialByte() throws(PasskeyError) -> UInt8 {
        guard itemsLeft > 0 else { throw .malformedCBOR(.tooManyItems) }
        itemsLeft -= 1
        guard offset < bytes.count else { throw .malformedCBOR(.truncated) }
        defer { offset += 1 }
        return bytes[offset]
    }

    // The argument of an initial byte (RFC 8949 §3).
    private mutating func argument(_ information: UInt8) throws(PasskeyError) -> UInt64 {
        switch information {
        case 0..<24: return UInt64(information)
        case 24...27:
            let width: UInt64 = 1 << UInt64(information - 24)
            return try take(width).reduce(0) { $0 << 8 | UInt64($1) }
        case 31: throw .malformedCBOR(.indefiniteLength)
        default: throw .malformedCBOR(.unsupportedType)
        }
    }

    private mutating func take(_ count: UInt64) throws(PasskeyError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.count - offset) else { throw .malformedCBOR(.truncated) }
        let end = offset + Int(count)
        defer { offset = end }
        return bytes[offset..<end]
    }

    private mutating func text(_ information: UInt8) throws(PasskeyError) -> [UInt8] {
        let content = try take(try argument(information))
        guard String(validating: content, as: UTF8.self) != nil else { throw .malformedCBOR(.invalidText) }
        return Array(content)
    }

    private mutating func array(_ information: UInt8, _ depth: Int) throws(PasskeyError) -> [CBORValue] {
        let count = try argument(information)
        // An item has one byte or more.
        guard count <= UInt64(bytes.count - offset) else { throw .malformedCBOR(.truncated) }
        var values: [CBORValue] = []
        for _ in 0..<count { values.append(try read(depth: depth + 1)) }
        return values
    }

    private mutating func map(
        _ information: UInt8, _ depth: Int
    ) throws(PasskeyError) -> [CBORValue.Label: CBORValue] {
        let count = try argument(information)
        guard count <= UInt64(bytes.count - offset) / 2 else { throw .malformedCBOR(.truncated) }
        var values: [CBORValue.Label: CBORValue] = [:]
        for _ in 0..<count {
            let label = try label()
            guard values[label] == nil else { throw .malformedCBOR(.duplicateLabel) }
            values[label] = try read(depth: depth + 1)
        }
        return values
    }

    private mutating func label() throws(PasskeyError) -> CBORValue.Label {
        let initial = try initialByte()
        let information = initial & 0x1F
        switch initial >> 5 {
        case 0: return .unsigned(try argument(information))
        case 1: return .negative(try argument(information))
        case 3: return .text(try text(information))
        default: throw .malformedCBOR(.unsupportedType)
        }
    }
}
