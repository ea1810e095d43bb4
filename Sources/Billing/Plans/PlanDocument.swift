import Metering

/// The file of plans (`format: meterd-plans/1`), as YAML or JSON; what it leaves out has its default. What may stand in it:
/// `docs/billing.md`.
public enum PlanDocument {
    /// Reads a whole document, or refuses it whole.
    public static func parse(_ text: String) throws(BillingDocumentError) -> Plan {
        try DocumentNode.read(text) { root in
            let top = try root.members(
                of: "the document", allowing: ["format", "seats", "credits", "top_up", "dunning"])
            try (top["format"] ?? root).expectFormat("meterd-plans/1")
            var plan = Plan()
            if let seats = try top["seats"]?.members(of: "seats", allowing: ["price", "max"]) {
                if let price = seats["price"] { plan.seatPrice = try price.price("seats.price") }
                if let most = seats["max"] { plan.seatsMax = try most.whole("seats.max", 1...1_000_000) }
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
            if let dunning = top["dunning"] { plan.dunning = try terms(dunning) }
            return plan
        }
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
