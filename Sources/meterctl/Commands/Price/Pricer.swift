import Foundation
import Ingest
import Ledger
import Metering

/// Prices usage records as the daemon would, and writes the answers.
struct Pricer {
    enum Result {
        case priced(Price, by: RateBook.Priced)
        case refused(Refusal)
    }

    let book: RateBook
    private let decoder: RequestDecoder
    private let now: Timestamp

    init(book: RateBook) {
        self.book = book
        let now = Timestamp.now
        self.now = now
        let current = book.entry(at: now)
        decoder = RequestDecoder(isPriceOnly: true) { model in
            guard let current, case .rate(let rate, _)? = try? book.resolve(model, provider: nil, on: current) else {
                return nil
            }
            return rate.provider
        }
    }

    /// What a line comes to, and its answer as JSON without a newline.
    func answer(_ line: [UInt8]) -> (result: Result, json: [UInt8]) {
        line.withUnsafeBufferPointer { bytes in
            var json: [UInt8] = []
            let result = answer(bytes, to: &json)
            return (result, json)
        }
    }

    /// The same of bytes that lie elsewhere; appends the answer.
    @discardableResult
    func answer(_ line: UnsafeBufferPointer<UInt8>, to json: inout [UInt8]) -> Result {
        let decoded = decoder.decode(line)
        let result: Result
        switch decoded.result {
        case .success(.usage(let record)): result = price(record)
        case .success: result = .refused(Refusal(.unknownOp, "only usage has a price"))
        case .failure(let refusal): result = .refused(refusal)
        }
        write(result, id: decoded.id.flatMap { $0.isEmpty ? nil : $0 }, to: &json)
        return result
    }

    private func price(_ record: UsageRecord) -> Result {
        let at = record.at ?? now
        let (reading, tier) = (record.reading, record.billedTier)
        do {
            let priced = try book.price(
                model: record.model, provider: record.provider, reading, tier: tier, at: at,
                reported: record.reported)
            if let priced, case .priced(let price) = priced.pricing { return .priced(price, by: priced) }
            if let priced, case .overflow = priced.pricing {
                return .refused(Refusal(.malformed, "usage comes to more money than an amount can hold"))
            }
            let reason = try book.reasonWithoutPrice(
                model: record.model, provider: record.provider, reading, tier: tier, at: at)
            return .refused(Refusal(.unknownModel, reason))
        } catch {
            return .refused(Refusal(.storageUnavailable, error.description))
        }
    }

    private func write(_ result: Result, id: String?, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "{"))
        if let id {
            json += "\"id\":".utf8
            Self.write(id, to: &json)
            json.append(UInt8(ascii: ","))
        }
        switch result {
        case .priced(let price, _):
            json += #""cost":""#.utf8
            json += price.cost.description.utf8
            json += #"","lines":"#.utf8
            price.appendLines(to: &json)
            json += #","tier":""#.utf8
            json += price.tier.name.utf8
            json.append(UInt8(ascii: "\""))
            if !price.unpriced.isEmpty {
                let names = price.unpriced.map { "\"\(JSONText.escaped($0.name))\"" }.joined(separator: ",")
                json += ",\"unpriced_units\":[\(names)]".utf8
            }
            if let reported = price.reported {
                json += ",\"reported_cost\":\"\(reported.amount)\",\"reported_by\":\"\(reported.source.name)\"".utf8
            }
            if price.tierFellBack { json += ",\"tier_fell_back\":true".utf8 }
            if !price.surcharges.isEmpty {
                let list = price.surcharges.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value.text)\"" }
                json += ",\"surcharges\":{\(list.joined(separator: ","))}".utf8
            }
        case .refused(let refusal):
            json += "\"cost\":null,\"error\":{\"code\":\"\(refusal.code.rawValue)\",\"message\":".utf8
            Self.write(refusal.message, to: &json)
            json += ",\"retryable\":\(refusal.isRetryable)}".utf8
        }
        json.append(UInt8(ascii: "}"))
    }

    private static func write(_ text: String, to json: inout [UInt8]) {
        let isPlain = text.utf8.allSatisfy {
            $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if isPlain {
            json.append(UInt8(ascii: "\""))
            json += text.utf8
            json.append(UInt8(ascii: "\""))
        } else if let encoded = try? WireJSON.encode(text) {
            json += encoded
        }
    }
}

/// Standard input to standard output: a usage record a line in, a price a line out.
struct PriceStream {
    let pricer: Pricer

    func run() throws {
        var answers: [UInt8] = []
        try LineReader(.standardInput).forEach { line in
            guard line.contains(where: { $0 > 0x20 }) else { return }
            pricer.answer(line, to: &answers)
            answers.append(UInt8(ascii: "\n"))
            if answers.count > 1 << 20 {
                Terminal.write(answers)
                answers.removeAll(keepingCapacity: true)
            }
        }
        Terminal.write(answers)
    }
}
