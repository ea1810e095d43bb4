import Billing
import HTML
import Ledger
import Metering
import Wording

/// What is told about an event, and to whom.
struct PlannedNotice: Sendable {
    let audience: Audience
    let notice: Notice
}

/// Says in words what an event means for the people of its org. The event's own sums and times stand in it; nothing is computed.
struct NoticeWriter: Sendable {
    /// The org, as people call it.
    let name: String
    /// The org's name in records and addresses.
    let org: String
    /// Where the dashboard is; nil if there is none, or nobody said where.
    let dashboard: DashboardAddress?

    /// What else is known of an event.
    struct Context: Sendable {
        /// The payment that it is about.
        var payment: PaymentView?
        /// Who did it, as people call them.
        var actor: String?
        /// The event of the payment that was declined, of a grace that it began.
        var decline: LedgerEvent?
        /// Whether another event of the same moment says more, and is told of.
        var isToldElsewhere = false
    }

    /// Nothing for events that concern nobody by mail.
    func notices(about event: LedgerEvent, _ context: Context) -> [PlannedNotice] {
        guard !context.isToldElsewhere, let kind = LedgerEvent.Kind(rawValue: event.kind) else { return [] }
        let data = event.data
        func one(_ audience: Audience, _ notice: Notice) -> [PlannedNotice] {
            [PlannedNotice(audience: audience, notice: notice)]
        }
        switch kind {
        case .balanceLow: return one(.managers, balanceLow(data))
        case .creditsExpired: return one(.managers, creditsExpired(data))
        case .memberRoleChanged:
            return data["member"].flatMap(Int64.init).map { one(.member($0), roleChanged(data)) } ?? []
        case .memberRemoved:
            return data["member"].flatMap(Int64.init).map { one(.member($0), removed()) } ?? []
        case .orderedByMember: return one(.owners, ordered(data, context))
        case .paymentSucceeded:
            return context.payment?.isTopUp == true ? one(.owners, toppedUp(data, context)) : []
        case .paymentDeclined:
            if context.payment?.isTopUp == true { return one(.owners, topUpDeclined(data)) }
            // Whoever buys something sees on the page that it was declined.
            let isOwed = context.payment.map { $0.purpose == "invoice" } ?? (data["invoice"] != nil)
            return isOwed ? one(.owners, paymentFailed(data)) : []
        case .graceStarted: return one(.owners, grace(data, context))
        case .orgSuspended: return one(.owners, suspended(data))
        case .erasureAnnounced: return one(.owners, erasure(data))
        case .orgRestored: return one(.owners, restored())
        case .subscriptionCanceled: return one(.owners, canceled(data))
        case .subscriptionEnded: return one(.owners, ended())
        case .invoiceIssued: return one(.owners, invoice(data))
        case .creditNoteIssued: return one(.owners, creditNote(data))
        case .paymentRefunded: return one(.owners, refunded(data))
        case .paymentMethodExpiring: return one(.owners, cardExpiring(data))
        case .chargebackOpened:
            return one(.owners, chargeback(data)) + one(.operators, forOperators(event))
        case .paymentProblem, .refundFailed, .chargebackClosed, .invoiceDisputed, .usageQuarantined, .unreadMember,
            .idConflicts:
            return one(.operators, forOperators(event))
        case .refundDue:
            // What a gateway gives back needs nobody.
            return context.payment?.gateway == "manual" ? one(.operators, forOperators(event)) : []
        // Invitations carry a link, which is made when they are sent; the rest is for programs, or shown by other notices.
        case .memberInvited, .memberJoined, .holdExpired, .forbiddenModelUsed, .creditsVoided, .subscriptionStarted,
            .subscriptionResumed, .seatsChanged, .paymentReturned, .paymentReinstated, .invoicePaid, .disputeEnded,
            .orgErased:
            return []
        }
    }

    // MARK: Pages of the dashboard

    private func link(_ words: String, _ path: String..., fragment: String? = nil) -> Notice.Action? {
        dashboard.map { Notice.Action(words: words, url: $0.page(["orgs", org] + path, fragment: fragment)) }
    }

    /// How an owner pays: with a card or by a transfer, as the operator has it.
    private let howToPay = "How to pay is on the page “Billing” of the dashboard."

    private func facts(_ facts: (String, String?)...) -> [Notice.Fact] {
        facts.compactMap { name, value in value.map { Notice.Fact(name: name, value: $0) } }
    }

    private func usd(_ decimal: String?) -> String? { decimal.map { Words.usd($0) } }

    private func time(_ text: String?) -> String? { text.map(Words.timeText) }

    // MARK: Credits

    private func balanceLow(_ data: [String: String]) -> Notice {
        let threshold = usd(data["threshold"]) ?? "your alert"
        return Notice(
            subject: "\(name): your credits are below \(threshold)",
            paragraphs: ["Requests are refused when the balance reaches zero. Buy credits before that happens."],
            facts: facts(("Balance", usd(data["balance"])), ("Alert at", usd(data["threshold"]))),
            action: link("Buy credits", "billing"))
    }

    private func creditsExpired(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): unspent credits expired",
            paragraphs: ["Credits that expire by their terms are no longer part of your balance."],
            facts: facts(("Expired", usd(data["amount"])), ("Grant", data["grant"])),
            action: link("Show the balance", "billing"))
    }

    private func toppedUp(_ data: [String: String], _ context: Context) -> Notice {
        Notice(
            subject: "\(name): your credits were topped up",
            paragraphs: ["Your balance fell below the threshold that you set, and credits were bought automatically."],
            facts: facts(
                ("Paid", usd(data["amount"])), ("Paid with", context.payment?.method), ("Payment", data["payment"])),
            action: link("Show the payment", "payments", data["payment"] ?? ""))
    }

    private func topUpDeclined(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): an automatic top-up was declined",
            paragraphs: [
                "No credits were bought. Requests are refused when the balance reaches zero.",
                "The reason: \(data["words"] ?? "none was given").",
            ], facts: facts(("Amount", usd(data["amount"])), ("Payment", data["payment"])),
            action: link("Buy credits or change the card", "billing"))
    }

    private func ordered(_ data: [String: String], _ context: Context) -> Notice {
        let who = context.actor ?? "A member"
        let what = context.payment.map { $0.purpose == "seats" ? "seats" : "credits" } ?? "something"
        return Notice(
            subject: "\(name): \(who) ordered \(what)",
            paragraphs: [
                "\(who) ordered \(what) on the dashboard.",
                "If you didn't expect this, check who is an owner on the page “Organization”, and tell us.",
            ],
            facts: facts(
                ("Amount", usd(data["amount"])), ("Payment", data["payment"]), ("Paid with", context.payment?.method)),
            action: link("Show the payment", "payments", data["payment"] ?? ""))
    }

    // MARK: What is owed

    private func paymentFailed(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): a payment failed",
            paragraphs: ["The reason: \(data["words"] ?? "none was given").", howToPay],
            facts: facts(("Amount", usd(data["amount"])), ("Invoice", data["invoice"]), ("Payment", data["payment"])),
            action: link("Pay now", "billing", fragment: "pay"))
    }

    private func grace(_ data: [String: String], _ context: Context) -> Notice {
        let until = time(data["until"]) ?? "the end of the grace period"
        return Notice(
            subject: "\(name): a payment failed; service goes on until \(until)",
            paragraphs: [
                context.decline?.data["words"].map { "The reason: \($0)." } ?? "Your invoice could not be collected.",
                "Until \(until) everything works as before. After that, requests are refused until the invoice is paid.",
                howToPay,
            ],
            facts: facts(
                ("Amount", usd(context.decline?.data["amount"])), ("Invoice", data["invoice"]),
                ("Service until", until)),
            action: link("Pay now", "billing", fragment: "pay"))
    }

    private func suspended(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name) is suspended",
            paragraphs: [
                "Your invoice is not paid, so requests are refused from now on.",
                "Paying restores everything at once. \(howToPay)",
            ], facts: facts(("Invoice", data["invoice"]), ("Data is erased on", time(data["erases"]))),
            action: link("Pay now", "billing", fragment: "pay"))
    }

    private func erasure(_ data: [String: String]) -> Notice {
        let days = data["days"] == "1" ? "1 day" : "\(data["days"] ?? "some") days"
        return Notice(
            subject: "\(name): your data is erased in \(days)",
            paragraphs: [
                "Your invoice is still not paid. Usage details and members are erased for good.",
                "Paying before that keeps everything. \(howToPay)",
            ], facts: facts(("Invoice", data["invoice"]), ("Erased on", time(data["erases"]))),
            action: link("Pay now", "billing", fragment: "pay"))
    }

    private func restored() -> Notice {
        Notice(
            subject: "\(name): thank you, everything is paid",
            paragraphs: ["Nothing is owed any more. Requests are served as before."],
            action: link("Show billing", "billing"))
    }

    private func canceled(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): the subscription ends on \(data["ends"] ?? "the end of its period")",
            paragraphs: ["The subscription was cancelled. Until then everything works, and you can change your mind."],
            action: link("Keep the subscription", "subscription"))
    }

    private func ended() -> Notice {
        Notice(
            subject: "\(name): the subscription has ended",
            paragraphs: ["The subscription ended with its period, and requests are refused from now on."])
    }

    // MARK: Documents and money that goes back

    private func invoice(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): invoice \(data["invoice"] ?? "")",
            paragraphs: ["Your invoice is attached."],
            facts: facts(("Invoice", data["invoice"]), ("Total", usd(data["total"])), ("Due", usd(data["due"]))),
            action: link("Show the invoice", "invoices", data["invoice"] ?? ""), invoice: data["invoice"])
    }

    private func creditNote(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): credit note \(data["invoice"] ?? "")", paragraphs: ["Your credit note is attached."],
            facts: facts(
                ("Credit note", data["invoice"]), ("Corrects", data["corrects"]), ("Amount", usd(data["amount"])),
                ("Reason", data["words"])), action: link("Show the credit note", "invoices", data["invoice"] ?? ""),
            invoice: data["invoice"])
    }

    private func refunded(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): \(usd(data["amount"]) ?? "a payment") was refunded",
            paragraphs: ["The money goes back by the way on which it came. Banks take up to ten days to show it."],
            facts: facts(("Amount", usd(data["amount"])), ("Payment", data["payment"])),
            action: link("Show the payment", "payments", data["payment"] ?? ""))
    }

    private func chargeback(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): your bank disputes a payment",
            paragraphs: [
                "The bank took a payment back, or asks about it. What it paid for is taken back until that is settled.",
                "If nobody of yours asked for this, tell your bank that the payment is yours.",
            ], facts: facts(("Amount", usd(data["amount"])), ("Payment", data["payment"]), ("Reason", data["reason"])),
            action: link("Show the payment", "payments", data["payment"] ?? ""))
    }

    private func cardExpiring(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): your \(data["method"] ?? "card") expires in \(data["days"] ?? "a few") days",
            paragraphs: ["Save another card so that the next invoice and automatic top-ups are paid."],
            facts: facts(("Payment method", data["method"]), ("Expires after", data["expires"])),
            action: link("Use another card", "billing"))
    }

    // MARK: People

    private func roleChanged(_ data: [String: String]) -> Notice {
        Notice(
            subject: "\(name): your role is now \(data["role"] ?? "another")",
            paragraphs: ["Your rights in this organization changed."],
            facts: facts(("Before", data["before"]), ("Now", data["role"])),
            action: link("Show the organization", "organization"))
    }

    private func removed() -> Notice {
        Notice(
            subject: "You are no longer a member of \(name)",
            paragraphs: [
                "You were removed from this organization, and can't sign in to it any more. Its owners and admins can say why."
            ])
    }

    // MARK: Operators

    private func forOperators(_ event: LedgerEvent) -> Notice {
        Notice(
            subject: "meterd: \(Words.label(event.kind)), \(event.org)",
            paragraphs: [OperatorAdvice.of(event.kind, event.org, event.data)],
            facts: [Notice.Fact(name: "Organization", value: event.org)]
                + event.data.sorted { $0.key < $1.key }.map {
                    Notice.Fact(name: Words.label($0.key), value: shown($0.key, $0.value))
                })
    }

    /// A value of an event's data, as people read it.
    private func shown(_ key: String, _ value: String) -> String {
        if ["amount", "total", "due"].contains(key) { return Words.usd(value) }
        return Timestamp(rfc3339: value) == nil ? value : Words.timeText(value)
    }
}

/// What an operator does about an event.
enum OperatorAdvice {
    static func of(_ kind: String, _ org: String, _ data: [String: String]) -> String {
        let (payment, refund) = (data["payment"] ?? "N", data["refund"] ?? "N")
        switch LedgerEvent.Kind(rawValue: kind) {
        case .paymentProblem:
            return
                "The gateway could not ask for a payment. Look at it with: meterctl payments show \(org) \(payment), then try again with: meterctl payments retry \(org)"
        case .refundFailed:
            return
                "A refund failed. Try again with: meterctl refunds retry \(org) \(refund); or transfer the money and record it with: meterctl refunds record \(org) \(refund)"
        case .refundDue:
            return
                "Money is to go back. Transfer it, then record it with: meterctl refunds record \(org) \(refund)"
        case .chargebackOpened:
            return
                "A bank takes a payment back, or asks about it. Answer at the gateway before the evidence is due; meterctl payments show \(org) \(payment) shows the payment."
        case .chargebackClosed: return "A chargeback is decided; meterd has booked what it means."
        case .invoiceDisputed:
            return
                "An owner disputes an invoice. Nothing follows from its not being paid until it is settled with: meterctl invoice uphold \(org) \(data["invoice"] ?? "NUMBER")"
        case .usageQuarantined: return "Usage was refused and is kept. Look at it with: meterctl quarantine list"
        case .unreadMember: return "A usage object has a member that meterd doesn't read. See: meterctl usage unread"
        case .idConflicts: return "Ids came again with other content, which is never charged. Ask the sender."
        default: return "See: meterctl events"
        }
    }
}
