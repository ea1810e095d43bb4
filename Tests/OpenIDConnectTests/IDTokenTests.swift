import Foundation
import Testing

@testable import OpenIDConnect

@Suite struct IDTokenTests {
    private static let now = World.now.seconds

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let claims: [String: JSONValue?]
        let problem: IDTokenProblem?
        var age: Int64?
        var promptsLogin = false

        init(
            _ name: String, _ claims: [String: JSONValue?], _ problem: IDTokenProblem?, age: Int64? = nil,
            promptsLogin: Bool = false
        ) {
            testDescription = name
            self.claims = claims
            self.problem = problem
            self.age = age
            self.promptsLogin = promptsLogin
        }
    }

    private static let id: JSONValue = .text(HostileProvider.clientID)

    static let cases = [
        Case("another issuer", ["iss": "https://evil.test"], .wrongIssuer),
        Case("no issuer", ["iss": nil], .malformed),
        Case("another audience", ["aud": "other"], .wrongAudience),
        Case("no audience", ["aud": nil], .malformed),
        Case("empty audience", ["aud": []], .wrongAudience),
        Case("one audience in a list", ["aud": [id]], nil),
        Case("two audiences, no azp", ["aud": [id, "other"]], .missingAuthorizedParty),
        Case("two audiences, azp of another", ["aud": [id, "other"], "azp": "other"], .wrongAuthorizedParty),
        Case("two audiences, azp ours", ["aud": [id, "other"], "azp": id], nil),
        Case("one audience, azp of another", ["azp": "other"], .wrongAuthorizedParty),
        Case("expired", ["exp": .number(now - 60)], .expired),
        Case("expired within the leeway", ["exp": .number(now - 59)], nil),
        Case("no exp", ["exp": nil], .malformed),
        Case("exp is text", ["exp": "1900000000"], .malformed),
        Case("exp beyond 64 bits", ["exp": .decimal(Decimal(sign: .plus, exponent: 30, significand: 1))], .malformed),
        Case("last exp", ["exp": .number(.max)], nil),
        Case("iat in the future", ["iat": .number(now + 61)], .issuedInFuture),
        Case("iat within the leeway", ["iat": .number(now + 60)], nil),
        Case("no iat", ["iat": nil], .malformed),
        Case("nbf in the future", ["nbf": .number(now + 61)], .notYetValid),
        Case("nbf within the leeway", ["nbf": .number(now + 60)], nil),
        Case("no nonce", ["nonce": nil], .wrongNonce),
        Case("another nonce", ["nonce": "other"], .wrongNonce),
        Case("empty sub", ["sub": ""], .invalidSubject),
        Case("no sub", ["sub": nil], .malformed),
        Case("sub of 255 bytes", ["sub": .text(String(repeating: "s", count: 255))], nil),
        Case("sub of 256 bytes", ["sub": .text(String(repeating: "s", count: 256))], .invalidSubject),
        Case("sub with NUL", ["sub": "a\u{0}b"], .invalidSubject),
        Case("max_age, no auth_time", [:], .missingAuthTime, age: 900),
        Case("max_age, old", ["auth_time": .number(now - 961)], .authenticationTooOld, age: 900),
        Case("max_age, oldest", ["auth_time": .number(now - 960)], nil, age: 900),
        Case("max_age, first moment", ["auth_time": .number(.min)], .authenticationTooOld, age: 900),
        Case("auth_time in the future", ["auth_time": .number(now + 61)], .authenticatedInFuture),
        Case("auth_time with a fraction", ["auth_time": .decimal(Decimal(now) + Decimal(25) / 100)], nil, age: 0),
        Case("prompt, no auth_time", [:], nil, promptsLogin: true),
        Case("prompt, old", ["auth_time": .number(now - 61)], .authenticationTooOld, promptsLogin: true),
    ]

    @Test(arguments: cases)
    func claimsAreChecked(_ test: Case) async throws {
        var behaviour = Behaviour()
        behaviour.claims = test.claims
        try await World.run(behaviour) { world in
            if let problem = test.problem {
                await world.fails(.idToken(problem), promptsLogin: test.promptsLogin, age: test.age)
            } else {
                try await world.signIn(promptsLogin: test.promptsLogin, age: test.age)
            }
        }
    }

    @Test(arguments: ["none", "HS256", "None", "rs256", "RS256 ", "EdDSA", "", HostileProvider.secret])
    func otherAlgorithmsAreRefused(_ algorithm: String) async throws {
        var behaviour = Behaviour()
        behaviour.algorithm = algorithm
        let name = ["none", "HS256", "EdDSA"].contains(algorithm) ? algorithm : "(unregistered)"
        try await World.run(behaviour) { await $0.fails(.idToken(.algorithmNotAllowed(name))) }
    }

    @Test func algorithmOutsideTheConfigurationIsRefused() async throws {
        var behaviour = Behaviour()
        behaviour.algorithm = "RS512"
        try await World.run(behaviour, algorithms: [.rs256]) {
            await $0.fails(.idToken(.algorithmNotAllowed("RS512")))
        }
    }

    @Test func signatureUnderAnotherAlgorithmIsRefused() async throws {
        var behaviour = Behaviour()
        behaviour.header["alg"] = "PS256"
        try await World.run(behaviour) { await $0.fails(.idToken(.wrongSignature)) }
    }

    @Test func oddHeadersAreRefused() async throws {
        var behaviour = Behaviour()
        behaviour.header["crit"] = ["exp"]
        try await World.run(behaviour) { world in
            await world.fails(.idToken(.unsupportedHeader))
            world.provider.change { $0.header = ["typ": "at+jwt"] }
            await world.fails(.idToken(.unsupportedHeader))
            world.provider.change { $0.header = ["alg": nil] }
            await world.fails(.idToken(.malformed))
            world.provider.change { $0.header = ["typ": nil] }
            try await world.signIn()
        }
    }

    @Test func changedTokensAreRefused() async throws {
        try await World.run { world in
            world.provider.change { $0.tampers = { $0 + "=" } }
            await world.fails(.idToken(.malformed))
            world.provider.change { $0.tampers = { "\($0).x" } }
            await world.fails(.idToken(.malformed))
            world.provider.change { $0.tampers = { _ in "" } }
            await world.fails(.idToken(.malformed))
            world.provider.change { $0.tampers = { $0.split(separator: ".").prefix(2).joined(separator: ".") + "." } }
            await world.fails(.idToken(.wrongSignature))
            world.provider.change {
                $0.tampers = { token in
                    let parts = token.split(separator: ".")
                    let claims = Base64URL.decode(parts[1]).map { String(decoding: $0, as: UTF8.self) } ?? ""
                    let changed = Base64URL.encode(claims.replacingOccurrences(of: "person-1", with: "person-2").utf8)
                    return "\(parts[0]).\(changed).\(parts[2])"
                }
            }
            await world.fails(.idToken(.wrongSignature))
        }
    }
}
