import Metering

/// One thing asked of the ledger. The writer carries them out in the order in which it took them.
public enum Mutation: Sendable {
    /// Charge a usage record that the daemon read at that moment, from that peer; with what was worked out of its price
    /// already, and with the line that it was read from, which is kept if the record is refused for good.
    case usage(
        UsageRecord, received: Timestamp, peer: Peer? = nil, prepared: PreparedCharge? = nil, line: KeptLine? = nil)
    /// Keep a usage line that was refused for good before there was a record.
    case quarantine(RefusedLine)
    /// Take a quarantined line as a usage record.
    case retryQuarantined(QuarantineRetry, IdempotencyKey)
    /// Decide that a quarantined line is nothing to charge, and perhaps erase its text.
    case discardQuarantined(Int64, erase: Bool, actor: String, IdempotencyKey)
    /// Erase the text of some of an org's quarantined lines, so many at most.
    case eraseQuarantined(org: String, limit: Int)
    /// Give an org another name, or take one back.
    case nameOrg(alias: String, org: String?, actor: String, IdempotencyKey)
    /// Read an org's balance, behind everything that was taken before.
    case balance(org: String)
    /// Find the record of an id, behind everything that was taken before.
    case find(org: String, id: String)
    /// Reserve credits.
    case authorize(HoldRequest)
    /// Free what a hold reserves.
    case release(org: String, id: String)
    /// Found an org.
    case createOrg(NewOrg, IdempotencyKey)
    /// Close an org.
    case closeOrg(String, IdempotencyKey)
    /// Give an org credits.
    case grant(NewGrant, IdempotencyKey)
    /// Take back what is unspent of a grant.
    case voidGrant(org: String, grant: Int64, reason: String?, IdempotencyKey)
    /// What somebody asks through the control socket, if they may; what it changes is audited.
    indirect case asked(Asker, Mutation)
    /// Make somebody a member.
    case addMember(
        org: String, user: String, EarlierSpend, IdempotencyKey, profile: MemberProfile = MemberProfile())
    /// Change something of a member.
    case changeMember(org: String, member: Int64, MemberChange, IdempotencyKey)
    /// Invite somebody.
    case invite(NewInvitation, IdempotencyKey)
    /// Send an invitation again, or withdraw it.
    case changeInvitation(org: String, invitation: Int64, InvitationChange, IdempotencyKey)
    /// Become a member by an invitation.
    case accept(Acceptance, IdempotencyKey)
    /// Read what an invitation offers, by the hash of its secret.
    case showInvitation(secretHash: [UInt8])
    /// Forget people whose invitations expired long ago.
    case pruneInvitations
    /// Note what somebody did through the control socket that changes nothing in the ledger; see ``Asker/action``.
    case note
    /// Note that somebody signed in, and say where they are a member.
    case signIn(SignInIdentity, IdempotencyKey)
    /// Found an org and become its owner.
    case signUp(SignUp, IdempotencyKey)
    /// End a membership.
    case removeMember(org: String, user: String, IdempotencyKey)
    /// Limit what a member may spend; nil for no limit.
    case limitMember(org: String, user: String, daily: Money?, monthly: Money?, IdempotencyKey)
    /// Limit what an org may spend in a month; nil for no limit.
    case setBudget(org: String, Money?, IdempotencyKey)
    /// Change what an operator decided about an org's requests.
    case setPolicy(org: String, OrgPolicyChange, IdempotencyKey)
    /// The balances at which to tell.
    case setAlerts(org: String, [Money], IdempotencyKey)
    /// Correct what a record is charged.
    case correct(NewCorrection, IdempotencyKey)
    /// Charge records by the cards now in force for their time.
    case reprice(Repricing, IdempotencyKey)
    /// Erase what some of an org's records say beside their money, newest first: from a sequence number (nil for the
    /// newest), of those that are not newer than another, so many at most.
    case eraseDetail(org: String, from: Int64?, through: Int64, limit: Int)
    /// Put a rate document on record: a file's without a key, an import under one.
    case recordCard(NewCard, IdempotencyKey?)
    /// Give a model another name, or take one back.
    case nameModel(ModelAlias, actor: String, IdempotencyKey)
    /// Take a step of an org's bill.
    case bill(BillingChange, IdempotencyKey?)
    /// Say when time brings the next step of an org's bill, nil for never, where there was no change since that one and the balance
    /// has not fallen below what billing wants to look at since it was seen.
    case postponeBill(org: String, after: Int64, to: Timestamp?, balanceSeen: Money)
    /// Find what was answered under a key of an org's bill.
    case recall(org: String, IdempotencyKey)
    /// What is done with costs that senders report, from now on; part of the configuration, not of the ledger.
    case setCostPolicies(CostPolicies)
    /// Prove that the writer moves; changes nothing.
    case probe
}

/// What became of a mutation; its effect is durable.
public enum Outcome: Sendable {
    /// A usage record was taken, now or before.
    case usage(ChargeReply)
    /// An org's balance.
    case balance(BalanceReply)
    /// Where a record lies.
    case found(sequence: Int64)
    /// An org as it is after the mutation.
    case org(OrgView, isReplay: Bool)
    /// A hold, granted or closed.
    case hold(HoldReply)
    /// A grant that was made or taken back.
    case grant(GrantView, isReplay: Bool)
    /// A member as they are after the mutation.
    case member(MemberView, isReplay: Bool)
    /// A member of a team as they are after the mutation.
    case teamMember(TeamMemberView, isReplay: Bool)
    /// An invitation as it is after the mutation.
    case invitation(InvitationView, isReplay: Bool)
    /// Where somebody who signed in is a member.
    case signedIn(SignInView, isReplay: Bool)
    /// An org's budget after the mutation.
    case budget(BudgetView, isReplay: Bool)
    /// An org's policy after the mutation.
    case policy(OrgPolicyView, isReplay: Bool)
    /// An org's alerts after the mutation.
    case alerts(AlertsView, isReplay: Bool)
    /// A correction that was made.
    case correction(CorrectionView, isReplay: Bool)
    /// What a step of repricing changed.
    case repriced(RepricedView, isReplay: Bool)
    /// Detail was erased; where the next step begins, nil where all was looked at.
    case erased(next: Int64?)
    /// A card that is on record, and whether it is a new one.
    case card(RateCardView, isNew: Bool)
    /// An alias that is on record.
    case alias(ModelAliasView, isReplay: Bool)
    /// Another name of an org that is on record.
    case orgAlias(OrgAliasView, isReplay: Bool)
    /// What was decided about a quarantined line.
    case quarantined(QuarantineDecisionView, isReplay: Bool)
    /// What a step of an org's bill made.
    case billed(BillingApplied, isReplay: Bool)
    /// Another step of the org's bill came before: nothing was changed; work it out anew.
    case overtaken
    /// Nothing was answered under that key.
    case unheard
    /// The writer moves.
    case alive
    /// Nothing was changed.
    case refused(Refusal)
}

/// The first reply to a usage record.
public struct ChargeReply: Sendable, Hashable {
    /// What it came to.
    public let status: ChargeStatus
    /// What it cost; zero while unpriced.
    public let cost: Money
    /// What was left of the org's credits after it.
    public let balance: Money
    /// The balance less open holds, after it.
    public let available: Money
    /// In which state the hold was that it names; nil where it names none, or settled an open one.
    public let holdState: HoldState?
    /// By how much it cost more than the hold that it settled; nil where it didn't.
    public let overrun: Money?
    /// What was used and has no price yet; the rest was charged.
    public var unpricedUnits: [String] = []
    /// True where the record was taken before.
    public var isDuplicate: Bool
}

/// What is left of an org's credits.
public struct BalanceReply: Sendable, Hashable {
    /// The org.
    public let org: String
    /// Whether it takes part.
    public let state: OrgState
    /// Posted credits left.
    public let balance: Money
    /// The balance less open holds.
    public let available: Money
}

/// What makes a control-plane mutation happen once: a client's key for a route and an org, and what was asked under it.
public struct IdempotencyKey: Sendable, Hashable {
    /// The route's name: one key may serve several.
    public let route: String
    /// The client's key.
    public let key: String
    /// What was asked, in a form that is equal where the requests are.
    public let body: String

    /// A key for a route.
    public init(route: String, key: String, body: String) {
        self.route = route
        self.key = key
        self.body = body
    }
}

/// An org to found.
public struct NewOrg: Sendable, Hashable {
    /// Its name: 1 to 64 of `a-z 0-9 - _ .`
    public let name: String
    /// What people call it.
    public let displayName: String?
    /// ISO 3166-1 alpha-2, for tax.
    public let country: String?
    /// A region of the country, for tax.
    public let region: String?

    /// An org of that name.
    public init(name: String, displayName: String?, country: String?, region: String?) {
        self.name = name
        self.displayName = displayName
        self.country = country
        self.region = region
    }
}

/// Credits to give.
public struct NewGrant: Sendable, Hashable {
    /// Who gets them.
    public let org: String
    /// How much; more than zero.
    public let amount: Money
    /// Where they come from.
    public let source: GrantSource
    /// 0 to ``LedgerLimits/priorityMax``; the smallest is drawn from first.
    public let priority: Int
    /// When what is unspent expires; nil for never.
    public let expires: Timestamp?
    /// Why, in words.
    public let reason: String?

    /// Credits for an org.
    public init(
        org: String, amount: Money, source: GrantSource = .purchase, priority: Int = LedgerLimits.priorityDefault,
        expires: Timestamp? = nil, reason: String?
    ) {
        self.org = org
        self.amount = amount
        self.source = source
        self.priority = priority
        self.expires = expires
        self.reason = reason
    }
}

/// What somebody spent in the present day and month before they became a member, up to a record.
public struct EarlierSpend: Sendable, Hashable {
    /// On the day of ``moment``.
    public let day: Money
    /// In the month of ``moment``.
    public let month: Money
    /// The sequence number of the last record that was looked at.
    public let throughSequence: Int64
    /// Whose day and month.
    public let moment: Timestamp

    /// What was spent up to a record.
    public init(day: Money, month: Money, throughSequence: Int64, moment: Timestamp) {
        self.day = day
        self.month = month
        self.throughSequence = throughSequence
        self.moment = moment
    }
}

/// A correction to make.
public struct NewCorrection: Sendable {
    /// Whose record.
    public let org: String
    /// The record's id.
    public let id: String
    /// Why, in words.
    public let reason: String
    /// Who does it.
    public let actor: String
    /// The usage in place of what was reported, verbatim JSON; nil where the record is not to be paid for.
    public let usage: String?

    /// A correction of a record.
    public init(org: String, id: String, reason: String, actor: String, usage: String?) {
        self.org = org
        self.id = id
        self.reason = reason
        self.actor = actor
        self.usage = usage
    }
}

/// A step of repricing: records to look at.
public struct Repricing: Sendable {
    /// Their sequence numbers; some hundred at most.
    public let records: [Int64]
    /// Whether they are read anew by the present reader, and priced by the card that charged them.
    public let isReread: Bool
    /// How many were looked at to find these, for the answer.
    public let examined: Int
    /// How many of those had lost their detail, so that they can't be read anew; for the answer.
    public let erased: Int
    /// Where the next step begins, for the answer.
    public let nextCursor: String?
    /// Why, in words.
    public let reason: String?
    /// Who does it.
    public let actor: String

    /// A step over those records.
    public init(
        records: [Int64], isReread: Bool = false, examined: Int = 0, erased: Int = 0, nextCursor: String? = nil,
        reason: String?, actor: String
    ) {
        self.records = records
        self.isReread = isReread
        self.erased = erased
        self.examined = examined
        self.nextCursor = nextCursor
        self.reason = reason
        self.actor = actor
    }
}

/// A rate document to put on record.
public struct NewCard: Sendable {
    /// The document's text.
    public let document: String
    /// The document, read: better with the rates of the card in force, see ``RateCard/sharing(_:)``.
    public var card: RateCard
    /// Where it came from, for people: the path of a file that is looked at again and again, or what was imported.
    public let source: String
    /// From when its rates hold; nil for what the document says, or else from now on.
    public let effective: Timestamp?

    /// A document and what was read from it.
    public init(document: String, card: RateCard, source: String, effective: Timestamp? = nil) {
        self.document = document
        self.card = card
        self.source = source
        self.effective = effective ?? card.effective
    }
}
