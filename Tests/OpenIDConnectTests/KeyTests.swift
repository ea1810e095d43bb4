import Crypto
import Foundation
import Testing

@testable import OpenIDConnect

@Suite struct KeyTests {
    private static func published(_ key: Result<SigningKey, any Error>, _ more: [String: JSONValue]) throws -> JSONValue
    {
        try key.get().published(more)
    }

    @Test func rotatedKeyIsFetchedOnce() async throws {
        var behaviour = Behaviour()
        let old = try Self.published(SigningKey.first, ["kid": "one"])
        let new = try Self.published(SigningKey.second, ["kid": "two"])
        behaviour.keySets = [[old], [old, new]]
        try await World.run(behaviour) { world in
            try await world.signIn()
            world.provider.change {
                $0.key = SigningKey.second
                $0.keyID = "two"
            }
            try await world.signIn()
            #expect(world.provider.count("/keys") == 2)
            try await world.signIn()
            #expect(world.provider.count("/keys") == 2)
        }
    }

    @Test func unknownKeysAreLookedUpOncePerMinute() async throws {
        try await World.run { world in
            try await world.signIn()
            world.provider.change { behaviour in
                behaviour.keySets = [[]]
                behaviour.keyID = "nobody's"
                behaviour.claims["exp"] = .number(World.now.seconds + 9000)
            }
            for second in [0, 1, 30, 59] as [Int64] {
                await #expect(throws: SignInError.idToken(.unknownKey)) {
                    try await world.signIn(World.now.moved(by: second))
                }
            }
            #expect(world.provider.count("/keys") == 2)
            await #expect(throws: SignInError.idToken(.unknownKey)) {
                try await world.signIn(World.now.moved(by: 60))
            }
            #expect(world.provider.count("/keys") == 3)
        }
    }

    @Test func discoveryIsRememberedForAnHour() async throws {
        var behaviour = Behaviour()
        behaviour.claims["exp"] = .number(World.now.seconds + 9000)
        try await World.run(behaviour) { world in
            let path = "/.well-known/openid-configuration"
            for second in [0, 1, 3599] as [Int64] { try await world.signIn(World.now.moved(by: second)) }
            #expect(world.provider.count(path) == 1)
            try await world.signIn(World.now.moved(by: 3600))
            #expect(world.provider.count(path) == 2)
            _ = try await world.begin(World.now)
            #expect(world.provider.count(path) == 3, "a clock that was set back must not prolong it")
        }
    }

    @Test func manyAtOnceFetchOnce() async throws {
        try await World.run { world in
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { _ = try await world.begin() } }
                try await group.waitForAll()
            }
            #expect(world.provider.count("/keys") == 1)
        }
    }

    @Test func unknownKeyStaysUnknown() async throws {
        var behaviour = Behaviour()
        behaviour.keySets = [[try Self.published(SigningKey.first, ["kid": "other"])]]
        try await World.run(behaviour) { await $0.fails(.idToken(.unknownKey)) }
    }

    @Test func absentKeyIDNeedsOneFittingKey() async throws {
        var behaviour = Behaviour()
        behaviour.keyID = nil
        let first = try Self.published(SigningKey.first, ["kid": "one"])
        let second = try Self.published(SigningKey.second, ["kid": "two"])
        let curve = try SigningKey.p256(P256.Signing.PrivateKey()).published(["kid": "three"])
        behaviour.keySets = [[first, second]]
        try await World.run(behaviour) { await $0.fails(.idToken(.ambiguousKey)) }
        behaviour.keySets = [[first, curve]]
        try await World.run(behaviour) { try await $0.signIn() }
        behaviour.keySets = [[second], [first]]
        try await World.run(behaviour) { try await $0.signIn() }
    }

    @Test func sameKeyIDTwiceIsAmbiguous() async throws {
        var behaviour = Behaviour()
        behaviour.keySets = [
            [
                try Self.published(SigningKey.first, ["kid": "one"]),
                try Self.published(SigningKey.second, ["kid": "one"]),
            ]
        ]
        try await World.run(behaviour) { await $0.fails(.idToken(.ambiguousKey)) }
    }

    @Test func keyMustFit() async throws {
        let curve = try SigningKey.p256(P256.Signing.PrivateKey()).published(["kid": "one"])
        let larger = try SigningKey.p384(P384.Signing.PrivateKey()).published(["kid": "one"])
        let unfit = [
            curve, larger, try Self.published(SigningKey.first, ["kid": "one", "use": "enc"]),
            try Self.published(SigningKey.first, ["kid": "one", "alg": "RS512"]),
            try Self.published(SigningKey.first, ["kid": "one", "key_ops": ["encrypt"]]),
            try Self.published(SigningKey.first, ["kid": "one", "n": "AQAB"]),
            try Self.published(SigningKey.first, ["kid": "one", "e": ""]),
        ]
        for key in unfit {
            var behaviour = Behaviour()
            behaviour.keySets = [[key]]
            try await World.run(behaviour) { await $0.fails(.idToken(.keyDoesNotFit)) }
        }
        var behaviour = Behaviour()
        behaviour.key = SigningKey.short
        try await World.run(behaviour) { await $0.fails(.idToken(.keyDoesNotFit)) }
    }

    @Test func hugeModulusIsRefused() async throws {
        for bytes in [1025, 1100, 4096] {
            let modulus = Data([1] + [UInt8](repeating: 255, count: bytes - 1))
            var behaviour = Behaviour()
            behaviour.keySets = [
                [try Self.published(SigningKey.first, ["kid": "one", "n": .text(Base64URL.encode(modulus))])]
            ]
            try await World.run(behaviour) { await $0.fails(.idToken(.keyDoesNotFit)) }
        }
    }

    @Test func curveIsReadNotGuessed() async throws {
        let key = SigningKey.p256(P256.Signing.PrivateKey())
        for curve in ["secp256k1", "P-384", "p-256"] {
            var behaviour = Behaviour()
            behaviour.key = .success(key)
            behaviour.algorithm = "ES256"
            behaviour.keySets = [[try key.published(["kid": "one", "crv": .text(curve)])]]
            try await World.run(behaviour) { await $0.fails(.idToken(.keyDoesNotFit)) }
        }
    }

    @Test func wrongCurveIsRefused() async throws {
        var behaviour = Behaviour()
        behaviour.key = .success(.p384(P384.Signing.PrivateKey()))
        behaviour.algorithm = "ES256"
        try await World.run(behaviour) { await $0.fails(.idToken(.keyDoesNotFit)) }
    }

    @Test func keyThatPublishesItsSecretIsNotTaken() async throws {
        var behaviour = Behaviour()
        behaviour.keySets = [[try Self.published(SigningKey.first, ["kid": "one", "d": "AQAB"])]]
        try await World.run(behaviour) { await $0.fails(.idToken(.unknownKey)) }
    }

    @Test func unknownKindsOfKeysAreSkipped() async throws {
        var behaviour = Behaviour()
        behaviour.keySets = [
            [
                ["kty": "AKP", "kid": "new", "alg": "ML-DSA-65", "pub": "AA"], ["kid": 5], "no key",
                try Self.published(SigningKey.second, ["kid": "enc", "use": "enc", "alg": "RSA-OAEP-256"]),
                try Self.published(SigningKey.first, ["kid": "one", "use": "sig", "alg": "RS256"]),
            ]
        ]
        try await World.run(behaviour) { try await $0.signIn() }
    }
}
