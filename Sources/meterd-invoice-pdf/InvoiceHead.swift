/// What stands above the lines: who, to whom, what, when, and whether it is paid.
struct InvoiceHead {
    let invoice: Invoice
    let typesetter: Typesetter

    /// Lines of an address that have a paragraph each; further ones go on in the last.
    private static let addressLinesMax = 10

    var blocks: [Block] {
        let title = stack(
            [(invoice.title, .title), (invoice.number.text, .number)], x: Sheet.left, width: Sheet.wide)
        let seller = party(invoice.seller, "From", x: Sheet.narrowLeft, width: Sheet.narrow)
        let buyer = party(
            invoice.buyer, invoice.kind == .invoice ? "Billed to" : "Credited to", x: Sheet.left, width: Sheet.wide)
        return [.row([title, seller]), .space(28), .row([buyer, details]), .space(30), statement]
    }

    /// Whether it is paid, and why there is a credit note.
    private var statement: Block {
        let style = TextStyle.title.with { ($0.size, $0.isBold, $0.linesMax) = (14, true, 3) }
        var blocks: [Block] = [
            .text(typesetter.set(invoice.statement, style, width: Sheet.contentWidth), x: Sheet.left)
        ]
        if let reason = invoice.reason {
            let style = TextStyle.body.with { $0.linesMax = 8 }
            let words = typesetter.set("Reason: \(reason.text)", style, width: Sheet.contentWidth)
            blocks += [.space(8), .text(words, x: Sheet.left)]
        }
        return .stack(blocks + [.space(22)])
    }

    private func party(_ party: Party, _ heading: String, x: Double, width: Double) -> Block {
        let head = party.address.prefix(Self.addressLinesMax - 1).map(\.text)
        let rest = party.address.dropFirst(head.count).map(\.text).joined(separator: ", ")
        let place = [party.region, party.country].compactMap { $0?.text }.joined(separator: ", ")
        let body =
            head + [
                rest, place, party.taxId.map { "Tax ID \($0.text)" } ?? "",
                party.vatId.map { "VAT number \($0.text)" } ?? "",
            ] + (party.taxIds ?? []).map(\.text) + [party.email?.text ?? ""]
        let texts = [(party.name.text, TextStyle.name)] + body.map { ($0, TextStyle.body) }
        return .stack([
            .text(typesetter.set(heading, .label, width: width), x: x), .space(4),
            stack(texts.filter { !$0.0.isEmpty }, x: x, width: width),
        ])
    }

    private var details: Block {
        let labelWidth = 52.0
        let grey = TextStyle.body.with { $0.colour = .grey }
        let pairs = [
            ("Issued", invoice.issued.text), ("Due", invoice.dueOn?.text), ("Period", invoice.period),
            ("Corrects", invoice.corrects?.text),
            ("Currency", invoice.currency.text),
        ]
        return .stack(
            [.text(typesetter.set("Details", .label), x: Sheet.narrowLeft), .space(4)]
                + pairs.flatMap { label, value -> [Block] in
                    guard let value else { return [] }
                    return [
                        .cells([
                            (typesetter.set(label, grey, width: labelWidth), Sheet.narrowLeft),
                            (
                                typesetter.set(value, .body, width: Sheet.narrow - labelWidth),
                                Sheet.narrowLeft + labelWidth
                            ),
                        ]), .space(1.5),
                    ]
                })
    }

    private func stack(_ texts: [(String, TextStyle)], x: Double, width: Double) -> Block {
        .stack(
            texts.flatMap { text, style in [.text(typesetter.set(text, style, width: width), x: x), .space(1.5)] })
    }
}
