import TestSupport
import Testing

/// An org that requires one OpenID issuer.
@Suite(.ownThread, .timeLimit(.minutes(10))) struct SignInRuleTests {
    private static let issuer = "https://id.example"
    private let team: Team
    private let owner: Team.Person

    init() throws {
        team = try Team()
        try team.org("acme")
        owner = try team.join("acme", "ana", role: "owner")
    }

    private func require(_ issuer: String?) throws -> ControlPeer.Answer {
        try team.ask(owner, "PUT", "/v1/orgs/acme/sign-in-rule", issuer.map { ["issuer": $0] } ?? [String: String]())
    }

    private func signIn(_ issuer: String, _ subject: String) throws -> [String: Any] {
        let answer = try team.dashboard.ask("POST", "/v1/sign-ins", ["issuer": issuer, "subject": subject])
        return try #require((answer.json["memberships"] as? [[String: Any]])?.first, "\(answer)")
    }

    @Test func anOwnerRequiresAnIssuerThatTheyAreConnectedWithOnly() throws {
        let refused = try require("https://other.example")
        #expect(refused.status == 409)
        #expect("\(refused.json["detail"] ?? "")".contains("has not signed in at https://other.example yet"))
        let done = try require(Self.issuer)
        #expect(done.status == 200)
        #expect(done.json["sign_in_issuer"] as? String == Self.issuer)
        let me = try team.ask(owner, "GET", "/v1/orgs/acme/me")
        #expect(me.json["sign_in_issuer"] as? String == Self.issuer)
        #expect((me.json["identities"] as? [[String: String]])?.first?["subject"] == "acme-ana")
    }

    @Test func anInvitationIsAcceptedAtTheRequiredIssuerOnly() throws {
        #expect(try require(Self.issuer).status == 200)
        let invited = try team.daemon.json("member", "invite", "acme", "bo@acme.example")
        let secret = try #require(invited["secret"] as? String)
        let shown = try team.dashboard.ask("POST", "/v1/invitations/show", ["secret": secret])
        #expect(shown.json["required_issuer"] as? String == Self.issuer)
        var body = ["secret": secret, "issuer": "urn:meterd:dashboard", "subject": "somebody"]
        let refused = try team.dashboard.ask("POST", "/v1/invitations/accept", body)
        #expect(refused.status == 403)
        body["issuer"] = Self.issuer
        #expect(try team.dashboard.ask("POST", "/v1/invitations/accept", body).status < 300)
    }

    @Test func aSignInElsewhereDoesNotCount() throws {
        let other = ["issuer": "https://other.example", "subject": "ana"]
        #expect(try team.ask(owner, "POST", "/v1/orgs/acme/team/\(owner.member)/identities", other).status < 300)
        #expect(try require(Self.issuer).status == 200)
        let elsewhere = try signIn("https://other.example", "ana")
        #expect(elsewhere["required_issuer"] as? String == Self.issuer)
        #expect(elsewhere["name"] == nil)
        #expect(try signIn(Self.issuer, "acme-ana")["name"] as? String == "ana")
        // Whoever disconnects the required one would be locked out.
        let gone = try team.ask(
            owner, "POST", "/v1/orgs/acme/team/\(owner.member)/identities/remove",
            ["issuer": Self.issuer, "subject": "acme-ana"])
        #expect(gone.status == 409)
    }

    @Test func anOperatorTakesItBack() throws {
        #expect(try require(Self.issuer).status == 200)
        #expect(try team.daemon.meterctl("org", "policy", "acme").output.contains("at https://id.example only"))
        _ = try team.daemon.meterctl("org", "policy", "acme", "--sign-in-issuer", "default")
        let policy = try team.ask(owner, "GET", "/v1/orgs/acme/policy")
        #expect(policy.status == 200)
        #expect(policy.json["sign_in_issuer"] == nil)
        // Admins and owners change the rest of the policy, not this.
        let patched = try team.ask(owner, "PATCH", "/v1/orgs/acme/policy", ["sign_in_issuer": Self.issuer])
        #expect(patched.status == 403)
    }
}
