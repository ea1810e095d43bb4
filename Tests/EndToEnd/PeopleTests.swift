import Foundation
import GRDB
import TestSupport
import Testing

/// People of an org, at the control socket in the role `dashboard`: invitations, roles, what nobody may get at.
@Suite(.ownThread) struct PeopleTests {
    @Test func anInvitationMakesAMemberOnceAndItsSecretIsKeptNowhere() throws {
        let team = try Team()
        try team.org("acme")
        let invited = try team.daemon.json("member", "invite", "acme", "ana@acme.example", "--role", "admin")
        let secret = try #require(invited["secret"] as? String)
        let shown = try team.dashboard.ask("POST", "/v1/invitations/show", ["secret": secret])
        #expect(shown.json["role"] as? String == "admin" && shown.json["state"] as? String == "open", "\(shown)")
        let identity = ["issuer": "https://id.example", "subject": "ana"]
        let acceptance = identity.merging(["secret": secret, "name": "Ana"]) { $1 }
        let first = try team.dashboard.ask("POST", "/v1/invitations/accept", acceptance, key: "k")
        let again = try team.dashboard.ask("POST", "/v1/invitations/accept", acceptance, key: "k")
        #expect(first.status == 200 && first.body == again.body, "\(first) \(again)")
        #expect(first.json["state"] as? String == "active" && first.json["name"] as? String == "Ana", "\(first)")
        let other = try team.dashboard.ask("POST", "/v1/invitations/accept", acceptance)
        #expect(other.status == 404 && other.code == "not_found", "\(other)")
        let member = try #require(first.json["member"] as? Int)
        let me = try team.dashboard.ask("GET", "/v1/orgs/acme/me", as: member)
        #expect((me.json["member"] as? [String: Any])?["role"] as? String == "admin", "\(me)")
        let audit = try team.audit("acme")
        #expect(
            audit.map { $0["action"] as? String } == ["acceptInvitation", "inviteMember", "createOrg"], "\(audit)")
        #expect((audit[0]["by"] as? String)?.hasPrefix("member \(member) (Ana) of acme, by uid ") == true, "\(audit)")
        #expect((audit[1]["by"] as? String)?.hasPrefix("operator, uid ") == true, "\(audit)")
        // Neither in the ledger, nor in the journal.
        #expect(team.daemon.terminate() == 0)
        #expect(!team.daemon.log.contains(secret))
        for file in try FileManager.default.contentsOfDirectory(atPath: team.daemon.stateDirectory) {
            let bytes = try Data(contentsOf: URL(filePath: team.daemon.stateDirectory + "/" + file))
            #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)")
        }
    }

    @Test func nobodyGivesARoleThatTheyMayNotGive() throws {
        let team = try Team(arguments: ["--test-clock", "2026-11-24T10:00:00Z"])
        try team.org("acme")
        let owner = try team.join("acme", "ona", role: "owner")
        let admin = try team.join("acme", "ada", role: "admin")
        let second = try team.join("acme", "abe", role: "admin")
        func invite(
            _ person: Team.Person, _ role: String, secret: String = UUID().uuidString
        ) throws
            -> ControlPeer.Answer
        {
            try team.ask(
                person, "POST", "/v1/orgs/acme/invitations",
                ["email": "\(UUID().uuidString)@x.example", "role": role, "secret_hash": Team.hash(secret)])
        }
        func role(_ person: Team.Person, of member: Int, _ role: String) throws -> ControlPeer.Answer {
            try team.ask(person, "PUT", "/v1/orgs/acme/team/\(member)/role", ["role": role])
        }
        // By role, by invitation, by resending, by inviting again.
        #expect(try role(admin, of: admin.member, "owner").code == "forbidden")
        #expect(try role(admin, of: owner.member, "member").code == "forbidden")
        #expect(try invite(admin, "owner").code == "forbidden")
        let ofOwner = try invite(owner, "owner")
        let number = try #require(ofOwner.json["invitation"] as? Int, "\(ofOwner)")
        let resent = try team.ask(
            admin, "POST", "/v1/orgs/acme/invitations/\(number)/resend", ["secret_hash": Team.hash("mine, all mine!!")])
        #expect(resent.code == "forbidden", "\(resent)")
        #expect(
            try team.ask(admin, "POST", "/v1/orgs/acme/invitations/\(number)/withdraw", [:] as [String: String]).code
                == "forbidden")
        #expect(
            try team.ask(admin, "POST", "/v1/orgs/acme/team/\(owner.member)/remove", [:] as [String: String]).code
                == "forbidden")
        // Somebody else's address or sign-in would be a way to become them.
        for (path, body) in [
            ("profile", ["email": "ada@evil.example"]),
            ("identities", ["issuer": "https://id.example", "subject": "x"]),
        ] {
            let method = path == "profile" ? "PATCH" : "POST"
            let answer = try team.ask(admin, method, "/v1/orgs/acme/team/\(owner.member)/\(path)", body)
            #expect(answer.code == "forbidden", "\(answer)")
        }
        // What was invited by somebody who may not do so any more can't be accepted.
        let secret = "a secret that was given away"
        #expect(try invite(second, "admin", secret: secret).status == 200)
        #expect(try role(owner, of: second.member, "member").status == 200)
        let late = try team.dashboard.ask(
            "POST", "/v1/invitations/accept", ["secret": secret, "issuer": "https://id.example", "subject": "late"])
        #expect(late.code == "forbidden", "\(late)")
        // An owner may do all of it, having signed in of late.
        #expect(
            try team.ask(
                owner, "PUT", "/v1/orgs/acme/team/\(admin.member)/role", ["role": "owner"], isFresh: false
            ).code == "sign_in_required")
        #expect(try role(owner, of: admin.member, "owner").status == 200)
        #expect(try team.daemon.meterctl("clock", "2026-11-24T10:15:01Z").status == 0)
        #expect(try role(owner, of: admin.member, "admin").code == "sign_in_required")
        // A program that makes up a sign-in is not believed.
        let madeUp = try team.dashboard.ask(
            "PUT", "/v1/orgs/acme/team/\(admin.member)/role", ["role": "admin"], as: owner.member,
            signedIn: "2026-11-24T10:15:00Z")
        #expect(madeUp.code == "sign_in_required", "\(madeUp)")
        var fresh = owner
        fresh.signedIn = try team.signIn(owner.subject)
        #expect(try role(fresh, of: admin.member, "admin").status == 200)
        #expect(try team.daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func anOrgIsNeverWithoutAnOwnerWhateverIsAskedAtOnce() throws {
        let team = try Team()
        try team.org("acme")
        let owners = try (0..<6).map { try team.join("acme", "o\($0)", role: "owner") }
        // Each demotes or removes another one, all at once, on connections of their own.
        let peers = try owners.map { _ in try ControlPeer(team.daemon.controlSocket) }
        nonisolated(unsafe) let askers = Array(zip(owners, peers))
        DispatchQueue.concurrentPerform(iterations: owners.count) { index in
            let (owner, peer) = askers[index]
            for step in 1..<owners.count {
                let other = owners[(index + step) % owners.count].member
                let path = "/v1/orgs/acme/team/\(other)"
                if (index + step).isMultiple(of: 2) {
                    _ = try? peer.ask(
                        "PUT", path + "/role", ["role": "member"], as: owner.member, signedIn: owner.signedIn)
                } else {
                    _ = try? peer.ask(
                        "POST", path + "/remove", [:] as [String: String], as: owner.member, signedIn: owner.signedIn)
                }
            }
        }
        let members = try team.daemon.json("member", "list", "acme")["items"] as? [[String: Any]] ?? []
        let left = members.filter { $0["role"] as? String == "owner" && $0["state"] as? String == "active" }
        #expect(left.count == 1, "\(members)")
        let last = try #require(left.first?["member"] as? Int)
        for arguments in [["remove", "acme", "\(last)"], ["role", "acme", "\(last)", "admin"]] {
            let refused = try Binaries.run(
                "meterctl", ["member"] + arguments, environment: ["METERD_CONTROL_SOCKET": team.daemon.controlSocket])
            #expect(refused.status == 1 && refused.errors.contains("last_owner"), "\(refused)")
        }
        #expect(try team.daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func anOwnerWhoIsDemotedMeanwhileBuysNothingAfterwards() throws {
        let team = try Team()
        try team.org("acme")
        let owner = try team.join("acme", "ona", role: "owner")
        let buyer = try team.join("acme", "bea", role: "owner")
        let peers = try (0..<2).map { _ in try ControlPeer(team.daemon.controlSocket) }
        nonisolated(unsafe) let two = peers
        nonisolated(unsafe) var bought: [ControlPeer.Answer] = []
        nonisolated(unsafe) var demoted: ControlPeer.Answer?
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            if index == 0 {
                for _ in 0..<20 {
                    guard
                        let answer = try? two[0].ask(
                            "POST", "/v1/orgs/acme/purchases", ["amount": "50", "expect_total": "50"], as: buyer.member,
                            signedIn: buyer.signedIn)
                    else { continue }
                    bought.append(answer)
                }
            } else {
                demoted = try? two[1].ask(
                    "PUT", "/v1/orgs/acme/team/\(buyer.member)/role", ["role": "admin"], as: owner.member,
                    signedIn: owner.signedIn)
            }
        }
        #expect(demoted?.status == 200, "\(String(describing: demoted))")
        // In the order of the audit: nothing was ordered after the demotion.
        let actions = try team.audit("acme").reversed().compactMap { $0["action"] as? String }
        let at = try #require(actions.firstIndex(of: "setMemberRole"))
        #expect(!actions[at...].contains("buyCredits"), "\(actions)")
        #expect(actions.count { $0 == "buyCredits" } == bought.count { $0.status == 200 })
        for answer in bought where answer.status != 200 { #expect(answer.code == "forbidden", "\(answer)") }
    }

    @Test func whatMembersOrderInADayIsLimited() throws {
        let team = try Team(
            "dashboard: {orders_per_day_max: 120}\n", arguments: ["--test-clock", "2026-11-24T10:00:00Z"])
        try team.org("acme")
        var owner = try team.join("acme", "ona", role: "owner")
        func buy() throws -> ControlPeer.Answer {
            try team.ask(owner, "POST", "/v1/orgs/acme/purchases", ["amount": "50", "expect_total": "50"])
        }
        #expect(try buy().status == 200)
        let second = try buy()
        #expect(second.status == 200)
        let third = try buy()
        #expect(third.code == "limit_exceeded" && third.body.contains("orders_per_day_max"), "\(third)")
        // What did not come is not counted.
        let number = try #require(second.json["payment"] as? Int)
        #expect(try team.daemon.meterctl("payments", "record", "acme", "\(number)", "--canceled").status == 0)
        #expect(try buy().status == 200)
        #expect(try buy().code == "limit_exceeded")
        // An operator has no such limit; the next day is another one.
        #expect(try team.daemon.meterctl("credits", "buy", "acme", "1000").status == 0)
        #expect(try team.daemon.meterctl("clock", "2026-11-25T00:00:01Z").status == 0)
        owner.signedIn = try team.signIn(owner.subject)
        #expect(try buy().status == 200)
        let events = try team.daemon.meterctl("events", "--json").output
        #expect(events.contains("ordered_by_member") && events.contains("\"member\":\"\(owner.member)\""))
    }

    @Test func anotherOrgsThingsAreLikeThingsThatNeverWere() throws {
        let team = try Team()
        for org in ["acme", "other"] { try team.org(org) }
        let owner = try team.join("acme", "ona", role: "owner", users: ["ona"])
        let mia = try team.join("acme", "mia", role: "member", users: ["mia"])
        let stranger = try team.join("other", "oz", role: "owner", users: ["oz"])
        let client = try LineClient(team.daemon.ingestSocket)
        for (id, org, user) in [("r-oz", "other", "oz"), ("r-ona", "acme", "ona"), ("r-mia", "acme", "mia")] {
            let line =
                #"{"id":"\#(id)","org":"\#(org)","user":"\#(user)","model":"gpt-5","usage":{"prompt_tokens":10}}"#
            #expect(try client.ask(line).contains("cost"))
        }
        let bought = try team.ask(stranger, "POST", "/v1/orgs/other/purchases", ["amount": "50", "expect_total": "50"])
        let payment = try #require(bought.json["payment"] as? Int)
        let invited = try team.ask(
            stranger, "POST", "/v1/orgs/other/invitations",
            ["email": "x@other.example", "secret_hash": Team.hash(UUID().uuidString)])
        let invitation = try #require(invited.json["invitation"] as? Int)
        let empty: [String: String] = [:]
        // The id of something of the other org, and one that nothing has.
        for (method, path, theirs, none, body) in [
            ("GET", "payments/{}", payment, 999, nil), ("POST", "payments/{}/check", payment, 999, empty),
            ("POST", "payments/{}/cancel", payment, 999, empty),
            ("GET", "team/{}", stranger.member, 999, nil),
            ("PUT", "team/{}/role", stranger.member, 999, ["role": "member"]),
            ("PUT", "team/{}/limits", stranger.member, 999, ["daily": "1"]),
            ("POST", "team/{}/remove", stranger.member, 999, empty),
            ("POST", "team/{}/erase", stranger.member, 999, empty),
            ("POST", "team/{}/users", stranger.member, 999, ["user": "mine"]),
            ("PATCH", "team/{}/profile", stranger.member, 999, ["name": "Mine"]),
            ("POST", "invitations/{}/withdraw", invitation, 999, empty),
            ("POST", "invitations/{}/resend", invitation, 999, ["secret_hash": Team.hash("another of the secrets")]),
        ] as [(String, String, Int, Int, [String: String]?)] {
            func ask(_ number: Int) throws -> String {
                let path = "/v1/orgs/acme/" + path.replacingOccurrences(of: "{}", with: "\(number)")
                let answer = try team.ask(owner, method, path, body)
                #expect(answer.status == 404, "\(method) \(path): \(answer)")
                return answer.body.replacingOccurrences(of: " \(number)", with: " N")
            }
            #expect(try ask(theirs) == ask(none))
        }
        for path in ["usage/r-oz", "usage/r-oz/explanation", "invoices/INV-000001"] {
            let answer = try team.ask(owner, "GET", "/v1/orgs/acme/\(path)")
            #expect(answer.status == 404, "\(path): \(answer)")
        }
        // A member's usage is theirs by who they are, never by what they ask.
        for query in ["", "?user=ona", "?user=mia", "?model=gpt-5"] {
            let list = try team.ask(mia, "GET", "/v1/orgs/acme/usage" + query)
            #expect(!list.body.contains("r-ona") && !list.body.contains("balance_after"), "\(list)")
            #expect(list.body.contains("r-mia") == (query != "?user=ona"), "\(query): \(list)")
        }
        let hidden = try team.ask(mia, "GET", "/v1/orgs/acme/usage/r-ona")
        let missing = try team.ask(mia, "GET", "/v1/orgs/acme/usage/r-none")
        #expect(hidden.status == 404 && hidden.body == missing.body, "\(hidden) \(missing)")
        let own = try team.ask(mia, "GET", "/v1/orgs/acme/usage/r-mia/explanation")
        #expect(own.status == 200 && !own.body.contains("balance"), "\(own)")
        // Of each other members see names, roles and states.
        let seen = try team.ask(mia, "GET", "/v1/orgs/acme/team")
        #expect(seen.body.contains("\"name\":\"ona\"") && !seen.body.contains("example"), "\(seen)")
        #expect(try team.ask(owner, "GET", "/v1/orgs/acme/team").body.contains("mia@acme.example"))
    }

    @Test func aRemovedPersonIsOutAtOnceAndIsInvitedBackAsThemselves() throws {
        let team = try Team()
        try team.org("acme")
        let owner = try team.join("acme", "ona", role: "owner")
        let mia = try team.join("acme", "mia", role: "member", users: ["mia"])
        let remove = "/v1/orgs/acme/team/\(mia.member)/remove"
        #expect(try team.ask(owner, "POST", remove, [:] as [String: String]).status == 200)
        #expect(try team.ask(mia, "GET", "/v1/orgs/acme/me").code == "unknown_org")
        let signIn = try team.dashboard.ask(
            "POST", "/v1/sign-ins", ["issuer": "https://id.example", "subject": mia.subject])
        #expect((signIn.json["memberships"] as? [Any])?.isEmpty == true, "\(signIn)")
        // Whoever signs in there is the same person, under whatever number they were invited.
        let again = try team.join("acme", "mia", role: "admin")
        #expect(again.member == mia.member)
        let members = try team.daemon.json("member", "list", "acme")["items"] as? [[String: Any]] ?? []
        #expect(members.count == 2 && members[1]["users"] as? [String] == ["mia"], "\(members)")
        #expect(members[1]["role"] as? String == "admin" && members[1]["state"] as? String == "active")
        #expect(try team.daemon.meterctl("ledger", "verify").status == 0)
    }

    @Test func erasedPersonalDataIsGoneAndTheBooksStillProveThemselves() throws {
        let team = try Team()
        try team.org("acme")
        _ = try team.join("acme", "ona", role: "owner")
        let mia = try team.join("acme", "mia-is-her-name", role: "member", users: ["u1"])
        #expect(
            try team.daemon.meterctl("member", "erase", "acme", "\(mia.member)").errors.contains("remove them first"))
        _ = try team.daemon.json("member", "remove", "acme", "\(mia.member)")
        let erased = try team.daemon.json("member", "erase", "acme", "\(mia.member)")
        #expect(erased["name"] == nil && erased["email"] == nil && erased["users"] as? [String] == ["u1"])
        // Whoever was invited and never came is forgotten with the invitation.
        let invited = try team.daemon.json(
            "member", "invite", "acme", "never-came@acme.example", "--name", "Nobody-Came")
        let number = (invited["invitation"] as? [String: Any])?["invitation"] as? Int ?? 0
        _ = try team.daemon.json("member", "withdraw", "acme", "\(number)")
        let audit = try team.audit("acme")
        #expect(audit.contains { $0["erased"] as? Bool == true && $0["action"] as? String == "inviteMember" })
        #expect(try team.daemon.meterctl("ledger", "verify").status == 0)
        #expect(team.daemon.terminate() == 0)
        // SQLite overwrites what it deletes, as Debian compiles it.
        for file in try FileManager.default.contentsOfDirectory(atPath: team.daemon.stateDirectory) {
            let bytes = try Data(contentsOf: URL(filePath: team.daemon.stateDirectory + "/" + file))
            for text in ["mia-is-her-name", "never-came", "Nobody-Came"] {
                #expect(bytes.range(of: Data(text.utf8)) == nil, "\(text) in \(file)")
            }
        }
        let queue = try DatabaseQueue(path: team.daemon.stateDirectory + "/meterd.db")
        try queue.write { try $0.execute(sql: "UPDATE audit SET detail = NULL WHERE action = 'createOrg'") }
        try queue.close()
        try team.daemon.start()
        #expect(try team.daemon.meterctl("ledger", "verify").status == 1)
    }
}
