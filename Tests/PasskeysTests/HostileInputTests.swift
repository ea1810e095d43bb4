import Foundation
import Testing

@testable import Passkeys

@Suite("Hostile input")
struct HostileInputTests {
    private func refuses(_ object: [UInt8], _ registration: Registration) -> Bool {
        do {
            _ = try relyingParty().verifyRegistration(registration.json(object), challenge: challenge)
            return false
        } catch { return error is PasskeyError }
    }

    @Test("an attestation object that is cut off anywhere is refused, with each algorithm")
    func truncatedObjects() throws {
        for key in try TestKey.all() {
            var registration = Registration(key: try key.cose())
            registration.flags |= Flag.extensions
            registration.extensions = CBOR.map([(.text("credProtect"), .int(2))]).encoded
            let object = registration.attestationObject
            #expect(!refuses(object, registration))
            for count in object.indices { #expect(refuses(Array(object.prefix(count)), registration)) }
            #expect(refuses(object + [0], registration))
        }
    }

    @Test("authenticator data that is cut off anywhere in a whole attestation object is refused")
    func truncatedData() throws {
        for key in try TestKey.all() {
            let registration = Registration(key: try key.cose())
            let data = registration.authenticatorData
            for count in data.indices {
                #expect(refuses(registration.attestationObject(Array(data.prefix(count))), registration))
            }
        }
    }

    @Test("100000 changed attestation objects are each accepted or refused with a PasskeyError")
    func changedObjects() throws {
        var random = SplitMix(state: 20_261_130)
        let registrations = try TestKey.all().map { Registration(key: try $0.cose()) }
        var accepted = 0
        for round in 0..<100_000 {
            let registration = registrations[round % registrations.count]
            var object = registration.attestationObject
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let index = Int.random(in: object.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: object[index] = UInt8.random(in: .min ... .max, using: &random)
                case 1: object.remove(at: index)
                default: object.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
                }
            }
            do {
                _ = try AttestationObject(object).authenticatorData.credential.map { try PublicKey(cose: $0.publicKey) }
                accepted += 1
            } catch { #expect(error is PasskeyError) }
        }
        // Most changes hit an id, a hash or a modulus, which say nothing about the form.
        #expect(accepted > 0)
    }

    @Test("parts above their limits are refused before they are read")
    func limits() throws {
        var registration = try es256()
        #expect(throws: PasskeyError.tooLarge(part: "attestationObject", limit: 65536)) {
            let json = registration.json([UInt8](repeating: 0, count: 65537))
            return try relyingParty().verifyRegistration(json, challenge: challenge)
        }
        registration.client.rest = ",\"x\":\"\(String(repeating: "x", count: 8192))\""
        #expect(throws: PasskeyError.tooLarge(part: "clientDataJSON", limit: 8192)) { try registration.verify() }
        #expect(throws: PasskeyError.tooLarge(part: "credential", limit: 262_144)) {
            try AuthenticationResponse(json: String(repeating: " ", count: 262_145))
        }
        var signIn = try SignIn(.ed25519(.init()))
        #expect(throws: PasskeyError.tooLarge(part: "signature", limit: 1024)) {
            try signIn.verify(signature: [UInt8](repeating: 0, count: 1025))
        }
        signIn.trailing = [UInt8](repeating: 0, count: 4096)
        #expect(throws: PasskeyError.tooLarge(part: "authenticatorData", limit: 4096)) { try signIn.verify() }
        let key = CBOR.map([(.int(1), .bytes([UInt8](repeating: 0, count: 1024)))]).encoded
        #expect(throws: PasskeyError.tooLarge(part: "public key", limit: 1024)) {
            try Registration(key: key).verify()
        }
    }

    @Test("client data that is deep, not UTF-8, UTF-16 or has members twice is refused or read, and crashes nothing")
    func hostileJSON() {
        let deep = String(repeating: "[", count: 8000)
        let inputs: [[UInt8]] = [
            [], [0], [0xFF, 0xFE], Array(deep.utf8), Array("{\"x\":\(deep)".utf8), [0x22, 0xED, 0xA0, 0x80, 0x22],
            "{}".utf8.flatMap { [$0, 0] }, "{}".utf8.flatMap { [0, $0] }, [0xEF, 0xBB, 0xBF], Array("1e999".utf8),
            Array(#"{"type":"\ud800","challenge":"","origin":""}"#.utf8),
        ]
        for input in inputs {
            #expect(throws: PasskeyError.malformedJSON(part: "clientDataJSON")) { try ClientData(input) }
        }
        // Right in every way, but JSONDecoder alone would read it as UTF-16.
        let wide = Client(type: "webauthn.get").json.flatMap { [$0, 0] as [UInt8] }
        #expect(throws: PasskeyError.malformedJSON(part: "clientDataJSON")) { try ClientData(wide) }
        let twice = #"{"type":"a","type":"b","challenge":"","origin":"","origin":""}"#
        #expect(throws: Never.self) { try ClientData(Array(twice.utf8)) }
    }
}

/// A repeatable random source.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
