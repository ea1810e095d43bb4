import Billing
import Hummingbird
import Ledger
import Metering

/// The body of `POST /v1/orgs/{org}/purchases`.
public struct PurchaseBody: Codable, Sendable, Hashable {
    /// Credits in US dollars: a pack, or more than the largest.
    public var amount: String
    /// Whether only to say what they would cost.
    public var dryRun: Bool?
    /// What the customer was shown that they cost, tax included. If they cost otherwise, nothing is charged.
    public var expectTotal: String?
    /// The page that the customer comes to after confirming the payment, if their bank wants that.
    public var returnUrl: String?

    /// A body of that amount.
    public init(amount: String, dryRun: Bool? = nil, expectTotal: String? = nil, returnUrl: String? = nil) {
        self.amount = amount
        self.dryRun = dryRun
        self.expectTotal = expectTotal
        self.returnUrl = returnUrl
    }
}

/// The body of `PUT /v1/orgs/{org}/top-up`. Without a threshold and an amount nothing is bought by itself.
public struct TopUpBody: Codable, Sendable, Hashable {
    /// Bought where the balance is below it, in US dollars.
    public var threshold: String?
    /// How much at a time, in US dollars.
    public var amount: String?
    /// Purchases in any 24 hours at most; 1 where it is left out.
    public var perDayMax: Int64?

    /// A body of those members.
    public init(threshold: String?, amount: String?, perDayMax: Int64?) {
        self.threshold = threshold
        self.amount = amount
        self.perDayMax = perDayMax
    }
}

/// The body of `PUT /v1/orgs/{org}/payment-method`.
public struct PaymentMethodBody: Codable, Sendable, Hashable {
    /// The gateway's name of a method that its customer saved there: `pm_…`. Never a card's number.
    public var method: String
    /// The page that the customer comes to after confirming the payment of what is owed, if their bank wants that.
    public var returnUrl: String?

    /// A body of that method.
    public init(method: String, returnUrl: String? = nil) {
        self.method = method
        self.returnUrl = returnUrl
    }
}

/// The body of `POST /v1/orgs/{org}/payment-method/entry`.
public struct MethodEntryBody: Codable, Sendable, Hashable {
    /// Where the customer's browser goes after the gateway's page; `{org}` is filled in, and `session` is added to its query.
    public var returnUrl: String

    /// A body of that page.
    public init(returnUrl: String) {
        self.returnUrl = returnUrl
    }
}

/// The body of `POST /v1/orgs/{org}/payment-method/entry/finish`.
public struct FinishEntryBody: Codable, Sendable, Hashable {
    /// The session, as the browser brings it back.
    public var session: String
    /// The page that the customer comes to after confirming the payment of what is owed, if they have to.
    public var returnUrl: String?

    /// A body of that session.
    public init(session: String, returnUrl: String? = nil) {
        self.session = session
        self.returnUrl = returnUrl
    }
}

// Credits that are paid for, and what they are paid with.
extension ControlService {
    var purchaseEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/purchases", name: "buyCredits",
                summary:
                    "Buy credits with the saved payment method; they are available when the payment succeeds. With dry_run: what they would cost",
                body: .members(
                    [("amount", .money), ("dry_run", .boolean), ("expect_total", .money), ("return_url", .string)],
                    required: ["amount"]),
                response: ["oneOf": [.reference("Payment"), .reference("PurchasePreview")]]
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(PurchaseBody.self, request, context)
                let amount = try Self.amount(body.amount, "amount")
                if body.dryRun == true {
                    return try Endpoint.json(try await billing.previewCredits(amount, for: org))
                }
                let shown = try Self.shownTotal(body.expectTotal, context)
                let key = try Endpoint.key(request, route: "buyCredits", body: PurchaseBody(amount: amount.description))
                return try Endpoint.json(
                    try await billing.buyCredits(
                        amount, for: org, expecting: shown, returningTo: try Self.returnURL(body.returnUrl), under: key,
                        by: Self.actor(context)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/history", name: "listHistory",
                summary: "Purchases, refunds, given credits and changes of seats, newest first", query: Self.paging,
                response: .page(of: "HistoryItem")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await billing.history(
                        of: org.org, after: Endpoint.text(request, "cursor"), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/top-up", name: "showTopUp", summary: "What is bought by itself",
                response: .reference("TopUp")
            ) { _, context in
                try Endpoint.json(try await billing.topUp(of: try Endpoint.parameter("org", context)))
            },
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/top-up", name: "setTopUp",
                summary: "Buy credits by itself where the balance is below a threshold; without one, not",
                body: .members([("threshold", .money), ("amount", .money), ("per_day_max", .integer)], required: []),
                response: .reference("TopUp")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(TopUpBody.self, request, context)
                var topUp: TopUp?
                switch (body.threshold, body.amount) {
                case (nil, nil): break
                case (let threshold?, let amount?):
                    topUp = TopUp(
                        threshold: try Self.amount(threshold, "threshold"), amount: try Self.amount(amount, "amount"),
                        perDayMax: body.perDayMax ?? 1)
                default: throw Problem(.malformed, "threshold and amount come together, or neither")
                }
                if context.membership != nil, let topUp, let most = people().ordersPerDayMax,
                    Int128(topUp.amount.nanos) * Int128(topUp.perDayMax) > Int128(most.nanos)
                {
                    throw Problem(
                        .limitExceeded,
                        "members may have at most USD \(most) bought in a day by itself: amount times per_day_max (dashboard.orders_per_day_max)"
                    )
                }
                let canonical = [
                    topUp?.threshold.description ?? "", topUp?.amount.description ?? "", "\(topUp?.perDayMax ?? 0)",
                ]
                let key = try Endpoint.key(request, route: "setTopUp", body: canonical)
                return try Endpoint.json(
                    try await billing.setTopUp(topUp, for: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/payment-method", name: "showPaymentMethod",
                summary: "What the org pays with: brand, last four, expiry", response: .reference("PaymentMethod")
            ) { _, context in
                try Endpoint.json(try await billing.method(of: try Endpoint.parameter("org", context)))
            },
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/payment-method", name: "setPaymentMethod",
                summary: "Pay with a method that was saved at the gateway, named by the gateway's name of it",
                body: .members([("method", .string), ("return_url", .string)], required: ["method"]),
                response: .reference("PaymentMethod")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(PaymentMethodBody.self, request, context)
                guard (1...255).contains(body.method.utf8.count),
                    body.method.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
                else {
                    throw Problem(.malformed, "method must be the gateway's name of a saved method, such as pm_1N…")
                }
                guard !CardNumber.isIn(body.method) else {
                    throw Problem(
                        .malformed, "method must be the gateway's name of a saved method, never a card's number")
                }
                let key = try Endpoint.key(
                    request, route: "setPaymentMethod", body: PaymentMethodBody(method: body.method))
                return try Endpoint.json(
                    try await billing.setMethod(
                        body.method, for: org, returningTo: try Self.returnURL(body.returnUrl), under: key,
                        by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payment-method/entry", name: "beginMethodEntry",
                summary: "A page of the gateway's on which the customer enters a card, so that it is seen nowhere else",
                body: .members([("return_url", .string)], required: ["return_url"]),
                response: .reference("MethodEntry")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(MethodEntryBody.self, request, context)
                guard let page = try Self.returnURL(body.returnUrl), !body.returnUrl.contains("#") else {
                    throw Problem(.malformed, "return_url must be a page without a fragment (#)")
                }
                let key = try Endpoint.key(request, route: "beginMethodEntry", body: body)
                return try Endpoint.json(try await billing.beginEntry(for: org, returningTo: page, under: key))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payment-method/entry/finish", name: "finishMethodEntry",
                summary: "Pay with the card that was entered there; the gateway is asked which it is",
                body: .members([("session", .string), ("return_url", .string)], required: ["session"]),
                response: .reference("PaymentMethod")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(FinishEntryBody.self, request, context)
                guard (1...255).contains(body.session.utf8.count),
                    body.session.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
                else { throw Problem(.malformed, "session must be the gateway's name of a page, such as cs_…") }
                let key = try Endpoint.key(
                    request, route: "finishMethodEntry", body: FinishEntryBody(session: body.session))
                return try Endpoint.json(
                    try await billing.finishEntry(
                        body.session, for: org, returningTo: try Self.returnURL(body.returnUrl), under: key,
                        by: Self.actor(context)))
            },
        ]
    }

    /// The page that a request names for the customer's way back. It is no part of what its key stands for: the same order may come
    /// from another page.
    static func returnURL(_ text: String?) throws -> ReturnURL? {
        guard let text else { return nil }
        guard let url = ReturnURL(text) else {
            throw Problem(
                .malformed, "return_url must be an https URL of at most 1,024 characters; http is for this machine only"
            )
        }
        return url
    }

    /// What the customer was shown. It is no part of what a key stands for: the same order may be sent again with another sum shown,
    /// and is the same order. A program that asks for members has to say it.
    static func shownTotal(_ text: String?, _ context: ControlRequestContext) throws -> Money? {
        guard let text else {
            guard context.membership == nil else {
                throw Problem(.malformed, "expect_total is missing: what the member was shown, tax included")
            }
            return nil
        }
        guard let amount = Money(decimal: text), amount >= .zero else {
            throw Problem(.malformed, "expect_total must be a decimal of US dollars")
        }
        return amount
    }

    static func amount(_ text: String, _ name: String) throws -> Money {
        guard let amount = Money(decimal: text), amount > .zero else {
            throw Problem(.malformed, "\(name) must be a decimal of US dollars above zero")
        }
        return amount
    }
}
