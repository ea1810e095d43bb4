import Ledger
import Metering

/// What an org's members may ask of the control socket, through a program with the role `dashboard`.
///
/// One table for all endpoints. An endpoint that isn't in it is refused on a member's behalf, whoever they are. The router looks here
/// before a request is read; the writer looks again in the transaction that makes the change.
enum TeamRight: Sendable, Hashable {
    /// Members of these roles.
    case roles(Set<OrgRole>, needsRecentSignIn: Bool)
    /// No member is named: an invitation's secret, or an identity that somebody signed in with, says who it is.
    case proof

    /// Owners, who signed in of late: what spends money or decides who may.
    private static let ownerWithRecentSignIn = TeamRight.roles([.owner], needsRecentSignIn: true)
    private static let owner = TeamRight.roles([.owner], needsRecentSignIn: false)
    private static let managers = TeamRight.roles([.owner, .admin], needsRecentSignIn: false)
    private static let everyone = TeamRight.roles([.owner, .admin, .member], needsRecentSignIn: false)

    /// By the endpoint's name.
    static let table: [String: TeamRight] = [
        // Money and seats.
        "buyCredits": ownerWithRecentSignIn,
        "setTopUp": ownerWithRecentSignIn,
        "beginMethodEntry": ownerWithRecentSignIn,
        // Not by naming a method: it might be another org's.
        "finishMethodEntry": ownerWithRecentSignIn,
        "retryPayment": ownerWithRecentSignIn,
        "addSeats": ownerWithRecentSignIn,
        "removeSeats": ownerWithRecentSignIn,
        "keepSeats": ownerWithRecentSignIn,
        "cancelSubscription": ownerWithRecentSignIn,
        "resumeSubscription": ownerWithRecentSignIn,
        "setBillTo": ownerWithRecentSignIn,
        "requireIssuer": ownerWithRecentSignIn,
        "checkPayment": owner,
        "cancelPayment": owner,
        "noteInvoice": owner,
        // The bill.
        "showOrg": managers,
        "balance": managers,
        "listGrants": managers,
        "listHistory": managers,
        "forecastCredits": managers,
        "showSubscription": managers,
        "listSubscriptionChanges": managers,
        "listPayments": managers,
        "showPayment": managers,
        "listRefunds": managers,
        "showRefund": managers,
        "listInvoices": managers,
        "showInvoice": managers,
        "explainInvoice": managers,
        "drawInvoice": managers,
        "listTransfers": managers,
        "showTopUp": managers,
        "showPaymentMethod": managers,
        "showBillTo": managers,
        "stateUsage": managers,
        // The team.
        "inviteMember": managers,
        "listInvitations": managers,
        "resendInvitation": managers,
        "withdrawInvitation": managers,
        "setMemberRole": managers,
        "setMemberLimits": managers,
        "addMemberUser": managers,
        "removeTeamMember": managers,
        "eraseMember": owner,
        "listMembers": managers,
        "listTags": managers,
        "listHolds": managers,
        "showBudget": managers,
        "setBudget": managers,
        "showAlerts": managers,
        "setAlerts": managers,
        "showPolicy": managers,
        "changePolicy": managers,
        "listAudit": managers,
        // Everybody, of themselves.
        "listTeam": everyone,
        "showTeamMember": everyone,
        "showMe": everyone,
        "setMemberProfile": everyone,
        "addMemberIdentity": everyone,
        "removeMemberIdentity": everyone,
        "listUsage": everyone,
        "showUsage": everyone,
        "explainUsage": everyone,
        "summarizeUsage": everyone,
        "reportUsage": everyone,
        // Before there is a member.
        "showInvitation": .proof,
        "acceptInvitation": .proof,
        "signIn": .proof,
        "signUp": .proof,
        "showSignUps": .proof,
    ]

    /// The endpoints that a role may use, in order.
    static func actions(of role: OrgRole) -> [String] {
        table.compactMap { name, right in
            guard case .roles(let roles, _) = right, roles.contains(role) else { return nil }
            return name
        }.sorted()
    }
}

/// Whether people may found orgs for themselves.
public enum SignUpPolicy: String, CaseIterable, Sendable {
    /// Nobody becomes a member but by an operator.
    case off
    /// Invitations make members.
    case invited
    /// Whoever signs in may found an org and becomes its owner.
    case open
}

/// What was configured about people.
public struct PeopleSettings: Sendable, Hashable {
    /// Whether people may found orgs for themselves.
    public var signUp = SignUpPolicy.invited
    /// What members of an org may order in a UTC day, all together; nil for any amount.
    public var ordersPerDayMax: Money? = Money(nanos: 5_000_000_000_000)

    /// Whom members may ask for help: an address or a page.
    public var support: String?

    /// The defaults.
    public init() {}
}
