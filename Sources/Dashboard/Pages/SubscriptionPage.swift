import Billing
import HTML
import Ledger
import Wording

/// Seats: how many, what they cost, and how their number changes.
enum SubscriptionPage {
    /// `GET …/subscription`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let subscription = try await team.daemon.get(SubscriptionView.self, "subscription")
        let changes = try await team.daemon.get(
            Page<SubscriptionChangeView>.self, "subscription", "changes",
            query: [("limit", "20"), ("cursor", team.visit.query["cursor"])])
        let mayChange = team.may("addSeats")
        return try Layout.page(team, .subscription, title: "Subscription") {
            Parts.figures {
                Parts.figure(
                    "Seats", Words.count(subscription.seats),
                    subscription.nextSeats != subscription.seats
                        ? "\(Words.count(subscription.nextSeats)) from \(subscription.periodEnd ?? "the next period")"
                        : nil)
                Parts.figure(
                    "Used", Words.count(subscription.members),
                    subscription.membersMax.map { "\(Words.count(max(0, $0 - subscription.members))) free" })
                Parts.sum("Price per seat", subscription.seatPrice, "Per period, before tax")
                Parts.sum(
                    "Next charge", subscription.nextAmount,
                    subscription.periodEnd.map { "On \($0), before tax" })
            }
            Parts.card("Plan") {
                Parts.facts([
                    ("Plan", Parts.text("Team, \(Words.usd(subscription.seatPrice)) per seat and month")),
                    ("State", Parts.badge(subscription.standing == "none" ? "not begun" : subscription.standing)),
                    (
                        "Current period",
                        Parts.text(
                            subscription.periodStart.map {
                                "\($0) to \(subscription.periodEnd.map(Words.lastDay) ?? "—")"
                            } ?? "—")
                    ),
                    ("Billing day", Parts.text(subscription.signup.map { String($0.suffix(2)) } ?? "—")),
                    subscription.ends.map { ("Ends", Parts.text("On \($0)")) }
                        ?? ("Renews", Parts.text(subscription.periodEnd.map { "On \($0)" } ?? "—")),
                ])
            }
            if mayChange {
                element(.div, .class("columns")) {
                    add(team)
                    if subscription.standing != "none" {
                        remove(team, subscription)
                        cancel(team, subscription)
                    }
                }
            }
            Parts.card("Changes") {
                if changes.items.isEmpty {
                    Parts.nothing("Nothing was changed yet.")
                } else {
                    Parts.table(
                        "Changes of the subscription, newest first", ["When", "What", "By"],
                        changes.items.map { [Words.time($0.at), Parts.text(words($0)), foreign(actor($0.actor))] })
                }
                Parts.more(changes.nextCursor.map { team.place("subscription", query: [("cursor", $0)]) })
            }
        }
    }

    /// Who made a change, in words.
    private static func actor(_ actor: String) -> String {
        if actor == "meterd" { return "Automatic" }
        return actor.hasPrefix("uid ") ? "Operator" : actor
    }

    /// What a change did, in words.
    static func words(_ change: SubscriptionChangeView) -> String {
        if change.isCanceled { return "Cancelled: it ends on \(change.periodEnd ?? "the last day of the period")" }
        if change.seats != change.seatsBefore {
            return "\(Words.count(change.seatsBefore)) → \(Words.count(change.seats, "seat", "seats"))"
        }
        if change.nextSeats != change.seats {
            return "\(Words.count(change.nextSeats, "seat", "seats")) from \(change.periodEnd ?? "the next period")"
        }
        return Words.label(change.kind)
    }

    private static func add(_ team: Team) -> HTML {
        Parts.card("Add seats", id: "add") {
            Parts.form(team.place("orders"), team.session) {
                Parts.hidden("kind", "seats")
                Parts.field(
                    "How many", "seats", type: "number", value: "1",
                    hint: "You pay for the days that are left of this period. You see the sum before anything is paid.",
                    .flag(.required), .text(.min, "1"), .text(.step, "1"))
                Parts.submit("Continue")
            }
        }
    }

    private static func remove(_ team: Team, _ subscription: SubscriptionView) -> HTML {
        Parts.card("Remove seats", id: "remove") {
            Parts.form(team.place("subscription", "remove"), team.session) {
                Parts.field(
                    "How many", "seats", id: "removed-seats", type: "number", value: "1",
                    hint:
                        "You keep them until \(subscription.periodEnd ?? "the period ends"). If all seats are used, remove members first.",
                    .flag(.required), .text(.min, "1"), .text(.step, "1"))
                Parts.submit("Continue", class: "button")
            }
            if subscription.nextSeats < subscription.seats {
                Parts.form(team.place("subscription", "keep"), team.session) {
                    Parts.hidden("key", Secrets.random())
                    element(
                        .p,
                        text:
                            "\(Words.count(subscription.seats - subscription.nextSeats, "seat goes", "seats go")) on \(subscription.periodEnd ?? "the next billing day")."
                    )
                    Parts.submit("Keep all seats", class: "button")
                }
            }
        }
    }

    private static func cancel(_ team: Team, _ subscription: SubscriptionView) -> HTML {
        Parts.card(subscription.ends == nil ? "Cancel" : "Go on", id: "cancel") {
            if let ends = subscription.ends {
                Parts.form(team.place("subscription", "resume"), team.session) {
                    Parts.hidden("key", Secrets.random())
                    element(.p, text: "The subscription ends on \(ends). Then requests are refused.")
                    Parts.submit("Go on with the subscription", class: "button")
                }
            } else {
                Parts.form(team.place("subscription", "cancel"), team.session) {
                    Parts.hidden("key", Secrets.random())
                    element(.div, .class("check")) {
                        element(.input, .text(.type, "checkbox"), .id("f-sure"), .text(.name, "sure"), .flag(.required))
                        element(
                            .label, .text(.for, "f-sure"),
                            text:
                                "End the subscription on \(subscription.periodEnd ?? "the last day of the period"). Until then everything works. What is paid for this period is not paid back."
                        )
                    }
                    Parts.submit("Cancel the subscription", class: "danger")
                }
            }
        }
    }

    // MARK: What the forms do

    /// `POST …/subscription/remove`: shows what it means, and does it when it is confirmed.
    static func removeSeats(_ team: Team) async throws(PageError) -> Reply {
        let form = team.visit.form
        guard let seats = Int64(form.text("seats") ?? ""), seats > 0 else {
            return try team.redirect("subscription", saying: .failed("Write how many seats to remove: a whole number."))
        }
        do throws(PageError) {
            if form.isChecked("confirmed") {
                _ = try await team.daemon.change(
                    SubscriptionView.self, .POST, "seats", "remove", body: ["seats": seats], key: try FormKey.of(form))
                return try team.redirect(
                    "subscription", saying: .done("The seats go at the end of this period. Until then they stay."))
            }
            let preview = try await team.daemon.change(
                SeatRemovalPreview.self, .POST, "seats", "remove",
                body: RemovalQuestion(seats: seats, dryRun: true), key: "dash-" + Secrets.random())
            return try confirmation(team, preview)
        } catch {
            return try Failed.back(error, team, to: "subscription")
        }
    }

    private static func confirmation(_ team: Team, _ preview: SeatRemovalPreview) throws(PageError) -> Reply {
        try Layout.page(team, .subscription, title: "Remove seats") {
            Parts.card(Words.count(preview.seats, "seat", "seats")) {
                Parts.facts([
                    ("Seats now", Parts.text(Words.count(preview.presentSeats))),
                    ("Seats from \(preview.from)", Parts.text(Words.count(preview.nextSeats))),
                    ("Members", Parts.text(Words.count(preview.members))),
                    ("Next period now costs", Parts.text(Words.usd(preview.amountBefore) + " before tax")),
                    (
                        "Next period then costs",
                        Parts.text("\(Words.usd(preview.total)), of that \(Words.usd(preview.tax)) tax")
                    ),
                ])
                Parts.form(team.place("subscription", "remove"), team.session, class: "row") {
                    Parts.hidden("key", Secrets.random())
                    Parts.hidden("seats", "\(preview.seats)")
                    Parts.hidden("confirmed", "yes")
                    Parts.submit("Remove from \(preview.from)")
                    Parts.link("Cancel", team.place("subscription"))
                }
            }
        }
    }

    private struct RemovalQuestion: Encodable {
        let seats: Int64
        let dryRun: Bool
    }

    /// `POST …/subscription/keep`, `/cancel` and `/resume`
    static func change(_ team: Team, _ path: [String], _ done: String) async throws(PageError) -> Reply {
        if path.last == "cancel", !team.visit.form.isChecked("sure") { throw .malformed("check the box first") }
        do throws(PageError) {
            try await team.daemon.change(path, key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "subscription")
        }
        return try team.redirect("subscription", saying: .done(done))
    }
}
