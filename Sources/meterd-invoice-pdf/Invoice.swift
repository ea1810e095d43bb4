import FoundationEssentials

/// An invoice or a credit note as the control socket serves it: the members that are printed.
struct Invoice: Decodable {
    enum Kind: String, Decodable {
        case invoice
        case creditNote = "credit_note"
    }

    enum State: String, Decodable {
        case open
        case paid
        /// A credit note: nothing of it is to be paid.
        case issued
    }

    /// One thing that was sold.
    struct Line: Decodable {
        let text: Words
        let quantity: Int64
        let unitPrice: Amount
        let net: Amount
        let tax: Amount
        let gross: Amount
        let taxRule: Words
        let payment: Int64?
        let paidOn: Day?
        let paidWith: Words?
    }

    /// The tax of all lines of one rule.
    struct Tax: Decodable {
        let rule: Words
        let net: Amount
        let tax: Amount
    }

    let number: Words
    let kind: Kind
    let state: State
    let issued: Day
    let paidAt: Day?
    let seller: Party
    let buyer: Party
    let periodStart: Day?
    let periodEnd: Day?
    let lines: [Line]
    let taxes: [Tax]
    let currency: Words
    let net: Amount
    let tax: Amount
    let total: Amount
    let paidBefore: Amount
    let carriedIn: Amount?
    let fromBalance: Amount?
    let carriedOut: Amount?
    let due: Amount
    let paid: Amount?
    let open: Amount
    let method: Words?
    let dueOn: Day?
    let paidWith: Words?
    let reason: Words?
    /// The invoice that a credit note takes back a part of.
    let corrects: Words?
    /// What credit notes took back of it.
    let credited: Amount?

    /// Reads the document, or says which member of it is wrong.
    static func read(_ document: Data) throws(Refusal) -> Self {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(Self.self, from: document)
        } catch let error as DecodingError {
            throw Refusal("standard input is not an invoice: \(Self.words(error))")
        } catch {
            throw Refusal("standard input is not an invoice")
        }
    }

    private static func words(_ error: DecodingError) -> String {
        func name(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "it" : path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(name(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): "\(name(context.codingPath)) is null"
        case .typeMismatch(_, let context): "\(name(context.codingPath)) has another type"
        case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is not JSON"
        case .dataCorrupted(let context): "\(name(context.codingPath)) is not what it has to be"
        @unknown default: "it can't be read"
        }
    }
}

/// Who sells, or who buys.
struct Party: Decodable {
    let name: Words
    let address: [Words]
    let country: Words?
    let region: Words?
    let taxId: Words?
    let vatId: Words?
    let taxIds: [TaxNumber]?
    let paymentTerms: Words?
    let bank: [Words]?
    let email: Words?
}

/// A number of a tax office.
struct TaxNumber: Decodable {
    let type: Words
    let value: Words

    /// `US EIN 12-3456789`
    var text: String { type.text.uppercased().split(separator: "_").joined(separator: " ") + " " + value.text }
}

extension Invoice {
    var title: String {
        switch kind {
        case .invoice: "Invoice"
        case .creditNote: "Credit note"
        }
    }

    var titleWithNumber: String { "\(title) \(number.text)" }

    /// The days that it bills, the last one included.
    var period: String? {
        periodStart.map { start in periodEnd.map { "\(start.text) to \($0.before.text)" } ?? "from \(start.text)" }
    }

    /// Where it stands, in words.
    var statement: String {
        switch (kind, state) {
        case (.creditNote, _): "\(currency.text) \(total.grouped) credited"
        case (.invoice, .open): "\(currency.text) \(self.open.grouped) due"
        case (.invoice, .paid), (.invoice, .issued):
            "Paid" + (paidAt.map { " on \($0.text)" } ?? "")
                + ((paidWith ?? method).map { " with \($0.text)" } ?? "")
        }
    }
}

extension Invoice.Line {
    /// When and how it was paid, where that was before the invoice was made.
    var paidBefore: String? {
        guard paidOn != nil || payment != nil else { return nil }
        return "paid" + (paidOn.map { " \($0.text)" } ?? "") + (paidWith.map { " with \($0.text)" } ?? "")
            + (payment.map { " (payment \($0))" } ?? "")
    }
}
