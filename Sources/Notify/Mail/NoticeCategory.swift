/// What a mail is about, as people choose which they want.
public enum NoticeCategory: String, CaseIterable, Sendable {
    /// A low balance, and credits that expire.
    case balance
    /// What somebody may spend is nearly spent.
    case limits
    /// Automatic top-ups.
    case topUps = "top_ups"
    /// Invoices and credit notes.
    case invoices
    /// Money that goes back, and chargebacks.
    case refunds
    /// A card that is about to expire.
    case card
    /// Payments that failed, grace, suspension, erasure, restoration.
    case account
    /// What was bought in the dashboard.
    case purchases
    /// Invitations, sign-in links, roles, removals.
    case access
    /// What an operator has to do something about.
    case operations

    /// Whether somebody may do without. What ends their service, spends their money or changes their rights they are told of.
    public var isOptional: Bool {
        switch self {
        case .balance, .limits, .topUps, .invoices, .refunds, .card: true
        case .account, .purchases, .access, .operations: false
        }
    }
}

/// Who is told.
enum Audience: Sendable, Hashable {
    case owners
    /// Owners and admins.
    case managers
    /// One member, whatever their role and state.
    case member(Int64)
    /// Those who run meterd.
    case operators
}
