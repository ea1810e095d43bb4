import Crypto
import Foundation
import Testing

@testable import OpenIDConnect

@Suite struct SignInTests {
    @Test func signsIn() async throws {
        try await World.run { world in
            let person = try await world.signIn()
            #expect(person.issuer == world.provider.issuer)
            #expect(person.subject == "person-1")
            #expect(person.email == SignedIn.Email(address: "ana@acme.test", isVerified: true))
            #expect(person.name == "Ana")
            #expect(person.authTime == nil)
        }
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func takesEveryAllowedAlgorithm(_ algorithm: SigningAlgorithm) async throws {
        var behaviour = Behaviour()
        behaviour.algorithm = algorithm.rawValue
        if algorithm == .es256 { behaviour.key = .success(.p256(P256.Signing.PrivateKey())) }
        if algorithm == .es384 { behaviour.key = .success(.p384(P384.Signing.PrivateKey())) }
        try await World.run(behaviour) { try await $0.signIn() }
    }

    @Test func sendsPKCEStateAndNonce() async throws {
        try await World.run { world in
            let begun = try await world.begin(promptsLogin: true, age: 0)
            let url = try #require(URLComponents(string: begun.url))
            var query: [String: String] = [:]
            for item in url.queryItems ?? [] { query[item.name] = item.value }
            #expect(
                query == [
                    "response_type": "code", "client_id": HostileProvider.clientID, "redirect_uri": World.redirect,
                    "scope": "openid email profile", "state": begun.pending.state, "nonce": begun.pending.nonce,
                    "code_challenge": RandomText.challenge(of: begun.pending.verifier),
                    "code_challenge_method": "S256", "prompt": "login", "max_age": "0",
                ])
            #expect(begun.pending.verifier.count == 43)
            let other = try await world.begin()
            #expect(other.pending.state != begun.pending.state)
            #expect(other.pending.nonce != begun.pending.nonce)
            #expect(other.pending.verifier != begun.pending.verifier)
        }
    }

    @Test func usesTheGivenRandomness() async throws {
        try await World.run { world in
            let begun = try await world.client.begin(redirect: World.redirect, now: World.now) {
                [UInt8](repeating: 0, count: 32)
            }
            #expect(begun.pending.state == String(repeating: "A", count: 43))
        }
    }

    /// RFC 7636, appendix B.
    @Test func challengeIsAsInTheStandard() {
        #expect(
            RandomText.challenge(of: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
                == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test func authenticatesByHeader() async throws {
        try await World.run { world in
            try await world.signIn()
            let expected = Data("the%20client:s3cret%3A%26%2B%20%25".utf8).base64EncodedString()
            #expect(world.provider.authorizations == ["Basic \(expected)"])
            #expect(world.provider.forms.first?["client_secret"] == nil)
        }
    }

    @Test func authenticatesInTheFormIfOnlyThatIsSupported() async throws {
        var behaviour = Behaviour()
        behaviour.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
        try await World.run(behaviour) { world in
            try await world.signIn()
            #expect(world.provider.authorizations.isEmpty)
            #expect(world.provider.forms.first?["client_secret"] == HostileProvider.secret)
        }
    }

    @Test func configurationChoosesHowTheSecretIsSent() async throws {
        var behaviour = Behaviour()
        behaviour.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_basic", "client_secret_post"]
        try await World.run(behaviour) { world in
            try await world.signIn()
            #expect(world.provider.authorizations.count == 1)
        }
        try await World.run(behaviour, secretUse: .post) { world in
            try await world.signIn()
            #expect(world.provider.authorizations.isEmpty)
            #expect(world.provider.forms.first?["client_secret"] == HostileProvider.secret)
        }
    }

    @Test func publicClientSendsNoSecret() async throws {
        try await World.run(secret: nil) { world in
            try await world.signIn()
            #expect(world.provider.authorizations.isEmpty)
            #expect(world.provider.forms.first?["client_id"] == HostileProvider.clientID)
            #expect(world.provider.forms.first?["client_secret"] == nil)
        }
    }

    @Test func pendingSignInSurvivesStorage() async throws {
        try await World.run { world in
            let begun = try await world.begin(age: 900)
            let stored = try JSONEncoder().encode(begun.pending)
            let pending = try JSONDecoder().decode(PendingSignIn.self, from: stored)
            #expect(pending.maximumAgeSeconds == 900)
            #expect(pending.created == World.now)
            world.provider.change { $0.claims["auth_time"] = .number(World.now.seconds - 900) }
            let query = try await world.visit(begun)
            let person = try await world.client.finish(
                CallbackParameters(query: query), pending: pending, now: World.now)
            #expect(person.authTime == World.now.moved(by: -900))
        }
    }

    @Test func descriptionsShowNoSecret() async throws {
        try await World.run { world in
            let begun = try await world.begin()
            let pending = begun.pending
            var shown = "\(pending) \(String(reflecting: pending)) \(ClientSecret("hidden")) \(world.client.provider)"
            dump(pending, to: &shown)
            dump(world.client.provider, to: &shown)
            dump(try CallbackParameters(query: "state=\(pending.state)&code=hidden"), to: &shown)
            let secrets = [pending.state, pending.nonce, pending.verifier, "hidden", HostileProvider.secret]
            for secret in secrets { #expect(!shown.contains(secret)) }
        }
    }
}
