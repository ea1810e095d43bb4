import HTML

// Every page and every form's target. The tests have a row for each.
extension Route {
    static let all: [Route] = open + organization

    private static let open: [Route] = [
        Route(.get, "home", "/") { (visit) throws(PageError) in
            guard let session = visit.session else { return .redirect(Place(["sign-in"])) }
            guard let first = session.memberships.first else { throw .notFound }
            return .redirect(Place(["orgs", first.org]))
        },
        Route(.get, "asset", "/assets/{digest}/{name}") { (visit) throws(PageError) in try Assets.reply(visit) },
        Route(.get, "signIn", "/sign-in") { (visit) throws(PageError) in try SignInPages.show(visit) },
        Route(
            .post, "signOut", "/sign-out",
            person: { (visit, session) throws(PageError) in
                try SignInPages.signOut(visit, session)
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
        Route(.get, "org", "", may: nil, member: { (team) throws(PageError) in try team.redirect("organization") }),
        Route(
            .get, "organization", "/organization", may: "listTeam",
            member: { (team) async throws(PageError) in
                try await OrganizationPage.show(team)
            }),
    ]
}
