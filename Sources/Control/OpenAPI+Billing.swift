import Billing
import Ledger

// The description's schemas of bills.
extension OpenAPI {
    static let billingSchemas: [String: OpenAPIValue] = [
        "Subscription": .members(
            [
                ("org", .string),
                ("state", ["type": "string", "enum": .list(OrgState.allCases.map { .text($0.name) })]),
                ("standing", ["type": "string", "enum": ["none", "current", "grace", "suspended", "erased"]]),
                ("seats", .integer), ("next_seats", .integer), ("members", .integer), ("members_max", .integer),
                ("seat_price", .money), ("signup", .day), ("period_start", .day), ("period_end", .day),
                ("next_amount", .money), ("declined", .time), ("suspends", .time), ("erases", .time),
                ("is_disputed", .boolean), ("owed", ["type": "array", "items": .string]), ("due", .money),
                ("balance", .money), ("ends", .day),
            ],
            required: [
                "org", "state", "standing", "seats", "next_seats", "members", "seat_price", "is_disputed", "owed",
                "due",
            ]),
        "UsageSummary": .members(
            [
                ("org", .string), ("by", ["type": "array", "items": .string]), ("since", .day), ("until", .day),
                ("items", ["type": "array", "items": .reference("UsageSum")]), ("total", .reference("UsageSum")),
                ("estimated", .reference("UsageSum")), ("as_of", .time), ("through", .integer),
                ("next_cursor", .string),
            ], required: ["org", "by", "since", "until", "items", "total"]),
        "TagNames": .members(
            [
                ("org", .string), ("since", .day), ("until", .day), ("tags", ["type": "array", "items": .string]),
            ], required: ["org", "since", "until", "tags"]),
        "UsageReport": .members(
            [
                ("org", .string), ("since", .day), ("until", .day), ("total", .reference("UsageSum")),
                ("estimated", .reference("UsageSum")), ("as_of", .time), ("through", .integer),
                (
                    "parts",
                    [
                        "type": "array",
                        "items": .members(
                            [
                                ("by", ["type": "array", "items": .string]),
                                ("items", ["type": "array", "items": .reference("UsageSum")]), ("others", .integer),
                            ], required: ["by", "items", "others"]),
                    ]
                ),
            ], required: ["org", "since", "until", "total", "parts", "as_of", "through"]),
        "UsageSum": .members(
            [
                ("key", ["type": "array", "items": .string]), ("records", .integer), ("unpriced", .integer),
                ("cost", .money), ("average_cost", .money), ("users", .integer), ("input_tokens", .integer),
                ("cache_read_tokens", .integer), ("cache_write_tokens", .integer), ("output_tokens", .integer),
                ("reasoning_tokens", .integer),
            ], required: ["key", "records", "unpriced", "cost"]),
        "Forecast": .members(
            [
                ("org", .string), ("balance", .money), ("days", .integer), ("per_day", .money), ("days_left", .integer),
                ("runs_out", .day), ("spent_this_month", .money), ("month_at_this_pace", .money),
                ("monthly_budget", .money),
            ], required: ["org", "balance", "days", "per_day", "spent_this_month", "month_at_this_pace"]),
        "SeatPreview": .members(
            [
                ("seats", .integer), ("kept_seats", .integer), ("seat_price", .money), ("from", .day),
                ("until", .day), ("days", .integer), ("of_days", .integer), ("net", .money), ("tax", .money),
                ("tax_rule", .string), ("total", .money),
            ],
            required: [
                "seats", "kept_seats", "seat_price", "from", "until", "days", "of_days", "net", "tax", "tax_rule",
                "total",
            ]),
        "PurchasePreview": .members(
            [
                ("org", .string), ("amount", .money), ("net", .money), ("tax", .money), ("tax_rule", .string),
                ("total", .money), ("balance", .money), ("balance_after", .money), ("gateway", .string),
                ("method", .string),
            ],
            required: [
                "org", "amount", "net", "tax", "tax_rule", "total", "balance", "balance_after", "gateway",
            ]),
        "MethodEntry": .members(
            [("session", .string), ("url", .string), ("expires", .time)], required: ["session", "url"]),
        "HistoryItem": .members(
            [
                ("kind", ["type": "string", "enum": ["payment", "refund", "grant", "seats"]]), ("at", .time),
                ("payment", .reference("Payment")), ("refund", .reference("Refund")), ("grant", .reference("Grant")),
                ("seats", .reference("SubscriptionChange")),
            ], required: ["kind", "at"]),
        "SeatRemovalPreview": .members(
            [
                ("org", .string), ("seats", .integer), ("present_seats", .integer), ("next_seats", .integer),
                ("members", .integer), ("from", .day), ("amount_before", .money), ("net", .money), ("tax", .money),
                ("tax_rule", .string), ("total", .money),
            ],
            required: [
                "org", "seats", "present_seats", "next_seats", "members", "from", "net", "tax", "tax_rule", "total",
            ]),
        "SubscriptionChange": .members(
            [
                ("change", .integer), ("at", .time), ("kind", .string), ("actor", .string),
                ("seats_before", .integer), ("seats", .integer), ("next_seats", .integer), ("period_start", .day),
                ("period_end", .day), ("is_canceled", .boolean),
            ],
            required: ["change", "at", "kind", "actor", "seats_before", "seats", "next_seats", "is_canceled"]),
        "BillTo": .members(
            [
                ("org", .string), ("name", .string), ("address", ["type": "array", "items": .string]),
                ("country", .string), ("region", .string), ("vat_id", .string), ("vat_verified", .boolean),
                ("vat_verified_at", .time), ("vat_reference", .string), ("tax_ids", .taxIDs),
                ("exemption", .string), ("email", .string),
            ], required: ["org", "name", "address"]),
        "TopUp": .members(
            [
                ("org", .string), ("threshold", .money), ("amount", .money), ("per_day_max", .integer),
                ("bought", .integer), ("pending", .money), ("declines", .integer), ("waits_until", .time),
            ], required: ["org", "bought", "pending", "declines"]),
        "PaymentMethod": .members(
            [
                ("org", .string), ("gateway", .string), ("method", .string), ("brand", .string), ("last4", .string),
                ("expiry", .string), ("customer", .string), ("tried", .reference("Payment")),
            ], required: ["org", "gateway"]),
        "Payment": .members(
            [
                ("payment", .integer), ("org", .string),
                ("purpose", ["type": "string", "enum": ["invoice", "seats", "credits", "balance"]]),
                ("is_top_up", .boolean), ("amount", .money), ("from_balance", .money), ("refunded", .money),
                ("returned", .money),
                ("state", ["type": "string", "enum": .list(PaymentState.allCases.map { .text($0.name) })]),
                ("reason", .string), ("words", .string), ("gateway", .string), ("reference", .string),
                ("method", .string), ("created", .time), ("settled", .time),
                ("confirm", .members([("url", .string), ("until", .time)], required: ["url", "until"])),
                ("lines", ["type": "array", "items": .reference("InvoiceLine")]),
            ], required: ["payment", "org", "purpose", "is_top_up", "amount", "state", "gateway", "created", "lines"]),
        "PaymentsStatus": .members(
            [
                ("gateway", .string), ("has_return_url", .boolean), ("failing_since", .time), ("failure", .string),
                ("pending", .integer),
                ("oldest_pending", .time), ("succeeded", .integer), ("declined", .integer), ("problems", .integer),
                ("refunds_due", .integer), ("refunds_failed", .integer), ("chargebacks", .integer),
            ],
            required: [
                "gateway", "has_return_url", "pending", "succeeded", "declined", "problems", "refunds_due",
                "refunds_failed",
                "chargebacks",
            ]),
        "Refund": .members(
            [
                ("refund", .integer), ("org", .string), ("payment", .integer),
                ("cause", ["type": "string", "enum": .list(RefundCause.allCases.map { .text($0.name) })]),
                ("amount", .money), ("tax", .money),
                ("state", ["type": "string", "enum": .list(RefundState.allCases.map { .text($0.name) })]),
                ("words", .string), ("reason", .string), ("gateway", .string), ("reference", .string),
                ("created", .time), ("settled", .time),
            ],
            required: [
                "refund", "org", "payment", "cause", "amount", "tax", "state", "reason", "gateway", "created",
            ]),
        "InvoiceLine": .members(
            [
                ("text", .string), ("product", ["type": "string", "enum": ["seats", "credits"]]),
                ("quantity", .integer), ("unit_price", .money), ("from", .day), ("until", .day), ("days", .integer),
                ("of_days", .integer), ("net", .money), ("tax", .money), ("gross", .money), ("tax_rule", .string),
                ("payment", .integer), ("paid_on", .day), ("paid_with", .string),
            ], required: ["text", "product", "quantity", "unit_price", "net", "tax", "gross", "tax_rule"]),
        "Invoice": .members(
            [
                ("number", .string), ("kind", ["type": "string", "enum": ["invoice", "credit_note"]]),
                ("org", .string), ("state", ["type": "string", "enum": ["open", "paid", "issued"]]), ("issued", .time),
                ("paid_at", .time),
                (
                    "seller",
                    .members(
                        [
                            ("name", .string), ("address", ["type": "array", "items": .string]), ("tax_id", .string),
                            ("email", .string), ("payment_terms", .string),
                            ("bank", ["type": "array", "items": .string]), ("invoice_series", .string),
                            ("credit_note_series", .string),
                        ], required: ["name", "address"])
                ),
                (
                    "buyer",
                    .members(
                        [
                            ("name", .string), ("address", ["type": "array", "items": .string]), ("country", .string),
                            ("region", .string), ("vat_id", .string), ("tax_ids", .taxIDs), ("email", .string),
                        ], required: ["name", "address"])
                ), ("period_start", .day), ("period_end", .day),
                ("lines", ["type": "array", "items": .reference("InvoiceLine")]),
                (
                    "taxes",
                    [
                        "type": "array",
                        "items": .members(
                            [("rule", .string), ("net", .money), ("tax", .money)], required: ["rule", "net", "tax"]),
                    ]
                ), ("currency", .string), ("net", .money), ("tax", .money), ("total", .money),
                ("paid_before", .money), ("carried_in", .money), ("from_balance", .money), ("carried_out", .money),
                ("due", .money), ("paid", .money), ("open", .money), ("method", .string),
                ("due_on", .day), ("paid_with", .string),
                ("payment", .integer), ("reason", .string), ("corrects", .string), ("credited", .money),
                ("is_disputed", .boolean),
                (
                    "notes",
                    [
                        "type": "array",
                        "items": .members(
                            [("at", .time), ("kind", .string), ("actor", .string), ("text", .string)],
                            required: ["at", "kind", "actor", "text"]),
                    ]
                ),
            ],
            required: [
                "number", "kind", "org", "state", "issued", "seller", "buyer", "lines", "taxes", "currency", "net",
                "tax",
                "total", "paid_before", "due", "open", "credited", "is_disputed", "notes",
            ]),
        "InvoiceExplanation": .members(
            [
                ("invoice", .reference("Invoice")),
                ("transfers", ["type": "array", "items": .reference("Transfer")]),
                (
                    "lines",
                    [
                        "type": "array",
                        "items": .members(
                            [
                                ("text", .string), ("net", .string), ("tax", .string),
                                ("payment", .reference("Payment")),
                                ("transfers", ["type": "array", "items": .reference("Transfer")]),
                                ("grant", .reference("Grant")),
                                (
                                    "spends",
                                    [
                                        "type": "array",
                                        "items": .members(
                                            [
                                                ("model", .string), ("rate_card", .string), ("records", .integer),
                                                ("amount", .money), ("newest", ["type": "array", "items": .string]),
                                            ], required: ["model", "records", "amount", "newest"]),
                                    ]
                                ), ("others", ["type": "array", "items": .reference("Transfer")]),
                                ("is_partial", .boolean),
                            ], required: ["text", "net", "tax", "transfers", "spends", "others", "is_partial"]),
                    ]
                ),
                (
                    "steps",
                    [
                        "type": "array",
                        "items": .members(
                            [("change", .integer), ("at", .time), ("kind", .string), ("actor", .string)],
                            required: ["change", "at", "kind", "actor"]),
                    ]
                ),
            ], required: ["invoice", "transfers", "lines", "steps"]),
    ]
}

extension OpenAPIValue {
    fileprivate static let day: OpenAPIValue = ["type": "string", "format": "date"]
}

extension OpenAPIValue {
    /// Numbers of tax offices.
    static let taxIDs: OpenAPIValue = [
        "type": "array",
        "items": .members([("type", .string), ("value", .string)], required: ["type", "value"]),
    ]
}
