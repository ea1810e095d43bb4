/// A person whom a provider signed in.
///
/// The person is ``issuer`` and ``subject`` together, nothing else. An e-mail address can be given to another person,
/// and some providers let people type one in. OpenID Connect Core, section 5.7.
public struct SignedIn: Sendable, Hashable {
    /// An e-mail address as the provider tells it.
    public struct Email: Sendable, Hashable {
        /// The address, at most 320 bytes. It may hold any printable text: escape it.
        public let address: String
        /// Whether the provider says that the address is the person's. False if it says nothing.
        public let isVerified: Bool
    }

    /// The provider: equal to ``Provider/issuer``.
    public let issuer: String
    /// The person's identifier at the provider: 1 to 255 bytes. Compare its bytes.
    public let subject: String
    /// The person's address.
    public let email: Email?
    /// The person's full name for display, at most 256 bytes. It may hold any printable text: escape it.
    public let name: String?
    /// When the person last showed who they are, if the provider says so. OpenID Connect Core, section 2.
    public let authTime: UnixTime?
}
