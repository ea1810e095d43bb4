/// Names and values of a form or of a query. See the URL standard, section 5.1, "application/x-www-form-urlencoded parsing".
struct FormFields: Sendable {
    private var fields: [(name: String, value: String)] = []

    /// Fields that a form may have.
    static let countMax = 200

    init() {}

    /// Reads them; nil if there are too many, or if they aren't UTF-8, or hold a NUL.
    init?(encoded bytes: some Collection<UInt8>) {
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = halves.first.flatMap({ Self.decode($0) }),
                let value = Self.decode(halves.count > 1 ? Array(halves[1]) : []), fields.count < Self.countMax
            else { return nil }
            fields.append((name, value))
        }
    }

    /// The only value of that name; nil if there is none. Of several the first counts.
    subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All of them, in order.
    var all: [(String, String?)] { fields.map { ($0.name, $0.value) } }

    /// The value without blanks around it; nil if nothing is left.
    func text(_ name: String) -> String? {
        guard let text = self[name] else { return nil }
        let kept = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        return kept.isEmpty ? nil : String(kept)
    }

    /// Whether a box was checked.
    func isChecked(_ name: String) -> Bool { self[name] != nil }

    private static func decode(_ bytes: some Collection<UInt8>) -> String? {
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
            default: nil
            }
        }
        var decoded: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        return decoded.contains(0) ? nil : String(validating: decoded, as: UTF8.self)
    }

    /// A part of a path, percent-decoded; nil if it isn't well encoded.
    static func pathSegment(_ text: some StringProtocol) -> String? {
        // A plus sign is itself in a path.
        decode(Array(text.utf8.flatMap { $0 == UInt8(ascii: "+") ? Array("%2B".utf8) : [$0] }))
    }
}
