import Metering

/// A hold, as it is shown.
public struct HoldView: Codable, Sendable, Hashable {
    /// The ledger's number.
    public let hold: Int64
    /// Its id.
    public let id: String
    /// Whose credits.
    public let org: String
    /// The member who asked.
    public let user: String?
    /// The model.
    public let model: String?
    /// What it reserves or reserved, in US dollars.
    public let amount: String
    /// `open`, `settled`, `released` or `expired`.
    public let state: String
    /// When it was granted.
    public let created: String
    /// When it frees itself.
    public let expires: String
    /// When it was closed.
    public let closed: String?
    /// The sequence number of the record that settled it.
    public let settledBy: Int64?
    /// The worst case, in US dollars, if a cap made it reserve less than that.
    public let worst: String?
    /// The id of the usage record that charged what it had reserved, if it expired unsettled and the org's policy says so.
    public let estimate: String?
}

/// A member, as they are shown.
public struct MemberView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// The name that usage records have.
    public let user: String
    /// Since when.
    public let added: String
    /// Until when.
    public let removed: String?
    /// What they may spend on a UTC day, in US dollars.
    public let dailyLimit: String?
    /// What they may spend in a calendar month (UTC), in US dollars.
    public let monthlyLimit: String?
    /// What they spent on the present day.
    public let spentToday: String
    /// What they spent in the present month.
    public let spentThisMonth: String
    /// What their open holds reserve.
    public let held: String
    /// The member's number; nil in answers that were kept before members had one.
    public var member: Int64?
    /// `owner`, `admin` or `member`; nil likewise.
    public var role: String?
}

/// An org's monthly budget, as it is shown.
public struct BudgetView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// What may be spent in a calendar month (UTC), in US dollars; nil for no limit.
    public let monthlyBudget: String?
    /// What was spent in the present month.
    public let spentThisMonth: String
    /// What open holds reserve.
    public let held: String
}

/// The balances at which an org's operators are told, as they are shown.
public struct AlertsView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// In US dollars, largest first.
    public let thresholds: [String]
}

/// Something that others may want to know, in the order of commits.
public struct LedgerEvent: Codable, Sendable, Hashable {
    /// Its number: the cursor to go on from.
    public let number: Int64
    /// When.
    public let at: String
    /// What happened; see ``Kind``.
    public let kind: String
    /// Which org.
    public let org: String
    /// What belongs to its kind; money in US dollars.
    public let data: [String: String]

    /// The kinds there are.
    public enum Kind: String, Sendable, CaseIterable {
        /// The balance fell below a threshold.
        case balanceLow = "balance_low"
        /// What was unspent of a grant expired.
        case creditsExpired = "credits_expired"
        /// A hold expired unsettled: usage got lost, or the proxy neither settled nor released it.
        case holdExpired = "hold_expired"
        /// Usage of a model came that the org's policy doesn't allow.
        case forbiddenModelUsed = "forbidden_model_used"
        /// Somebody was invited to an org, or their invitation was sent again.
        case memberInvited = "member_invited"
        /// Somebody became a member.
        case memberJoined = "member_joined"
        /// A member has another role.
        case memberRoleChanged = "member_role_changed"
        /// A member was removed.
        case memberRemoved = "member_removed"
        /// A member ordered something in the dashboard: credits or seats.
        case orderedByMember = "ordered_by_member"
        /// What was unspent of a grant was taken back.
        case creditsVoided = "credits_voided"
        /// A subscription began.
        case subscriptionStarted = "subscription_started"
        /// A subscription was cancelled: it ends with its period.
        case subscriptionCanceled = "subscription_canceled"
        /// A subscription that was cancelled goes on.
        case subscriptionResumed = "subscription_resumed"
        /// A subscription that was cancelled ended, and its org is closed.
        case subscriptionEnded = "subscription_ended"
        /// An org has other seats, now or from the next period on.
        case seatsChanged = "seats_changed"
        /// A payment succeeded.
        case paymentSucceeded = "payment_succeeded"
        /// A payment was declined.
        case paymentDeclined = "payment_declined"
        /// A gateway could not ask for a payment: an operator has to do something.
        case paymentProblem = "payment_problem"
        /// Money is to go back for a payment; where no gateway collects, an operator transfers it.
        case refundDue = "refund_due"
        /// A gateway could not give money back: an operator has to do something.
        case refundFailed = "refund_failed"
        /// Money of a payment went back.
        case paymentRefunded = "payment_refunded"
        /// Money of a payment went back without a refund.
        case paymentReturned = "payment_returned"
        /// Money of a payment that had gone back came again.
        case paymentReinstated = "payment_reinstated"
        /// A bank began a chargeback, or asks about a payment.
        case chargebackOpened = "chargeback_opened"
        /// A chargeback is decided.
        case chargebackClosed = "chargeback_closed"
        /// An invoice was issued.
        case invoiceIssued = "invoice_issued"
        /// An invoice was paid.
        case invoicePaid = "invoice_paid"
        /// A credit note was issued.
        case creditNoteIssued = "credit_note_issued"
        /// An invoice's buyer doesn't agree with it.
        case invoiceDisputed = "invoice_disputed"
        /// A dispute ended with nothing taken back.
        case disputeEnded = "dispute_ended"
        /// A period's invoice was declined: the grace began.
        case graceStarted = "grace_started"
        /// An org's requests are refused from now on.
        case orgSuspended = "org_suspended"
        /// What an org owed is paid: everything is as before.
        case orgRestored = "org_restored"
        /// Usage detail and members are about to be erased.
        case erasureAnnounced = "erasure_announced"
        /// Usage detail and members were erased.
        case orgErased = "org_erased"
        /// A saved payment method is about to expire.
        case paymentMethodExpiring = "payment_method_expiring"
        /// A usage object has a number under a name that was never seen with that provider.
        case unreadMember = "unread_member"
        /// Usage lines of the past hour were refused for good and are kept until somebody decides.
        case usageQuarantined = "usage_quarantined"
        /// In the past hour ids came again with other content.
        case idConflicts = "id_conflicts"
    }
}

/// A change of what a record costs, as it is shown.
public struct CorrectionView: Codable, Sendable, Hashable {
    /// The ledger's number.
    public let correction: Int64
    /// Whose record.
    public let org: String
    /// The record's id.
    public let id: String
    /// `late_charge`, `corrected`, `voided` or `repriced`.
    public let kind: String
    /// When.
    public let at: String
    /// Why.
    public let reason: String?
    /// Who did it.
    public let actor: String?
    /// What the record cost before it, in US dollars.
    public let costBefore: String
    /// What it costs from then on.
    public let cost: String
    /// The usage object that was given, verbatim.
    public let usage: String?
    /// The SHA-256 of the rate card it was priced with.
    public let rateCard: String?
    /// The parts of its price.
    public let lines: [LineView]
    /// The transfer that moved the difference; nil where there was none.
    public let transfer: Int64?
}

/// A step of repricing, as it is shown.
public struct RepricedView: Codable, Sendable, Hashable {
    /// Records that were looked at.
    public var examined: Int
    /// Of those, records whose detail was erased, so that they can't be read anew; nil if that wasn't asked for.
    public var erased: Int?
    /// Records whose cost changed, or would.
    public var changed: Int
    /// What was charged more, or would be, in US dollars.
    public var charged: String
    /// What was given back, or would be, in US dollars.
    public var givenBack: String
    /// The first of them.
    public var differences: [RepricingView]
    /// Where the next step begins; nil at the end.
    public var nextCursor: String?

    /// Differences that are shown.
    public static let differencesMax = 20

    /// A step that looked at some records and found those differences.
    public init(examined: Int, erased: Int? = nil, differences: [RepricingView], nextCursor: String?) {
        self.examined = examined
        self.erased = erased
        self.nextCursor = nextCursor
        changed = differences.count
        self.differences = Array(differences.prefix(Self.differencesMax))
        var (charged, givenBack) = (Int128(0), Int128(0))
        for difference in differences {
            let (cost, newCost) = (Money(decimal: difference.cost), Money(decimal: difference.newCost))
            let change = Int128(newCost?.nanos ?? 0) - Int128(cost?.nanos ?? 0)
            if change > 0 { charged += change } else { givenBack -= change }
        }
        self.charged = Money.decimal(nanos: charged)
        self.givenBack = Money.decimal(nanos: givenBack)
    }
}

/// A record whose card now says something else, as it is shown.
public struct RepricingView: Codable, Sendable, Hashable {
    /// Its place in the order of commits.
    public let sequence: Int64
    /// Whose.
    public let org: String
    /// Its id.
    public let id: String
    /// The model.
    public let model: String
    /// When the request ended.
    public let at: String
    /// What it costs, in US dollars.
    public let cost: String
    /// What it should.
    public let newCost: String
}

/// One record's life, as it is shown.
public struct ExplanationView: Codable, Sendable, Hashable {
    /// The record as it was reported and first charged.
    public var record: UsageView
    /// What was read from the usage object: units and how much of each.
    public let buckets: [BucketView]
    /// What the usage object reports beside counts that may carry a surcharge: `geo.us`, `speed.fast`.
    public let conditions: [String]
    /// Why the record has no price, in words; nil where it has one.
    public var reasonWithoutPrice: String?
    /// What the record's first lines come to before they are rounded, in US dollars.
    public let exactCost: String
    /// What became of it at present: `charged`, `unpriced`, `overdrawn` or `voided`.
    public let status: String
    /// What the record costs at present, corrections included, in US dollars.
    public let cost: String
    /// Every movement of money that it caused, oldest first, the hold's included.
    public var transfers: [TransferView]
    /// The hold that it named, where there is one.
    public let hold: HoldView?
    /// In which state the hold was then.
    public let holdState: String?
    /// What changed its cost since, oldest first.
    public let corrections: [CorrectionView]
    /// The grants it drew from in the end.
    public var grants: [GrantView]

    /// What a member sees of their own request: what it was and what it cost, and nothing of the org's money.
    public var ownPart: ExplanationView {
        var part = self
        part.record.balanceAfter = nil
        (part.transfers, part.grants) = ([], [])
        return part
    }
}

/// A unit and how much of it.
public struct BucketView: Codable, Sendable, Hashable {
    /// The unit.
    public let unit: String
    /// How much.
    public let quantity: Int64

    /// So much of a unit.
    public init(unit: String, quantity: Int64) {
        self.unit = unit
        self.quantity = quantity
    }
}
