import Testing

@testable import OpenIDConnect

@Suite struct DiscoveryTests {
    private static func refuses(_ metadata: [String: JSONValue?], _ problem: SignInError.DiscoveryProblem) async throws
    {
        var behaviour = Behaviour()
        behaviour.metadata = metadata
        try await World.run(behaviour) { world in
            await world.fails(.discovery(problem))
            #expect(world.provider.count("/keys") == 0)
        }
    }

    @Test func issuerMustBeTheConfiguredOne() async throws {
        try await Self.refuses(["issuer": "https://evil.test"], .otherIssuer)
        try await World.run { world in
            world.provider.change { $0.metadata["issuer"] = .text(world.provider.issuer + "/") }
            await world.fails(.discovery(.otherIssuer))
        }
        var behaviour = Behaviour()
        behaviour.metadata["issuer"] = .some(nil)
        try await World.run(behaviour) { await $0.fails(.providerFailed(.discovery, .notJSON)) }
    }

    @Test func endpointsMustBeSafe() async throws {
        let bad: [JSONValue?] = [
            nil, "", "http://provider.test/x", "ftp://127.0.0.1/x", "//127.0.0.1/x", "https:///x",
            "https://user:word@provider.test/x", "https://provider.test/x#y", "javascript:alert(1)",
            "http://127.0.0.1.evil.test/x", "https://a b/",
        ]
        for member in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
            for url in bad where url != nil || member != "userinfo_endpoint" {
                try await Self.refuses([member: url], .unsafeEndpoint(member))
            }
        }
    }

    @Test func remoteProviderMayNotNameALocalService() throws {
        let remote = try Provider(name: "", issuer: "https://provider.test", clientID: "a", clientSecret: nil)
        let metadata = ProviderMetadata(
            issuer: remote.issuer, authorizationEndpoint: "https://provider.test/a",
            tokenEndpoint: "http://127.0.0.1/token", keysURL: "https://provider.test/k", userInfoEndpoint: nil,
            responseTypes: nil, clientAuthentication: nil, promisesIssuerParameter: nil)
        #expect(throws: SignInError.discovery(.unsafeEndpoint("token_endpoint"))) {
            try ProviderEndpoints(metadata, of: remote)
        }
    }

    @Test func flowAndAuthenticationMustBeSupported() async throws {
        try await Self.refuses(["response_types_supported": ["id_token"]], .noCodeFlow)
        try await Self.refuses(["token_endpoint_auth_methods_supported": ["private_key_jwt"]], .noClientAuthentication)
    }

    @Test func queryOfTheAuthorizationEndpointStays() async throws {
        try await World.run { world in
            world.provider.change {
                $0.metadata["authorization_endpoint"] = .text("\(world.provider.issuer)/authorize?tenant=a")
            }
            let begun = try await world.begin()
            #expect(begun.url.hasPrefix("\(world.provider.issuer)/authorize?tenant=a&response_type=code&"))
        }
    }

    @Test func discoveryAddressIsAsInTheStandard() {
        let expected = "https://a.test/b/.well-known/openid-configuration"
        #expect(ProviderEndpoints.discoveryURL(of: "https://a.test/b") == expected)
        #expect(ProviderEndpoints.discoveryURL(of: "https://a.test/b/") == expected)
    }

    @Test func configurationIsChecked() throws {
        func fails(
            _ setting: SignInError.Setting, issuer: String = "https://a.test", id: String = "a", secret: String? = nil,
            scopes: [String] = [], algorithms: Set<SigningAlgorithm> = [.rs256], seconds: Int64 = 600
        ) {
            #expect(throws: SignInError.misconfigured(setting)) {
                try Provider(
                    name: "", issuer: issuer, clientID: id, clientSecret: secret.map(ClientSecret.init),
                    extraScopes: scopes, allowedAlgorithms: algorithms, signInSecondsMax: seconds)
            }
        }
        for issuer in ["http://a.test", "https://a.test?x", "https://a.test#x", "a.test", "https://u@a.test", ""] {
            fails(.issuer, issuer: issuer)
        }
        fails(.clientID, id: "")
        fails(.clientID, id: "a\n")
        fails(.clientSecret, secret: "")
        fails(.scopes, scopes: ["a b"])
        fails(.algorithms, algorithms: [])
        fails(.signInSeconds, seconds: 0)
        for issuer in ["https://a.test/", "http://localhost:5000", "http://[::1]:1", "http://127.0.0.1"] {
            _ = try Provider(name: "", issuer: issuer, clientID: "a", clientSecret: nil)
        }
    }

    @Test func redirectAndAgeAreChecked() async throws {
        try await World.run { world in
            for redirect in ["http://app.test/callback", "https://app.test/#x", "/callback"] {
                await #expect(throws: SignInError.misconfigured(.redirectURI)) {
                    try await world.client.begin(redirect: redirect, now: World.now)
                }
            }
            for age in [-1, .max] as [Int64] {
                await #expect(throws: SignInError.misconfigured(.maximumAge)) { try await world.begin(age: age) }
            }
        }
    }
}
