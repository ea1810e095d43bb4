import AsyncHTTPClient
import Foundation
import LoopbackHTTP
import Testing

@testable import OpenIDConnect

@Suite struct ProviderAnswerTests {
    private static let discovery = "/.well-known/openid-configuration"
    private static let paths: [(String, SignInError.ProviderRequest)] = [
        (discovery, .discovery), ("/keys", .keys), ("/token", .token), ("/userinfo", .userInfo),
    ]

    /// Needs userinfo, so that all four requests are made.
    private static func behaviour(_ path: String, _ answer: LoopbackAnswer) -> Behaviour {
        var behaviour = Behaviour()
        behaviour.userInfo = ["sub": "person-1"]
        behaviour.claims["name"] = .some(nil)
        behaviour.answers[path] = answer
        return behaviour
    }

    @Test func hugeAnswersAreRefused() async throws {
        let text = String(repeating: " ", count: ProviderHTTP.bodyBytesMax + 1)
        for (path, purpose) in Self.paths {
            try await World.run(Self.behaviour(path, .json(text))) {
                await $0.fails(.providerFailed(purpose, .tooLarge))
            }
        }
    }

    @Test func largestAnswerIsRead() async throws {
        let text = String(repeating: " ", count: ProviderHTTP.bodyBytesMax)
        try await World.run(Self.behaviour("/keys", .json(text))) { await $0.fails(.providerFailed(.keys, .notJSON)) }
    }

    @Test func endlessAnswersAreRefused() async throws {
        let answer = LoopbackAnswer(body: .endless(String(repeating: " ", count: 4096), pause: nil))
        for (path, purpose) in Self.paths {
            try await World.run(Self.behaviour(path, answer)) { await $0.fails(.providerFailed(purpose, .tooLarge)) }
        }
    }

    @Test func slowAnswersAreRefused() async throws {
        let bodies: [LoopbackAnswer.Body] = [.never, .endless(" ", pause: .milliseconds(50))]
        for (path, _) in Self.paths {
            for body in bodies {
                try await World.run(Self.behaviour(path, LoopbackAnswer(body: body)), timeout: .seconds(1)) { world in
                    let thrown = await #expect(throws: SignInError.self) {
                        try await world.signIn(promptsLogin: false, age: nil)
                    }
                    // On a loaded machine the request before may be late already.
                    guard case .providerFailed(_, .timedOut) = thrown else {
                        Issue.record("\(String(describing: thrown))")
                        return
                    }
                }
            }
        }
    }

    @Test func theRealLimitIsTenSeconds() async throws {
        try await World.run(Self.behaviour(Self.discovery, LoopbackAnswer(body: .never))) { world in
            let client = OpenIDClient(provider: world.client.provider, http: world.http)
            #expect(client.http.timeout == .seconds(10))
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        for (path, purpose) in Self.paths {
            for status in [301, 302, 303, 307, 308] {
                let answer = LoopbackAnswer.redirect(to: "/elsewhere", status: status)
                try await World.run(Self.behaviour(path, answer)) { world in
                    await world.fails(.providerFailed(purpose, .redirected))
                    #expect(world.provider.count("/elsewhere") == 0)
                }
            }
        }
    }

    @Test func aClientThatFollowsRedirectsIsNoticed() async throws {
        let answer = LoopbackAnswer.redirect(to: "/elsewhere")
        try await World.run(Self.behaviour(Self.discovery, answer), configuration: .init()) { world in
            await world.fails(.misconfigured(.httpClientFollowsRedirects))
        }
    }

    @Test func otherStatusesAndNoJSONAreRefused() async throws {
        for (path, purpose) in Self.paths {
            try await World.run(Self.behaviour(path, LoopbackAnswer(status: 503))) {
                await $0.fails(.providerFailed(purpose, .status(503)))
            }
            try await World.run(Self.behaviour(path, .json("<html>"))) {
                await $0.fails(.providerFailed(purpose, .notJSON))
            }
        }
    }

    @Test func unreachableProviderIsToldFromASlowOne() async throws {
        let http = HTTPClient(configuration: .openIDConnect)
        let provider = try Provider(name: "", issuer: "http://127.0.0.1:1", clientID: "a", clientSecret: nil)
        do {
            _ = try await OpenIDClient(provider: provider, http: http).begin(redirect: World.redirect, now: World.now)
            Issue.record("there was an answer")
        } catch {
            guard case .providerFailed(.discovery, .connection(let words)) = error else {
                Issue.record("\(error)")
                return try await http.shutdown()
            }
            #expect(!words.isEmpty)
        }
        try await http.shutdown()
    }

    @Test func tokenErrorsAreTyped() async throws {
        let cases: [(String, Int, ProviderErrorCode)] = [
            ("invalid_grant", 400, .invalidGrant), ("invalid_client", 401, .invalidClient),
            ("s3cret:&+ %", 400, .unregistered), ("access-token", 400, .unregistered),
        ]
        for (code, status, expected) in cases {
            let body = JSONValue.object(["error": .text(code), "error_description": .text("access-token")]).encoded
            try await World.run(Self.behaviour("/token", .json(body, status: status))) {
                await $0.fails(.tokenRefused(expected, status: status))
            }
        }
    }

    @Test func tokenAnswerMustBeWhole() async throws {
        let cases: [([String: JSONValue?], SignInError)] = [
            (["id_token": nil], .tokenAnswer(.missingIDToken)),
            (["token_type": "DPoP"], .tokenAnswer(.tokenType)),
            (["token_type": nil], .tokenAnswer(.tokenType)),
            (["access_token": nil], .tokenAnswer(.accessToken)),
            (["access_token": "a\r\nHost: evil"], .tokenAnswer(.accessToken)),
        ]
        for (change, error) in cases {
            var behaviour = Behaviour()
            behaviour.tokenAnswer = change
            try await World.run(behaviour) { await $0.fails(error) }
        }
    }
}
