/// A moment: whole seconds since 1970-01-01 00:00 UTC, without leap seconds. A NumericDate of RFC 7519, section 2.
///
/// The library never asks the system for the time. Callers pass it in.
public struct UnixTime: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// Seconds since 1970-01-01 00:00 UTC.
    public let seconds: Int64

    /// A moment.
    ///
    /// - Parameter seconds: seconds since 1970-01-01 00:00 UTC.
    public init(seconds: Int64) { self.seconds = seconds }

    /// Reads the number itself, so that the encoded form is a number, not an object.
    public init(from decoder: any Decoder) throws {
        seconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Writes the number itself.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(seconds)
    }

    /// The seconds in digits.
    public var description: String { "\(seconds)" }

    /// Earlier comes first.
    public static func < (left: UnixTime, right: UnixTime) -> Bool { left.seconds < right.seconds }

    /// Moved by some seconds. A result out of range becomes the last or the first moment: a provider's number must
    /// never stop the program.
    func moved(by change: Int64) -> UnixTime {
        let (sum, isOver) = seconds.addingReportingOverflow(change)
        return UnixTime(seconds: isOver ? (change > 0 ? .max : .min) : sum)
    }
}
