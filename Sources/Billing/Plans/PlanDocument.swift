import Metering

/// The file of plans (`format: meterd-plans/1`), as YAML or JSON; what it leaves out has its default. What may stand in it:
/// `docs/billing.md`.
public enum PlanDocument {
    /// Reads a whole document, or refuses it whole.
    public static func parse(_ text: String) throws(BillingDocumentError) -> Plan {
        try DocumentNode.read(text) { root in
            let top = try root.members(
                of: "the document",
                allowing: [
                    "format", "seller", "seats", "credits", "top_up", "invoices", "chargebacks", "dunning",
                ])
            try (top["format"] ?? root).expectFormat("meterd-plans/1")
            var plan = Plan()
            if let seats = try top["seats"]?.members(of: "seats", allowing: ["price", "max"]) {
                if let price = seats["price"] {
                    plan.seatPrice = try price.price("seats.price", atLeast: Plan.seatPriceMin)
                }
                if let most = seats["max"] { plan.seatsMax = try most.whole("seats.max", 1...1_000_000) }
            }
            // A period's invoice must be something that can be paid, whatever the tax.
            let (most, isTooMuch) = plan.seatPrice.nanos.multipliedReportingOverflow(by: plan.seatsMax)
            guard !isTooMuch, most <= Plan.seatsAmountMax.nanos else {
                throw DocumentProblem(
                    "seats.price times seats.max must be at most \(Plan.seatsAmountMax.cents)",
                    (top["seats"] ?? root).place)
            }
            if let packs = try top["credits"]?.members(of: "credits", allowing: ["packs"])["packs"] {
                plan.packs = try increasing(packs, "credits.packs") { try $0.price("a pack") }
            }
            if let topUp = try top["top_up"]?.members(of: "top_up", allowing: ["per_day_max", "backoff_hours"]) {
                if let most = topUp["per_day_max"] {
                    plan.topUp.perDayMax = try most.whole("top_up.per_day_max", 0...1000)
                }
                if let hours = topUp["backoff_hours"] {
                    plan.topUp.backoffHours = try increasing(hours, "top_up.backoff_hours") {
                        try $0.whole("an hour of top_up.backoff_hours", 1...8760)
                    }
                }
            }
            if let invoices = try top["invoices"]?.members(of: "invoices", allowing: ["due_days", "order_days"]) {
                if let days = invoices["due_days"] { plan.dueDays = try days.whole("invoices.due_days", 0...90) }
                if let days = invoices["order_days"] {
                    plan.orderDays = try days.whole("invoices.order_days", 1...365)
                }
            }
            if let chargebacks = try top["chargebacks"]?.members(of: "chargebacks", allowing: ["spent_credits"]),
                let spent = chargebacks["spent_credits"]
            {
                switch spent.text {
                case "debt": plan.invoicesSpentCredits = false
                case "invoice": plan.invoicesSpentCredits = true
                default:
                    throw DocumentProblem("chargebacks.spent_credits must be debt or invoice", spent.place)
                }
            }
            if let dunning = top["dunning"] { plan.dunning = try terms(dunning) }
            if let seller = top["seller"] { plan.seller = try self.seller(seller) }
            return plan
        }
    }

    private static func seller(_ node: DocumentNode) throws -> Seller {
        let members = try node.members(
            of: "seller",
            allowing: [
                "name", "address", "tax_id", "email", "payment_terms", "bank", "invoice_series", "credit_note_series",
            ])
        var seller = Seller()
        if let name = members["name"] { seller.name = try name.name("seller.name") }
        if let address = members["address"] {
            seller.address = try address.elements("seller.address").map { try $0.name("a line of seller.address") }
        }
        seller.taxID = try members["tax_id"]?.name("seller.tax_id")
        seller.email = try members["email"]?.name("seller.email")
        seller.paymentTerms = try members["payment_terms"]?.name("seller.payment_terms")
        if let bank = members["bank"] {
            seller.bank = try bank.elements("seller.bank").map { try $0.name("a line of seller.bank") }
        }
        if let series = members["invoice_series"] { seller.invoiceSeries = try self.series(series) }
        if let series = members["credit_note_series"] { seller.creditNoteSeries = try self.series(series) }
        guard seller.invoiceSeries != seller.creditNoteSeries else {
            throw DocumentProblem("invoice_series and credit_note_series must differ", node.place)
        }
        return seller
    }

    private static func series(_ node: DocumentNode) throws -> String {
        guard let text = node.text, (1...16).contains(text.utf8.count),
            text.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || [0x2D, 0x2E, 0x2F, 0x5F].contains($0)
            })
        else {
            throw DocumentProblem("a series must be 1 to 16 of A-Z a-z 0-9 - _ . /", node.place)
        }
        return text
    }

    private static func terms(_ node: DocumentNode) throws -> DunningTerms {
        let members = try node.members(
            of: "dunning", allowing: ["retry_days", "grace_days", "retention_days", "announce_days"])
        var terms = DunningTerms()
        if let days = members["grace_days"] { terms.graceDays = try days.whole("dunning.grace_days", 0...27) }
        if let days = members["retention_days"] {
            terms.retentionDays = try days.whole("dunning.retention_days", 1...3650)
        }
        if let days = members["retry_days"] {
            terms.retryDays = try increasing(days, "dunning.retry_days") {
                try $0.whole("a day of dunning.retry_days", 1...3650)
            }
        }
        if let days = members["announce_days"] {
            terms.announceDays = try increasing(days, "dunning.announce_days") {
                try $0.whole("a day of dunning.announce_days", 1...3650)
            }.reversed()
        }
        guard terms.announceDays.first.map({ $0 <= terms.retentionDays }) ?? true else {
            throw DocumentProblem(
                "dunning.announce_days can't be more than retention_days", (members["announce_days"] ?? node).place)
        }
        return terms
    }

    /// A list that isn't empty, each element larger than the one before.
    private static func increasing<Value: Comparable>(
        _ node: DocumentNode, _ what: String, _ read: (DocumentNode) throws -> Value
    ) throws -> [Value] {
        let values = try node.elements(what).map(read)
        guard !values.isEmpty, zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw DocumentProblem(
                "\(what) must be a list that isn't empty, each larger than the one before", node.place)
        }
        return values
    }
}
