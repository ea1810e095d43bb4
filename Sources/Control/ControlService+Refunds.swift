import Billing
import Hummingbird
import Ledger

/// The body of `POST /v1/orgs/{org}/payments/{payment}/refund`.
public struct RefundBody: Codable, Sendable, Hashable {
    /// Credits to give back, without tax, in US dollars; nil for all that are unspent.
    public var credits: String?
    /// Why, in words.
    public var reason: String

    /// A body of those members.
    public init(credits: String?, reason: String) {
        self.credits = credits
        self.reason = reason
    }
}

/// The body of `POST /v1/orgs/{org}/refunds/{refund}/record`.
public struct RecordRefundBody: Codable, Sendable, Hashable {
    /// The bank's name of the transfer.
    public var reference: String?

    /// A body of that reference.
    public init(reference: String?) {
        self.reference = reference
    }
}

/// The body of `POST /v1/orgs/{org}/payments/deposit`.
public struct DepositBody: Codable, Sendable, Hashable {
    /// What came, in US dollars.
    public var amount: String
    /// The bank's name of it.
    public var reference: String?

    /// A body of those members.
    public init(amount: String, reference: String?) {
        self.amount = amount
        self.reference = reference
    }
}

/// The body of `POST /v1/orgs/{org}/payments/{payment}/reverse`.
public struct ReversePaymentBody: Codable, Sendable, Hashable {
    /// What went back, in US dollars; nil for all of it.
    public var amount: String?
    /// Why, in words.
    public var reason: String

    /// A body of those members.
    public init(amount: String?, reason: String) {
        self.amount = amount
        self.reason = reason
    }
}

// Money that goes back, and money that comes for nothing in particular.
extension ControlService {
    var refundEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payments/{payment}/refund", name: "refundPayment",
                summary: "Give back unspent credits of a purchase, with their tax; they are taken at once",
                body: .members([("credits", .money), ("reason", .string)], required: ["reason"]),
                response: .reference("Refund")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let number = try Self.payment(context)
                let body = try await Endpoint.body(RefundBody.self, request, context)
                try Self.check(words: body.reason, "reason")
                let credits = try body.credits.map { try Self.amount($0, "credits") }
                let key = try Endpoint.key(
                    request, route: "refundPayment", body: ["\(number)", credits?.description ?? "", body.reason])
                return try Endpoint.json(
                    try await billing.refundCredits(
                        credits, ofPayment: number, of: org, reason: body.reason, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payments/deposit", name: "depositPayment",
                summary:
                    "Take note of money that came by hand for nothing in particular: it pays what is owed, and later invoices and seats",
                body: .members([("amount", .money), ("reference", .string)], required: ["amount"]),
                response: .reference("Payment")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(DepositBody.self, request, context)
                if let reference = body.reference { try Self.check(words: reference, "reference") }
                let amount = try Self.amount(body.amount, "amount")
                let key = try Endpoint.key(
                    request, route: "depositPayment", body: [amount.description, body.reference ?? ""])
                return try Endpoint.json(
                    try await billing.deposit(
                        amount, reference: body.reference, for: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payments/{payment}/reverse", name: "reversePayment",
                summary: "Take back what a payment paid for that was recorded by hand, since its money went back",
                body: .members([("amount", .money), ("reason", .string)], required: ["reason"]),
                response: .reference("Payment")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let number = try Self.payment(context)
                let body = try await Endpoint.body(ReversePaymentBody.self, request, context)
                try Self.check(words: body.reason, "reason")
                let amount = try body.amount.map { try Self.amount($0, "amount") }
                let key = try Endpoint.key(
                    request, route: "reversePayment", body: ["\(number)", amount?.description ?? "", body.reason])
                return try Endpoint.json(
                    try await billing.reverse(
                        number, amount: amount, reason: body.reason, for: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/refunds", name: "listRefunds", summary: "Refunds, newest first",
                query: Self.paging, response: .page(of: "Refund")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await billing.refunds(
                        of: org.org, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/refunds/{refund}", name: "showRefund", summary: "One refund",
                response: .reference("Refund")
            ) { _, context in
                let org = try await org(context)
                return try Endpoint.json(try await billing.refund(try Self.refund(context), of: org.org))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/refunds/{refund}/retry", name: "retryRefund",
                summary: "Try a refund again that failed", response: .reference("Refund")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let number = try Self.refund(context)
                let key = try Endpoint.key(request, route: "retryRefund", body: ["\(number)"])
                return try Endpoint.json(
                    try await billing.retryRefund(number, of: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/refunds/{refund}/record", name: "recordRefund",
                summary: "Take note that an operator gave the money back",
                body: .members([("reference", .string)], required: []), response: .reference("Refund")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let number = try Self.refund(context)
                let body = try await Endpoint.body(RecordRefundBody.self, request, context)
                if let reference = body.reference { try Self.check(words: reference, "reference") }
                let key = try Endpoint.key(
                    request, route: "recordRefund", body: ["\(number)", body.reference ?? ""])
                return try Endpoint.json(
                    try await billing.recordRefund(
                        number, reference: body.reference, of: org, under: key, by: Self.actor(context)))
            },
        ]
    }

    private static func refund(_ context: ControlRequestContext) throws -> Int64 {
        guard let number = Int64(try Endpoint.parameter("refund", context)), number > 0 else {
            throw Problem(.malformed, "the refund in the path must be its number")
        }
        return number
    }
}
