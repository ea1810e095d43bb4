/// A registered passkey: the credential record of WebAuthn §4, as a server stores it.
public struct Passkey: Sendable, Hashable {
    /// The credential id, 1 to 1023 bytes. It has to be unique among all passkeys of the relying party: the caller
    /// refuses a registration whose id is already stored (WebAuthn §7.1, last steps).
    public let credentialID: [UInt8]
    /// The public key as a COSE key (RFC 9052 §7), at most 1024 bytes.
    public let publicKey: [UInt8]
    /// The authenticator's counter at its last use. Synchronized passkeys keep it at 0 (WebAuthn §6.1.1).
    public let signCount: UInt32
    /// Whether the passkey can be copied to other devices. It never changes (WebAuthn §6.1.3).
    public let isBackupEligible: Bool
    /// Whether a copy existed at the last use.
    public let isBackedUp: Bool
    /// How the browser reached the authenticator, such as `internal` or `hybrid` (WebAuthn §5.8.4). Texts that are not
    /// 1 to 32 characters of `a-z`, `0-9` and `-` are left out, as is everything after the eighth.
    public let transports: [String]

    /// A passkey that was stored before. Nothing is checked until it is used.
    public init(
        credentialID: [UInt8], publicKey: [UInt8], signCount: UInt32, isBackupEligible: Bool, isBackedUp: Bool,
        transports: [String] = []
    ) {
        self.credentialID = credentialID
        self.publicKey = publicKey
        self.signCount = signCount
        self.isBackupEligible = isBackupEligible
        self.isBackedUp = isBackedUp
        self.transports = Self.bounded(transports)
    }

    private static func bounded(_ transports: [String]) -> [String] {
        var kept: [String] = []
        for transport in transports where isTransport(transport) && !kept.contains(transport) {
            guard kept.count < Limits.transports else { break }
            kept.append(transport)
        }
        return kept
    }

    private static func isTransport(_ text: String) -> Bool {
        (1...Limits.transport).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// The account that a new passkey is for (WebAuthn §5.4.3).
public struct PasskeyUser: Sendable, Hashable {
    /// The user handle, 1 to 64 bytes. It must not say anything about the person, such as a mail address: random bytes
    /// are best (WebAuthn §14.6.1).
    public let id: [UInt8]
    /// What the person knows the account by, such as a mail address: 1 to 256 bytes of UTF-8.
    public let name: String
    /// The person's name, at most 256 bytes of UTF-8. It may be empty.
    public let displayName: String

    /// An account. The lengths are checked when options are made for it.
    public init(id: [UInt8], name: String, displayName: String) {
        self.id = id
        self.name = name
        self.displayName = displayName
    }
}

/// A verified sign-in, and what the server stores after it.
public struct PasskeySignIn: Sendable, Hashable {
    /// The passkey with its new sign count and backup state. It replaces the stored one (WebAuthn §7.2, last steps).
    public let passkey: Passkey
    /// The id of the user whom the authenticator named. It is the owner's, or nil if the options named credentials and
    /// the authenticator named no user.
    public let userHandle: [UInt8]?
}
