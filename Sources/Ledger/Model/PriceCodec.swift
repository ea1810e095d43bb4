import Metering

/// A price as it is kept with a charge or a correction.
struct KeptPrice: Equatable {
    /// What was charged.
    var lines: [LineItem] = []
    /// What has no price yet.
    var unpriced: [UnpricedUnit] = []
    /// What the request cost by the word of its sender.
    var reported: ReportedCost?
    /// The ``UsageReading/version`` that read the usage object; 1 for charges from before it was kept.
    var readerVersion = 1

    /// The same as a price; nil if the lines' sum doesn't fit an amount.
    func price(tier: ServiceTier, tierFellBack: Bool) -> Price? {
        Price(lines: lines, tier: tier, tierFellBack: tierFellBack, unpriced: unpriced, reported: reported)
    }

    /// Takes over the prices that this one lacks; false if the other has none of them.
    mutating func take(from other: Price) -> Bool {
        let came = other.lines.filter { line in
            unpriced.contains { $0.unit == line.unit && $0.model == line.model }
        }
        guard !came.isEmpty else { return false }
        lines += came
        unpriced.removeAll { missing in came.contains { $0.unit == missing.unit && $0.model == missing.model } }
        return true
    }

    /// What the lines come to.
    var cost: Money? { price(tier: .standard, tierFellBack: false)?.cost }
}

/// Prices as they are kept with a charge: a few bytes per line, readable without the rate card.
///
/// A line is its unit's number, the quantity, and the price as digits and a power of ten, all but the unit as integers of seven
/// bits per byte (``LEB128``). Prices have few digits: 3 µ$ per token takes two bytes. Marks, which no unit has as its number,
/// stand before what they are about.
enum PriceCodec {
    /// Bytes that are no unit.
    private enum Mark: UInt8 {
        /// The model of the lines that follow: a length and UTF-8; no bytes for the record's own.
        case model = 0xF0
        /// A unit without a price: the unit and its quantity.
        case unpriced = 0xF1
        /// The version of the reader.
        case version = 0xF2
        /// Where the next line's price comes from: a ``ReportedCost/Source``.
        case source = 0xF3
        /// What the sender reported: a source and nano-dollars.
        case reported = 0xF4
    }

    /// What is kept of a price.
    static func encode(_ price: Price, readerVersion: Int = UsageReading.version) -> [UInt8] {
        encode(price.lines, price.unpriced, price.reported, readerVersion: readerVersion)
    }

    /// What is kept of a record without a price: the reader's version, and what the sender reported.
    static func encode(unpricedWith reported: ReportedCost?) -> [UInt8] {
        encode([], [], reported, readerVersion: UsageReading.version)
    }

    static func encode(_ kept: KeptPrice) -> [UInt8] {
        encode(kept.lines, kept.unpriced, kept.reported, readerVersion: kept.readerVersion)
    }

    private static func encode(
        _ lines: [LineItem], _ unpriced: [UnpricedUnit], _ reported: ReportedCost?, readerVersion: Int
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.count * 8 + 4)
        if readerVersion > 1 {
            bytes.append(Mark.version.rawValue)
            LEB128.append(Int128(readerVersion), to: &bytes)
        }
        var model: String?
        for line in lines {
            append(line.model, after: &model, to: &bytes)
            if let source = line.source {
                bytes.append(Mark.source.rawValue)
                bytes.append(source.rawValue)
            }
            append(line, to: &bytes)
        }
        for missing in unpriced {
            append(missing.model, after: &model, to: &bytes)
            bytes.append(Mark.unpriced.rawValue)
            bytes.append(missing.unit.rawValue)
            LEB128.append(Int128(missing.quantity), to: &bytes)
        }
        if let reported {
            bytes.append(Mark.reported.rawValue)
            bytes.append(reported.source.rawValue)
            LEB128.append(Int128(reported.amount.nanos), to: &bytes)
        }
        return bytes
    }

    private static func append(_ model: String?, after last: inout String?, to bytes: inout [UInt8]) {
        if model == nil, last == nil { return }
        guard model != last else { return }
        last = model
        bytes.append(Mark.model.rawValue)
        let name = Array((model ?? "").utf8)
        LEB128.append(Int128(name.count), to: &bytes)
        bytes += name
    }

    private static func append(_ line: LineItem, to bytes: inout [UInt8]) {
        bytes.append(line.unit.rawValue)
        LEB128.append(Int128(line.quantity), to: &bytes)
        // Prices are below USD 9 nearly always: dividing 64 bits takes a tenth of the time of 128.
        let (digits, exponent) =
            Int64(exactly: line.rate.attos).map { small in
                let (digits, exponent) = withoutZeros(small)
                return (Int128(digits), exponent)
            } ?? withoutZeros(line.rate.attos)
        bytes.append(exponent)
        LEB128.append(digits, to: &bytes)
    }

    /// A number's digits without the zeros at its end, and how many those are.
    private static func withoutZeros<Value: FixedWidthInteger>(_ value: Value) -> (digits: Value, zeros: UInt8) {
        var digits = value
        var zeros: UInt8 = 0
        guard digits != 0 else { return (0, 0) }
        func takeOff(_ step: Value, _ count: UInt8) {
            while true {
                let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: step)
                guard remainder == 0 else { return }
                digits = quotient
                zeros += count
            }
        }
        // Prices of a token end with a dozen zeros: six at a time, then one by one.
        takeOff(1_000_000, 6)
        takeOff(10, 1)
        return (digits, zeros)
    }

    /// How much was used, priced or not, without making a price of the bytes; false if they are not what ``encode(_:)`` writes.
    static func forEachQuantity(_ bytes: UnsafeRawBufferPointer, _ use: (UsageUnit, Int64) -> Void) -> Bool {
        var rest = bytes[...]
        /// Of a number that has more than 64 bits, which only a price's digits may have, the low ones.
        func number() -> UInt64? {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst() {
                guard shift < 126 else { return nil }
                value |= UInt64(byte & 0x7F) << shift
                if byte & 0x80 == 0 { return value }
                shift += 7
            }
            return nil
        }
        func used(_ unit: UInt8?) -> Bool {
            guard let unit = unit.flatMap(UsageUnit.init(rawValue:)), let quantity = number(),
                let quantity = Int64(exactly: quantity)
            else { return false }
            use(unit, quantity)
            return true
        }
        while let first = rest.popFirst() {
            switch Mark(rawValue: first) {
            case .model?:
                guard let count = number(), count <= UInt64(rest.count) else { return false }
                rest = rest.dropFirst(Int(count))
            case .unpriced?: guard used(rest.popFirst()) else { return false }
            case .version?: guard number() != nil else { return false }
            case .source?: guard rest.popFirst() != nil else { return false }
            case .reported?: guard rest.popFirst() != nil, number() != nil else { return false }
            case nil: guard used(first), rest.popFirst() != nil, number() != nil else { return false }
            }
        }
        return true
    }

    /// What was kept; nil if the bytes are not what ``encode(_:)`` writes.
    static func decode(_ bytes: [UInt8]) -> KeptPrice? {
        var kept = KeptPrice()
        var rest = bytes[...]
        var model: String?
        var source: ReportedCost.Source?
        while let number = rest.popFirst() {
            switch Mark(rawValue: number) {
            case .model?:
                guard let count = LEB128.take(&rest).flatMap(Int.init(exactly:)), (0...256).contains(count),
                    count <= rest.count
                else { return nil }
                guard let name = String(validating: rest.prefix(count), as: UTF8.self) else { return nil }
                rest = rest.dropFirst(count)
                model = name.isEmpty ? nil : name
            case .unpriced?:
                guard let unit = rest.popFirst().flatMap(UsageUnit.init(rawValue:)), let quantity = quantity(&rest)
                else { return nil }
                kept.unpriced.append(UnpricedUnit(unit: unit, quantity: quantity, model: model))
            case .version?:
                guard let version = LEB128.take(&rest).flatMap(Int.init(exactly:)), version > 1 else { return nil }
                kept.readerVersion = version
            case .source?:
                guard let named = rest.popFirst().flatMap(ReportedCost.Source.init(rawValue:)) else { return nil }
                source = named
            case .reported?:
                guard let named = rest.popFirst().flatMap(ReportedCost.Source.init(rawValue:)),
                    let nanos = quantity(&rest), let cost = ReportedCost(Money(nanos: nanos), source: named)
                else { return nil }
                kept.reported = cost
            case nil:
                guard let line = line(number, &rest, model, source) else { return nil }
                kept.lines.append(line)
                source = nil
            }
        }
        return source == nil ? kept : nil
    }

    private static func quantity(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        LEB128.take(&rest).flatMap(Int64.init(exactly:))
    }

    private static func line(
        _ number: UInt8, _ rest: inout ArraySlice<UInt8>, _ model: String?, _ source: ReportedCost.Source?
    ) -> LineItem? {
        guard let unit = UsageUnit(rawValue: number), let quantity = quantity(&rest),
            let exponent = rest.popFirst(), exponent <= 38, var attos = LEB128.take(&rest)
        else { return nil }
        for _ in 0..<exponent {
            let (product, overflow) = attos.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            attos = product
        }
        guard let rate = UnitPrice(attos: attos) else { return nil }
        return LineItem(unit: unit, quantity: quantity, rate: rate, model: model, source: source)
    }
}
