/// Something that is drawn whole: it is never cut by a page's end.
struct Block {
    let height: Double
    /// Whether it is only the distance between others, which a page doesn't begin with.
    var isSpace = false
    /// Draws it with its upper edge at a height.
    let draw: (Canvas, _ y: Double) -> Void

    /// Empty space.
    static func space(_ height: Double) -> Block {
        Block(height: height, isSpace: true) { _, _ in }
    }

    /// Blocks below each other, which stay together.
    static func stack(_ blocks: [Block]) -> Block {
        Block(height: blocks.reduce(0) { $0 + $1.height }) { canvas, y in
            var y = y
            for block in blocks {
                block.draw(canvas, y)
                y += block.height
            }
        }
    }

    /// Blocks beside each other, which begin at one height.
    static func row(_ blocks: [Block]) -> Block {
        Block(height: blocks.map(\.height).max() ?? 0) { canvas, y in
            for block in blocks { block.draw(canvas, y) }
        }
    }

    /// A paragraph at a place of the page's width.
    static func text(_ paragraph: Paragraph, x: Double) -> Block {
        Block(height: paragraph.height) { canvas, y in paragraph.draw(on: canvas, x: x, y: y) }
    }

    /// Paragraphs beside each other, whose first lines stand on one line whatever fonts they have.
    static func cells(_ cells: [(paragraph: Paragraph, x: Double)]) -> Block {
        let baseline = cells.map(\.paragraph.baseline).max() ?? 0
        let height = cells.map { baseline - $0.paragraph.baseline + $0.paragraph.height }.max() ?? 0
        return Block(height: height) { canvas, y in
            for cell in cells {
                cell.paragraph.draw(on: canvas, x: cell.x, y: y + baseline - cell.paragraph.baseline)
            }
        }
    }

    /// A line over a width.
    static func rule(x: Double, width: Double, thickness: Double, _ colour: Colour) -> Block {
        Block(height: 0) { canvas, y in canvas.rule(from: x, width: width, at: y, thickness: thickness, colour) }
    }
}
