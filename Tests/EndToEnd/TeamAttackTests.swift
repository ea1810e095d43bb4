import Foundation
import TestSupport
import Testing

/// Ways past the rights of a team that were thought of, each as a request that must not get through.
@Suite(.ownThread) struct TeamAttackTests {
    private let empty: [String: String] = [:]

    @Test func aPageNumberBeyondAllNumbersIsAnEmptyPage() throws {
        let team = try Team()
        try team.org("acme")
        let mia = try team.join("acme", "mia", role: "member", users: ["mia"])
        let ona = try team.join("acme", "ona", role: "owner")
        for path in ["summary?by=model&", "statement?"] {
            for person in path.hasPrefix("summary") ? [mia, ona] : [ona] {
                let answer = try team.ask(person, "GET", "/v1/orgs/acme/\(path)cursor=9223372036854775807")
                #expect(answer.status == 200 && answer.json["next_cursor"] == nil, "\(answer)")
            }
        }
        #expect(try team.ask(mia, "GET", "/v1/orgs/acme/usage?cursor=9223372036854775807").status == 200)
        // Who has no names has no usage.
        let none = try team.join("acme", "noa", role: "member")
        #expect(try team.ask(none, "GET", "/v1/orgs/acme/usage").json["items"] as? [String] == [])
        #expect(try team.ask(none, "GET", "/v1/orgs/acme/summary?by=day").json["items"] as? [String] == [])
    }

    @Test func anInvitedPersonIsForgottenWithWhateverIsKnownOfThem() throws {
        let team = try Team()
        try team.org("acme")
        let ona = try team.join("acme", "ona", role: "owner")
        func invite() throws -> (invitation: Int, member: Int) {
            let answer = try team.ask(
                ona, "POST", "/v1/orgs/acme/invitations",
                ["email": "x@acme.example", "name": "Xenia", "secret_hash": Team.hash(UUID().uuidString)])
            return (
                try #require(answer.json["invitation"] as? Int, "\(answer)"),
                try #require(answer.json["member"] as? Int)
            )
        }
        // Nobody signs in who has not accepted.
        let first = try invite()
        let peer = try ControlPeer(team.daemon.controlSocket, isStranger: false)
        let identity = ["issuer": "https://id.example", "subject": "early"]
        let early = try peer.ask("POST", "/v1/orgs/acme/team/\(first.member)/identities", identity)
        #expect(early.code == "conflict", "\(early)")
        #expect(
            try team.ask(ona, "POST", "/v1/orgs/acme/invitations/\(first.invitation)/withdraw", empty).status == 200)
        // Removed instead of withdrawn: the same.
        let second = try invite()
        #expect(try team.ask(ona, "POST", "/v1/orgs/acme/team/\(second.member)/remove", empty).status == 200)
        let list = try team.daemon.meterctl("member", "list", "acme").output
        #expect(!list.contains("Xenia") && !list.contains("x@acme.example"), "\(list)")
        #expect(try team.daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func nobodyBecomesAnotherMemberByAnInvitation() throws {
        let team = try Team()
        try team.org("acme")
        let ona = try team.join("acme", "ona", role: "owner")
        let ada = try team.join("acme", "ada", role: "admin")
        let mia = try team.join("acme", "mia", role: "member", users: ["mia"])
        // A member who lost their way to sign in is invited again by an operator, and by nobody else.
        let again = try team.daemon.json("member", "invite", "acme", "mia@acme.example", "--again", "\(mia.member)")
        let number = try #require((again["invitation"] as? [String: Any])?["invitation"] as? Int)
        for person in [ada, ona] {
            let resent = try team.ask(
                person, "POST", "/v1/orgs/acme/invitations/\(number)/resend",
                ["secret_hash": Team.hash("a secret of the attacker")])
            #expect(resent.code == "forbidden", "\(resent)")
        }
        // Accepted, the old way to sign in is none any more.
        let secret = try #require(again["secret"] as? String)
        let accepted = try team.dashboard.ask(
            "POST", "/v1/invitations/accept", ["secret": secret, "issuer": "https://id.example", "subject": "new-mia"])
        #expect(accepted.json["member"] as? Int == mia.member, "\(accepted)")
        func memberships(_ subject: String) throws -> Int {
            let answer = try team.dashboard.ask(
                "POST", "/v1/sign-ins", ["issuer": "https://id.example", "subject": subject])
            return (answer.json["memberships"] as? [Any])?.count ?? -1
        }
        #expect(try memberships("new-mia") == 1 && memberships(mia.subject) == 0)
        // Whoever was removed comes back by an address of their own only, and not as they signed in before.
        #expect(try team.ask(ona, "POST", "/v1/orgs/acme/team/\(ada.member)/remove", empty).status == 200)
        let other: [String: Any] = [
            "member": ada.member, "email": "evil@x.example", "role": "member",
            "secret_hash": Team.hash("another one!!!!!"),
        ]
        #expect(try team.ask(ona, "POST", "/v1/orgs/acme/invitations", other).code == "forbidden")
        let own: [String: Any] = ["member": ada.member, "role": "member", "secret_hash": Team.hash("the right secret")]
        #expect(try team.ask(ona, "POST", "/v1/orgs/acme/invitations", own).status == 200)
        let back = try team.dashboard.ask(
            "POST", "/v1/invitations/accept",
            ["secret": "the right secret", "issuer": "https://id.example", "subject": "ada-now"])
        #expect(back.json["member"] as? Int == ada.member && back.json["role"] as? String == "member", "\(back)")
        #expect(try memberships(ada.subject) == 0 && memberships("ada-now") == 1)
        let audit = try team.daemon.meterctl("audit", "acme").output
        #expect(audit.contains("new-mia"), "which sign-in was accepted is in the audit")
        #expect(try team.daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func whatIsBoughtByItselfIsNoWayPastTheLimitOfADay() throws {
        let team = try Team("dashboard: {orders_per_day_max: 500}\n")
        try team.org("acme")
        let ona = try team.join("acme", "ona", role: "owner")
        for (body, status) in [
            (["threshold": "5", "amount": "1000"], 409), (["threshold": "5", "amount": "250", "per_day_max": 3], 409),
            (["threshold": "5", "amount": "250", "per_day_max": 2], 200),
        ] as [([String: Any], Int)] {
            let answer = try team.ask(ona, "PUT", "/v1/orgs/acme/top-up", body)
            #expect(answer.status == status, "\(body): \(answer)")
        }
        // A method is entered at the gateway: to name one might be to name another org's.
        let method = try team.ask(ona, "PUT", "/v1/orgs/acme/payment-method", ["method": "pm_of_another_org"])
        #expect(method.code == "forbidden", "\(method)")
        let fragment = try team.ask(
            ona, "POST", "/v1/orgs/acme/payment-method/entry", ["return_url": "https://a.example/#x"])
        #expect(fragment.code == "malformed", "\(fragment)")
    }

    @Test func whatOperatorsDoBesideTheLedgerIsAuditedToo() throws {
        let team = try Team()
        try team.org("acme")
        #expect(try team.daemon.meterctl("credits", "grant", "acme", "5").status == 0)
        let client = try LineClient(team.daemon.ingestSocket)
        #expect(try client.ask(#"{"op":"authorize","id":"h","org":"acme","amount":"1"}"#).contains("held"))
        #expect(try team.daemon.meterctl("hold", "release", "acme", "h").status == 0)
        #expect(try team.daemon.meterctl("reload").status == 0)
        let all = try team.daemon.json("audit")["items"] as? [[String: Any]] ?? []
        #expect(
            all.map { $0["action"] as? String } == ["reload", "releaseHold", "grant", "createOrg"], "\(all)")
        #expect(try team.daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func aClosedOrgGainsNobodyAndANameThatIsTakenIsNobodys() throws {
        let team = try Team("dashboard: {sign_up: open}\n")
        try team.org("acme")
        #expect(try team.daemon.meterctl("org", "alias", "add", "acme", "acme-inc").status == 0)
        let signUp = ["issuer": "https://id.example", "subject": "founder", "name": "Fay"]
        for name in ["acme", "acme-inc"] {
            let taken = try team.dashboard.ask("POST", "/v1/sign-ups", signUp.merging(["org": name]) { $1 })
            #expect(taken.code == "id_conflict" && taken.body.contains("'\(name)' is taken"), "\(taken)")
            #expect(!taken.body.contains("org 'acme'"), "\(taken)")
        }
        let founded = try team.dashboard.ask("POST", "/v1/sign-ups", signUp.merging(["org": "fays"]) { $1 })
        #expect(founded.json["role"] as? String == "owner", "\(founded)")
        let invited = try team.daemon.json("member", "invite", "acme", "late@acme.example")
        #expect(try team.daemon.meterctl("org", "close", "acme").status == 0)
        let late = try team.dashboard.ask(
            "POST", "/v1/invitations/accept",
            ["secret": try #require(invited["secret"] as? String), "issuer": "https://id.example", "subject": "late"])
        #expect(late.code == "org_closed", "\(late)")
        let audit = try team.audit("fays")
        #expect(audit.count == 1 && (audit[0]["by"] as? String)?.contains("(Fay) of fays") == true, "\(audit)")
    }
}
