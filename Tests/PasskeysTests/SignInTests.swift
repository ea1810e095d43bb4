import Crypto
import Foundation
import Testing

@testable import Passkeys

@Suite("Sign-in")
struct SignInTests {
    private func es256(storedCount: UInt32 = 0) throws -> SignIn {
        try SignIn(.es256(P256.Signing.PrivateKey()), storedCount: storedCount)
    }

    @Test("a registered passkey of each algorithm signs in and names its user")
    func signsIn() throws {
        for key in try TestKey.all() {
            var signIn = try SignIn(key)
            signIn.stored = try Registration(key: key.cose()).verify()
            let result = try signIn.verify()
            #expect(result.userHandle == owner)
            #expect(result.passkey == signIn.stored)
        }
    }

    @Test("the RSA sizes 3072 and 4096 sign in")
    func largeRSA() throws {
        for bits in [3072, 4096] {
            let key = TestKey.rs256(try .init(keySize: .init(bitCount: bits)))
            #expect(try SignIn(key).verify().userHandle == owner)
        }
    }

    @Test("the sign count has to go up unless both are zero")
    func signCount() throws {
        for (stored, given) in [(0, 0), (0, 1), (1, 2), (5, 500), (UInt32.max - 1, UInt32.max)] {
            var signIn = try es256(storedCount: UInt32(stored))
            signIn.count = UInt32(given)
            #expect(try signIn.verify().passkey.signCount == given)
        }
        for (stored, given) in [(1, 0), (1, 1), (7, 6), (UInt32.max, 0), (UInt32.max, UInt32.max)] {
            var signIn = try es256(storedCount: UInt32(stored))
            signIn.count = UInt32(given)
            #expect(throws: PasskeyError.possiblyCloned(stored: UInt32(stored), given: UInt32(given))) {
                try signIn.verify()
            }
        }
    }

    @Test("a forged answer with a low count is a wrong signature, not a clone")
    func forgedCount() throws {
        var signIn = try es256(storedCount: 9)
        signIn.count = 3
        let other = try es256().signature()
        #expect(throws: PasskeyError.wrongSignature) { try signIn.verify(signature: other) }
    }

    @Test("the backup state is taken over; the eligibility may not change")
    func backup() throws {
        var signIn = try es256()
        signIn.flags |= Flag.eligible
        #expect(throws: PasskeyError.changedBackupEligibility) { try signIn.verify() }
        signIn.stored = Passkey(
            credentialID: credentialID, publicKey: signIn.stored.publicKey, signCount: 0, isBackupEligible: true,
            isBackedUp: false, transports: ["internal"])
        #expect(try signIn.verify().passkey.isBackedUp == false)
        signIn.flags |= Flag.backedUp
        let used = try signIn.verify().passkey
        #expect(used.isBackedUp && used.transports == ["internal"])
        signIn.flags &= ~Flag.eligible
        #expect(throws: PasskeyError.contradictingBackupFlags) { try signIn.verify() }
        signIn.flags &= ~Flag.backedUp
        #expect(throws: PasskeyError.changedBackupEligibility) { try signIn.verify() }
    }

    @Test("a discoverable sign-in has to name its user, one of listed passkeys need not")
    func userHandle() throws {
        var signIn = try es256()
        signIn.handle = nil
        #expect(throws: PasskeyError.missingUserHandle) { try signIn.verify() }
        #expect(try signIn.verify(allowing: [signIn.stored]).userHandle == nil)
        signIn.handle = [9]
        #expect(throws: PasskeyError.wrongUser) { try signIn.verify() }
        #expect(throws: PasskeyError.wrongUser) { try signIn.verify(allowing: [signIn.stored]) }
        signIn.handle = [UInt8](repeating: 1, count: 65)
        #expect(throws: PasskeyError.tooLarge(part: "userHandle", limit: 64)) { try signIn.verify() }
    }

    @Test("a passkey that the options did not list, or another than the stored one, is refused")
    func otherCredential() throws {
        var signIn = try es256()
        let other = Passkey(
            credentialID: [7], publicKey: signIn.stored.publicKey, signCount: 0, isBackupEligible: false,
            isBackedUp: false)
        #expect(throws: PasskeyError.wrongCredential) { try signIn.verify(allowing: [other]) }
        #expect(try signIn.verify(allowing: [other, signIn.stored]).passkey == signIn.stored)
        signIn.rawID = [7]
        #expect(throws: PasskeyError.wrongCredential) { try signIn.verify() }
    }

    @Test("extension outputs are signed and skipped; a credential or other bytes are refused")
    func extensionOutputs() throws {
        var signIn = try es256()
        signIn.flags |= Flag.extensions
        signIn.trailing = CBOR.map([(.text("appid"), .bool(true))]).encoded
        #expect(try signIn.verify().userHandle == owner)
        signIn.trailing += [0]
        #expect(throws: PasskeyError.trailingAuthenticatorData) { try signIn.verify() }
        signIn.flags = Flag.present | Flag.verified | Flag.credential
        signIn.trailing = [UInt8](repeating: 0, count: 17) + [1, 9] + signIn.stored.publicKey
        #expect(throws: PasskeyError.unexpectedCredential) { try signIn.verify() }
    }
}
