import Foundation
import TestSupport
import Testing

/// Who may ask what, as one table: each route of the control socket by each kind of asker, in the role `dashboard`.
@Suite(.ownThread) struct TeamRightsTests {
    /// Who may, on behalf of whom.
    private enum Right {
        /// Nobody through a dashboard.
        case operators
        /// Whoever proves who they are; no member is named.
        case proof
        /// Owners. Money and who decides about it takes a recent sign-in.
        case owner(isRecent: Bool)
        /// Owners and admins.
        case managers
        /// All members.
        case everyone

        func allows(_ role: String) -> Bool {
            switch self {
            case .operators, .proof: false
            case .owner: role == "owner"
            case .managers: role != "member"
            case .everyone: true
            }
        }
    }

    private struct Row {
        let right: Right
        /// A body that is right, as JSON; nil for none.
        let body: String?

        init(_ right: Right, _ body: String? = nil) {
            self.right = right
            self.body = body
        }
    }

    /// Every route by its name: who may, and a body that is right.
    private static let rows: [String: Row] = [
        "health": Row(.operators), "readiness": Row(.operators), "metrics": Row(.operators),
        "status": Row(.operators), "reload": Row(.operators, #"{}"#),
        "showTestClock": Row(.operators), "moveTestClock": Row(.operators, #"{"now": "2026-11-24T10:00:00Z"}"#),
        "listOrgs": Row(.operators), "createOrg": Row(.operators, #"{"org": "another"}"#),
        "closeOrg": Row(.operators, #"{}"#),
        "nameOrg": Row(.operators, #"{"alias": "A", "actor": "x"}"#), "orgAliases": Row(.operators),
        "addMember": Row(.operators, #"{"user": "somebody"}"#), "removeMember": Row(.operators, #"{}"#),
        "limitMember": Row(.operators, #"{}"#),
        "grant": Row(.operators, #"{"amount": "5"}"#), "voidGrant": Row(.operators, #"{}"#),
        "releaseHold": Row(.operators, #"{}"#),
        "activity": Row(.operators), "unreadMembers": Row(.operators), "costDrift": Row(.operators),
        "correctUsage": Row(.operators, #"{"reason": "r", "actor": "a"}"#),
        "reprice": Row(.operators, #"{"since": "2026-11-01T00:00:00Z", "dry_run": true, "actor": "a"}"#),
        "showRate": Row(.operators), "rateHistory": Row(.operators), "diffRateCards": Row(.operators),
        "exportRateCard": Row(.operators), "rateCard": Row(.operators), "rateCards": Row(.operators),
        "modelAliases": Row(.operators), "nameModel": Row(.operators, #"{"alias": "a", "actor": "a"}"#),
        "importRates": Row(.operators, #"{"document": "", "source": "s", "actor": "a", "dry_run": true}"#),
        "upgradeRates": Row(.operators, #"{"actor": "a", "dry_run": true}"#),
        "listQuarantine": Row(.operators), "showQuarantined": Row(.operators),
        "retryQuarantined": Row(.operators, #"{"actor": "a"}"#),
        "discardQuarantined": Row(.operators, #"{"actor": "a"}"#),
        "listEvents": Row(.operators), "followEvents": Row(.operators), "newestEvent": Row(.operators),
        "listRecipients": Row(.operators), "verifyLedger": Row(.operators),
        "exportLedger": Row(.operators), "backup": Row(.operators), "reportBackup": Row(.operators, #"{"ok": true}"#),
        "takeStripeWebhook": Row(.operators, #"{}"#), "verifyVAT": Row(.operators, #"{"valid": true}"#),
        "recordPayment": Row(.operators, #"{"state": "paid"}"#), "depositPayment": Row(.operators, #"{"amount": "5"}"#),
        "reversePayment": Row(.operators, #"{"reason": "r"}"#),
        "refundPayment": Row(.operators, #"{"amount": "5", "reason": "r"}"#),
        "retryRefund": Row(.operators, #"{}"#), "recordRefund": Row(.operators, #"{}"#),
        "creditInvoice": Row(.operators, #"{"amount": "1", "reason": "r"}"#), "listWholeAudit": Row(.operators),

        "showInvitation": Row(.proof, #"{"secret": "a secret of no invitation"}"#),
        "acceptInvitation": Row(
            .proof, #"{"secret": "a secret of no invitation", "issuer": "https://i", "subject": "s"}"#),
        "signIn": Row(.proof, #"{"issuer": "https://i", "subject": "nobody"}"#),
        "signUp": Row(.proof, #"{"issuer": "https://i", "subject": "nobody", "org": "founded"}"#),
        "showSignUps": Row(.proof),

        "buyCredits": Row(.owner(isRecent: true), #"{"amount": "50", "expect_total": "50"}"#),
        "cancelSubscription": Row(.owner(isRecent: true), #"{}"#),
        "resumeSubscription": Row(.owner(isRecent: true), #"{}"#),
        "beginMethodEntry": Row(.owner(isRecent: true), #"{"return_url": "https://a.example"}"#),
        "finishMethodEntry": Row(.owner(isRecent: true), #"{"session": "cs_1"}"#),
        "listSubscriptionChanges": Row(.managers),
        "drawInvoice": Row(.managers),
        "listHistory": Row(.managers),
        "setTopUp": Row(.owner(isRecent: true), #"{"threshold": "5", "amount": "50"}"#),
        "setPaymentMethod": Row(.operators, #"{"method": "pm_1"}"#),
        "retryPayment": Row(.owner(isRecent: true), #"{"expect_total": "29"}"#),
        "addSeats": Row(.owner(isRecent: true), #"{"seats": 1, "expect_total": "29"}"#),
        "removeSeats": Row(.owner(isRecent: true), #"{"seats": 1}"#), "keepSeats": Row(.owner(isRecent: true), #"{}"#),
        "setBillTo": Row(.owner(isRecent: true), #"{"name": "Acme Inc.", "country": "US"}"#),
        "checkPayment": Row(.owner(isRecent: false), #"{}"#), "cancelPayment": Row(.owner(isRecent: false), #"{}"#),
        "noteInvoice": Row(.owner(isRecent: false), #"{"kind": "disputed", "text": "why"}"#),
        "eraseMember": Row(.owner(isRecent: false), #"{}"#),

        "showOrg": Row(.managers), "balance": Row(.managers), "listGrants": Row(.managers),
        "forecastCredits": Row(.managers), "showSubscription": Row(.managers), "listPayments": Row(.managers),
        "showPayment": Row(.managers), "listRefunds": Row(.managers), "showRefund": Row(.managers),
        "listInvoices": Row(.managers), "showInvoice": Row(.managers), "explainInvoice": Row(.managers),
        "listTransfers": Row(.managers), "showTopUp": Row(.managers), "showPaymentMethod": Row(.managers),
        "showBillTo": Row(.managers), "stateUsage": Row(.managers),
        "listHolds": Row(.managers),
        "inviteMember": Row(.managers, #"{"email": "new@acme.example"}"#), "listInvitations": Row(.managers),
        "resendInvitation": Row(.managers, #"{}"#), "withdrawInvitation": Row(.managers, #"{}"#),
        "setMemberRole": Row(.managers, #"{"role": "member"}"#), "setMemberLimits": Row(.managers, #"{"daily": "5"}"#),
        "addMemberUser": Row(.managers, #"{"user": "a-laptop"}"#), "removeTeamMember": Row(.managers, #"{}"#),
        "listMembers": Row(.managers), "showBudget": Row(.managers),
        "setBudget": Row(.managers, #"{"monthly": "100"}"#),
        "showAlerts": Row(.managers), "setAlerts": Row(.managers, #"{"thresholds": ["5"]}"#),
        "showPolicy": Row(.managers), "changePolicy": Row(.managers, #"{"allowed_models": ["openai/*"]}"#),
        "listAudit": Row(.managers),

        "listTeam": Row(.everyone), "showTeamMember": Row(.everyone), "showMe": Row(.everyone),
        "setMemberProfile": Row(.everyone, #"{"name": "A new name"}"#),
        "addMemberIdentity": Row(.everyone, #"{"issuer": "https://j", "subject": "s"}"#),
        "removeMemberIdentity": Row(.everyone, #"{"issuer": "https://j", "subject": "s"}"#),
        "summarizeUsage": Row(.everyone), "reportUsage": Row(.everyone), "listTags": Row(.managers),
        "requireIssuer": Row(.owner(isRecent: true), #"{"issuer": null}"#), "listUsage": Row(.everyone),
        "showUsage": Row(.everyone),
        "explainUsage": Row(.everyone),
    ]

    private struct Route {
        let name, method, path: String
    }

    private func routes(_ team: Team) throws -> [Route] {
        let description = try ControlPeer(team.daemon.controlSocket).ask("GET", "/openapi.json").json
        let paths = try #require(description["paths"] as? [String: [String: [String: Any]]])
        return paths.flatMap { path, methods in
            methods.compactMap { method, operation in
                (operation["operationId"] as? String).map { Route(name: $0, method: method.uppercased(), path: path) }
            }
        }.sorted { $0.name < $1.name }
    }

    /// What a cell came to.
    private enum Cell: String {
        /// 403.
        case refused
        /// 404 as of an org that never was.
        case hidden
        /// 403 with the demand for a recent sign-in.
        case stale
        /// Anything else: what was asked was looked at.
        case looked

        init(_ answer: ControlPeer.Answer, _ org: String) {
            let gone =
                #"{"code":"unknown_org","detail":"there is no org '\#(org)'","retryable":false,"status":404,"title":"Not Found","type":"about:blank"}"#
            switch (answer.status, answer.code) {
            case (403, "sign_in_required"): self = .stale
            case (403, _): self = .refused
            case (404, _) where answer.body == gone: self = .hidden
            default: self = .looked
            }
        }
    }

    @Test func everyRouteIsForThoseWhomTheTableNames() throws {
        let team = try Team(arguments: ["--test-clock", "2026-11-24T10:00:00Z"])
        for org in ["acme", "other", "late"] { try team.org(org) }
        let member = try team.join("acme", "mia", role: "member", users: ["mia"])
        let admin = try team.join("acme", "ada", role: "admin")
        let owner = try team.join("acme", "ona", role: "owner")
        let stranger = try team.join("other", "oz", role: "owner")
        let removed = try team.join("acme", "rex", role: "owner")
        _ = try team.daemon.json("member", "remove", "acme", "\(removed.member)")
        var late = try team.join("late", "lou", role: "owner")
        // An org that doesn't pay: suspended after three days of grace.
        _ = try team.daemon.json("subscription", "show", "late")
        #expect(try team.daemon.meterctl("seats", "add", "late", "1").status == 0)
        #expect(try team.daemon.meterctl("payments", "record", "late", "1").status == 0)
        #expect(try team.daemon.meterctl("clock", "2026-12-24T12:00:00Z").status == 0)
        #expect(try team.daemon.meterctl("payments", "record", "late", "2", "--declined").status == 0)
        #expect(try team.daemon.meterctl("clock", "2026-12-28T12:00:00Z").status == 0)
        #expect(try team.daemon.json("org", "show", "late")["state"] as? String == "suspended")
        late.signedIn = try team.signIn(late.subject)
        let fresh = [member, admin, owner, stranger].map { person in
            var person = person
            person.signedIn = (try? team.signIn(person.subject)) ?? ""
            return person
        }
        let line = #"{"id":"r1","org":"acme","user":"mia","model":"gpt-5","usage":{"prompt_tokens":10}}"#
        #expect(try LineClient(team.daemon.ingestSocket).ask(line).contains("cost"))

        let routes = try routes(team)
        let others = Set(routes.map(\.name)).symmetricDifference(Self.rows.keys)
        #expect(others.isEmpty, "routes without a row, or rows without a route")
        // What can only be done once is done last, and to somebody who is there for it.
        for route in routes {
            guard let row = Self.rows[route.name] else { continue }
            func ask(_ org: String, _ person: Team.Person?, isFresh: Bool = true) throws -> Cell {
                let path = try Self.path(route, org, team, person)
                var body =
                    try row.body.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) } as? [String: Any]
                if route.name == "inviteMember" || route.name == "resendInvitation" {
                    body?["secret_hash"] = Team.hash(UUID().uuidString)
                }
                if route.name == "inviteMember" { body?["email"] = "\(UUID().uuidString)@example.com" }
                if route.name == "addMemberUser" { body?["user"] = UUID().uuidString }
                let answer = try team.dashboard.ask(
                    route.method, path, body, as: person?.member, signedIn: isFresh ? person?.signedIn : nil)
                return Cell(answer, org)
            }
            func expect(_ cell: Cell, _ expected: Cell, _ who: String) {
                #expect(cell == expected, "\(route.name) by \(who): \(cell), expected \(expected)")
            }
            let isOfOrg = route.path.hasPrefix("/v1/orgs/{org}")
            let isForMembers = isOfOrg && row.right.allows("owner")
            if ControlPeer.isStranger {
                var expected = Cell.refused
                if case .proof = row.right { expected = .looked }
                // By policy: an org is founded by an operator.
                if route.name == "signUp" { expected = .refused }
                expect(try ask("acme", nil), expected, "a dashboard that names nobody")
            }
            for (role, person) in zip(["member", "admin", "owner"], fresh) {
                expect(
                    try ask("acme", person), isForMembers && row.right.allows(role) ? .looked : .refused, role)
            }
            expect(try ask("acme", fresh[3]), isForMembers ? .hidden : .refused, "another org's owner")
            expect(try ask("never", fresh[3]), isForMembers ? .hidden : .refused, "somebody who asks of no org")
            expect(try ask("acme", removed), isForMembers ? .hidden : .refused, "a removed owner")
            expect(try ask("late", late), isForMembers ? .looked : .refused, "a suspended org's owner")
            if case .owner(isRecent: true) = row.right {
                expect(try ask("acme", fresh[2], isFresh: false), .stale, "an owner without a recent sign-in")
            }
        }
        #expect(try team.daemon.meterctl("ledger", "verify").status == 0)
        #expect(routes.count > 100)
    }

    /// A route's path with things that are there.
    private static func path(_ route: Route, _ org: String, _ team: Team, _ person: Team.Person?) throws -> String {
        var path = route.path.replacingOccurrences(of: "{org}", with: org)
        if path.contains("{invitation}") {
            let invited = try team.daemon.json("member", "invite", "acme", "\(UUID().uuidString)@example.com")
            let number = (invited["invitation"] as? [String: Any])?["invitation"] as? Int ?? 0
            path = path.replacingOccurrences(of: "{invitation}", with: "\(number)")
        }
        if path.contains("{member}") {
            // Of themselves what is only for themselves.
            var number = person?.member ?? 1
            if !["setMemberProfile", "addMemberIdentity", "removeMemberIdentity"].contains(route.name) {
                number =
                    try team.daemon.json("member", "add", "acme", UUID().uuidString)["member"] as? Int ?? 0
            }
            path = path.replacingOccurrences(of: "{member}", with: "\(number)")
        }
        for (name, value) in [
            "user": "mia", "id": "r1", "grant": "1", "payment": "1", "refund": "1", "invoice": "INV-000001",
            "number": "1", "card": "1",
        ] { path = path.replacingOccurrences(of: "{\(name)}", with: value) }
        if route.name == "followEvents" { path += "?after=0" }
        return path
    }
}
