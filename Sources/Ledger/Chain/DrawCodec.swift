/// A part of a transfer that comes from, or goes back to, one grant.
struct Draw: Equatable {
    let grant: Int64
    let amount: Int64
}

/// The draws of a transfer as they are kept with it: LEB128 integers, grant and amount in turn. One grant alone stands for
/// all of the transfer's amount, which is what nearly every charge draws.
enum DrawCodec {
    static func encode(_ draws: [Draw], of amount: Int64) -> [UInt8]? {
        guard let first = draws.first else { return nil }
        var bytes: [UInt8] = []
        append(first.grant, to: &bytes)
        guard draws.count > 1 || first.amount != amount else { return bytes }
        append(first.amount, to: &bytes)
        for draw in draws.dropFirst() {
            append(draw.grant, to: &bytes)
            append(draw.amount, to: &bytes)
        }
        return bytes
    }

    /// The draws that were kept, or nil where the bytes are not what ``encode(_:of:)`` writes.
    static func decode(_ bytes: [UInt8]?, of amount: Int64) -> [Draw]? {
        guard let bytes, !bytes.isEmpty else { return [] }
        var values: [Int64] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let value = take(&rest) else { return nil }
            values.append(value)
        }
        if values.count == 1 { return [Draw(grant: values[0], amount: amount)] }
        guard values.count % 2 == 0 else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { Draw(grant: values[$0], amount: values[$0 + 1]) }
    }

    private static func append(_ value: Int64, to bytes: inout [UInt8]) {
        var rest = UInt64(bitPattern: value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func take(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = bytes.popFirst() {
            guard shift < 63 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return Int64(exactly: value) }
            shift += 7
        }
        return nil
    }
}
