/// The table of what was sold.
struct LineTable {
    private let invoice: Invoice
    private let typesetter: Typesetter
    private let columns: NumberColumns

    private static let headings = ["Quantity", "Unit price", "Net", "Tax", "Gross"]
    private static let textWidthMin = 120.0

    init(_ invoice: Invoice, _ typesetter: Typesetter) {
        (self.invoice, self.typesetter) = (invoice, typesetter)
        let numbers = invoice.lines.map(Self.numbers)
        columns = NumberColumns(
            Self.headings.enumerated().map { index, heading in (heading, numbers.map { $0[index] }) },
            from: Sheet.left, width: Sheet.contentWidth, textWidthMin: Self.textWidthMin, size: 9,
            typesetter: typesetter)
    }

    /// What the columns are, at the head of each page.
    var heading: Block {
        let cells =
            [(typesetter.set("Description", .label, width: columns.textWidth), Sheet.left)]
            + columns.cells(Self.headings, .label, typesetter)
        return .stack([
            .cells(cells), .space(5), .rule(x: Sheet.left, width: Sheet.contentWidth, thickness: 0.9, .accent),
        ])
    }

    /// A block for each line.
    ///
    /// Of a line only its height is kept: hundreds of thousands of paragraphs would be there at once otherwise.
    func row(_ line: Invoice.Line) -> Block {
        Block(height: setRow(line).height) { canvas, y in setRow(line).draw(canvas, y) }
    }

    private func setRow(_ line: Invoice.Line) -> Block {
        let style = TextStyle.body.with { ($0.size, $0.linesMax) = (columns.size, 1) }
        let words = typesetter.set(line.text.text, .body.with { $0.linesMax = 8 }, width: columns.textWidth)
        var notes = [line.paidBefore]
        // Where there is one rule for all, the summary says it.
        if invoice.taxes.count > 1 { notes.append(line.taxRule.text) }
        let small = notes.compactMap { note in
            note.map { Block.text(typesetter.set($0, .small, width: columns.textWidth), x: Sheet.left) }
        }
        return .stack(
            [
                .space(6),
                .cells([(words, Sheet.left)] + columns.cells(Self.numbers(line), style, typesetter)),
            ] + small.flatMap { [.space(1.5), $0] } + [
                .space(6), .rule(x: Sheet.left, width: Sheet.contentWidth, thickness: 0.5, .hairline),
            ])
    }

    private static func numbers(_ line: Invoice.Line) -> [String] {
        [
            line.quantity.grouped, line.unitPrice.grouped, line.net.grouped, line.tax.grouped, line.gross.grouped,
        ]
    }
}
