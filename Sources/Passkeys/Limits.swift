/// The largest inputs that are read. Everything above is refused before it is parsed. Sizes are in bytes.
enum Limits {
    /// The JSON text of a whole credential. It holds the other parts in base64url.
    static let credentialJSON = 256 << 10
    static let clientDataJSON = 8 << 10
    static let attestationObject = 64 << 10
    /// The authenticator data of an assertion. It has no public key in it.
    static let assertionData = 4 << 10
    static let signature = 1 << 10
    /// A COSE key. An RSA key of 4096 bits needs 528.
    static let publicKey = 1 << 10
    /// WebAuthn §4, "Credential ID".
    static let credentialID = 1023
    /// WebAuthn §4, "User Handle".
    static let userID = 64
    /// WebAuthn §13.4.3 asks for 16 or more.
    static let challenge = 32
    /// User names, display names and the name of the relying party. Authenticators may cut them off after 64.
    static let name = 256
    /// Credentials in one list of options.
    static let credentials = 64
    static let transports = 8
    static let transport = 32
}
