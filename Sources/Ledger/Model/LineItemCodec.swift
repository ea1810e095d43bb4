import Metering

/// Line items as they are kept with a charge: a few bytes each, readable without the rate card.
///
/// Each line is its unit's number, the quantity, and the price as digits and a power of ten, the last three as
/// little-endian base-128 integers (LEB128). Prices have few digits: 3 µ$ a token takes two bytes.
enum LineItemCodec {
    static func encode(_ lines: [LineItem]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.count * 8)
        for line in lines {
            bytes.append(line.unit.rawValue)
            append(Int128(line.quantity), to: &bytes)
            var digits = line.rate.attos
            var exponent: UInt8 = 0
            while digits != 0, exponent < 38 {
                let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 10)
                guard remainder == 0 else { break }
                digits = quotient
                exponent += 1
            }
            bytes.append(exponent)
            append(digits, to: &bytes)
        }
        return bytes
    }

    /// The lines that were kept, or nil where the bytes are not what ``encode(_:)`` writes.
    static func decode(_ bytes: [UInt8]) -> [LineItem]? {
        var lines: [LineItem] = []
        var rest = bytes[...]
        while let unitNumber = rest.popFirst() {
            guard let unit = UsageUnit(rawValue: unitNumber), let quantity = take(&rest).flatMap(Int64.init(exactly:)),
                let exponent = rest.popFirst(), exponent <= 38, var attos = take(&rest)
            else { return nil }
            for _ in 0..<exponent {
                let (product, overflow) = attos.multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
                attos = product
            }
            guard let rate = UnitPrice(attos: attos) else { return nil }
            lines.append(LineItem(unit: unit, quantity: quantity, rate: rate))
        }
        return lines
    }

    private static func append(_ value: Int128, to bytes: inout [UInt8]) {
        var rest = UInt128(truncatingIfNeeded: value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func take(_ bytes: inout ArraySlice<UInt8>) -> Int128? {
        var value: UInt128 = 0
        var shift: UInt128 = 0
        while let byte = bytes.popFirst() {
            guard shift < 126 else { return nil }
            value |= UInt128(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return Int128(value) }
            shift += 7
        }
        return nil
    }
}
