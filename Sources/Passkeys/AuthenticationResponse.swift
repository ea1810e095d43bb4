/// A browser's answer to a sign-in, as `PublicKeyCredential.toJSON()` writes it (WebAuthn Level 3 §5.1,
/// `AuthenticationResponseJSON`).
///
/// Nothing in it is verified. The server reads the credential id, finds the stored passkey and its owner, and gives all
/// of them to ``RelyingParty/verifySignIn(_:challenge:passkey:owner:allowing:)``.
public struct AuthenticationResponse: Sendable, Hashable {
    /// The passkey that the person chose, 1 to 1023 bytes.
    public let credentialID: [UInt8]
    /// The id of the user that the authenticator names, 1 to 64 bytes. A discoverable passkey always has one.
    public let userHandle: [UInt8]?
    let clientDataJSON: [UInt8]
    let authenticatorData: [UInt8]
    let signature: [UInt8]

    private struct Members: Decodable {
        struct Response: Decodable {
            let clientDataJSON: String
            let authenticatorData: String
            let signature: String
            let userHandle: String?
        }

        let id: String
        let rawId: String
        let type: String
        let response: Response
    }

    /// Reads the JSON text of the form's field, at most 256 KiB.
    ///
    /// - Throws: ``PasskeyError/tooLarge(part:limit:)``, ``PasskeyError/malformedJSON(part:)``,
    ///   ``PasskeyError/malformedMember(_:)`` or ``PasskeyError/malformedCredential``.
    public init(json: String) throws(PasskeyError) {
        let members = try JSONText.credential(Members.self, json)
        let response = members.response
        credentialID = try JSONText.credentialID(members.id, members.rawId, members.type)
        clientDataJSON = try JSONText.bytes(response.clientDataJSON, "clientDataJSON", limit: Limits.clientDataJSON)
        authenticatorData = try JSONText.bytes(
            response.authenticatorData, "authenticatorData", limit: Limits.assertionData)
        signature = try JSONText.bytes(response.signature, "signature", limit: Limits.signature)
        if let handle = response.userHandle {
            userHandle = try JSONText.bytes(handle, "userHandle", limit: Limits.userID)
        } else {
            userHandle = nil
        }
    }
}
