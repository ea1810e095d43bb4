import Ledger
import Metering

/// How an invoice came to what it says, line by line, as it is shown.
public struct InvoiceExplanation: Codable, Sendable, Hashable {
    /// The invoice.
    public let invoice: InvoiceView
    /// The transfers that its issue made.
    public let transfers: [TransferView]
    /// Its lines.
    public let lines: [LineExplanation]
    /// Steps of the org's bill up to its issue, the newest first.
    public let steps: [BillingStepView]
}

/// How one line of an invoice came to what it says.
public struct LineExplanation: Codable, Sendable, Hashable {
    /// The line, in words.
    public let text: String
    /// How its net was worked out.
    public let net: String
    /// How its tax was worked out.
    public let tax: String
    /// The payment that paid it before, with the gateway's name of it.
    public let payment: PaymentView?
    /// The transfers that payment made.
    public let transfers: [TransferView]
    /// The credits that it brought.
    public let grant: GrantView?
    /// Where they went, by model and rate card.
    public let spends: [GrantSpend]
    /// What else took from them or gave back.
    public let others: [TransferView]
    /// Whether older transfers were not looked at.
    public let isPartial: Bool

    init(
        _ line: InvoiceLine, payment: PaymentView? = nil, transfers: [TransferView] = [], spending: GrantSpending? = nil
    ) {
        let view = InvoiceLineView(line)
        text = view.text
        switch line.item {
        case .seats(let part) where part.isWhole:
            net = "\(line.quantity) × \(line.unitPrice.cents) = \(Self.amount(line))"
        case .seats(let part):
            net =
                "\(line.quantity) × \(line.unitPrice.cents) × \(part.days) ÷ \(part.of) days = \(Self.amount(line)), rounded once, half to even"
        case .credits: net = "\(line.net.cents), as bought"
        case .correction: net = "\(line.net.cents): of \(line.gross.cents) what is no tax, in the invoice's proportion"
        }
        tax =
            switch line.rule {
            case .rate(let rate) where rate.isInclusive:
                "\(line.gross.cents) × \(rate.percent) ÷ (100 + \(rate.percent)) = \(line.tax.cents): \(line.rule.words)"
            case .rate(let rate): "\(line.net.cents) × \(rate.percent) % = \(line.tax.cents): \(line.rule.words)"
            case .reverseCharge, .exempt, .noRate: line.rule.words
            }
        self.payment = payment
        self.transfers = transfers
        grant = spending?.grant
        spends = spending?.spends ?? []
        others = spending?.others ?? []
        isPartial = spending?.isPartial ?? false
    }

    /// What the plan's price came to: with tax where a rate is an inclusive one.
    private static func amount(_ line: InvoiceLine) -> String {
        if case .rate(let rate) = line.rule, rate.isInclusive { return "\(line.gross.cents), tax included" }
        return line.net.cents
    }
}
