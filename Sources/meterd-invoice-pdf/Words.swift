import FoundationEssentials

/// A text of somebody else's, made harmless as it is read: one paragraph, without characters that act on others.
struct Words: Decodable {
    /// What is printed.
    let text: String

    /// Characters that are printed of one text at most: more than any field has, little enough to be shaped at once.
    private static let charactersMax = 2_000
    /// Marks that may stand on one letter: what scripts put there, not what climbs over the lines above.
    private static let marksMax = 4

    init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    init(_ raw: String) {
        var scalars: [Unicode.Scalar] = []
        var marks = 0
        for scalar in raw.unicodeScalars {
            guard scalars.count < Self.charactersMax else {
                scalars.append("…")
                break
            }
            switch scalar.properties.generalCategory {
            // A line's end and any other control character is a gap between words.
            case .control, .lineSeparator, .paragraphSeparator: scalars.append(" ")
            case .format where Self.turns(scalar): continue
            case .nonspacingMark, .enclosingMark:
                marks += 1
                if marks <= Self.marksMax { scalars.append(scalar) }
                continue
            default: scalars.append(scalar)
            }
            marks = 0
        }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        text = String(String.UnicodeScalarView(scalars.drop { $0.properties.isWhitespace }))
    }

    /// Whether it would turn the direction of what follows, so that an amount reads as another. Joiners stay: scripts need them.
    private static func turns(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF9...0xFFFB: true
        default: false
        }
    }
}
