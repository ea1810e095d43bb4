// Amounts, days and moments as they stand in JSON: text, never a number.

extension Money: Codable {
    /// Reads a decimal text.
    public init(from decoder: any Decoder) throws {
        self = try decoder.value("a decimal of US dollars with at most nine decimals") { Money(decimal: $0) }
    }

    /// Writes the amount with nine decimals.
    public func encode(to encoder: any Encoder) throws {
        try encoder.write(description)
    }
}

extension CalendarDay: Codable {
    /// Reads a day such as `2026-11-25`.
    public init(from decoder: any Decoder) throws {
        self = try decoder.value("a day such as 2026-11-25") { CalendarDay($0) }
    }

    /// Writes a day such as `2026-11-25`.
    public func encode(to encoder: any Encoder) throws {
        try encoder.write(description)
    }
}

extension Timestamp: Codable {
    /// Reads an RFC 3339 time.
    public init(from decoder: any Decoder) throws {
        self = try decoder.value("an RFC 3339 time") { Timestamp(rfc3339: $0) }
    }

    /// Writes an RFC 3339 time in UTC.
    public func encode(to encoder: any Encoder) throws {
        try encoder.write(description)
    }
}

extension Decoder {
    fileprivate func value<Value>(_ expected: String, _ read: (String) -> Value?) throws -> Value {
        let container = try singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = read(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not \(expected)")
        }
        return value
    }
}

extension Encoder {
    fileprivate func write(_ text: String) throws {
        var container = singleValueContainer()
        try container.encode(text)
    }
}
