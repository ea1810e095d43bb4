/// The answer of an authenticator to a registration (WebAuthn §6.5.4).
///
/// Its attestation statement is read, so that it must be well-formed, but never verified or trusted. That is the
/// attestation type "None" of WebAuthn §7.1: nothing is known about the make of the authenticator.
struct AttestationObject: Sendable, Hashable {
    let authenticatorData: AuthenticatorData

    /// Reads `{"fmt": text, "attStmt": map or array, "authData": bytes}`. Other members are ignored.
    init(_ bytes: [UInt8]) throws(PasskeyError) {
        guard bytes.count <= Limits.attestationObject else {
            throw .tooLarge(part: "attestationObject", limit: Limits.attestationObject)
        }
        guard let map = try CBORReader.read(all: bytes).map, case .text(let format) = map[.init("fmt")],
            let statement = map[.init("attStmt")], let data = map[.init("authData")]?.byteString
        else { throw .malformedAttestationObject }
        switch statement {
        case .map(let members):
            // WebAuthn §8.7: the statement of the format "none" is empty.
            guard members.isEmpty || format != Array("none".utf8) else { throw .malformedAttestationObject }
        // The format "compound" of WebAuthn Level 3 §8.9 is a list of statements.
        case .array where format == Array("compound".utf8): break
        default: throw .malformedAttestationObject
        }
        authenticatorData = try AuthenticatorData(data)
    }
}
