import HTML
import Wording

/// What pages have in common.
enum Layout {
    /// The tabs of an org's pages.
    enum Tab: String, CaseIterable, Sendable {
        case organization, usage, billing, subscription, security

        /// The daemon's endpoint that a role must be allowed, for the tab to be shown.
        var action: String? {
            switch self {
            case .organization, .usage, .security: nil
            case .billing: "listPayments"
            case .subscription: "showSubscription"
            }
        }
    }

    /// A page of an org.
    static func page(
        _ team: Team, _ tab: Tab, title: String, @HTMLBuilder _ content: () -> HTML
    ) throws(PageError) -> Reply {
        let notice = try team.site.store.takeNotice(of: team.session)
        let reminder = tab == .security ? HTML() : try PasskeyForms.reminder(team)
        let body = content()
        let name = team.me.displayName ?? team.org
        return .page(
            document(title: "\(title) · \(name)") {
                element(.header, .class("top")) {
                    element(.a, .class("brand"), .href(Place(["orgs", team.org])), text: "meterd")
                    orgSwitch(team, name)
                    personMenu(team)
                }
                element(.nav, .class("tabs"), .aria("label", "Sections")) {
                    element(.ul) {
                        for other in Tab.allCases where other.action.map(team.may) ?? true {
                            element(.li) {
                                if other == tab {
                                    element(
                                        .a, .href(team.place(other.rawValue)), .aria("current", "page"),
                                        text: Words.label(other.rawValue))
                                } else {
                                    element(.a, .href(team.place(other.rawValue)), text: Words.label(other.rawValue))
                                }
                            }
                        }
                    }
                }
                element(.main, .id("main")) {
                    Standing.banner(team)
                    reminder
                    if let notice { Parts.notice(notice) }
                    element(.h1, text: title)
                    body
                }
                element(.footer) {
                    element(.p) {
                        "Days and times are UTC. As of "
                        Words.time(team.now.description)
                        "."
                        if let support = team.me.support {
                            " Help: "
                            supportLink(support)
                        }
                    }
                }
            })
    }

    /// A page that is of no org.
    static func bare(title: String, @HTMLBuilder _ content: () -> HTML) -> HTML {
        document(title: title) {
            element(.header, .class("top")) { element(.a, .class("brand"), .href(Place([])), text: "meterd") }
            element(.main, .id("main"), .class("narrow")) {
                element(.h1, text: title)
                content()
            }
        }
    }

    private static func document(title: String, @HTMLBuilder _ body: () -> HTML) -> HTML {
        .document(language: "en") {
            element(.head) {
                element(.meta, .text(.charset, "utf-8"))
                element(.meta, .text(.name, "viewport"), .text(.content, "width=device-width, initial-scale=1"))
                element(.meta, .text(.name, "color-scheme"), .text(.content, "light dark"))
                element(.title, text: title + " · meterd")
                element(.link, .text(.rel, "stylesheet"), .href(Assets.style.place))
                element(.link, .text(.rel, "icon"), .text(.type, "image/svg+xml"), .href(Assets.icon.place))
                element(.script, .src(Assets.script.place), .flag(.defer))
            }
            element(.body) {
                element(.a, .class("skip"), .href(Place(fragment: "main")), text: "Skip to the content")
                body()
            }
        }
    }

    /// The org, and a way to the others, without a script.
    private static func orgSwitch(_ team: Team, _ name: String) -> HTML {
        let others = team.session.memberships.filter { $0.org != team.org }
        let isOpen = team.me.signUp == "open"
        guard !others.isEmpty || isOpen else { return element(.span, .class("org")) { foreign(name) } }
        return element(.details, .class("org menu")) {
            element(.summary) { foreign(name) }
            element(.ul) {
                for other in others {
                    element(.li) {
                        element(.a, .href(Place(["orgs", other.org]))) { foreign(other.displayName ?? other.org) }
                    }
                }
                if isOpen { element(.li) { element(.a, .href(SignUp.place), text: "New organization") } }
            }
        }
    }

    private static func personMenu(_ team: Team) -> HTML {
        element(.details, .class("person menu")) {
            element(.summary) {
                foreign(team.me.member.name ?? team.me.member.email ?? "Member \(team.me.member.member)")
            }
            element(.div) {
                element(.p) { Words.label(team.me.member.role) }
                Parts.form(Place(["sign-out"]), team.session) {
                    element(.button, .text(.type, "submit"), .class("plain"), text: "Sign out")
                }
            }
        }
    }

    private static func supportLink(_ support: String) -> HTML {
        if let page = Place(partner: support) { return element(.a, .href(page), text: support) }
        return support.contains("@")
            ? element(.a, .href(Place(mailTo: support)), text: support) : element(.span, text: support)
    }
}

/// What every page says when an org has not paid.
enum Standing {
    static func banner(_ team: Team) -> HTML {
        let me = team.me
        let mayPay = team.may("retryPayment")
        let owed = me.due.map { " You owe \(Words.usd($0))." } ?? ""
        let how =
            mayPay
            ? element(.a, .href(team.place("billing", fragment: "pay")), text: "Pay now")
            : element(.span, text: "An owner can pay on the billing page.")
        func banner(_ kind: String, _ title: String, _ words: String, _ action: HTML) -> HTML {
            element(.div, .class("banner \(kind)"), .text(.role, "alert")) {
                element(.p) {
                    element(.strong, text: title)
                    " " + words + " "
                    action
                }
            }
        }
        switch me.standing {
        case "grace":
            return banner(
                "warning", "A payment failed.",
                "Requests go on until \(me.suspends.map(Words.timeText) ?? "the grace period ends"); then they are refused."
                    + owed, how)
        case "suspended":
            return banner(
                "danger", "This organization is suspended.",
                "Requests are refused. On \(me.erases.map(Words.timeText) ?? "the end of retention") usage details and members are erased for good. Paying restores everything at once."
                    + owed, how)
        case "erased":
            return banner(
                "danger", "This organization was erased.",
                "Usage details and members were erased on \(me.erases.map(Words.timeText) ?? "the end of retention")."
                    + owed, how)
        default:
            guard me.orgState != "active" else { return HTML() }
            return banner(
                "danger", "This organization is \(me.orgState).", "Requests are refused.",
                element(.span, text: me.support.map { "Help: \($0)" } ?? ""))
        }
    }
}
