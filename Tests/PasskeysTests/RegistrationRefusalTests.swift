import Foundation
import Testing

@testable import Passkeys

@Suite("Registrations that are refused")
struct RegistrationRefusalTests {
    private func expect(_ error: PasskeyError, _ change: (inout Registration) -> Void) throws {
        var registration = try es256()
        _ = try registration.verify()
        change(&registration)
        #expect(throws: error) { try registration.verify() }
    }

    @Test("client data of a sign-in is not a registration")
    func wrongType() throws {
        try expect(.wrongType(expected: "webauthn.create")) { $0.client.type = "webauthn.get" }
        try expect(.wrongType(expected: "webauthn.create")) { $0.client.type = "" }
    }

    @Test("another challenge is refused, also if it differs in one bit, in length or by padding")
    func wrongChallenge() throws {
        var other = challenge
        other[31] ^= 1
        for text in [Base64URL.encode(other), Base64URL.encode(challenge.dropLast()), "", "?"] {
            try expect(.wrongChallenge) { $0.client.challengeText = text }
        }
        try expect(.wrongChallenge) { $0.client.challengeText += "=" }
    }

    @Test(
        "another origin is refused, however similar",
        arguments: [
            "http://meter.example.com:8443", "https://meter.example.com", "https://example.com:8443",
            "https://meter.example.com:8443/", "https://meter.example.com:8443.evil.test",
            "https://METER.example.com:8443",
            "null",
        ])
    func wrongOrigin(origin: String) throws {
        try expect(.wrongOrigin(expected: "https://meter.example.com:8443", given: origin)) {
            $0.client.origin = origin
        }
    }

    @Test("an origin that is not plain ASCII is refused, and is kept out of the error")
    func unprintableOrigin() throws {
        let party = try RelyingParty(id: "kk.test", origin: "https://kk.test", name: "K")
        var registration = try es256()
        registration.client.origin = "https://kk\u{301}.test"
        #expect(throws: PasskeyError.wrongOrigin(expected: "https://kk.test", given: "(unprintable)")) {
            try party.verifyRegistration(registration.json, challenge: challenge)
        }
        registration.client.origin = #"https://a.test\nforged line"#
        #expect(throws: PasskeyError.wrongOrigin(expected: "https://kk.test", given: "(unprintable)")) {
            try party.verifyRegistration(registration.json, challenge: challenge)
        }
    }

    @Test("a page that another origin embeds is refused")
    func crossOrigin() throws {
        try expect(.crossOrigin) { $0.client.rest = #","crossOrigin":true"# }
        try expect(.crossOrigin) { $0.client.rest = #","crossOrigin":false,"topOrigin":"https://evil.test""# }
        try expect(.malformedJSON(part: "clientDataJSON")) { $0.client.rest = #","crossOrigin":"no""# }
    }

    @Test("another relying party's passkey is refused")
    func wrongRelyingParty() throws {
        try expect(.wrongRelyingParty) { $0.relyingPartyID = "meter.example.com" }
        try expect(.wrongRelyingParty) { $0.relyingPartyID = "" }
    }

    @Test("flags without a person, without verification or that contradict each other are refused")
    func flags() throws {
        try expect(.userNotPresent) { $0.flags &= ~Flag.present }
        try expect(.userNotVerified) { $0.flags &= ~Flag.verified }
        try expect(.contradictingBackupFlags) { $0.flags |= Flag.backedUp }
    }

    @Test("authenticator data without a credential is refused")
    func noCredential() throws {
        try expect(.trailingAuthenticatorData) { $0.flags &= ~Flag.credential }
        let registration = try es256()
        let data = authenticatorHeader("example.com", Flag.present | Flag.verified, 0)
        let json = registration.json(registration.attestationObject(data))
        #expect(throws: PasskeyError.missingCredential) {
            try relyingParty().verifyRegistration(json, challenge: challenge)
        }
    }

    @Test("bytes after the key, or extension outputs without their flag or the reverse, are refused")
    func trailing() throws {
        try expect(.trailingAuthenticatorData) { $0.extensions = [0] }
        try expect(.trailingAuthenticatorData) { $0.extensions = CBOR.map([]).encoded }
        try expect(.truncatedAuthenticatorData) { $0.flags |= Flag.extensions }
        try expect(.malformedCBOR(.unsupportedType)) {
            $0.flags |= Flag.extensions
            $0.extensions = CBOR.array([]).encoded
        }
        try expect(.trailingAuthenticatorData) {
            $0.flags |= Flag.extensions
            $0.extensions = CBOR.map([]).encoded + [0]
        }
    }

    @Test("the id beside the response has to be the one that the authenticator made")
    func otherID() throws {
        try expect(.wrongCredential) { $0.rawID = [9] }
        try expect(.malformedMember("rawId")) { $0.rawID = [] }
        try expect(.tooLarge(part: "rawId", limit: 1023)) { $0.rawID = [UInt8](repeating: 1, count: 1024) }
    }

    @Test("an attestation object with wrong members is refused")
    func wrongMembers() throws {
        try expect(.malformedAttestationObject) { $0.format = .int(1) }
        try expect(.malformedAttestationObject) { $0.statement = .int(1) }
        try expect(.malformedAttestationObject) { $0.statement = .array([]) }
        try expect(.malformedAttestationObject) { $0.statement = .map([(.text("sig"), .bytes([1]))]) }
        for object in [CBOR.map([]), .array([]), .int(0), .bytes([1])] {
            let json = try es256().json(object.encoded)
            #expect(throws: PasskeyError.malformedAttestationObject) {
                try relyingParty().verifyRegistration(json, challenge: challenge)
            }
        }
    }

    @Test("an answer of another shape is refused")
    func wrongShape() throws {
        let good = try es256().json
        for json in ["", "{}", "[]", "null", "\u{0}", "{\"id\":1}", good + "x", String(good.dropLast())] {
            #expect(throws: PasskeyError.malformedJSON(part: "credential")) {
                try relyingParty().verifyRegistration(json, challenge: challenge)
            }
        }
        for (old, new) in [("public-key", "password"), (#""id":""#, #""id":"A"#)] {
            let json = good.replacingOccurrences(of: old, with: new)
            #expect(throws: PasskeyError.malformedCredential) {
                try relyingParty().verifyRegistration(json, challenge: challenge)
            }
        }
        #expect(throws: PasskeyError.malformedMember("attestationObject")) {
            let json = good.replacingOccurrences(of: #""attestationObject":""#, with: #""attestationObject":"=="#)
            return try relyingParty().verifyRegistration(json, challenge: challenge)
        }
    }
}
