import Foundation
import Testing

@testable import OpenIDConnect

@Suite struct CallbackTests {
    @Test func stateMustBeTheOneThatWasSent() async throws {
        for state in ["", "other", nil] as [String?] {
            var behaviour = Behaviour()
            behaviour.callback["state"] = .some(state)
            try await World.run(behaviour) { world in
                await world.fails(.callback(.wrongState))
                #expect(world.provider.count("/token") == 0)
            }
        }
    }

    @Test func anotherBrowsersCallbackIsRefused() async throws {
        try await World.run { world in
            let mine = try await world.begin()
            let theirs = try await world.begin()
            let query = try await world.visit(theirs)
            await #expect(throws: SignInError.callback(.wrongState)) {
                try await world.client.finish(
                    CallbackParameters(query: query), pending: mine.pending, now: World.now)
            }
        }
    }

    @Test func issuerParameterIsChecked() async throws {
        var behaviour = Behaviour()
        behaviour.callback["iss"] = "https://evil.test"
        try await World.run(behaviour) { world in
            await world.fails(.callback(.wrongIssuer))
            #expect(world.provider.count("/token") == 0)
            world.provider.change { $0.callback["iss"] = .some(world.provider.issuer + "/") }
            await world.fails(.callback(.wrongIssuer))
            world.provider.change { $0.callback["iss"] = .some(world.provider.issuer) }
            try await world.signIn()
        }
    }

    @Test func promisedIssuerParameterMustCome() async throws {
        var behaviour = Behaviour()
        behaviour.metadata["authorization_response_iss_parameter_supported"] = true
        try await World.run(behaviour) { world in
            await world.fails(.callback(.missingIssuer))
            #expect(world.provider.count("/token") == 0)
        }
    }

    /// The callback of one provider is finished by the client of another. RFC 9700, section 4.4.
    @Test func mixUpIsRefused() async throws {
        try await World.run { honest in
            try await World.run { evil in
                let begun = try await evil.begin()
                let query = try await evil.visit(begun)
                await #expect(throws: SignInError.callback(.otherProvider)) {
                    try await honest.client.finish(
                        CallbackParameters(query: query), pending: begun.pending, now: World.now)
                }
                #expect(honest.provider.count("/token") == 0)
            }
        }
    }

    @Test func errorsAreTyped() async throws {
        let cases: [(String, SignInError)] = [
            ("access_denied", .declined), ("login_required", .interactionNeeded(.loginRequired)),
            ("consent_required", .interactionNeeded(.consentRequired)),
            ("temporarily_unavailable", .temporarilyUnavailable(.temporarilyUnavailable)),
            ("server_error", .temporarilyUnavailable(.serverError)),
            ("invalid_scope", .authorizationRefused(.invalidScope)),
            ("<script>", .authorizationRefused(.unregistered)),
        ]
        for (code, error) in cases {
            var behaviour = Behaviour()
            behaviour.callback = ["error": code, "error_description": "access-token"]
            try await World.run(behaviour) { await $0.fails(error) }
            // An error with a wrong iss says nothing about our sign-in.
            behaviour.callback["iss"] = "https://evil.test"
            try await World.run(behaviour) { await $0.fails(.callback(.wrongIssuer)) }
        }
    }

    @Test func codeIsNeededAndGoodOnce() async throws {
        var behaviour = Behaviour()
        behaviour.callback["code"] = .some(nil)
        try await World.run(behaviour) { await $0.fails(.callback(.missingCode)) }
        try await World.run { world in
            let begun = try await world.begin()
            let query = try await world.visit(begun)
            let callback = try CallbackParameters(query: query)
            _ = try await world.client.finish(callback, pending: begun.pending, now: World.now)
            await #expect(throws: SignInError.tokenRefused(.invalidGrant, status: 400)) {
                try await world.client.finish(callback, pending: begun.pending, now: World.now)
            }
        }
    }

    @Test func codeOfAnotherSignInIsRefused() async throws {
        try await World.run { world in
            let mine = try await world.begin()
            let theirs = try await world.begin()
            let code = try #require(CallbackParameters(query: try await world.visit(theirs)).code)
            let query = "code=\(code)&state=\(mine.pending.state)"
            await #expect(throws: SignInError.tokenRefused(.invalidGrant, status: 400)) {
                try await world.client.finish(CallbackParameters(query: query), pending: mine.pending, now: World.now)
            }
            // A provider that doesn't check PKCE: then the nonce tells.
            let third = try await world.begin()
            let fourth = try await world.begin()
            let stolen = try #require(CallbackParameters(query: try await world.visit(fourth)).code)
            let spoiled = PendingSignIn(
                issuer: third.pending.issuer, redirectURI: World.redirect, created: World.now,
                state: third.pending.state, nonce: third.pending.nonce, verifier: fourth.pending.verifier,
                maximumAgeSeconds: nil, promptsLogin: false)
            await #expect(throws: SignInError.idToken(.wrongNonce)) {
                try await world.client.finish(
                    CallbackParameters(query: "code=\(stolen)&state=\(third.pending.state)"), pending: spoiled,
                    now: World.now)
            }
        }
    }

    @Test func oldAndFuturePendingSignInsAreRefused() async throws {
        try await World.run { world in
            for (moved, isGood) in [(600, true), (601, false), (-60, true), (-61, false)] as [(Int64, Bool)] {
                let begun = try await world.begin()
                let callback = try CallbackParameters(query: try await world.visit(begun))
                let now = World.now.moved(by: moved)
                world.provider.change {
                    $0.claims = ["iat": .number(now.seconds), "exp": .number(now.seconds + 9)]
                }
                if isGood {
                    _ = try await world.client.finish(callback, pending: begun.pending, now: now)
                } else {
                    await #expect(throws: SignInError.callback(.expired)) {
                        try await world.client.finish(callback, pending: begun.pending, now: now)
                    }
                }
            }
        }
    }

    @Test func queriesAreReadStrictly() throws {
        for query in ["state=a&state=b", "code=a&code=a", "iss=a&iss=b", "error=a&%65rror=b"] {
            #expect(throws: SignInError.callback(.repeatedParameter)) { try CallbackParameters(query: query) }
        }
        for query in ["state=%", "state=%4", "state=%zz", "state=%ff", String(repeating: "a", count: 8193)] {
            #expect(throws: SignInError.callback(.unreadable)) { try CallbackParameters(query: query) }
        }
        let read = try CallbackParameters(query: "state=a%2Bb+c&code=%C3%A9&session_state=x&session_state=y&&flag")
        #expect(read.state == "a+b c" && read.code == "\u{e9}" && read.issuer == nil && read.error == nil)
        #expect(try CallbackParameters(query: "").claimedState == nil)
    }
}
