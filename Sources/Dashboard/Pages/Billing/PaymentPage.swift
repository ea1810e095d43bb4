import Billing
import Control
import HTML
import Ledger
import Wording

/// One payment, in words.
enum PaymentPage {
    /// `GET …/payments/{payment}`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let number = try team.visit.number("payment")
        let payment = try await team.daemon.get(PaymentView.self, "payments", "\(number)")
        return try Layout.page(team, .billing, title: title(payment)) {
            Parts.card("Payment \(payment.payment)") {
                element(.p) { Parts.badge(payment.state) }
                if let words = words(payment) { element(.p, text: words) }
                if let confirm = payment.confirm, let page = Place(partner: confirm.url) {
                    element(.p) {
                        Parts.link("Confirm it with your bank", page, class: "button primary")
                    }
                }
                Parts.facts(facts(payment))
                actions(team, payment)
            }
            if !payment.lines.isEmpty {
                Parts.card("Lines") { InvoicePage.lines(payment.lines) }
            }
        }
    }

    private static func title(_ payment: PaymentView) -> String {
        switch (payment.state, payment.purpose) {
        case ("succeeded", "credits"): "Credits are there"
        case ("succeeded", _): "Paid"
        case ("declined", _): "Declined"
        case ("pending", _): "Waiting for the payment"
        default: Words.label(payment.state)
        }
    }

    /// What it means for the customer. The daemon's words name commands of operators; those have no place here.
    static func words(_ payment: PaymentView) -> String? {
        switch payment.state {
        case "pending" where payment.confirm != nil: return "Your bank wants you to confirm this payment."
        case "pending" where payment.gateway == "manual":
            return
                "We wait for your transfer. The operator of this service says where to, and notes it here when it has come."
        case "pending": return "The bank was asked and has not answered yet. You are not charged twice."
        case "refund_due": return "The money goes back to you."
        case "succeeded" where payment.purpose == "credits":
            return "The credits can be used at once."
        case "declined":
            return Words.sentence(payment.words ?? "the bank declined the payment") + " Nothing was charged."
        default: return payment.words.map(Words.sentence)
        }
    }

    private static func facts(_ payment: PaymentView) -> [(String, HTML)] {
        var facts: [(String, HTML)] = [
            ("For", Parts.text(purpose(payment))), ("Amount", Parts.text(Words.usd(payment.amount))),
            ("Paid with", Parts.text(payment.method ?? (payment.gateway == "manual" ? "transfer" : "—"))),
            ("Ordered", Words.time(payment.created)),
        ]
        if let settled = payment.settled { facts.append(("Settled", Words.time(settled))) }
        if let part = payment.fromBalance { facts.append(("From the balance", Parts.text(Words.usd(part)))) }
        if let refunded = payment.refunded { facts.append(("Refunded", Parts.text(Words.usd(refunded)))) }
        if let returned = payment.returned { facts.append(("Taken back by the bank", Parts.text(Words.usd(returned)))) }
        return facts
    }

    static func purpose(_ payment: PaymentView) -> String {
        switch payment.purpose {
        case "credits": payment.isTopUp ? "Credits, by automatic top-up" : "Credits"
        case "seats": "Seats"
        case "balance": "Deposit"
        default: "Invoice"
        }
    }

    private static func actions(_ team: Team, _ payment: PaymentView) -> HTML {
        // Nobody can be asked about a transfer; an operator records it, or that it doesn't come.
        guard payment.state == "pending", payment.gateway != "manual", team.may("checkPayment") else { return HTML() }
        return element(.div, .class("row")) {
            Parts.form(team.place("payments", "\(payment.payment)", "check"), team.session) {
                Parts.hidden("key", Secrets.random())
                Parts.submit("Look again", class: "button")
            }
            Parts.form(team.place("payments", "\(payment.payment)", "cancel"), team.session) {
                Parts.hidden("key", Secrets.random())
                Parts.submit("Cancel the payment", class: "danger")
            }
        }
    }

    /// `POST …/payments/{payment}/check` and `/cancel`
    static func act(_ team: Team, _ action: String) async throws(PageError) -> Reply {
        let number = "\(try team.visit.number("payment"))"
        do throws(PageError) {
            _ = try await team.daemon.change(
                PaymentView.self, .POST, "payments", number, action, key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "payments", number)
        }
        return try team.redirect("payments", number)
    }

    /// `POST …/payments/retry`: what is owed is asked for again.
    static func retry(_ team: Team) async throws(PageError) -> Reply {
        let payment: PaymentView
        do throws(PageError) {
            payment = try await team.daemon.change(
                PaymentView.self, .POST, "payments", "retry",
                body: RetryPaymentBody(
                    returnUrl: team.site.address.origin + team.place("billing").description,
                    expectTotal: team.visit.form.text("total")), key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "billing")
        }
        return try team.redirect("payments", "\(payment.payment)")
    }
}
