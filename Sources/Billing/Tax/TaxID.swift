/// A number by which a buyer's tax office knows it, of any country: `us_ein`, `ch_uid`, `au_abn`. It is printed on invoices, and changes
/// no tax. VAT numbers of the EU's member states are ``VATIdentifier``s.
public struct TaxID: Sendable, Hashable, Codable {
    /// Country and kind, such as `us_ein`. The names are Stripe's: <https://docs.stripe.com/billing/customer/tax-ids>.
    public let type: String
    /// The number, as its buyer writes it.
    public let value: String

    /// A number; nil if the type is no country and kind, or the value doesn't have the form that numbers of a known type have.
    public init?(type: String, value: String) {
        let parts = type.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].utf8.count == 2, type.utf8.count <= 24,
            parts.allSatisfy({ part in
                !part.isEmpty && part.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
            }), (1...64).contains(value.utf8.count),
            value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { return nil }
        if let forms = Self.forms[type] {
            let plain = Array(value.uppercased().utf8.filter { !" .-/".utf8.contains($0) })
            guard forms.contains(where: { Self.fits(plain, $0) }) else { return nil }
        }
        (self.type, self.value) = (type, value)
    }

    /// `US EIN`, as invoices call it.
    public var name: String { type.uppercased().replacing("_", with: " ") }

    /// Whether there are numbers of the EU's member states behind a type: those are given as VAT numbers.
    public static func isOfEU(_ type: String) -> Bool { type == "eu_vat" }

    // # a digit, ? a digit or a letter; anything else is itself. Spaces, dots, dashes and slashes are left out.
    private static let forms: [String: [String]] = [
        "au_abn": ["###########"], "br_cnpj": ["##############"], "ca_bn": ["#########"],
        "ca_gst_hst": ["#########RT####"], "ch_uid": ["CHE#########"],
        "ch_vat": ["CHE#########MWST", "CHE#########TVA", "CHE#########IVA"],
        "gb_vat": ["GB#########", "GB############", "#########", "############"], "in_gst": ["???????????????"],
        "jp_cn": ["#############"], "kr_brn": ["##########"], "no_vat": ["#########MVA"],
        "nz_gst": ["########", "#########"], "sg_gst": ["M########?", "##########?", "??########?"],
        "us_ein": ["#########"], "za_vat": ["4#########"],
    ]

    private static func fits(_ text: [UInt8], _ form: String) -> Bool {
        text.count == form.utf8.count
            && zip(text, form.utf8).allSatisfy { byte, expected in
                let isDigit = (0x30...0x39).contains(byte)
                switch expected {
                case UInt8(ascii: "#"): return isDigit
                case UInt8(ascii: "?"): return isDigit || (0x41...0x5A).contains(byte)
                default: return byte == expected
                }
            }
    }
}
