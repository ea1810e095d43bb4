import Crypto
import Foundation
import Testing

@testable import Passkeys

@Suite("Registration")
struct RegistrationTests {
    @Test("a key of each algorithm registers, and its bytes are kept as the authenticator wrote them")
    func registers() throws {
        for key in try TestKey.all() {
            let passkey = try Registration(count: 7, key: key.cose()).verify()
            #expect(passkey.credentialID == credentialID)
            #expect(passkey.publicKey == (try key.cose()))
            #expect(passkey.signCount == 7)
            #expect(passkey.transports == ["internal", "hybrid"])
            #expect(!passkey.isBackupEligible && !passkey.isBackedUp)
        }
    }

    @Test("backup flags are reported")
    func backupFlags() throws {
        var registration = try es256()
        registration.flags |= Flag.eligible
        #expect(try registration.verify().isBackupEligible)
        registration.flags |= Flag.backedUp
        #expect(try registration.verify().isBackedUp)
    }

    @Test("extension outputs after the key are skipped")
    func extensionOutputs() throws {
        var registration = try es256()
        registration.flags |= Flag.extensions
        registration.extensions =
            CBOR.map([(.text("credProtect"), .int(2)), (.text("hmac-secret"), .bool(true))]).encoded
        #expect(try registration.verify().publicKey == registration.key)
    }

    @Test("an attestation statement of any format is read and not believed")
    func otherFormats() throws {
        var registration = try es256()
        registration.format = .text("packed")
        registration.statement = .map([
            (.text("alg"), .int(-7)), (.text("sig"), .bytes([0])), (.text("x5c"), .array([.bytes([1, 2])])),
        ])
        #expect(try registration.verify().credentialID == credentialID)
        registration.format = .text("compound")
        registration.statement = .array([.map([(.text("fmt"), .text("packed"))])])
        #expect(try registration.verify().credentialID == credentialID)
    }

    @Test("the ids may have 1 to 1023 bytes")
    func idLengths() throws {
        for count in [1, 16, 1023] {
            var registration = try es256()
            registration.id = [UInt8](repeating: 9, count: count)
            registration.rawID = registration.id
            #expect(try registration.verify().credentialID.count == count)
        }
        for count in [0, 1024, 2000] {
            var registration = try es256()
            registration.id = [UInt8](repeating: 9, count: count)
            #expect(throws: PasskeyError.malformedMember("authenticatorData.credentialId")) {
                try registration.verify()
            }
        }
    }

    @Test("transports are bounded in number and in form, and may be missing")
    func transports() throws {
        var registration = try es256()
        registration.transports =
            #"["usb","usb","","UPPER","<b>","\#(String(repeating: "x", count: 33))","a","b","c","d","e","f","g","h"]"#
        #expect(try registration.verify().transports == ["usb", "a", "b", "c", "d", "e", "f", "g"])
        registration.transports = "null"
        #expect(try registration.verify().transports.isEmpty)
    }

    @Test("a new challenge per ceremony: an answer does not verify with another one")
    func otherChallenge() throws {
        let json = try es256().json
        #expect(throws: PasskeyError.wrongChallenge) {
            try relyingParty().verifyRegistration(json, challenge: [UInt8](repeating: 1, count: 32))
        }
        #expect(throws: PasskeyError.invalidOptions("the challenge must have 32 bytes")) {
            try relyingParty().verifyRegistration(json, challenge: [])
        }
    }
}

/// A registration with a new P-256 key.
func es256() throws -> Registration {
    Registration(key: try TestKey.es256(P256.Signing.PrivateKey()).cose())
}
