extension RelyingParty {
    /// Makes the options with which a browser registers a passkey: `PublicKeyCredentialCreationOptions` as the JSON
    /// text that `PublicKeyCredential.parseCreationOptionsFromJSON` takes (WebAuthn Level 3 §5.4 and §5.1.8).
    ///
    /// They ask for a discoverable credential, for user verification and for no attestation. The text is not escaped
    /// for HTML.
    ///
    /// - Parameters:
    ///   - challenge: 32 random bytes, new for each ceremony.
    ///   - user: the account.
    ///   - excluding: the passkeys that the account has, at most 64. An authenticator with one of them refuses.
    ///   - timeout: milliseconds that the browser may wait for the person, 1000 to 3,600,000.
    /// - Throws: ``PasskeyError/invalidOptions(_:)``.
    public func registrationOptions(
        challenge: [UInt8], user: PasskeyUser, excluding passkeys: [Passkey] = [], timeout: Int = 300_000
    ) throws(PasskeyError) -> String {
        guard (1...Limits.userID).contains(user.id.count) else {
            throw .invalidOptions("the user id must have 1 to \(Limits.userID) bytes")
        }
        guard (1...Limits.name).contains(user.name.utf8.count) else {
            throw .invalidOptions("the user name must have 1 to \(Limits.name) bytes")
        }
        guard user.displayName.utf8.count <= Limits.name else {
            throw .invalidOptions("the display name must have at most \(Limits.name) bytes")
        }
        return try JSONText.encode(
            CeremonyOptions.Creation(
                rp: .init(id: id, name: name),
                user: .init(id: Base64URL.encode(user.id), name: user.name, displayName: user.displayName),
                challenge: try CeremonyOptions.challenge(challenge), timeout: try CeremonyOptions.timeout(timeout),
                excludeCredentials: try CeremonyOptions.descriptors(passkeys)))
    }

    /// Verifies a browser's answer to a registration (WebAuthn §7.1) and returns the passkey to store.
    ///
    /// The attestation statement is not verified: the make of the authenticator stays unknown. The caller still has to
    /// refuse a credential id that is already stored for any user.
    ///
    /// - Parameters:
    ///   - json: the JSON text of the form's field `credential`, at most 256 KiB.
    ///   - challenge: the 32 bytes that the options had. The caller forgets them, whatever the outcome.
    /// - Throws: the ``PasskeyError`` of the first check that fails.
    public func verifyRegistration(_ json: String, challenge: [UInt8]) throws(PasskeyError) -> Passkey {
        _ = try CeremonyOptions.challenge(challenge)
        let response = try RegistrationResponse(json: json)
        try ClientData(response.clientDataJSON).check(.registration, challenge: challenge, origin: origin)
        let data = try AttestationObject(response.attestationObject).authenticatorData
        try data.check(relyingPartyID: id)
        guard let credential = data.credential else { throw .missingCredential }
        guard credential.id == response.credentialID else { throw .wrongCredential }
        _ = try PublicKey(cose: credential.publicKey)
        return Passkey(
            credentialID: credential.id, publicKey: credential.publicKey, signCount: data.signCount,
            isBackupEligible: data.flags.contains(.backupEligible), isBackedUp: data.flags.contains(.backedUp),
            transports: response.transports)
    }
}
