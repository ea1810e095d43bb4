import Billing
import Hummingbird
import Ledger

/// The body of `POST /v1/orgs/{org}/seats/add` and `/remove`.
public struct SeatsBody: Codable, Sendable, Hashable {
    /// How many seats.
    public var seats: Int64
    /// Whether only to say what they would cost.
    public var dryRun: Bool?
    /// What the customer was shown that they cost, tax included. If they cost otherwise, nothing is charged.
    public var expectTotal: String?
    /// The page that the customer comes to after confirming the payment, if their bank wants that; only when seats are added.
    public var returnUrl: String?

    /// A body of so many seats.
    public init(seats: Int64, dryRun: Bool? = nil, expectTotal: String? = nil, returnUrl: String? = nil) {
        self.expectTotal = expectTotal
        self.returnUrl = returnUrl
        self.seats = seats
        self.dryRun = dryRun
    }
}

/// The body of `PUT /v1/orgs/{org}/bill-to`. What is left out is as it is known of the org, or nothing.
public struct BillToBody: Codable, Sendable, Hashable {
    /// The name on invoices.
    public var name: String?
    /// The address, a line each.
    public var address: [String]?
    /// ISO 3166-1 alpha-2.
    public var country: String?
    /// A region of the country.
    public var region: String?
    /// A VAT number of a member state of the EU.
    public var vatId: String?
    /// False if the VAT number changes tax only after it was verified; true if it is left out.
    public var vatVerified: Bool?
    /// Other numbers of its tax offices.
    public var taxIds: [TaxIDBody]?
    /// Why no tax is to be paid.
    public var exemption: String?
    /// Where to write to.
    public var email: String?

    /// A number of a tax office.
    public struct TaxIDBody: Codable, Sendable, Hashable {
        /// Country and kind, such as `us_ein`.
        public var type: String
        /// The number.
        public var value: String

        /// A number of that type.
        public init(type: String, value: String) {
            self.type = type
            self.value = value
        }
    }

    /// A body of those members.
    public init(
        name: String? = nil, address: [String]? = nil, country: String? = nil, region: String? = nil,
        vatId: String? = nil, vatVerified: Bool? = nil, taxIds: [TaxIDBody]? = nil, exemption: String? = nil,
        email: String? = nil
    ) {
        self.taxIds = taxIds
        self.vatVerified = vatVerified
        self.name = name
        self.address = address
        self.country = country
        self.region = region
        self.vatId = vatId
        self.exemption = exemption
        self.email = email
    }
}

/// The body of `POST /v1/orgs/{org}/bill-to/vat-verification`.
public struct VATVerificationBody: Codable, Sendable, Hashable {
    /// Whether the number was given to the buyer.
    public var valid: Bool
    /// The answer's name, such as VIES's consultation number.
    public var reference: String?

    /// A body of those members.
    public init(valid: Bool, reference: String?) {
        self.valid = valid
        self.reference = reference
    }
}

// Seats, and who buys them.
extension ControlService {
    var subscriptionEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/subscription", name: "showSubscription",
                summary: "Seats, period, and where the org stands with its invoices",
                response: .reference("Subscription")
            ) { _, context in
                try Endpoint.json(try await billing.subscription(of: try Endpoint.parameter("org", context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/seats/add", name: "addSeats",
                summary:
                    "Add seats for the days that remain and from then on; the first begin the subscription. Seats that were about to be removed stay for nothing, before any are bought; if none has to be bought, the answer is the subscription. With dry_run: what they would cost",
                body: .members(
                    [
                        ("seats", .integer), ("dry_run", .boolean), ("expect_total", .money), ("return_url", .string),
                    ], required: ["seats"]),
                response: ["oneOf": [.reference("Payment"), .reference("SeatPreview"), .reference("Subscription")]]
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(SeatsBody.self, request, context)
                if body.dryRun == true {
                    return try Endpoint.json(try await billing.previewSeats(body.seats, for: org))
                }
                let shown = try Self.shownTotal(body.expectTotal, context)
                let key = try Endpoint.key(request, route: "addSeats", body: SeatsBody(seats: body.seats))
                return try Endpoint.json(
                    try await billing.addSeats(
                        body.seats, to: org, expecting: shown, returningTo: try Self.returnURL(body.returnUrl),
                        under: key,
                        by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/seats/remove", name: "removeSeats",
                summary: "Give up seats from the next period on. With dry_run: what the next period would cost",
                body: .members([("seats", .integer), ("dry_run", .boolean)], required: ["seats"]),
                response: ["oneOf": [.reference("Subscription"), .reference("SeatRemovalPreview")]]
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(SeatsBody.self, request, context)
                if body.dryRun == true {
                    return try Endpoint.json(try await billing.previewRemoval(body.seats, of: org))
                }
                let key = try Endpoint.key(request, route: "removeSeats", body: SeatsBody(seats: body.seats))
                return try Endpoint.json(
                    try await billing.removeSeats(body.seats, from: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/seats/keep", name: "keepSeats",
                summary: "Keep the seats that were given up from the next period on",
                response: .reference("Subscription")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let key = try Endpoint.key(request, route: "keepSeats", body: [String]())
                return try Endpoint.json(try await billing.keepSeats(of: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/subscription/changes", name: "listSubscriptionChanges",
                summary: "What changed seats and periods, newest first", query: Self.paging,
                response: .page(of: "SubscriptionChange")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await billing.subscriptionChanges(
                        of: org.org, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/subscription/cancel", name: "cancelSubscription",
                summary: "End the subscription with its present period: the org is closed then",
                response: .reference("Subscription")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let key = try Endpoint.key(request, route: "cancelSubscription", body: [String]())
                return try Endpoint.json(
                    try await billing.cancelSubscription(of: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/subscription/resume", name: "resumeSubscription",
                summary: "Have a subscription that was cancelled go on", response: .reference("Subscription")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let key = try Endpoint.key(request, route: "resumeSubscription", body: [String]())
                return try Endpoint.json(
                    try await billing.resumeSubscription(of: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/bill-to", name: "showBillTo",
                summary: "Who buys, as invoices say it",
                response: .reference("BillTo")
            ) { _, context in
                try Endpoint.json(try await billing.billTo(of: try Endpoint.parameter("org", context)))
            },
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/bill-to", name: "setBillTo",
                summary: "Set who buys, as later invoices say it; what is left out is as it is known of the org",
                body: .members(
                    [
                        ("name", .string), ("address", ["type": "array", "items": .string]), ("country", .string),
                        ("region", .string), ("vat_id", .string), ("vat_verified", .boolean), ("tax_ids", .taxIDs),
                        ("exemption", .string),
                        ("email", .string),
                    ], required: []), response: .reference("BillTo")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(BillToBody.self, request, context)
                let billTo = try Self.billTo(body)
                let isSelfService = context.membership != nil
                if isSelfService, body.exemption != nil || body.vatVerified == true {
                    throw Problem(.forbidden, "exemption and vat_verified are an operator's to say")
                }
                let key = try Endpoint.key(request, route: "setBillTo", body: body)
                return try Endpoint.json(
                    try await billing.setBillTo(
                        billTo, isSelfService: isSelfService, for: org, under: key, by: Self.actor(context)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/bill-to/vat-verification", name: "verifyVAT",
                summary: "Take note of whether the VAT number was given to the buyer; only then does it change tax",
                body: .members([("valid", .boolean), ("reference", .string)], required: ["valid"]),
                response: .reference("BillTo")
            ) { request, context in
                let org = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(VATVerificationBody.self, request, context)
                if let reference = body.reference { try Self.check(words: reference, "reference") }
                let key = try Endpoint.key(request, route: "verifyVAT", body: body)
                return try Endpoint.json(
                    try await billing.verifyVAT(
                        isValid: body.valid, reference: body.reference, of: org, under: key, by: Self.actor(context)))
            },
        ]
    }

    private static func billTo(_ body: BillToBody) throws -> BillTo {
        for (name, text) in [
            ("name", body.name), ("region", body.region), ("exemption", body.exemption), ("email", body.email),
        ] {
            if let text { try check(line: text, name) }
        }
        let address = body.address ?? []
        guard address.count <= 8 else { throw Problem(.malformed, "address has at most 8 lines") }
        for line in address { try check(line: line, "a line of address") }
        try check(country: body.country)
        var billTo = BillTo()
        (billTo.name, billTo.address, billTo.email) = (body.name, address, body.email)
        (billTo.country, billTo.region) = (body.country, body.region)
        (billTo.vatID, billTo.exemption) = (body.vatId, body.exemption)
        if body.vatVerified == false { billTo.vatVerification = .missing }
        let numbers = body.taxIds ?? []
        guard numbers.count <= 5 else { throw Problem(.malformed, "tax_ids has at most 5 numbers") }
        let taxIDs = try numbers.map { number in
            guard !TaxID.isOfEU(number.type) else {
                throw Problem(.malformed, "a VAT number of the EU is given as vat_id")
            }
            guard let known = TaxID(type: number.type, value: number.value) else {
                throw Problem(
                    .malformed,
                    "tax_ids: '\(number.value)' can't be a number of type '\(number.type)'; a type is country and kind, such as us_ein"
                )
            }
            return known
        }
        billTo.taxIDs = taxIDs.isEmpty ? nil : taxIDs
        return billTo
    }

    private static func check(line text: String, _ name: String) throws {
        guard (1...256).contains(text.utf8.count), !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw Problem(.malformed, "\(name) must be 1 to 256 bytes without control characters")
        }
    }
}
