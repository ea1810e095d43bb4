import Metering

/// Where an org stands with its period invoices. The way from one to the next: `docs/billing.md`.
public enum Standing: Sendable, Hashable, Codable {
    /// Nothing is owed that was declined.
    case current
    /// A period invoice was declined a short time ago; everything works.
    case grace(Arrears)
    /// It was not paid in time: no request may go ahead; what comes is still charged and kept.
    case suspended(Arrears, Suspension)
    /// It was not paid for so long that detail and members were erased. Invoices, totals and credits stay.
    case erased(Arrears, at: Timestamp)

    /// What is owed.
    public var arrears: Arrears? {
        switch self {
        case .current: nil
        case .grace(let arrears), .suspended(let arrears, _), .erased(let arrears, _): arrears
        }
    }

    /// Whether requests may go ahead.
    public var isServed: Bool {
        switch self {
        case .current, .grace: true
        case .suspended, .erased: false
        }
    }

    /// The name in listings.
    public var name: String {
        switch self {
        case .current: "current"
        case .grace: "grace"
        case .suspended: "suspended"
        case .erased: "erased"
        }
    }
}

/// A period invoice that was declined: the one on which something is due. No other period is billed before it is paid.
public struct Arrears: Sendable, Hashable, Codable {
    /// When it was declined first: grace and retries count from it.
    public let declined: Timestamp
    /// Retries of the schedule that are behind it.
    public internal(set) var retries: Int
}

/// A suspension under way.
public struct Suspension: Sendable, Hashable, Codable {
    /// When it was due, which is when it began however late the daemon came to it.
    public let since: Timestamp
    /// When detail and members are erased; never sooner after an announcement than that says.
    public internal(set) var erases: Timestamp
    /// Announcements that were made.
    public internal(set) var announced: Int
}
