import Ledger
import Metering

/// What was odd about a usage line that was taken all the same. The reply lists the words of ``names``.
public struct LineWarnings: OptionSet, Sendable, Hashable {
    /// One bit for each warning.
    public let rawValue: UInt8

    /// Those warnings.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `user` was empty: the record is nobody's.
    public static let userEmpty = LineWarnings(rawValue: 1)
    /// A tag's value was a number, a boolean or null. Numbers and booleans are kept as their text, null is left out.
    public static let tagsNotText = LineWarnings(rawValue: 2)
    /// `at` had an offset from UTC.
    public static let atOffset = LineWarnings(rawValue: 4)
    /// `at` was seconds or milliseconds since 1970.
    public static let atEpoch = LineWarnings(rawValue: 8)

    /// `cost` was no decimal: it is left out.
    public static let costNotDecimal = LineWarnings(rawValue: 16)

    private static let words: [(LineWarnings, String)] = [
        (.userEmpty, "user_empty"), (.tagsNotText, "tags_not_text"), (.atOffset, "at_offset"), (.atEpoch, "at_epoch"),
        (.costNotDecimal, "cost_not_decimal"),
    ]

    /// The protocol's words, in a fixed order.
    public var names: [String] {
        Self.words.compactMap { contains($0.0) ? $0.1 : nil }
    }
}

/// A usage line's `at`, read as generously as can be done without doubt.
struct LineTime {
    let time: Timestamp
    let warnings: LineWarnings

    /// The forms that are read, for a message.
    static let expected = "an RFC 3339 time, such as 2026-11-24T09:58:24.123Z, or seconds or milliseconds since 1970"

    /// Reads RFC 3339 (an offset may lack its colon or its minutes), or a decimal number of seconds or milliseconds since 1970.
    init?(_ text: String) {
        if let time = Timestamp(rfc3339: text) {
            self.init(time, text.utf8.last.map { $0 | 0x20 } == UInt8(ascii: "z") ? [] : .atOffset)
        } else if let time = Timestamp(epoch: text) {
            self.init(time, .atEpoch)
        } else if let time = Self.withWholeOffset(text).flatMap({ Timestamp(rfc3339: $0) }) {
            self.init(time, .atOffset)
        } else {
            return nil
        }
    }

    private init(_ time: Timestamp, _ warnings: LineWarnings) {
        self.time = time
        self.warnings = warnings
    }

    /// `…+0200` and `…+02` as `…+02:00`; nil if the text ends in neither.
    private static func withWholeOffset(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        guard let sign = bytes.lastIndex(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }),
            // Behind the time of day, so that a date alone is none.
            sign >= 19
        else { return nil }
        let digits = bytes[(sign + 1)...]
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        let head = String(decoding: bytes[...sign], as: UTF8.self)
        let text = String(decoding: digits, as: UTF8.self)
        return switch digits.count {
        case 2: head + text + ":00"
        case 4: head + text.prefix(2) + ":" + text.suffix(2)
        default: nil
        }
    }
}

/// A usage line's tags with every value as text.
enum LineTags {
    /// The object with numbers and booleans as strings of the same text, and without what is null.
    ///
    /// - Parameter json: an object whose values are strings, numbers, booleans or null.
    static func text(_ json: UnsafeBufferPointer<UInt8>) -> String? {
        var cursor = JSONCursor(json)
        var pairs: [String] = []
        do throws(JSONError) {
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                let name = String(decoding: UnsafeBufferPointer(rebasing: json[key.range]), as: UTF8.self)
                if try cursor.takeNull() { continue }
                let isText = cursor.peek() == UInt8(ascii: "\"")
                let range = try cursor.skipValue()
                let value = String(decoding: UnsafeBufferPointer(rebasing: json[range]), as: UTF8.self)
                pairs.append("\"\(name)\":" + (isText ? value : "\"\(value)\""))
            }
        } catch {
            return nil
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}
