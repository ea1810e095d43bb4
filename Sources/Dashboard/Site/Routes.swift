import HTML

// Every page and every form's target. The tests have a row for each.
extension Route {
    static let all: [Route] = open + organization + usage + billing + subscription + security

    private static let open: [Route] = [
        Route(.get, "home", "/") { (visit) throws(PageError) in
            guard let session = visit.session else { return .redirect(Place(["sign-in"])) }
            guard let first = session.memberships.first else { return .redirect(SignUp.place) }
            return .redirect(Place(["orgs", first.org]))
        },
        Route(.get, "asset", "/assets/{digest}/{name}") { (visit) throws(PageError) in try Assets.reply(visit) },
        Route(.get, "signIn", "/sign-in") { (visit) throws(PageError) in try SignInPages.show(visit) },
        Route(.post, "passkeySignIn", "/sign-in/passkey", limit: .signIn) { (visit) async throws(PageError) in
            try await PasskeyForms.signIn(visit)
        },
        Route(.get, "beginProvider", "/sign-in/with/{provider}", limit: .signIn) { (visit) async throws(PageError) in
            try await ProviderSignIn.begin(visit)
        },
        Route(.get, "finishProvider", "/sign-in/callback/{provider}", limit: .signIn) {
            (visit) async throws(PageError) in
            try await ProviderSignIn.finish(visit)
        },
        Route(
            .post, "signOut", "/sign-out",
            person: { (visit, session) throws(PageError) in
                try SignInPages.signOut(visit, session)
            }),
        Route(
            .get, "newOrganization", "/organizations/new",
            person: { (visit, session) async throws(PageError) in
                try await SignUp.show(visit, session)
            }),
        Route(
            .post, "foundOrganization", "/organizations/new", limit: .invitation,
            person: { (visit, session) async throws(PageError) in
                try await SignUp.found(visit, session)
            }),
        Route(.get, "openInvitation", "/join/{secret}", limit: .invitation) { (visit) throws(PageError) in
            try SignInPages.openLink(visit)
        },
        Route(.get, "showInvitation", "/join", limit: .invitation) { (visit) async throws(PageError) in
            try await SignInPages.showInvitation(visit)
        },
        Route(.post, "acceptInvitation", "/join", limit: .invitation) { (visit) async throws(PageError) in
            try await SignInPages.accept(visit)
        },
    ]

    private static let organization: [Route] = [
        member(.get, "org", "", nil) { (team) throws(PageError) in try team.redirect("organization") },
        member(.get, "organization", "/organization", "listTeam", OrganizationPage.show),
        member(.post, "invite", "/invitations", "inviteMember", InvitationForms.invite),
        member(.post, "resend", "/invitations/{invitation}/resend", "resendInvitation", InvitationForms.resend),
        member(.post, "withdraw", "/invitations/{invitation}/withdraw", "withdrawInvitation", InvitationForms.withdraw),
        member(.get, "member", "/members/{member}", "listMembers", MemberPage.show),
        member(.post, "setLimits", "/members/{member}/limits", "setMemberLimits", MemberForms.setLimits),
        member(.post, "setRole", "/members/{member}/role", "setMemberRole", MemberForms.setRole),
        member(.post, "addUser", "/members/{member}/users", "addMemberUser", MemberForms.addUser),
        member(.post, "removeMember", "/members/{member}/remove", "removeTeamMember", MemberForms.remove),
        member(.post, "eraseMember", "/members/{member}/erase", "eraseMember", MemberForms.erase),
        member(.post, "setModels", "/policy/models", "changePolicy", PolicyForms.setModels),
        member(.post, "setData", "/policy/data", "changePolicy", PolicyForms.setData),
    ]

    private static let usage: [Route] = [
        member(.get, "usage", "/usage", "reportUsage", UsagePage.show),
        member(.get, "usageCSV", "/usage.csv", "summarizeUsage", UsageCSV.download),
        member(.get, "live", "/usage/live", "listUsage", LivePage.show),
        member(.get, "usageCompare", "/usage/compare", "reportUsage", ComparePage.show),
        member(.get, "usageTags", "/usage/tags", "listTags", TagPage.show),
        member(.get, "record", "/usage/records/{id}", "showUsage", LivePage.record),
    ]

    private static let billing: [Route] = [
        member(.get, "billing", "/billing", "listPayments", BillingPage.show),
        member(.get, "invoices", "/invoices", "listInvoices", ListPages.invoices),
        member(.get, "invoice", "/invoices/{invoice}", "showInvoice", InvoicePage.show),
        member(.get, "invoicePDF", "/invoices/{invoice}/pdf", "drawInvoice", InvoicePage.pdf),
        member(.post, "disputeInvoice", "/invoices/{invoice}/notes", "noteInvoice", InvoicePage.note),
        member(.get, "payments", "/payments", "listPayments", ListPages.payments),
        member(.get, "payment", "/payments/{payment}", "showPayment", PaymentPage.show),
        member(.post, "retryPayment", "/payments/retry", "retryPayment", limit: .money, PaymentPage.retry),
        member(.post, "checkPayment", "/payments/{payment}/check", "checkPayment") {
            (team) async throws(PageError) in try await PaymentPage.act(team, "check")
        },
        member(.post, "cancelPayment", "/payments/{payment}/cancel", "cancelPayment") {
            (team) async throws(PageError) in try await PaymentPage.act(team, "cancel")
        },
        member(.get, "history", "/history", "listHistory", ListPages.history),
        member(.post, "beginOrder", "/orders", "buyCredits", OrderPage.begin),
        member(.get, "order", "/orders/{order}", "buyCredits", OrderPage.show),
        member(.post, "confirmOrder", "/orders/{order}/confirm", "buyCredits", limit: .money, OrderPage.confirm),
        member(.post, "enterCard", "/payment-method", "beginMethodEntry", limit: .money, CardEntry.begin),
        member(.get, "cardEntered", "/payment-method/done", "finishMethodEntry", CardEntry.comeBack),
        member(.post, "useCard", "/payment-method/done", "finishMethodEntry", limit: .money, CardEntry.finish),
        member(.post, "setTopUp", "/billing/top-up", "setTopUp", limit: .money, BillingForms.setTopUp),
        member(.post, "setAlerts", "/billing/alerts", "setAlerts", BillingForms.setAlerts),
        member(.post, "setBudget", "/billing/budget", "setBudget", BillingForms.setBudget),
        member(.post, "setBillTo", "/billing/bill-to", "setBillTo", BillingForms.setBillTo),
    ]

    private static let subscription: [Route] = [
        member(.get, "subscription", "/subscription", "showSubscription", SubscriptionPage.show),
        member(.post, "removeSeats", "/subscription/remove", "removeSeats", SubscriptionPage.removeSeats),
        member(.post, "keepSeats", "/subscription/keep", "keepSeats") { (team) async throws(PageError) in
            try await SubscriptionPage.change(team, ["seats", "keep"], "All seats stay.")
        },
        member(.post, "cancel", "/subscription/cancel", "cancelSubscription") { (team) async throws(PageError) in
            try await SubscriptionPage.change(
                team, ["subscription", "cancel"],
                "The subscription ends with this period. You can still change your mind.")
        },
        member(.post, "resume", "/subscription/resume", "resumeSubscription") { (team) async throws(PageError) in
            try await SubscriptionPage.change(team, ["subscription", "resume"], "The subscription goes on.")
        },
    ]

    private static let security: [Route] = [
        member(.get, "security", "/security", "showMe", SecurityPage.show),
        member(.post, "setProfile", "/security/profile", "setMemberProfile", SecurityPage.setProfile),
        member(.post, "endSession", "/security/sessions/end", nil, SecurityPage.endSession),
        member(.post, "endOtherSessions", "/security/sessions/end-others", nil, SecurityPage.endOtherSessions),
        member(
            .post, "connectProvider", "/security/connect/{provider}", "addMemberIdentity",
            ProviderSignIn.beginConnecting),
        member(
            .post, "disconnectProvider", "/security/disconnect/{provider}", "removeMemberIdentity",
            SignInRule.disconnect),
        member(.post, "requireSignIn", "/security/sign-in", "requireIssuer", SignInRule.set),
        member(.post, "addPasskey", "/passkeys", nil, PasskeyForms.register),
        member(.post, "removePasskey", "/passkeys/remove", nil, PasskeyForms.remove),
        member(.get, "audit", "/audit", "listAudit", AuditPage.show),
        member(.get, "auditCSV", "/audit.csv", "listAudit", AuditPage.download),
    ]

    private static func member(
        _ method: Method, _ name: String, _ path: String, _ action: String?, limit: RateLimiter.Kind? = nil,
        _ handler: @escaping @Sendable (Team) async throws(PageError) -> Reply
    ) -> Route {
        Route(method, name, path, limit: limit, may: action, member: handler)
    }
}
