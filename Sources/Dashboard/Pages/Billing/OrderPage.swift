import Billing
import Control
import HTML
import Ledger
import Metering
import Wording

/// An order: what it costs, the button that confirms it once, and what became of it.
///
/// The order's id stands in the address and is the daemon's key. So a second click, a second tab, a reload, the browser's way back, and a
/// dashboard that was killed all come to the same payment, or to none.
enum OrderPage {
    /// `POST …/orders`: begins one.
    static func begin(_ team: Team) async throws(PageError) -> Reply {
        let form = team.visit.form
        let kind: Order.Kind
        let quantity: String
        switch form["kind"] {
        case "credits":
            let typed = form.text("other") ?? form.text("amount") ?? ""
            guard let amount = Money(decimal: typed), amount > .zero else {
                return try team.redirect(
                    "billing",
                    saying: .failed("'\(typed)' is no amount. Write US dollars with a point, such as 250 or 99.50."))
            }
            (kind, quantity) = (.credits, amount.description)
        case "seats":
            guard let seats = Int64(form.text("seats") ?? ""), (1...100_000).contains(seats) else {
                return try team.redirect(
                    "subscription", saying: .failed("Write how many seats to add: a whole number of 1 or more."))
            }
            (kind, quantity) = (.seats, "\(seats)")
        default: throw .malformed("there is no such order")
        }
        let id = try team.site.store.beginOrder(kind, quantity, of: team.session.person, in: team.org, at: team.now)
        return try team.redirect("orders", id)
    }

    private static func order(_ team: Team) throws(PageError) -> Order {
        let id = try team.visit.parameter("order")
        guard let order = try team.site.store.order(id, of: team.session.person, in: team.org) else { throw .notFound }
        return order
    }

    /// `GET …/orders/{order}`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let order = try order(team)
        switch order.state {
        case .open:
            guard team.now < order.created.advanced(bySeconds: Order.openSeconds) else {
                return try page(team, order, "Too late") {
                    element(.p, text: "This order was shown more than 15 minutes ago. Nothing was charged.")
                    again(team, order)
                }
            }
            return try await preview(team, order)
        case .sent: return try waiting(team, order)
        case .refused:
            return try page(team, order, "Not ordered") {
                element(.p, text: Words.sentence(order.words ?? "it was refused"))
                element(.p, text: "Nothing was charged.")
                again(team, order)
            }
        case .done:
            guard let payment = order.payment else {
                return try page(team, order, "Done") {
                    element(.p, text: "The seats stay. Nothing had to be paid.")
                    again(team, order)
                }
            }
            return .redirect(team.place("payments", "\(payment)"))
        }
    }

    /// `POST …/orders/{order}/confirm`
    static func confirm(_ team: Team) async throws(PageError) -> Reply {
        let order = try order(team)
        guard team.session.isRecent(at: team.now) else {
            return .redirect(
                Place(["sign-in"], query: [("again", "1"), ("next", team.place("orders", order.id).description)]))
        }
        guard order.state == .open || order.state == .sent else { return try team.redirect("orders", order.id) }
        var total = order.total ?? ""
        if order.state == .open {
            guard team.now < order.created.advanced(bySeconds: Order.openSeconds) else {
                return try team.redirect("orders", order.id)
            }
            guard let shown = team.visit.form["total"], Money(decimal: shown) != nil else {
                throw .malformed("the form doesn't say what was shown")
            }
            // Another click may have confirmed it in between: then it is the one that asks.
            guard try team.site.store.send(order, total: shown, at: team.now) else {
                return try team.redirect("orders", order.id)
            }
            total = shown
        }
        do throws(PageError) {
            try await place(team, order, total)
        } catch {
            // Nothing was done under this key: the order's page can be confirmed after the sign-in.
            if case .signInTooOld = error, order.state == .open { try team.site.store.reopen(order) }
            throw error
        }
        return try team.redirect("orders", order.id)
    }

    /// Has the daemon do it. The same key and body get the same answer, so that it may be asked again.
    private static func place(_ team: Team, _ order: Order, _ total: String) async throws(PageError) {
        let page = team.site.address.origin + team.place("orders", order.id).description
        do throws(PageError) {
            switch order.kind {
            case .credits:
                let payment = try await team.daemon.change(
                    PaymentView.self, .POST, "purchases",
                    body: PurchaseBody(amount: order.quantity, expectTotal: total, returnUrl: page), key: order.key)
                try team.site.store.finish(order, .done, payment: payment.payment)
            case .seats:
                let added = try await team.daemon.change(
                    SeatsAdded.self, .POST, "seats", "add",
                    body: SeatsBody(seats: Int64(order.quantity) ?? 0, expectTotal: total, returnUrl: page),
                    key: order.key)
                switch added {
                case .bought(let payment): try team.site.store.finish(order, .done, payment: payment.payment)
                case .kept: try team.site.store.finish(order, .done)
                }
            }
        } catch {
            switch error {
            case .refused(_, let words), .notAllowed(let words):
                try team.site.store.finish(order, .refused, words: words)
            // What became of it is not known: the order's page says so, and asks again.
            case .noAnswer: break
            default: throw error
            }
        }
    }

    // MARK: What is shown

    private static func page(
        _ team: Team, _ order: Order, _ title: String, @HTMLBuilder _ content: () -> HTML
    ) throws(PageError) -> Reply {
        let body = content()
        return try Layout.page(team, order.kind == .credits ? .billing : .subscription, title: title) {
            Parts.card(what(order)) { body }
        }
    }

    private static func what(_ order: Order) -> String {
        switch order.kind {
        case .credits: "Credits for \(Words.usd(order.quantity))"
        case .seats: Words.count(Int64(order.quantity) ?? 0, "seat", "seats")
        }
    }

    private static func again(_ team: Team, _ order: Order) -> HTML {
        element(.p) {
            Parts.link("Back", order.kind == .credits ? team.place("billing") : team.place("subscription"))
        }
    }

    private static func preview(_ team: Team, _ order: Order) async throws(PageError) -> Reply {
        do throws(PageError) {
            switch order.kind {
            case .credits:
                let preview = try await team.daemon.change(
                    PurchasePreview.self, .POST, "purchases",
                    body: PurchaseBody(amount: order.quantity, dryRun: true), key: order.key)
                return try page(team, order, "Buy credits") { credits(team, order, preview) }
            case .seats:
                let preview = try await team.daemon.change(
                    SeatPreview.self, .POST, "seats", "add",
                    body: SeatsBody(seats: Int64(order.quantity) ?? 0, dryRun: true), key: order.key)
                return try page(team, order, "Add seats") { seats(team, order, preview) }
            }
        } catch {
            guard case .refused(let code, let words) = error else { throw error }
            return try page(team, order, "This can't be ordered") {
                element(.p, text: Words.sentence(words))
                if code == "no_payment_method" { Parts.link("Enter a card", team.place("billing", fragment: "method")) }
                again(team, order)
            }
        }
    }

    private static func credits(_ team: Team, _ order: Order, _ preview: PurchasePreview) -> HTML {
        Parts.facts([
            ("Credits", Parts.text(Words.usd(preview.amount))),
            ("Tax", tax(preview.tax, preview.taxRule)),
            ("Charged now", element(.span, .class("total"), text: Words.usd(preview.total))),
            ("Paid with", Parts.text(method(preview.method, preview.gateway))),
            ("Balance now", Parts.text(Words.usd(preview.balance))),
            ("Balance after", Parts.text(Words.usd(preview.balanceAfter))),
        ]) + confirm(team, order, preview.total)
    }

    private static func seats(_ team: Team, _ order: Order, _ preview: SeatPreview) -> HTML {
        var facts = [
            ("Seats", Parts.text(Words.count(preview.seats))),
            ("Price per seat and period", Parts.text(Words.usd(preview.seatPrice))),
        ]
        if preview.keptSeats > 0 {
            facts.append(
                (
                    "Paid for already",
                    Parts.text("\(Words.count(preview.keptSeats, "seat", "seats")) that would have been removed stay")
                ))
        }
        facts += [
            ("For", Parts.text("\(preview.days) of \(preview.ofDays) days, \(preview.from) to \(preview.until)")),
            ("Net", Parts.text(Words.usd(preview.net))), ("Tax", tax(preview.tax, preview.taxRule)),
            ("Charged now", element(.span, .class("total"), text: Words.usd(preview.total))),
        ]
        return Parts.facts(facts)
            + element(
                .p, .class("nothing"),
                text: "From \(preview.until) on, each seat costs its full price per period. The billing day stays.")
            + confirm(team, order, preview.total)
    }

    private static func tax(_ tax: String, _ rule: String) -> HTML {
        Parts.text(Words.usd(tax) + (rule.isEmpty ? "" : " (\(rule))"))
    }

    private static func method(_ method: String?, _ gateway: String) -> String {
        method ?? (gateway == "manual" ? "a transfer: the credits come when it has arrived" : "no payment method")
    }

    private static func confirm(_ team: Team, _ order: Order, _ total: String) -> HTML {
        Parts.form(team.place("orders", order.id, "confirm"), team.session, class: "row") {
            Parts.hidden("total", total)
            Parts.submit(Money(decimal: total) == .zero ? "Confirm, nothing to pay" : "Pay \(Words.usd(total))")
            Parts.link("Cancel", order.kind == .credits ? team.place("billing") : team.place("subscription"))
        }
    }

    /// It was confirmed, and its answer isn't here.
    private static func waiting(_ team: Team, _ order: Order) throws(PageError) -> Reply {
        try page(team, order, "Being paid") {
            element(
                .p, text: "The payment was ordered once, and its result is not known yet. You are not charged twice.")
            Parts.form(team.place("orders", order.id, "confirm"), team.session) { Parts.submit("Look again") }
        }
    }
}
