/// A VAT identification number of a member state of the EU, right by its form. Whether it was given to anybody, only the state
/// can say.
///
/// The forms: <https://ec.europa.eu/taxation_customs/vies/#/faq>, "What is the format of the VAT number?".
public struct VATIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// With its prefix, in capitals, without spaces: `DE123456789`.
    public let description: String
    /// ISO 3166-1 alpha-2; Greece is GR, though its numbers begin with EL.
    public let country: String

    /// Member states of the EU, ISO 3166-1 alpha-2.
    public static let memberStates = Set(forms.keys.map(country(ofPrefix:)))

    /// The number in a text, spaces, dots and dashes left out; nil where it has no member state's form.
    public init?(_ text: String) {
        let plain = text.uppercased().filter { !" .-".contains($0) }
        guard plain.utf8.count <= 14, let forms = Self.forms[String(plain.prefix(2))] else { return nil }
        let number = Array(plain.utf8.dropFirst(2))
        guard forms.contains(where: { Self.fits(number, $0) }) else { return nil }
        // Spain's begins or ends with a letter, or both.
        if plain.hasPrefix("ES"), Self.isDigit(number.first), Self.isDigit(number.last) { return nil }
        description = plain
        country = Self.country(ofPrefix: String(plain.prefix(2)))
    }

    // # a digit, @ a letter, ? either, * either or + or *; anything else is itself.
    private static let forms: [String: [String]] = [
        "AT": ["U########"], "BE": ["0#########", "1#########"], "BG": ["#########", "##########"],
        "CY": ["########@"], "CZ": ["########", "#########", "##########"], "DE": ["#########"], "DK": ["########"],
        "EE": ["#########"], "EL": ["#########"], "ES": ["?#######?"], "FI": ["########"], "FR": ["??#########"],
        "HR": ["###########"], "HU": ["########"], "IE": ["#*#####@", "#######@@"], "IT": ["###########"],
        "LT": ["#########", "############"], "LU": ["########"], "LV": ["###########"], "MT": ["########"],
        "NL": ["*********B**"], "PL": ["##########"], "PT": ["#########"],
        "RO": (2...10).map { String(repeating: "#", count: $0) }, "SE": ["############"], "SI": ["########"],
        "SK": ["##########"],
    ]

    private static func country(ofPrefix prefix: String) -> String { prefix == "EL" ? "GR" : prefix }

    private static func fits(_ number: [UInt8], _ form: String) -> Bool {
        number.count == form.utf8.count
            && zip(number, form.utf8).allSatisfy { byte, expected in
                switch expected {
                case UInt8(ascii: "#"): isDigit(byte)
                case UInt8(ascii: "@"): isLetter(byte)
                case UInt8(ascii: "?"): isDigit(byte) || isLetter(byte)
                case UInt8(ascii: "*"): isDigit(byte) || isLetter(byte) || byte == 0x2B || byte == 0x2A
                default: byte == expected
                }
            }
    }

    private static func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
}
