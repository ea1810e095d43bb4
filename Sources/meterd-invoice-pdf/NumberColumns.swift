/// Columns of numbers on the right of a table, as wide as their widest number, and the size of type at which they fit.
struct NumberColumns {
    /// Between columns.
    static let gap = 14.0

    let size: Double
    private let rights: [Double]
    private let widths: [Double]
    /// What is left for the words before them.
    let textWidth: Double

    /// - Parameters:
    ///   - columns: a heading each, with the numbers below it.
    ///   - textWidthMin: what the words need: large numbers become smaller rather than take it.
    init(
        _ columns: [(heading: String, numbers: [String])], from left: Double, width: Double, textWidthMin: Double,
        size: Double, typesetter: Typesetter
    ) {
        func widths(_ size: Double) -> [Double] {
            columns.map { column in
                // Figures are equally wide, so that the longest number is the widest.
                let longest = column.numbers.max { $0.count < $1.count } ?? ""
                let number = typesetter.set(longest, TextStyle(size: size, isBold: true)).width
                return max(number, typesetter.set(column.heading, .label).width) + 1
            }
        }
        let wanted = widths(size)
        let room = width - textWidthMin - Self.gap * Double(columns.count)
        let sum = wanted.reduce(0, +)
        self.size = sum > room ? size * room / sum : size
        self.widths = sum > room ? widths(self.size) : wanted
        var right = left + width
        var rights: [Double] = []
        for width in self.widths.reversed() {
            rights.insert(right, at: 0)
            right -= width + Self.gap
        }
        self.rights = rights
        textWidth = right - left
    }

    /// A cell of each column.
    func cells(_ texts: [String], _ style: TextStyle, _ typesetter: Typesetter) -> [(paragraph: Paragraph, x: Double)] {
        zip(texts, zip(rights, widths)).map { text, column in
            let paragraph = typesetter.set(text, style.right, width: column.1)
            return (paragraph, column.0 - column.1)
        }
    }
}
