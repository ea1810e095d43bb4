/// What it all comes to: tax by rule on the left, sums on the right.
struct Totals {
    private let invoice: Invoice
    private let typesetter: Typesetter
    private let columns: NumberColumns

    init(_ invoice: Invoice, _ typesetter: Typesetter) {
        (self.invoice, self.typesetter) = (invoice, typesetter)
        columns = NumberColumns(
            [("Net", invoice.taxes.map(\.net.grouped)), ("Tax", invoice.taxes.map(\.tax.grouped))],
            from: Sheet.left, width: Sheet.wide, textWidthMin: 110, size: 8, typesetter: typesetter)
    }

    /// The blocks in their order: one, if a page has room for it.
    var blocks: [Block] {
        let together = Block.row([.stack([taxHeading] + taxes), sums])
        return together.height <= Sheet.bodyHeight / 2 ? [together] : [taxHeading] + taxes + [.space(24), sums]
    }

    private var taxHeading: Block {
        guard !invoice.taxes.isEmpty else { return .space(0) }
        let cells =
            [(typesetter.set("Tax by rule", .label, width: columns.textWidth), Sheet.left)]
            + columns.cells(["Net", "Tax"], .label, typesetter)
        return .stack([
            .cells(cells), .space(4), .rule(x: Sheet.left, width: Sheet.wide, thickness: 0.5, .hairline), .space(4),
        ])
    }

    private var taxes: [Block] {
        invoice.taxes.map { tax in
            let words = TextStyle.small.with { $0.colour = .ink }
            let numbers = words.with { ($0.size, $0.linesMax) = (columns.size, 1) }
            return .stack([
                .cells(
                    [(typesetter.set(tax.rule.text, words, width: columns.textWidth), Sheet.left)]
                        + columns.cells([tax.net.grouped, tax.tax.grouped], numbers, typesetter)),
                .space(5),
            ])
        }
    }

    private var sums: Block {
        let plain = TextStyle.body
        let bold = plain.with { $0.isBold = true }
        let last = bold.with { ($0.size, $0.colour) = (11, .accent) }
        var rows = [
            row("Net", invoice.net.grouped, plain), row("Tax", invoice.tax.grouped, plain),
            rule(.hairline), row("Total", invoice.total.grouped, bold),
        ]
        if invoice.kind == .invoice { rows.append(row("Paid before", invoice.paidBefore.grouped, plain)) }
        if let carried = invoice.carriedIn {
            rows.append(row("Carried over from before", carried.grouped, plain))
        }
        if let balance = invoice.fromBalance { rows.append(row("Paid from the balance", balance.grouped, plain)) }
        if let carried = invoice.carriedOut { rows.append(row("Carried over to the next", carried.grouped, plain)) }
        if let credited = invoice.credited, !credited.isZero {
            rows.append(row("Credited by credit notes", credited.grouped, plain))
        }
        if let paid = invoice.paid {
            let day = invoice.state == .paid ? invoice.paidAt.map { " on \($0.text)" } : nil
            rows.append(row("Paid" + (day ?? ""), paid.grouped, plain))
        }
        let label = invoice.kind == .invoice ? "Due" : "Credited"
        let isSettled = invoice.kind == .invoice && invoice.state == .paid
        let isReduced = invoice.paid != nil || invoice.credited.map { !$0.isZero } == true
        let amount = isSettled || isReduced ? invoice.open : invoice.due
        rows += [rule(.accent), row(label, "\(invoice.currency.text) \(amount.grouped)", last)]
        return .stack(rows)
    }

    private func row(_ label: String, _ amount: String, _ style: TextStyle) -> Block {
        let labelStyle = style.isBold ? style : style.with { $0.colour = .grey }
        let amount = typesetter.set(amount, style.right, width: Sheet.narrow)
        let label = typesetter.set(label, labelStyle, width: Sheet.narrow - 50)
        return .stack([.cells([(label, Sheet.narrowLeft), (amount, Sheet.narrowLeft)]), .space(4)])
    }

    private func rule(_ colour: Colour) -> Block {
        .stack([
            .space(2), .rule(x: Sheet.narrowLeft, width: Sheet.narrow, thickness: 0.7, colour), .space(6),
        ])
    }
}
