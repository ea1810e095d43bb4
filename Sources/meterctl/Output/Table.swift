import Foundation

/// Rows under headings, for people.
struct Table {
    enum Alignment {
        case left
        case right
    }

    let columns: [(heading: String, alignment: Alignment)]
    var rows: [[String]] = []

    init(_ columns: (String, Alignment)...) {
        self.columns = columns.map { (heading: $0.0, alignment: $0.1) }
    }

    init(columns: [(String, Alignment)]) {
        self.columns = columns.map { (heading: $0.0, alignment: $0.1) }
    }

    /// The table as text; widths are of characters as people count them.
    var text: String {
        let cells = [columns.map(\.heading)] + rows.map { $0.map { Terminal.printable($0, lines: false) } }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            let padded = columns.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return columns[column].alignment == .left ? row[column] + padding : padding + row[column]
            }
            return padded.joined(separator: "  ").trimmingCharacters(
                in: CharacterSet(charactersIn: " "), atEndOnly: true)
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingCharacters(in set: CharacterSet, atEndOnly: Bool) -> String {
        var scalars = unicodeScalars
        while let last = scalars.last, set.contains(last) { scalars.removeLast() }
        return String(scalars)
    }
}

/// Names and values, one a line, for people.
func definitions(_ pairs: [(String, String?)]) -> String {
    let shown = pairs.compactMap { name, value in value.map { (name, Terminal.printable($0, lines: false)) } }
    let width = shown.map(\.0.count).max() ?? 0
    return shown.map { name, value in name + String(repeating: " ", count: width - name.count + 2) + value }
        .joined(separator: "\n")
}

/// An amount as people read it: exact, at least two decimals, no further zeros.
func dollars(_ amount: String) -> String {
    guard let point = amount.firstIndex(of: ".") else { return amount + ".00" }
    var decimals = amount[amount.index(after: point)...]
    while decimals.count > 2, decimals.last == "0" { decimals.removeLast() }
    return amount[..<point] + "." + decimals
}
