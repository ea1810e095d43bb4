/// What an authenticator signs or attests (WebAuthn §6.1).
struct AuthenticatorData: Sendable, Hashable {
    /// A new credential (WebAuthn §6.5.1).
    struct Credential: Sendable, Hashable {
        let id: [UInt8]
        /// A COSE key, as the authenticator encoded it.
        let publicKey: [UInt8]
    }

    /// The flags byte (WebAuthn §6.1, table "Authenticator data layout").
    struct Flags: OptionSet, Sendable, Hashable {
        let rawValue: UInt8
        static let userPresent = Flags(rawValue: 1 << 0)
        static let userVerified = Flags(rawValue: 1 << 2)
        static let backupEligible = Flags(rawValue: 1 << 3)
        static let backedUp = Flags(rawValue: 1 << 4)
        static let attestedCredential = Flags(rawValue: 1 << 6)
        static let extensions = Flags(rawValue: 1 << 7)
    }

    /// The hash of the relying party's id, the flags and the counter.
    private static let headerBytes = 37

    /// SHA-256 of the relying party's id.
    let relyingPartyHash: [UInt8]
    let flags: Flags
    let signCount: UInt32
    /// The credential that the authenticator made. Nil if the flag AT is not set.
    let credential: Credential?

    /// Reads the whole input. Extension outputs have to be a CBOR map and are not used.
    init(_ bytes: [UInt8]) throws(PasskeyError) {
        guard bytes.count >= Self.headerBytes else { throw .truncatedAuthenticatorData }
        relyingPartyHash = Array(bytes[0..<32])
        flags = Flags(rawValue: bytes[32])
        signCount = bytes[33..<37].reduce(0) { $0 << 8 | UInt32($1) }
        var offset = Self.headerBytes
        credential =
            flags.contains(.attestedCredential) ? try Self.credential(in: bytes, at: &offset) : nil
        if flags.contains(.extensions) {
            guard offset < bytes.count else { throw .truncatedAuthenticatorData }
            var reader = CBORReader(bytes, from: offset)
            guard try reader.read().map != nil else { throw .malformedCBOR(.unsupportedType) }
            offset = reader.offset
        }
        guard offset == bytes.count else { throw .trailingAuthenticatorData }
    }

    // AAGUID (16 bytes), length of the id (2 bytes), id, COSE key.
    private static func credential(in bytes: [UInt8], at offset: inout Int) throws(PasskeyError) -> Credential {
        let idStart = offset + 18
        guard bytes.count > idStart else { throw .truncatedAuthenticatorData }
        let idCount = Int(bytes[offset + 16]) << 8 | Int(bytes[offset + 17])
        guard (1...Limits.credentialID).contains(idCount) else {
            throw .malformedMember("authenticatorData.credentialId")
        }
        let keyStart = idStart + idCount
        guard bytes.count > keyStart else { throw .truncatedAuthenticatorData }
        var reader = CBORReader(bytes, from: keyStart)
        _ = try reader.read()
        offset = reader.offset
        guard offset - keyStart <= Limits.publicKey else {
            throw .tooLarge(part: "public key", limit: Limits.publicKey)
        }
        return Credential(id: Array(bytes[idStart..<keyStart]), publicKey: Array(bytes[keyStart..<offset]))
    }
}
