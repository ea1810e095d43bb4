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
        encode(
            KeptPrice(
                lines: price.lines, unpriced: price.unpriced, reported: price.reported,
                readerVersion: readerVersion))
    }

    /// What is kept of a record without a price: the reader's version, and what the sender reported.
    static func encode(unpricedWith reported: ReportedCost?) -> [UInt8] {
        encode(KeptPrice(reported: reported, readerVersion: UsageReading.version))
    }

    static func encode(_ kept: KeptPrice) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(kept.lines.count * 8 + 2)
        if kept.readerVersion > 1 {
            bytes.append(Mark.version.rawValue)
            LEB128.append(Int128(kept.readerVersion), to: &bytes)
        }
        var model: String?
        for line in kept.lines {
            append(line.model, after: &model, to: &bytes)
            if let source = line.source { bytes += [Mark.source.rawValue, source.rawValue] }
            append(line, to: &bytes)
        }
        for missing in kept.unpriced {
            append(missing.model, after: &model, to: &bytes)
            bytes += [Mark.unpriced.rawValue, missing.unit.rawValue]
            LEB128.append(Int128(missing.quantity), to: &bytes)
        }
        if let reported = kept.reported {
            bytes += [Mark.reported.rawValue, reported.source.rawValue]
            LEB128.append(Int128(reported.amount.nanos), to: &bytes)
        }
        return bytes
    }

    private static func append(_ model: String?, after last: inout String?, to bytes: inout [UInt8]) {
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
