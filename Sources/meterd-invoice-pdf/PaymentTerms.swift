/// How an open invoice is to be paid: the seller's terms and account.
struct PaymentTerms {
    let invoice: Invoice
    let typesetter: Typesetter

    /// The blocks below the sums; none if nothing is to be paid, or the seller says nothing.
    var blocks: [Block] {
        let seller = invoice.seller
        let bank = seller.bank?.map(\.text) ?? []
        guard invoice.kind == .invoice, invoice.state == .open, seller.paymentTerms != nil || !bank.isEmpty else {
            return []
        }
        var lines = [seller.paymentTerms?.text].compactMap { $0 }
        if !bank.isEmpty { lines += [bank.joined(separator: "  ·  "), "Reference \(invoice.number.text)"] }
        let style = TextStyle.body.with { $0.linesMax = 4 }
        return [
            .space(24), .text(typesetter.set("Payment", .label), x: Sheet.left), .space(4),
            .stack(
                lines.flatMap { line in
                    [.text(typesetter.set(line, style, width: Sheet.contentWidth), x: Sheet.left), .space(2)]
                }),
        ]
    }
}
