import Billing
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore

/// The body of `POST /v1/orgs/{org}/payments/retry`; it may be left out.
public struct RetryPaymentBody: Codable, Sendable, Hashable {
    /// The page that the customer comes to after confirming the payment, if their bank wants that.
    public var returnUrl: String?
    /// What the customer was shown that is owed. If it is another sum, nothing is charged.
    public var expectTotal: String?

    /// A body of that page.
    public init(returnUrl: String?, expectTotal: String? = nil) {
        self.expectTotal = expectTotal
        self.returnUrl = returnUrl
    }
}

/// The body of `POST /v1/orgs/{org}/payments/{payment}/record`.
public struct RecordPaymentBody: Codable, Sendable, Hashable {
    /// `paid`, `declined` or `canceled`.
    public var state: String
    /// The bank's name of it.
    public var reference: String?
    /// What came, in US dollars, if it is not the whole amount.
    public var amount: String?

    /// A body of those members.
    public init(state: String, reference: String?, amount: String? = nil) {
        self.state = state
        self.reference = reference
        self.amount = amount
    }
}

/// The body of `POST /v1/orgs/{org}/invoices/{invoice}/notes`.
public struct InvoiceNoteBody: Codable, Sendable, Hashable {
    /// `note`, `disputed` or `upheld`.
    public var kind: String
    /// In words.
    public var text: String

    /// A body of those members.
    public init(kind: String, text: String) {
        self.kind = kind
        self.text = text
    }
}

/// The body of `POST /v1/orgs/{org}/invoices/{invoice}/credit`.
public struct CreditInvoiceBody: Codable, Sendable, Hashable {
    /// US dollars, tax included.
    public var amount: String
    /// Why, in words.
    public var reason: String
    /// Where what was paid goes: `refund`, `balance` or `credits`.
    public var `as`: String?

    /// A body of those members.
    public init(amount: String, reason: String, as destination: String? = nil) {
        self.amount = amount
        self.reason = reason
        self.as = destination
    }
}

// Payments.
extension ControlService {
    var paymentEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/payments", name: "listPayments", summary: "Payments, newest first",
                query: Self.paging, response: .page(of: "Payment")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await billing.payments(
                        of: org.org, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/payments/{payment}", name: "showPayment",
                summary: "One payment; with its lines it is the receipt", response: .reference("Payment"),
                roles: [.viewer, .notify]
            ) { _, context in
                let org = try await org(context)
                return try Endpoint.json(try await billing.payment(try Self.payment(context), of: org.org))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payments/retry", name: "retryPayment",
                summary:
                    "Ask for what the org owes, once more. If the bank wants the customer to confirm, the answer names a page",
                body: .members([("return_url", .string), ("expect_total", .money)], required: []),
                response: .reference("Payment")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.optionalBody(RetryPaymentBody.self, request, context)
                let shown = try Self.shownTotal(body?.expectTotal, context)
                let key = try Endpoint.key(request, route: "retryPayment", body: [String]())
                return try Endpoint.json(
                    try await billing.retry(
                        org, expecting: shown, returningTo: try Self.returnURL(body?.returnUrl), under: key,
                        by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payments/{payment}/check", name: "checkPayment",
                summary:
                    "Ask the gateway now what became of a payment, as when its customer comes back from the gateway's page",
                response: .reference("Payment"), takesKey: false
            ) { _, context in
                let org = try await org(context)
                return try Endpoint.json(try await billing.check(try Self.payment(context), of: org.org))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payments/{payment}/cancel", name: "cancelPayment",
                summary: "Give up a payment that waits for its customer to confirm it", response: .reference("Payment")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let number = try Self.payment(context)
                let key = try Endpoint.key(request, route: "cancelPayment", body: ["\(number)"])
                return try Endpoint.json(
                    try await billing.cancel(number, of: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/payments/{payment}/record", name: "recordPayment",
                summary: "Take note of what became of a payment that no gateway collects",
                body: .members(
                    [
                        ("state", ["type": "string", "enum": ["paid", "declined", "canceled"]]),
                        ("reference", .string), ("amount", .money),
                    ], required: ["state"]), response: .reference("Payment")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let number = try Self.payment(context)
                let body = try await Endpoint.body(RecordPaymentBody.self, request, context)
                if let reference = body.reference { try Self.check(words: reference, "reference") }
                let word: BillingService.Record
                switch body.state {
                case "paid":
                    word = .paid(
                        reference: body.reference, amount: try body.amount.map { try Self.amount($0, "amount") })
                case "declined": word = .declined
                case "canceled": word = .canceled
                default: throw Problem(.malformed, "state must be paid, declined or canceled")
                }
                let key = try Endpoint.key(
                    request, route: "recordPayment",
                    body: ["\(number)", body.state, body.reference ?? ""] + (body.amount.map { [$0] } ?? []))
                return try Endpoint.json(
                    try await billing.record(word, of: number, for: org, under: key, by: Self.actor(context)))
            },
        ]
    }

    /// The way in for payment webhooks, and the only one that who forwards them may use.
    var webhookEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .post, path: "/v1/webhooks/stripe", name: "takeStripeWebhook",
                summary:
                    "Hand in a webhook as it came, with its header Stripe-Signature; what it says is asked of the gateway",
                response: .members([("received", .boolean)], required: ["received"]), takesKey: false,
                roles: [.webhook]
            ) { request, _ in
                let signature = request.headers.first { $0.name.canonicalName == "stripe-signature" }?.value
                guard let signature, signature.utf8.count <= 4096 else {
                    throw Problem(.malformed, "the header Stripe-Signature is missing or too long")
                }
                let body: ByteBuffer
                do {
                    body = try await request.body.collect(upTo: Self.webhookBytesMax)
                } catch {
                    throw Problem(.tooLong, "a webhook has at most \(Self.webhookBytesMax) bytes")
                }
                try await billing.takeWebhook(
                    Array(body.readableBytesView), signature: signature, now: systemClock())
                return try Endpoint.json(["received": true])
            }
        ]
    }

    private static let webhookBytesMax = 256 << 10

    static func payment(_ context: ControlRequestContext) throws -> Int64 {
        guard let number = Int64(try Endpoint.parameter("payment", context)), number > 0 else {
            throw Problem(.malformed, "the payment in the path must be its number")
        }
        return number
    }
}

// Invoices.
extension ControlService {
    var invoiceEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/invoices", name: "listInvoices",
                summary: "Invoices and credit notes, newest first", query: Self.paging, response: .page(of: "Invoice")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await billing.invoices(
                        of: org.org, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/invoices/{invoice}", name: "showInvoice",
                summary: "One invoice or credit note", response: .reference("Invoice")
            ) { _, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await billing.invoice(try Endpoint.parameter("invoice", context), of: org.org))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/invoices/{invoice}/pdf", name: "drawInvoice",
                summary: "One invoice or credit note as a PDF", response: ["type": "string", "format": "binary"],
                contentType: "application/pdf", roles: [.viewer, .notify]
            ) { _, context in
                let org = try await org(context)
                let invoice = try await billing.invoice(try Endpoint.parameter("invoice", context), of: org.org)
                let pdf: Data
                do {
                    pdf = try await typeset(try WireJSON.encode(invoice))
                } catch let refusal as Refusal where context.membership != nil {
                    // What is wrong is an operator's business.
                    throw Problem(refusal.code, "the PDF can't be made at the moment; try again later, or ask support")
                }
                // A number is a name, not a path, and has no quotes.
                let name = invoice.number.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
                var response = Response(
                    status: .ok, headers: [.contentType: "application/pdf"],
                    body: .init(byteBuffer: ByteBuffer(bytes: pdf)))
                response.headers[.contentDisposition] = "attachment; filename=\"\(name).pdf\""
                return response
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/invoices/{invoice}/explanation", name: "explainInvoice",
                summary: "How it came to what it says, down to transfers, records and rate cards",
                response: .reference("InvoiceExplanation")
            ) { _, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await billing.explain(try Endpoint.parameter("invoice", context), of: org.org))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/invoices/{invoice}/notes", name: "noteInvoice",
                summary:
                    "Say something about an invoice: a note, a dispute, or that a dispute ended with nothing taken back",
                body: .members(
                    [("kind", ["type": "string", "enum": ["note", "disputed", "upheld"]]), ("text", .string)],
                    required: ["kind", "text"]), response: .reference("Invoice")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let number = try Endpoint.parameter("invoice", context)
                let body = try await Endpoint.body(InvoiceNoteBody.self, request, context)
                try Self.check(words: body.text, "text")
                guard let kind = NoteKind.allCases.first(where: { $0.name == body.kind && $0 != .credited }) else {
                    throw Problem(.malformed, "kind must be note, disputed or upheld")
                }
                guard context.membership == nil || kind == .disputed else {
                    throw Problem(.forbidden, "an owner may say that an invoice is disputed; support says the rest")
                }
                let key = try Endpoint.key(request, route: "noteInvoice", body: [number, body.kind, body.text])
                return try Endpoint.json(
                    try await billing.note(
                        kind, body.text, on: number, of: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/invoices/{invoice}/credit", name: "creditInvoice",
                summary:
                    "Take back a part of what an invoice asked for, by a credit note; what was paid goes to the customer's balance, or back as money, or is sold again as credits",
                body: .members(
                    [
                        ("amount", .money), ("reason", .string),
                        ("as", ["type": "string", "enum": ["refund", "balance", "credits"]]),
                    ], required: ["amount", "reason"]),
                response: .reference("Invoice")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let number = try Endpoint.parameter("invoice", context)
                let body = try await Endpoint.body(CreditInvoiceBody.self, request, context)
                try Self.check(words: body.reason, "reason")
                let amount = try Self.amount(body.amount, "amount")
                var destination: CreditDestination?
                if let name = body.as {
                    destination = CreditDestination(rawValue: name)
                    if destination == nil { throw Problem(.malformed, "as must be refund, balance or credits") }
                }
                let key = try Endpoint.key(
                    request, route: "creditInvoice",
                    body: [number, amount.description, body.reason] + (body.as.map { [$0] } ?? []))
                return try Endpoint.json(
                    try await billing.credit(
                        amount, to: destination, reason: body.reason, on: number, of: org, under: key,
                        by: Self.actor(context)))
            },
        ]
    }
}
