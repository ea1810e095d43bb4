import Ledger

/// Which replies of a connection are written. Whatever is asked is done and durable all the same.
public enum ReplyMode: String, Sendable, CaseIterable {
    /// None: for senders that never read.
    case none
    /// Refusals only.
    case errors
    /// Every one.
    case all

    /// Whether an outcome is written.
    func writes(_ outcome: Outcome) -> Bool {
        switch self {
        case .none: false
        case .errors: if case .refused = outcome { true } else { false }
        case .all: true
        }
    }
}
