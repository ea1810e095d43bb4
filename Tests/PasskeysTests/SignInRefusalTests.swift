import Crypto
import Foundation
import Testing

@testable import Passkeys

@Suite("Sign-ins that are refused")
struct SignInRefusalTests {
    private func expect(_ error: PasskeyError, _ change: (inout SignIn) -> Void) throws {
        var signIn = try SignIn(.es256(P256.Signing.PrivateKey()))
        try signIn.verify()
        change(&signIn)
        #expect(throws: error) { try signIn.verify() }
    }

    @Test("signed client data of another ceremony, challenge, origin or an embedded page is refused")
    func clientData() throws {
        try expect(.wrongType(expected: "webauthn.get")) { $0.client.type = "webauthn.create" }
        try expect(.wrongChallenge) { $0.client.challengeText = Base64URL.encode([UInt8](repeating: 1, count: 32)) }
        try expect(.wrongOrigin(expected: "https://meter.example.com:8443", given: "https://evil.test")) {
            $0.client.origin = "https://evil.test"
        }
        try expect(.crossOrigin) { $0.client.rest = #","crossOrigin":true"# }
    }

    @Test("signed authenticator data of another relying party, or without a verified person, is refused")
    func authenticatorData() throws {
        try expect(.wrongRelyingParty) { $0.relyingPartyID = "evil.test" }
        try expect(.userNotPresent) { $0.flags &= ~Flag.present }
        try expect(.userNotVerified) { $0.flags &= ~Flag.verified }
    }

    @Test("every flipped bit of the authenticator data is refused, with each algorithm")
    func flippedData() throws {
        for key in try TestKey.all() {
            var signIn = try SignIn(key, storedCount: 1)
            signIn.count = 0x0102_0304
            let (data, signature) = (signIn.authenticatorData, try signIn.signature())
            try signIn.verify(data: data, signature: signature)
            for index in data.indices {
                for bit in 0..<8 {
                    var flipped = data
                    flipped[index] ^= 1 << UInt8(bit)
                    #expect(throws: PasskeyError.self) { try signIn.verify(data: flipped, signature: signature) }
                }
            }
        }
    }

    @Test("authenticator data that is cut off or made longer is refused")
    func otherLengths() throws {
        let signIn = try SignIn(.es256(P256.Signing.PrivateKey()))
        let (data, signature) = (signIn.authenticatorData, try signIn.signature())
        for count in 1..<data.count {
            #expect(throws: PasskeyError.truncatedAuthenticatorData) {
                try signIn.verify(data: Array(data.prefix(count)), signature: signature)
            }
        }
        #expect(throws: PasskeyError.malformedMember("authenticatorData")) {
            try signIn.verify(data: [], signature: signature)
        }
        #expect(throws: PasskeyError.trailingAuthenticatorData) {
            try signIn.verify(data: data + [0], signature: signature)
        }
    }

    @Test("every flipped bit of the client data is refused")
    func flippedClientData() throws {
        let signIn = try SignIn(.ed25519(Curve25519.Signing.PrivateKey()))
        let signature = try signIn.signature()
        let json = signIn.client.json
        for index in json.indices {
            for bit in 0..<8 {
                var flipped = json
                flipped[index] ^= 1 << UInt8(bit)
                let text = try signIn.json(signature: signature).replacingOccurrences(
                    of: Base64URL.encode(json), with: Base64URL.encode(flipped))
                #expect(throws: PasskeyError.self) {
                    try relyingParty().verifySignIn(
                        try AuthenticationResponse(json: text), challenge: challenge, passkey: signIn.stored,
                        owner: owner)
                }
            }
        }
    }

    @Test("a signature of another key, with a flipped bit, cut off or made longer is refused")
    func wrongSignature() throws {
        for (key, other) in zip(try TestKey.all(), try TestKey.all()) {
            let signIn = try SignIn(key)
            let signature = try signIn.signature()
            var wrong = [try SignIn(other).signature(), signature + [0], [0] + signature, [0x30], [0x30, 0]]
            wrong += signature.indices.dropFirst().map { Array(signature.prefix($0)) }
            wrong += signature.indices.map { index in
                var flipped = signature
                flipped[index] ^= 1
                return flipped
            }
            for signature in wrong {
                #expect(throws: PasskeyError.wrongSignature) { try signIn.verify(signature: signature) }
            }
        }
    }

    @Test("an ES256 signature with numbers of unusual lengths is refused and crashes nothing")
    func unusualDER() throws {
        let signIn = try SignIn(.es256(P256.Signing.PrivateKey()))
        let numbers: [[UInt8]] = [
            [], [0], [1], [0xFF], [0x7F] + [UInt8](repeating: 0xFF, count: 31),
            [0] + [UInt8](repeating: 0xFF, count: 32),
            [0x7F] + [UInt8](repeating: 0xFF, count: 40), [0x7F] + [UInt8](repeating: 0xFF, count: 60),
        ]
        for first in numbers {
            for second in numbers {
                let content = [2, UInt8(first.count)] + first + [2, UInt8(second.count)] + second
                let head: [UInt8] = content.count < 128 ? [0x30] : [0x30, 0x81]
                #expect(throws: PasskeyError.wrongSignature) {
                    try signIn.verify(signature: head + [UInt8(content.count)] + content)
                }
            }
        }
    }

    @Test("a signature by one algorithm does not verify as another")
    func mixedAlgorithms() throws {
        let keys = try TestKey.all()
        for (first, key) in keys.enumerated() {
            for (second, other) in keys.enumerated() where first != second {
                let (signIn, signature) = (try SignIn(key), try SignIn(other).signature())
                #expect(throws: PasskeyError.wrongSignature) { try signIn.verify(signature: signature) }
            }
        }
    }

    @Test("a stored key that was damaged is reported as unusable")
    func damagedKey() throws {
        try expect(.unusableKey(.parameters)) { signIn in
            signIn.stored = Passkey(
                credentialID: credentialID, publicKey: [0xA0], signCount: 0, isBackupEligible: false,
                isBackedUp: false)
        }
        try expect(.malformedCBOR(.truncated)) { signIn in
            signIn.stored = Passkey(
                credentialID: credentialID, publicKey: [], signCount: 0, isBackupEligible: false, isBackedUp: false)
        }
    }
}
