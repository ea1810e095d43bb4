/// Writes the CBOR that the tests need, in the shortest form.
indirect enum CBOR {
    case int(Int)
    case bytes([UInt8])
    case text(String)
    case array([CBOR])
    /// The pairs are written in this order, duplicates included.
    case map([(CBOR, CBOR)])
    case bool(Bool)
    case raw([UInt8])

    var encoded: [UInt8] {
        switch self {
        case .int(let number):
            number < 0 ? Self.head(1, UInt64(~number)) : Self.head(0, UInt64(number))
        case .bytes(let bytes): Self.head(2, UInt64(bytes.count)) + bytes
        case .text(let text): Self.head(3, UInt64(text.utf8.count)) + Array(text.utf8)
        case .array(let items): Self.head(4, UInt64(items.count)) + items.flatMap(\.encoded)
        case .map(let pairs):
            Self.head(5, UInt64(pairs.count)) + pairs.flatMap { $0.0.encoded + $0.1.encoded }
        case .bool(let value): [value ? 0xF5 : 0xF4]
        case .raw(let bytes): bytes
        }
    }

    static func head(_ major: UInt8, _ argument: UInt64) -> [UInt8] {
        let type = major << 5
        switch argument {
        case 0..<24: return [type | UInt8(argument)]
        case 24..<256: return [type | 24, UInt8(argument)]
        case 256..<65536: return [type | 25] + bigEndian(argument, 2)
        case 65536..<(1 << 32): return [type | 26] + bigEndian(argument, 4)
        default: return [type | 27] + bigEndian(argument, 8)
        }
    }

    static func bigEndian(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) }
    }
}
