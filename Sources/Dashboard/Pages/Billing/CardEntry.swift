import Billing
import Control
import HTML
import Wording

/// Entering a card: on the gateway's own page, so that no number of a card is ever seen here.
enum CardEntry {
    /// `POST …/payment-method`: asks the gateway for a page.
    static func begin(_ team: Team) async throws(PageError) -> Reply {
        let back = team.site.address.origin + team.place("payment-method", "done").description
        let entry: MethodEntry
        do throws(PageError) {
            entry = try await team.daemon.change(
                MethodEntry.self, .POST, "payment-method", "entry", body: ["return_url": back],
                key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "billing")
        }
        guard let page = Place(partner: entry.url) else { throw .noAnswer("the gateway gave no page of https") }
        // A link and not a redirect: the policy of this page allows forms to lead nowhere else.
        var reply = try Layout.page(team, .billing, title: "Enter a card") {
            Parts.card("On the page of the payment provider") {
                element(
                    .p,
                    text:
                        "You enter the card on the page of our payment provider, and come back here. No number of a card is stored by us."
                )
                element(.p, .class("row")) {
                    Parts.link("Go on", page, class: "button primary")
                    Parts.link("Cancel", team.place("billing"))
                }
            }
        }
        reply.cookies = [Site.cookie(cookie, entry.session, seconds: 3600)]
        return reply
    }

    /// The cookie that says which of the gateway's pages this browser was sent to.
    private static let cookie = "__Host-meterd-card"

    /// `GET …/payment-method/done`: the customer comes back. The gateway is asked by a form, since opening a page changes nothing.
    static func comeBack(_ team: Team) async throws(PageError) -> Reply {
        guard team.visit.cookies[cookie] != nil else { return try team.redirect("billing") }
        return try Layout.page(team, .billing, title: "Use this card") {
            Parts.card("The card was entered") {
                element(
                    .p,
                    text: team.me.due.map {
                        "It becomes the payment method, and \(Words.usd($0)) that is owed is paid with it at once."
                    } ?? "It becomes the payment method of this organization.")
                Parts.form(team.place("payment-method", "done"), team.session) {
                    Parts.hidden("key", Secrets.random())
                    Parts.submit("Use this card")
                }
            }
        }
    }

    /// `POST …/payment-method/done`
    static func finish(_ team: Team) async throws(PageError) -> Reply {
        guard let session = team.visit.cookies[cookie] else { return try team.redirect("billing") }
        let method: PaymentMethodView
        do throws(PageError) {
            method = try await team.daemon.change(
                PaymentMethodView.self, .POST, "payment-method", "entry", "finish",
                body: ["session": session, "return_url": team.site.address.origin + team.place("billing").description],
                key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "billing")
        }
        var reply =
            if let tried = method.tried {
                try team.redirect("payments", "\(tried.payment)")
            } else {
                try team.redirect("billing", saying: .done("The card is saved."))
            }
        reply.cookies = [Site.cookie(cookie, nil, seconds: 0)]
        return reply
    }
}
