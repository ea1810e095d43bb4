import Billing
import Control
import HTML
import Ledger
import Wording

/// What credits are left, what was paid, and how more are bought.
enum BillingPage {
    private static let packs = ["50", "100", "250", "500", "1000"]

    /// `GET …/billing`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let balance = try await team.daemon.get(BalanceView.self, "balance")
        let forecast = try await team.daemon.get(ForecastView.self, "forecast")
        let grants = try await team.daemon.get(Page<GrantView>.self, "grants", query: [("limit", "50")])
        let method = try await team.daemon.get(PaymentMethodView.self, "payment-method")
        let topUp = try await team.daemon.get(TopUpView.self, "top-up")
        let alerts = try await team.daemon.get(AlertsView.self, "alerts")
        let budget = try await team.daemon.get(BudgetView.self, "budget")
        let invoices = try await team.daemon.get(Page<InvoiceView>.self, "invoices", query: [("limit", "12")])
        let payments = try await team.daemon.get(Page<PaymentView>.self, "payments", query: [("limit", "10")])
        let billTo = try await team.daemon.get(BillToView.self, "bill-to")
        return try Layout.page(team, .billing, title: "Billing") {
            Parts.figures {
                Parts.sum("Available credits", balance.available, "What requests can still use")
                Parts.sum("Balance", balance.balance, "Holds of open requests included")
                Parts.sum("Spent this month", budget.spentThisMonth, "Calendar month, UTC")
                Parts.figure(
                    "Credits last", forecast.daysLeft.map { Words.count($0, "day", "days") } ?? "—",
                    forecast.runsOut.map { "Until \($0)" } ?? "Nothing was spent of late")
            }
            if let due = team.me.due, team.may("retryPayment") { pay(team, due, method) }
            element(.div, .class("columns")) {
                if team.may("buyCredits") { buy(team, method) }
                methodCard(team, method)
            }
            invoiceCard(team, invoices)
            paymentCard(team, payments)
            grantCard(grants)
            element(.div, .class("columns")) {
                BillingForms.topUp(team, topUp)
                BillingForms.alerts(team, alerts)
                BillingForms.budget(team, budget)
                BillingForms.billTo(team, billTo)
            }
            element(.p) {
                element(.a, .href(team.place("history")), text: "Everything that happened to money and seats")
            }
        }
    }

    private static func pay(_ team: Team, _ due: String, _ method: PaymentMethodView) -> HTML {
        Parts.card("Pay what is owed", id: "pay") {
            if method.gateway == "manual" {
                // Nobody can be asked for a transfer.
                element(
                    .p,
                    text:
                        "\(Words.usd(due)) is due. Payments are made by transfer: the operator of this service says where to. When the transfer is noted, everything works as before at once."
                )
            } else {
                element(
                    .p,
                    text:
                        "\(Words.usd(due)) is due. The saved payment method is asked for it, and everything works as before at once when it is paid."
                )
                Parts.form(team.place("payments", "retry"), team.session) {
                    Parts.hidden("key", Secrets.random())
                    Parts.hidden("total", due)
                    Parts.submit("Retry the payment of \(Words.usd(due))")
                }
            }
        }
    }

    private static func buy(_ team: Team, _ method: PaymentMethodView) -> HTML {
        Parts.card("Buy credits", id: "buy") {
            element(
                .p, .class("nothing"), text: "You see what is charged, tax included, before anything is paid.")
            element(.div, .class("packs")) {
                for pack in packs {
                    Parts.form(team.place("orders"), team.session) {
                        Parts.hidden("kind", "credits")
                        Parts.hidden("amount", pack)
                        element(.button, .text(.type, "submit"), text: Words.usd(pack).replacing(".00", with: ""))
                    }
                }
            }
            Parts.form(team.place("orders"), team.session, class: "row") {
                Parts.hidden("kind", "credits")
                Parts.field(
                    "Other amount in US dollars", "other", hint: nil, .flag(.required), .text(.inputmode, "decimal"),
                    .text(.autocomplete, "off"), .text(.placeholder, "2500"))
                Parts.submit("Continue")
            }
        }
    }

    private static func methodCard(_ team: Team, _ method: PaymentMethodView) -> HTML {
        Parts.card("Payment method", id: "method") {
            if method.gateway == "manual" {
                element(.p, text: "Payments are made by transfer. An order waits until the money has arrived.")
            } else {
                if method.method != nil {
                    Parts.facts([
                        ("Card", Parts.text("\(Words.label(method.brand ?? "card")) ending in \(method.last4 ?? "—")")),
                        ("Valid through", Parts.text(method.expiry ?? "—")),
                    ])
                } else {
                    Parts.nothing("No card is saved yet.")
                }
                if team.may("beginMethodEntry") {
                    Parts.form(team.place("payment-method"), team.session) {
                        Parts.hidden("key", Secrets.random())
                        Parts.submit(method.method == nil ? "Enter a card" : "Use another card", class: "button")
                    }
                }
            }
        }
    }

    private static func invoiceCard(_ team: Team, _ invoices: Page<InvoiceView>) -> HTML {
        Parts.card("Invoices", id: "invoices") {
            if invoices.items.isEmpty {
                Parts.nothing(
                    "No invoice yet. What you buy is on the invoice of its period, which is issued when the period ends."
                )
            } else {
                invoiceTable(team, invoices.items)
            }
            Parts.more(invoices.nextCursor.map { team.place("invoices", query: [("cursor", $0)]) })
        }
    }

    static func invoiceTable(_ team: Team, _ invoices: [InvoiceView]) -> HTML {
        Parts.table(
            "Invoices and credit notes", ["Number", "Issued", "State", "Total#", "Open#", "PDF"],
            invoices.map { invoice in
                [
                    element(.a, .href(team.place("invoices", invoice.number)), text: invoice.number),
                    Parts.text(Words.day(invoice.issued)), Parts.badge(invoice.isDisputed ? "disputed" : invoice.state),
                    Parts.text(Words.usd(invoice.total)), Parts.text(Words.usd(invoice.open)),
                    element(
                        .a, .href(team.place("invoices", invoice.number, "pdf")),
                        .aria("label", "Download \(invoice.number) as PDF"), text: "Download"),
                ]
            })
    }

    private static func paymentCard(_ team: Team, _ payments: Page<PaymentView>) -> HTML {
        Parts.card("Payments", id: "payments") {
            if payments.items.isEmpty {
                Parts.nothing("Nothing was paid yet.")
            } else {
                paymentTable(team, payments.items)
            }
            Parts.more(payments.nextCursor.map { team.place("payments", query: [("cursor", $0)]) })
        }
    }

    static func paymentTable(_ team: Team, _ payments: [PaymentView]) -> HTML {
        Parts.table(
            "Payments", ["Number", "Ordered", "For", "Amount#", "State", "What it means"],
            payments.map { payment in
                [
                    element(.a, .href(team.place("payments", "\(payment.payment)")), text: "\(payment.payment)"),
                    Words.time(payment.created), Parts.text(PaymentPage.purpose(payment)),
                    Parts.text(Words.usd(payment.amount)), Parts.badge(payment.state),
                    Parts.text(PaymentPage.words(payment) ?? ""),
                ]
            })
    }

    private static func grantCard(_ grants: Page<GrantView>) -> HTML {
        Parts.card("Credits", id: "credits") {
            if grants.items.isEmpty {
                Parts.nothing("No credits yet.")
            } else {
                Parts.table(
                    "Credits, newest first", ["Credits", "Since", "Left#", "Of#", "Expires", "State"],
                    grants.items.map { grant in
                        [
                            Parts.text(Words.label(grant.source)), Words.time(grant.created),
                            Parts.text(Words.usd(grant.remaining)), Parts.text(Words.usd(grant.amount)),
                            grant.expires.map(Words.time) ?? Parts.text("never"),
                            Parts.badge(grant.state == "open" ? "available" : grant.state),
                        ]
                    })
            }
        }
    }
}
