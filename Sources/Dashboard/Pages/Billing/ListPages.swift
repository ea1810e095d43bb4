import Billing
import HTML
import Ledger
import Wording

/// Lists that go on beyond what the billing page shows.
enum ListPages {
    /// `GET …/invoices`
    static func invoices(_ team: Team) async throws(PageError) -> Reply {
        let page = try await team.daemon.get(
            Page<InvoiceView>.self, "invoices", query: [("limit", "50"), ("cursor", team.visit.query["cursor"])])
        return try Layout.page(team, .billing, title: "Invoices") {
            Parts.card("Newest first") {
                BillingPage.invoiceTable(team, page.items)
                Parts.more(page.nextCursor.map { team.place("invoices", query: [("cursor", $0)]) })
            }
        }
    }

    /// `GET …/payments`
    static func payments(_ team: Team) async throws(PageError) -> Reply {
        let page = try await team.daemon.get(
            Page<PaymentView>.self, "payments", query: [("limit", "50"), ("cursor", team.visit.query["cursor"])])
        return try Layout.page(team, .billing, title: "Payments") {
            Parts.card("Newest first") {
                BillingPage.paymentTable(team, page.items)
                Parts.more(page.nextCursor.map { team.place("payments", query: [("cursor", $0)]) })
            }
        }
    }

    /// `GET …/history`
    static func history(_ team: Team) async throws(PageError) -> Reply {
        let page = try await team.daemon.get(
            Page<HistoryItem>.self, "history", query: [("limit", "50"), ("cursor", team.visit.query["cursor"])])
        return try Layout.page(team, .billing, title: "History") {
            Parts.card("Purchases, refunds, credits and seats, newest first") {
                if page.items.isEmpty {
                    Parts.nothing("Nothing happened yet.")
                } else {
                    Parts.table(
                        "History", ["When", "What", "Amount#", "State"],
                        page.items.map { [Words.time($0.at), what(team, $0), amount($0), state($0)] })
                }
                Parts.more(page.nextCursor.map { team.place("history", query: [("cursor", $0)]) })
            }
        }
    }

    private static func what(_ team: Team, _ item: HistoryItem) -> HTML {
        if let payment = item.payment {
            return element(
                .a, .href(team.place("payments", "\(payment.payment)")), text: PaymentPage.purpose(payment))
        }
        if let refund = item.refund { return Parts.text("Refund of payment \(refund.payment)") }
        if let grant = item.grant { return Parts.text("Credits given: \(Words.label(grant.source))") }
        if let seats = item.seats { return Parts.text(SubscriptionPage.words(seats)) }
        return Parts.text(Words.label(item.kind))
    }

    private static func amount(_ item: HistoryItem) -> HTML {
        Parts.text(Words.usd(item.payment?.amount ?? item.refund?.amount ?? item.grant?.amount))
    }

    private static func state(_ item: HistoryItem) -> HTML {
        (item.payment?.state ?? item.refund?.state ?? item.grant?.state).map(Parts.badge) ?? Parts.text("")
    }
}
