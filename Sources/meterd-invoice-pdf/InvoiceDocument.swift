/// The whole document, put on pages.
struct InvoiceDocument {
    private let invoice: Invoice
    private let typesetter: Typesetter
    private let flow: Flow

    init(_ invoice: Invoice, typesetter: Typesetter) {
        (self.invoice, self.typesetter) = (invoice, typesetter)
        let table = LineTable(invoice, typesetter)
        let heading = table.heading
        let totals = [Block.space(18)] + Totals(invoice, typesetter).blocks
        let totalsHead = totals.prefix(2).reduce(0) { $0 + $1.height }
        // The head of the table has a line below it, the totals one above them, and what is above the table the table.
        let firstLine = invoice.lines.first.map { heading.height + table.row($0).height } ?? totalsHead
        var flow = Flow()
        for block in InvoiceHead(invoice: invoice, typesetter: typesetter).blocks {
            flow.add(block, following: firstLine)
        }
        for (index, line) in invoice.lines.enumerated() {
            let row = table.row(line)
            let following = index == invoice.lines.count - 1 ? totalsHead : 0
            if index == 0 {
                flow.add(.stack([heading, row]), following: following)
            } else {
                flow.add(row, following: following, heading: heading)
            }
        }
        for block in totals { flow.add(block) }
        for block in PaymentTerms(invoice: invoice, typesetter: typesetter).blocks { flow.add(block) }
        self.flow = flow
    }

    /// Draws all pages.
    func draw(on canvas: Canvas) throws(Refusal) {
        for (index, page) in flow.pages.enumerated() {
            for (block, y) in page { block.draw(canvas, y) }
            drawFooter(on: canvas, page: index + 1)
            canvas.endPage()
        }
    }

    private func drawFooter(on canvas: Canvas, page: Int) {
        let count = typesetter.set("Page \(page) of \(flow.pages.count)", .footer)
        let room = Sheet.contentWidth - count.width - 20
        // The directions of a seller's name stay within it.
        let words = "\(invoice.number.text)  ·  \u{2068}\(invoice.seller.name.text)\u{2069}"
        let cells = [
            (typesetter.set(words, .footer, width: room), Sheet.left),
            (count, Sheet.left + Sheet.contentWidth - count.width),
        ]
        canvas.rule(
            from: Sheet.left, width: Sheet.contentWidth, at: Sheet.footer - 10, thickness: 0.5, .hairline)
        Block.cells(cells).draw(canvas, Sheet.footer)
    }
}
