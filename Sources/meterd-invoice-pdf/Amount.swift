import FoundationEssentials

/// An amount of money as decimal text. It never becomes a number: what is printed are the digits that were read.
struct Amount: Decodable {
    private let sign: String
    private let whole: String
    private let fraction: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        // More digits than the ledger can hold, so that a column never outgrows the page.
        guard let match = text.wholeMatch(of: /(-?)([0-9]{1,12})(\.[0-9]{1,9})?/) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "this is not an amount")
        }
        (sign, whole, fraction) = (String(match.1), String(match.2), String(match.3 ?? ""))
    }

    /// `-1,234.56`
    var grouped: String { sign + whole.inGroupsOfThree + fraction }

    var isZero: Bool { (whole + fraction).allSatisfy { $0 == "0" || $0 == "." } }
}

extension Int64 {
    /// `-1,234`
    var grouped: String { (self < 0 ? "-" : "") + String(magnitude).inGroupsOfThree }
}

extension String {
    /// Digits with a comma before each three that end them.
    fileprivate var inGroupsOfThree: String {
        var digits = ""
        for (index, digit) in enumerated() {
            if index > 0, (count - index).isMultiple(of: 3) { digits += "," }
            digits.append(digit)
        }
        return digits
    }
}
