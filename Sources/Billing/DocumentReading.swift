import Metering

// What the readers of plans and taxes share. Numbers are read from the text that stands in the file.
extension DocumentNode {
    static let billingBytesMax = 1 << 20

    /// Reads a document whole, or refuses it whole.
    static func read<Value>(
        _ text: String, _ body: (DocumentNode) throws -> Value
    ) throws(BillingDocumentError) -> Value {
        do {
            return try body(DocumentNode(text, bytesMax: billingBytesMax))
        } catch let problem as DocumentProblem {
            throw BillingDocumentError(problem.words(in: text))
        } catch {
            throw BillingDocumentError("\(error)")
        }
    }

    func expectFormat(_ format: String) throws {
        guard text == format else { throw DocumentProblem("format must be \(format)", place) }
    }

    func name(_ what: String) throws -> String {
        guard let text, (1...256).contains(text.utf8.count), !text.utf8.contains(where: { $0 < 0x20 }) else {
            throw DocumentProblem("\(what) must be a text of 1 to 256 bytes without control characters", place)
        }
        return text
    }

    func whole(_ what: String, _ range: ClosedRange<Int64>) throws -> Int64 {
        guard let text, let number = Money.scaled(decimal: text, places: 0), range.contains(number) else {
            throw DocumentProblem(
                "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound)", place)
        }
        return number
    }

    /// An amount of whole cents, a cent at least.
    func price(_ what: String, atLeast least: Money = Money(nanos: Proration.nanosPerCent)) throws -> Money {
        guard let text, let amount = Money(decimal: text), amount >= least, amount.isWholeCents else {
            throw DocumentProblem(
                "\(what) must be a decimal of US dollars, at least \(least.cents), with at most two decimals", place)
        }
        return amount
    }

    func elements(_ what: String) throws -> [DocumentNode] {
        guard let list else { throw DocumentProblem("\(what) must be a list", place) }
        return list
    }
}

extension Money {
    /// Whether it can be paid: it has no part of a cent.
    public var isWholeCents: Bool { nanos % Proration.nanosPerCent == 0 }

    /// The amount in dollars and cents, as invoices show it: `"29.00"`. Only for whole cents.
    public var cents: String {
        let text = description
        return isWholeCents ? String(text.dropLast(7)) : text
    }
}
