import Crypto
import Foundation

extension RelyingParty {
    /// Makes the options with which a browser signs in: `PublicKeyCredentialRequestOptions` as the JSON text that
    /// `PublicKeyCredential.parseRequestOptionsFromJSON` takes (WebAuthn Level 3 §5.5 and §5.1.9).
    ///
    /// The text is not escaped for HTML.
    ///
    /// - Parameters:
    ///   - challenge: 32 random bytes, new for each ceremony.
    ///   - allowing: the passkeys of a user who is already known, at most 64. If it is empty, the person chooses among
    ///     the passkeys for this site (a discoverable sign-in).
    ///   - timeout: milliseconds that the browser may wait for the person, 1000 to 3,600,000.
    /// - Throws: ``PasskeyError/invalidOptions(_:)``.
    public func signInOptions(
        challenge: [UInt8], allowing passkeys: [Passkey] = [], timeout: Int = 300_000
    ) throws(PasskeyError) -> String {
        try JSONText.encode(
            CeremonyOptions.Request(
                challenge: try CeremonyOptions.challenge(challenge), timeout: try CeremonyOptions.timeout(timeout),
                rpId: id, allowCredentials: try CeremonyOptions.descriptors(passkeys)))
    }

    /// Verifies a browser's answer to a sign-in (WebAuthn §7.2) and returns what to store.
    ///
    /// - Parameters:
    ///   - response: the answer.
    ///   - challenge: the 32 bytes that the options had. The caller forgets them, whatever the outcome.
    ///   - passkey: the stored passkey whose credential id the response has.
    ///   - owner: the user id that the passkey was registered for.
    ///   - allowing: the passkeys that the options listed. If it is empty, the answer must name the owner.
    /// - Throws: the ``PasskeyError`` of the first check that fails.
    ///   ``PasskeyError/possiblyCloned(stored:given:)`` comes last: everything else about the answer is right.
    public func verifySignIn(
        _ response: AuthenticationResponse, challenge: [UInt8], passkey: Passkey, owner: [UInt8],
        allowing passkeys: [Passkey] = []
    ) throws(PasskeyError) -> PasskeySignIn {
        _ = try CeremonyOptions.challenge(challenge)
        guard response.credentialID == passkey.credentialID,
            passkeys.isEmpty || passkeys.contains(where: { $0.credentialID == passkey.credentialID })
        else { throw .wrongCredential }
        if let handle = response.userHandle {
            guard handle == owner else { throw .wrongUser }
        } else {
            guard !passkeys.isEmpty else { throw .missingUserHandle }
        }
        try ClientData(response.clientDataJSON).check(.authentication, challenge: challenge, origin: origin)
        let data = try AuthenticatorData(response.authenticatorData)
        try data.check(relyingPartyID: id)
        guard data.credential == nil else { throw .unexpectedCredential }
        let signed = response.authenticatorData + SHA256.hash(data: Data(response.clientDataJSON))
        guard try PublicKey(cose: passkey.publicKey).isValid(response.signature, for: signed) else {
            throw .wrongSignature
        }
        guard data.flags.contains(.backupEligible) == passkey.isBackupEligible else {
            throw .changedBackupEligibility
        }
        // WebAuthn §6.1.1: a counter that stays at zero is not supported by the authenticator.
        guard data.signCount > passkey.signCount || (data.signCount == 0 && passkey.signCount == 0) else {
            throw .possiblyCloned(stored: passkey.signCount, given: data.signCount)
        }
        return PasskeySignIn(passkey: passkey.used(data), userHandle: response.userHandle)
    }
}

extension Passkey {
    fileprivate func used(_ data: AuthenticatorData) -> Passkey {
        Passkey(
            credentialID: credentialID, publicKey: publicKey, signCount: data.signCount,
            isBackupEligible: isBackupEligible, isBackedUp: data.flags.contains(.backedUp), transports: transports)
    }
}
