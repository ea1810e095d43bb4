/// A part of a transfer that comes from, or goes back to, one grant.
struct Draw: Equatable {
    let grant: Int64
    let amount: Int64
}

/// The draws of a transfer as they are kept with it: ``LEB128`` integers, grant and amount in turn. One grant alone stands for
/// all of the transfer's amount, which is what nearly every charge draws.
enum DrawCodec {
    static func encode(_ draws: [Draw], of amount: Int64) -> [UInt8]? {
        guard let first = draws.first else { return nil }
        var bytes: [UInt8] = []
        LEB128.append(Int128(first.grant), to: &bytes)
        guard draws.count > 1 || first.amount != amount else { return bytes }
        LEB128.append(Int128(first.amount), to: &bytes)
        for draw in draws.dropFirst() {
            LEB128.append(Int128(draw.grant), to: &bytes)
            LEB128.append(Int128(draw.amount), to: &bytes)
        }
        return bytes
    }

    /// The draws that were kept, or nil where the bytes are not what ``encode(_:of:)`` writes.
    static func decode(_ bytes: [UInt8]?, of amount: Int64) -> [Draw]? {
        guard let bytes, !bytes.isEmpty else { return [] }
        var values: [Int64] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let value = LEB128.take(&rest).flatMap(Int64.init(exactly:)) else { return nil }
            values.append(value)
        }
        if values.count == 1 { return [Draw(grant: values[0], amount: amount)] }
        guard values.count % 2 == 0 else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { Draw(grant: values[$0], amount: values[$0 + 1]) }
    }
}
