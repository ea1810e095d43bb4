/// The JSON forms of the options (WebAuthn Level 3 §5.1.8 and §5.1.9). Binary members are base64url.
enum CeremonyOptions {
    /// `PublicKeyCredentialCreationOptionsJSON` (WebAuthn §5.4).
    struct Creation: Encodable {
        struct Entity: Encodable {
            let id: String
            let name: String
        }

        struct User: Encodable {
            let id: String
            let name: String
            let displayName: String
        }

        struct Parameters: Encodable {
            let alg: Int
            let type = "public-key"
        }

        struct Selection: Encodable {
            let residentKey = "required"
            // For browsers of WebAuthn Level 1 (§5.4.4).
            let requireResidentKey = true
            let userVerification = "required"
        }

        let rp: Entity
        let user: User
        let challenge: String
        let pubKeyCredParams = PublicKey.algorithms.map(Parameters.init)
        let timeout: Int
        let excludeCredentials: [Descriptor]
        let authenticatorSelection = Selection()
        let attestation = "none"
    }

    /// `PublicKeyCredentialRequestOptionsJSON` (WebAuthn §5.5).
    struct Request: Encodable {
        let challenge: String
        let timeout: Int
        let rpId: String
        let allowCredentials: [Descriptor]
        let userVerification = "required"
    }

    /// `PublicKeyCredentialDescriptorJSON` (WebAuthn §5.8.3).
    struct Descriptor: Encodable {
        let id: String
        let type = "public-key"
        let transports: [String]?
    }

    /// Checks and encodes the caller's challenge.
    static func challenge(_ bytes: [UInt8]) throws(PasskeyError) -> String {
        guard bytes.count == Limits.challenge else {
            throw .invalidOptions("the challenge must have \(Limits.challenge) bytes")
        }
        return Base64URL.encode(bytes)
    }

    /// Milliseconds, between one second and one hour.
    static func timeout(_ milliseconds: Int) throws(PasskeyError) -> Int {
        guard (1000...3_600_000).contains(milliseconds) else {
            throw .invalidOptions("the timeout must be 1000 to 3600000 milliseconds")
        }
        return milliseconds
    }

    /// Descriptors of passkeys. A passkey whose transports are not known names none.
    static func descriptors(_ passkeys: [Passkey]) throws(PasskeyError) -> [Descriptor] {
        guard passkeys.count <= Limits.credentials else {
            throw .invalidOptions("at most \(Limits.credentials) passkeys can be listed")
        }
        guard passkeys.allSatisfy({ (1...Limits.credentialID).contains($0.credentialID.count) }) else {
            throw .invalidOptions("a credential id must have 1 to \(Limits.credentialID) bytes")
        }
        return passkeys.map {
            Descriptor(
                id: Base64URL.encode($0.credentialID), transports: $0.transports.isEmpty ? nil : $0.transports)
        }
    }
}
