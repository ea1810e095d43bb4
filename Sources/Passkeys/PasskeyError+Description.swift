extension PasskeyError: CustomStringConvertible {
    /// One sentence in English that says what failed.
    public var description: String {
        switch self {
        case .invalidRelyingParty(let reason): "The relying party is not valid: \(reason)."
        case .invalidOptions(let reason): "The passkey options are not valid: \(reason)."
        case .tooLarge(let part, let limit): "The \(part) is larger than \(limit) bytes."
        case .malformedJSON(let part): "The \(part) is not the JSON that WebAuthn defines."
        case .malformedMember(let member):
            "The member \(member) is not base64url without padding, or its length is not allowed."
        case .malformedCBOR(let fault): "The authenticator's CBOR is not valid: \(fault.rawValue)."
        case .malformedAttestationObject: "The attestation object does not have the members that WebAuthn defines."
        case .truncatedAuthenticatorData: "The authenticator data ends too early."
        case .trailingAuthenticatorData: "The authenticator data has bytes after its end."
        case .wrongType(let expected): "The client data is not of the type \(expected)."
        case .wrongChallenge: "The challenge is not the one that was sent."
        case .wrongOrigin(let expected, let given):
            "The passkey was used on the origin \(given), but \(expected) was expected."
        case .crossOrigin: "The passkey was used in a page that another origin embeds."
        case .wrongRelyingParty: "The passkey belongs to another relying party id."
        case .userNotPresent: "The authenticator did not confirm that a person was present."
        case .userNotVerified: "The authenticator did not verify the person by PIN or biometrics."
        case .contradictingBackupFlags: "The passkey says that it is backed up and that it cannot be."
        case .missingCredential: "The registration has no credential in its authenticator data."
        case .unexpectedCredential:
            "The sign-in has a credential in its authenticator data, as only registrations have."
        case .malformedCredential: "The credential is not a public key, or its two ids differ."
        case .wrongCredential: "The credential id is not the expected one."
        case .unusableKey(let fault): "The passkey's public key can't be used: \(fault.rawValue)."
        case .missingUserHandle: "The sign-in does not name its user."
        case .wrongUser: "The sign-in names another user than the owner of the passkey."
        case .wrongSignature: "The signature does not verify with the passkey's public key."
        case .changedBackupEligibility: "The passkey's backup eligibility is not the one that it was registered with."
        case .possiblyCloned(let stored, let given):
            "The passkey may have been copied: its sign count is \(given), after \(stored)."
        }
    }
}
