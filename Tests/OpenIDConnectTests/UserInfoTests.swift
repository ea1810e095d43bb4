import Testing

@testable import OpenIDConnect

@Suite struct UserInfoTests {
    private static func behaviour(_ claims: [String: JSONValue?], _ userInfo: JSONValue) -> Behaviour {
        var behaviour = Behaviour()
        behaviour.claims = claims
        behaviour.userInfo = userInfo
        return behaviour
    }

    private static let none: [String: JSONValue?] = [
        "email": nil, "email_verified": nil, "name": nil,
    ]

    @Test func addsWhatTheTokenLacks() async throws {
        let info: JSONValue = ["sub": "person-1", "email": "b@acme.test", "email_verified": true, "name": "Ben"]
        try await World.run(Self.behaviour(Self.none, info)) { world in
            let person = try await world.signIn()
            #expect(person.email == SignedIn.Email(address: "b@acme.test", isVerified: true))
            #expect(person.name == "Ben")
            #expect(world.provider.authorizations.last == "Bearer access-token")
        }
    }

    @Test func isNotAskedWithoutNeed() async throws {
        try await World.run(Self.behaviour([:], ["sub": "person-1"])) { world in
            try await world.signIn()
            #expect(world.provider.count("/userinfo") == 0)
        }
        try await World.run(Self.behaviour(Self.none, ["sub": "person-2"]), userInfo: .never) { world in
            let person = try await world.signIn()
            #expect(person.email == nil && person.name == nil)
            #expect(world.provider.count("/userinfo") == 0)
        }
    }

    @Test func anotherSubjectIsRefused() async throws {
        let others: [JSONValue] = [
            ["sub": "person-2", "email": "victim@acme.test", "email_verified": true], ["email": "victim@acme.test"],
        ]
        for other in others {
            try await World.run(Self.behaviour(Self.none, other)) { await $0.fails(.userInfo(.otherSubject)) }
        }
    }

    @Test func subjectIsComparedByBytes() async throws {
        var claims = Self.none
        claims["sub"] = "jos\u{e9}"
        try await World.run(Self.behaviour(claims, ["sub": "jose\u{301}"])) {
            await $0.fails(.userInfo(.otherSubject))
        }
    }

    @Test func verificationIsNeverOfAnotherAddress() async throws {
        let claims: [String: JSONValue?] = ["email": "mine@evil.test", "email_verified": nil]
        try await World.run(Self.behaviour(claims, ["sub": "person-1", "email_verified": true])) { world in
            let person = try await world.signIn()
            #expect(person.email == SignedIn.Email(address: "mine@evil.test", isVerified: false))
        }
        let info: JSONValue = ["sub": "person-1", "email": "other@acme.test", "email_verified": true]
        try await World.run(Self.behaviour(claims, info)) { world in
            let person = try await world.signIn()
            #expect(person.email == SignedIn.Email(address: "other@acme.test", isVerified: true))
        }
        let verified: [String: JSONValue?] = ["email": nil, "email_verified": true]
        try await World.run(Self.behaviour(verified, ["sub": "person-1", "email": "victim@acme.test"])) { world in
            let person = try await world.signIn()
            #expect(person.email == SignedIn.Email(address: "victim@acme.test", isVerified: false))
        }
    }

    @Test func oddVerificationsAreNone() async throws {
        let cases: [(JSONValue, Bool)] = [(false, false), ("true", true), ("false", false), ("yes", false), (1, false)]
        for (value, isVerified) in cases {
            try await World.run(Self.behaviour(["email_verified": value], ["sub": "person-1"]), userInfo: .never) {
                let person = try await $0.signIn()
                #expect(person.email?.isVerified == isVerified)
            }
        }
    }

    @Test func oddNamesAndAddressesAreLeftOut() async throws {
        let claims: [String: JSONValue?] = ["name": "a\u{7}", "email": "not an address"]
        try await World.run(Self.behaviour(claims, ["sub": "person-1"]), userInfo: .never) { world in
            let person = try await world.signIn()
            #expect(person.name == nil && person.email == nil)
        }
    }
}
