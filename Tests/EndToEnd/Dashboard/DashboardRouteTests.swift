import Foundation
import Testing

@testable import Dashboard

/// Every route against everybody: who gets in, who is told that they may not, and who is told that nothing is there.
@Suite(.ownThread, .timeLimit(.minutes(10))) struct DashboardRouteTests {
    /// A route with what it takes, and the roles that it is for.
    private struct Row {
        let roles: Set<String>
        let path: String
        var form: [String: String] = [:]
    }

    private static let everyone: Set<String> = ["owner", "admin", "member"]
    private static let managers: Set<String> = ["owner", "admin"]
    private static let owner: Set<String> = ["owner"]
    private static let key = "0123456789abcdef"

    /// Routes of an org, by name. A route without a row fails the test.
    private static func rows(member: Int, invitation: Int, invoice: String) -> [String: Row] {
        let sure = ["sure": "yes", "key": key]
        return [
            "org": Row(roles: everyone, path: ""),
            "organization": Row(roles: everyone, path: "/organization"),
            "invite": Row(roles: managers, path: "/invitations", form: ["email": "x@acme.example", "key": key]),
            "resend": Row(roles: managers, path: "/invitations/\(invitation)/resend", form: ["key": key]),
            "withdraw": Row(roles: managers, path: "/invitations/\(invitation)/withdraw", form: ["key": key]),
            "member": Row(roles: managers, path: "/members/\(member)"),
            "setLimits": Row(roles: managers, path: "/members/\(member)/limits", form: ["daily": "5", "key": key]),
            "setRole": Row(roles: managers, path: "/members/\(member)/role", form: ["role": "member", "key": key]),
            "addUser": Row(roles: managers, path: "/members/\(member)/users", form: ["user": "zoe", "key": key]),
            "removeMember": Row(roles: managers, path: "/members/\(member)/remove", form: sure),
            "eraseMember": Row(roles: owner, path: "/members/\(member)/erase", form: sure),
            "setModels": Row(roles: managers, path: "/policy/models", form: ["models": "gpt-5", "key": key]),
            "setData": Row(
                roles: managers, path: "/policy/data",
                form: [
                    "allow_training": "no", "allow_usage_analytics": "", "allow_anonymized_reporting": "", "key": key,
                ]),
            "usage": Row(roles: everyone, path: "/usage"),
            "usageCSV": Row(roles: everyone, path: "/usage.csv"),
            "live": Row(roles: everyone, path: "/usage/live"),
            "usageCompare": Row(roles: everyone, path: "/usage/compare"),
            "usageTags": Row(roles: managers, path: "/usage/tags"),
            "record": Row(roles: everyone, path: "/usage/records/r1"),
            "billing": Row(roles: managers, path: "/billing"),
            "invoices": Row(roles: managers, path: "/invoices"),
            "invoice": Row(roles: managers, path: "/invoices/\(invoice)"),
            "invoicePDF": Row(roles: managers, path: "/invoices/\(invoice)/pdf"),
            "disputeInvoice": Row(
                roles: owner, path: "/invoices/\(invoice)/notes", form: ["text": "not ours", "key": key]),
            "payments": Row(roles: managers, path: "/payments"),
            "payment": Row(roles: managers, path: "/payments/1"),
            "retryPayment": Row(roles: owner, path: "/payments/retry", form: ["key": key]),
            "checkPayment": Row(roles: owner, path: "/payments/1/check", form: ["key": key]),
            "cancelPayment": Row(roles: owner, path: "/payments/1/cancel", form: ["key": key]),
            "history": Row(roles: managers, path: "/history"),
            "beginOrder": Row(roles: owner, path: "/orders", form: ["kind": "credits", "amount": "50"]),
            "enterCard": Row(roles: owner, path: "/payment-method", form: ["key": key]),
            "cardEntered": Row(roles: owner, path: "/payment-method/done"),
            "useCard": Row(roles: owner, path: "/payment-method/done", form: ["key": key]),
            "setTopUp": Row(
                roles: owner, path: "/billing/top-up",
                form: ["threshold": "10", "amount": "50", "per_day_max": "1", "key": key]),
            "setAlerts": Row(roles: managers, path: "/billing/alerts", form: ["thresholds": "5", "key": key]),
            "setBudget": Row(roles: managers, path: "/billing/budget", form: ["monthly": "900", "key": key]),
            "setBillTo": Row(
                roles: owner, path: "/billing/bill-to", form: ["name": "Acme", "country": "US", "key": key]),
            "subscription": Row(roles: managers, path: "/subscription"),
            "removeSeats": Row(roles: owner, path: "/subscription/remove", form: ["seats": "1"]),
            "keepSeats": Row(roles: owner, path: "/subscription/keep", form: ["key": key]),
            "cancel": Row(roles: owner, path: "/subscription/cancel", form: sure),
            "resume": Row(roles: owner, path: "/subscription/resume", form: ["key": key]),
            "security": Row(roles: everyone, path: "/security"),
            "setProfile": Row(roles: everyone, path: "/security/profile", form: ["name": "N", "key": key]),
            "endSession": Row(roles: everyone, path: "/security/sessions/end-none"),
            "endOtherSessions": Row(roles: everyone, path: "/security/sessions/end-others"),
            "requireSignIn": Row(roles: owner, path: "/security/sign-in", form: ["issuer": "", "key": key]),
            "addPasskey": Row(roles: everyone, path: "/passkeys", form: ["credential": "{}", "challenge": "1.x"]),
            "removePasskey": Row(roles: everyone, path: "/passkeys/remove", form: ["passkey": "00"]),
            "audit": Row(roles: managers, path: "/audit"),
            "auditCSV": Row(roles: managers, path: "/audit.csv"),
        ]
    }

    /// Routes that have no org in their path, and those whose object only one person has: other tests are about them.
    private static let elsewhere: Set<String> = [
        "home", "asset", "signIn", "passkeySignIn", "beginProvider", "finishProvider", "signOut", "openInvitation",
        "showInvitation", "acceptInvitation", "order", "confirmOrder", "endSession", "removePasskey", "connectProvider",
        "disconnectProvider", "newOrganization", "foundOrganization",
    ]

    private let daemon: RunningDaemon
    private let dashboard: RunningDashboard
    private var people: [String: Browser] = [:]
    private let member: Int
    private let invitation: Int
    private let invoice: String

    init() throws {
        daemon = try RunningDaemon(arguments: ["--test-clock", "2026-11-24T10:00:00Z"])
        dashboard = try RunningDashboard(daemon)
        for org in ["acme", "globex"] { _ = try daemon.meterctl("org", "create", org, "--country", "US") }
        for (name, role) in [("ana", "owner"), ("bo", "admin"), ("cy", "member")] {
            people[role] = try dashboard.join("acme", name, role)
        }
        people["stranger"] = try dashboard.join("globex", "gus", "owner")
        people["removed"] = try dashboard.join("acme", "rob", "owner")
        let team = try daemon.json("member", "list", "acme")["items"] as? [[String: Any]] ?? []
        func number(_ name: String) -> Int { team.first { $0["name"] as? String == name }?["member"] as? Int ?? 0 }
        _ = try daemon.meterctl("member", "remove", "acme", "\(number("rob"))")
        _ = try daemon.meterctl("member", "assign", "acme", "\(number("cy"))", "cy")
        member = number("cy")
        let invited = try daemon.json("member", "invite", "acme", "eve@acme.example")["invitation"] as? [String: Any]
        invitation = try #require(invited?["invitation"] as? Int)
        _ = try daemon.meterctl(
            "send",
            input:
                #"{"id":"r1","org":"acme","user":"cy","model":"gpt-5","usage":{"prompt_tokens":10,"completion_tokens":1}}"#
        )
        _ = try daemon.meterctl("seats", "add", "acme", "9")
        _ = try daemon.meterctl("payments", "record", "acme", "1", "--reference", "W1")
        _ = try daemon.meterctl("clock", "2026-12-25T10:00:00Z")
        let invoices = try daemon.json("invoice", "list", "acme")["items"] as? [[String: Any]] ?? []
        invoice = try #require(invoices.first?["number"] as? String)
    }

    private func ask(_ route: Route, _ row: Row, as browser: Browser, org: String = "acme") throws -> Browser.Answer {
        let path = "/orgs/\(org)" + row.path
        return switch route.method {
        case .get: try browser.get(path)
        case .post: try browser.post(path, row.form)
        }
    }

    @Test func everyRouteAnswersEverybodyAsTheirRoleSays() throws {
        let rows = Self.rows(member: member, invitation: invitation, invoice: invoice)
        for name in Set(Route.all.map(\.name)).subtracting(Self.elsewhere) {
            #expect(rows[name] != nil, "the route \(name) has no row")
        }
        let nobody = Browser(port: dashboard.port)
        let nothing = try #require(people["stranger"]).get("/orgs/never-was/usage")
        #expect(nothing.status == 404)
        for route in Route.all {
            guard let row = rows[route.name], !Self.elsewhere.contains(route.name) else { continue }
            let told = try ask(route, row, as: nobody)
            #expect(told.status == 303, "nobody, \(route.name): \(told.status)")
            #expect(told.location?.hasPrefix("/sign-in") == true, "nobody, \(route.name)")
            for other in ["stranger", "removed"] {
                let answer = try ask(route, row, as: try #require(people[other]))
                #expect(answer.status == 404, "\(other), \(route.name): \(answer.status)")
                #expect(answer.body == nothing.body, "\(other), \(route.name): it differs from what never was")
            }
        }
        // Members first, so that what owners change doesn't come before.
        for role in ["member", "admin", "owner"] {
            let browser = try #require(people[role])
            for route in Route.all {
                guard let row = rows[route.name], !Self.elsewhere.contains(route.name) else { continue }
                // A role that is not for it is told so before anything is looked at.
                let answer = try ask(route, row, as: browser)
                if row.roles.contains(role) {
                    #expect(
                        [200, 303, 409].contains(answer.status),
                        "\(role), \(route.name): \(answer.status) \(answer.body)")
                } else {
                    #expect(answer.status == 403, "\(role), \(route.name): \(answer.status)")
                }
                try dashboard.wait(seconds: 3)
            }
        }
    }

    @Test func aSuspendedOrgsPagesSayWhatHappensAndHowToPay() throws {
        _ = try daemon.meterctl("payments", "record", "acme", "2", "--declined")
        _ = try daemon.meterctl("clock", "2027-01-02T10:00:00Z")
        let owner = try #require(people["owner"])
        for page in ["organization", "usage", "billing", "subscription", "security", "audit", "history"] {
            let answer = try owner.get("/orgs/acme/\(page)")
            #expect(answer.status == 200)
            #expect(answer.body.contains("This organization is suspended."), "\(page)")
            #expect(answer.body.contains("Pay now"), "\(page)")
        }
        let member = try #require(people["member"])
        let page = try member.get("/orgs/acme/usage").body
        #expect(page.contains("This organization is suspended."))
        #expect(!page.contains("Pay now"))
        #expect(!page.contains("You owe"), "what is owed is no member's business")
    }
}
