import Metering

/// Line items as they are kept with a charge: a few bytes each, readable without the rate card.
///
/// Each line is its unit's number, the quantity, and the price as digits and a power of ten, the last three as
/// integers of seven bits a byte (``LEB128``). Prices have few digits: 3 µ$ a token takes two bytes.
enum LineItemCodec {
    static func encode(_ lines: [LineItem]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.count * 8)
        for line in lines {
            bytes.append(line.unit.rawValue)
            LEB128.append(Int128(line.quantity), to: &bytes)
            var digits = line.rate.attos
            var exponent: UInt8 = 0
            while digits != 0, exponent < 38 {
                let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 10)
                guard remainder == 0 else { break }
                digits = quotient
                exponent += 1
            }
            bytes.append(exponent)
            LEB128.append(digits, to: &bytes)
        }
        return bytes
    }

    /// The quantities alone of the lines that were kept, as far as they can be read.
    static func quantities(_ bytes: [UInt8], _ body: (UsageUnit, Int64) -> Void) {
        var rest = bytes[...]
        while let number = rest.popFirst(), let quantity = LEB128.take(&rest) {
            if let unit = UsageUnit(rawValue: number), let quantity = Int64(exactly: quantity) { body(unit, quantity) }
            // The price: its power of ten, and its digits up to the last byte, which is below 128.
            guard rest.popFirst() != nil else { return }
            rest = rest.drop { $0 >= 0x80 }.dropFirst()
        }
    }

    /// The lines that were kept, or nil where the bytes are not what ``encode(_:)`` writes.
    static func decode(_ bytes: [UInt8]) -> [LineItem]? {
        var lines: [LineItem] = []
        var rest = bytes[...]
        while let unitNumber = rest.popFirst() {
            guard let unit = UsageUnit(rawValue: unitNumber),
                let quantity = LEB128.take(&rest).flatMap(Int64.init(exactly:)),
                let exponent = rest.popFirst(), exponent <= 38, var attos = LEB128.take(&rest)
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
}
