import Foundation
import Testing

@testable import Passkeys

@Suite("Options and configuration")
struct OptionsTests {
    private let user = PasskeyUser(id: owner, name: "ann@example.com", displayName: "Ann \"</script>\"")
    private let known = Passkey(
        credentialID: credentialID, publicKey: [], signCount: 0, isBackupEligible: false, isBackedUp: false,
        transports: ["usb"])

    private func object(_ json: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? NSDictionary)
    }

    @Test("registration options have the members that parseCreationOptionsFromJSON takes")
    func registrationOptions() throws {
        let json = try relyingParty().registrationOptions(challenge: challenge, user: user, excluding: [known])
        let expected: NSDictionary = [
            "rp": ["id": "example.com", "name": "Meter"],
            "user": ["id": "AQIDBA", "name": "ann@example.com", "displayName": "Ann \"</script>\""],
            "challenge": "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo",
            "pubKeyCredParams": [-7, -8, -257].map { ["alg": $0, "type": "public-key"] as NSDictionary },
            "timeout": 300_000,
            "excludeCredentials": [
                ["id": Base64URL.encode(credentialID), "type": "public-key", "transports": ["usb"]] as NSDictionary
            ],
            "authenticatorSelection": [
                "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
            ] as NSDictionary,
            "attestation": "none",
        ]
        #expect(try object(json) == expected)
    }

    @Test("sign-in options are discoverable, or list the given passkeys")
    func signInOptions() throws {
        let party = try relyingParty()
        let discoverable = try object(try party.signInOptions(challenge: challenge, timeout: 60_000))
        #expect(discoverable["allowCredentials"] as? [String] == [])
        #expect(discoverable["userVerification"] as? String == "required")
        #expect(discoverable["rpId"] as? String == "example.com")
        #expect(discoverable["timeout"] as? Int == 60_000)
        let listed = try object(try party.signInOptions(challenge: challenge, allowing: [known]))
        #expect(
            (listed["allowCredentials"] as? [NSDictionary])?.first?["id"] as? String == Base64URL.encode(credentialID))
    }

    @Test("options outside WebAuthn's bounds are refused")
    func invalidOptions() throws {
        let party = try relyingParty()
        for count in [0, 16, 31, 33, 64] {
            #expect(throws: PasskeyError.invalidOptions("the challenge must have 32 bytes")) {
                try party.signInOptions(challenge: [UInt8](repeating: 0, count: count))
            }
        }
        let long = String(repeating: "x", count: 257)
        let users = [
            PasskeyUser(id: [], name: "a", displayName: ""),
            PasskeyUser(id: [UInt8](repeating: 0, count: 65), name: "a", displayName: ""),
            PasskeyUser(id: [1], name: "", displayName: ""), PasskeyUser(id: [1], name: long, displayName: ""),
            PasskeyUser(id: [1], name: "a", displayName: long),
        ]
        for user in users {
            #expect(throws: PasskeyError.self) { try party.registrationOptions(challenge: challenge, user: user) }
        }
        for timeout in [Int.min, 0, 999, 3_600_001, Int.max] {
            #expect(throws: PasskeyError.self) { try party.signInOptions(challenge: challenge, timeout: timeout) }
        }
        #expect(throws: PasskeyError.self) {
            try party.signInOptions(challenge: challenge, allowing: [Passkey](repeating: known, count: 65))
        }
    }

    @Test(
        "an id and an origin that browsers accept together are accepted",
        arguments: [
            ("example.com", "https://example.com"), ("example.com", "https://a.b.example.com"),
            ("localhost", "http://localhost:8080"), ("localhost", "https://localhost"),
            ("meter", "https://meter:65535"),
            ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ])
    func valid(id: String, origin: String) throws {
        #expect(try RelyingParty(id: id, origin: origin, name: "n").origin == origin)
    }

    @Test(
        "an id or an origin that no browser accepts is refused at the start",
        arguments: [
            ("", "https://example.com"), ("Example.com", "https://example.com"), ("example.com", ""),
            ("example.com", "http://example.com"), ("example.com", "https://example.com/"),
            ("example.com", "https://example.com:443"), ("example.com", "https://example.com:0"),
            ("example.com", "https://example.com:08"), ("example.com", "https://example.com:65536"),
            ("example.com", "https://example.com:"), ("example.com", "https://example.com:1:2"),
            ("example.com", "https://badexample.com"), ("example.com", "https://example.com.evil.test"),
            ("example.com", "https://user@example.com"), ("a.example.com", "https://example.com"),
            ("127.0.0.1", "https://127.0.0.1"), ("[::1]", "https://[::1]"), ("a..b", "https://a..b"),
            ("-a.com", "https://-a.com"), ("bücher.example", "https://bücher.example"), ("a_b.com", "https://a_b.com"),
            ("evil.test", "http://localhost.evil.test"), ("example.com.", "https://example.com."),
        ])
    func invalid(id: String, origin: String) {
        #expect(throws: PasskeyError.self) { try RelyingParty(id: id, origin: origin, name: "n") }
    }

    @Test("every error is one sentence")
    func sentences() {
        let errors: [PasskeyError] =
            CBORFault.allCases.map { .malformedCBOR($0) } + KeyFault.allCases.map { .unusableKey($0) } + [
                .invalidRelyingParty("x"), .invalidOptions("x"), .tooLarge(part: "x", limit: 1),
                .malformedJSON(part: "x"), .malformedMember("x"), .malformedAttestationObject,
                .truncatedAuthenticatorData, .trailingAuthenticatorData, .wrongType(expected: "x"), .wrongChallenge,
                .wrongOrigin(expected: "x", given: "y"), .crossOrigin, .wrongRelyingParty, .userNotPresent,
                .userNotVerified, .contradictingBackupFlags, .missingCredential, .unexpectedCredential,
                .malformedCredential, .wrongCredential, .missingUserHandle, .wrongUser, .wrongSignature,
                .changedBackupEligibility, .possiblyCloned(stored: 2, given: 1),
            ]
        for error in errors {
            #expect(error.description.hasPrefix("The ") && error.description.hasSuffix("."))
            #expect(!error.description.contains("\n"))
        }
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}
