import Billing
import Control
import HTML
import Ledger
import Wording

/// What is set on the billing page.
enum BillingForms {
    private static func form(
        _ team: Team, _ what: String, @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        Parts.form(team.place("billing", what), team.session) {
            Parts.hidden("key", Secrets.random())
            content()
        }
    }

    static func topUp(_ team: Team, _ topUp: TopUpView) -> HTML {
        Parts.card("Automatic top-up", id: "top-up") {
            element(
                .p,
                text: topUp.threshold.map { threshold in
                    "On: \(Words.usd(topUp.amount)) are bought when the balance falls below \(Words.usd(threshold)), at most \(Words.count(topUp.perDayMax ?? 1, "time", "times")) in 24 hours."
                } ?? "Off: nothing is bought by itself.")
            if let until = topUp.waitsUntil {
                element(.p) {
                    "It waits until "
                    Words.time(until)
                    "."
                }
            }
            if team.may("setTopUp") {
                form(team, "top-up") {
                    Parts.field(
                        "When the balance is below (US dollars)", "threshold", value: Words.field(topUp.threshold),
                        hint: "Leave both empty to turn it off.", .text(.inputmode, "decimal"))
                    Parts.field(
                        "Buy (US dollars)", "amount", value: Words.field(topUp.amount), hint: nil,
                        .text(.inputmode, "decimal"))
                    Parts.field(
                        "Times in 24 hours at most", "per_day_max", type: "number",
                        value: topUp.perDayMax.map { "\($0)" } ?? "1", hint: nil, .text(.min, "1"))
                    Parts.submit("Save top-up", class: "button")
                }
            }
        }
    }

    static func alerts(_ team: Team, _ alerts: AlertsView) -> HTML {
        Parts.card("Alerts", id: "alerts") {
            form(team, "alerts") {
                Parts.field(
                    "When the balance falls below (US dollars)", "thresholds",
                    value: alerts.thresholds.compactMap { Words.field($0) }.joined(separator: " "),
                    hint:
                        "Several with spaces, such as 100 20 5. Each makes an event, from which your operator's programs can send a message. This page sends none."
                )
                Parts.submit("Save alerts", class: "button")
            }
        }
    }

    static func budget(_ team: Team, _ budget: BudgetView) -> HTML {
        Parts.card("Monthly budget", id: "budget") {
            form(team, "budget") {
                Parts.field(
                    "US dollars per calendar month", "monthly", value: Words.field(budget.monthlyBudget),
                    hint: "Requests beyond it are refused. Empty for no budget.", .text(.inputmode, "decimal"))
                Parts.submit("Save budget", class: "button")
            }
        }
    }

    static func billTo(_ team: Team, _ billTo: BillToView) -> HTML {
        Parts.card("Billing address", id: "bill-to") {
            if team.may("setBillTo") {
                form(team, "bill-to") {
                    Parts.field("Name on invoices", "name", value: billTo.name, hint: nil, .text(.maxlength, "200"))
                    element(.div, .class("field")) {
                        element(.label, .text(.for, "f-address"), text: "Address")
                        element(
                            .textarea, .id("f-address"), .text(.name, "address"),
                            text: billTo.address.joined(separator: "\n"))
                    }
                    Parts.field(
                        "Country", "country", value: billTo.country, hint: "Two letters, such as DE or US.",
                        .text(.maxlength, "2"))
                    Parts.field(
                        "State or region", "region", value: billTo.region, hint: "Such as CA; where tax depends on it.",
                        .text(.maxlength, "16"))
                    Parts.field(
                        "VAT number", "vat_id", value: billTo.vatId,
                        hint: billTo.vatVerified == false ? "It counts once somebody has verified it." : nil)
                    Parts.field("E-mail for invoices", "email", type: "email", value: billTo.email)
                    Parts.submit("Save address", class: "button")
                }
            } else {
                Parts.facts([
                    ("Name", foreign(billTo.name)), ("Address", foreign(billTo.address.joined(separator: ", "))),
                    ("Country", Parts.text(billTo.country ?? "—")), ("VAT number", foreign(billTo.vatId ?? "—")),
                ])
            }
        }
    }

    // MARK: What they do

    /// `POST …/billing/top-up`
    static func setTopUp(_ team: Team) async throws(PageError) -> Reply {
        let form = team.visit.form
        var body: [String: JSONTree] = [:]
        if let threshold = form.text("threshold") { body["threshold"] = .string(threshold) }
        if let amount = form.text("amount") { body["amount"] = .string(amount) }
        if !body.isEmpty {
            guard let times = Int64(form.text("per_day_max") ?? "1") else {
                throw .malformed("the number of times must be a whole number")
            }
            body["per_day_max"] = .integer(times)
        }
        return try await set(team, "top-up", body, "top-up", "The automatic top-up is set.")
    }

    /// `POST …/billing/alerts`
    static func setAlerts(_ team: Team) async throws(PageError) -> Reply {
        let parts = (team.visit.form["thresholds"] ?? "").split { $0.isWhitespace || $0 == ";" }.map(String.init)
        return try await set(team, "alerts", AlertsBody(thresholds: parts), "alerts", "The alerts are set.")
    }

    /// `POST …/billing/budget`
    static func setBudget(_ team: Team) async throws(PageError) -> Reply {
        try await set(
            team, "budget", BudgetBody(monthly: team.visit.form.text("monthly")), "budget", "The budget is set.")
    }

    /// `POST …/billing/bill-to`
    static func setBillTo(_ team: Team) async throws(PageError) -> Reply {
        let form = team.visit.form
        let lines = (form["address"] ?? "").split { $0.isNewline }.map { String($0) }.filter { !$0.isEmpty }
        let body = BillToBody(
            name: form.text("name"), address: lines.isEmpty ? nil : lines,
            country: form.text("country")?.uppercased(), region: form.text("region"), vatId: form.text("vat_id"),
            email: form.text("email"))
        return try await set(team, "bill-to", body, "bill-to", "Later invoices have this address.")
    }

    private static func set(
        _ team: Team, _ path: String, _ body: some Encodable, _ fragment: String, _ done: String
    ) async throws(PageError) -> Reply {
        do throws(PageError) {
            _ = try await team.daemon.change(
                Ignored.self, .PUT, path, body: body, key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "billing")
        }
        return try team.redirect("billing", saying: .done(done))
    }
}
