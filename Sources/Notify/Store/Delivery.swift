import Foundation
import Metering

/// Something that is to be handed to one recipient.
public struct Delivery: Sendable, Hashable {
    /// Unique, and the same however often it is sent: `EVENT-RECIPIENT`.
    public let id: String
    /// Whose turn it waits for: all of one recipient's are delivered in the order in which they happened.
    public let recipient: String
    /// The event's number; 0 for what no event began.
    public let event: Int64
    /// The event's kind.
    public let kind: String
    /// The org; empty for what is of none.
    public let org: String
    /// When it was made.
    public let created: Timestamp
    /// What it holds, as JSON; nil once that is erased.
    let body: Data?
    /// How it stands.
    public let state: State
    /// How often it was tried.
    public let attempts: Int64
    /// What went wrong last; nil if nothing did.
    public let words: String?

    /// How a delivery stands.
    public enum State: Int64, Sendable, CaseIterable {
        /// It is tried until it is delivered or given up.
        case waiting = 1
        /// The other side has taken it.
        case delivered = 2
        /// It was given up. An operator can have it tried again.
        case dead = 3

        /// As commands name it.
        public var name: String {
            switch self {
            case .waiting: "waiting"
            case .delivered: "delivered"
            case .dead: "dead"
            }
        }
    }
}

/// A delivery that is made of an event.
struct NewDelivery: Sendable {
    let id: String
    let recipient: String
    let event: Int64
    let kind: String
    let org: String
    let body: Data
}

/// How long is waited between attempts.
enum Backoff {
    /// Seconds after that many attempts: 30, 60, 120, … up to an hour.
    static func seconds(after attempts: Int64) -> Int64 { min(3600, 30 << min(max(attempts, 1) - 1, 7)) }

    /// Seconds for which something is tried: RFC 5321, section 4.5.4.1, wants four to five days for mail.
    static let mailSeconds: Int64 = 5 * 86_400
    /// Seconds for which delivered ones are shown.
    static let shownSeconds: Int64 = 7 * 86_400
    /// Seconds for which dead ones are kept.
    static let deadSeconds: Int64 = 46 * 86_400
}
