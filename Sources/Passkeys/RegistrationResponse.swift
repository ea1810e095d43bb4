/// A browser's answer to a registration, as `PublicKeyCredential.toJSON()` writes it (WebAuthn Level 3 §5.1,
/// `RegistrationResponseJSON`).
struct RegistrationResponse: Sendable {
    let credentialID: [UInt8]
    let clientDataJSON: [UInt8]
    let attestationObject: [UInt8]
    let transports: [String]

    private struct Members: Decodable {
        struct Response: Decodable {
            let clientDataJSON: String
            let attestationObject: String
            let transports: [String]?
        }

        let id: String
        let rawId: String
        let type: String
        let response: Response
    }

    init(json: String) throws(PasskeyError) {
        let members = try JSONText.credential(Members.self, json)
        credentialID = try JSONText.credentialID(members.id, members.rawId, members.type)
        clientDataJSON = try JSONText.bytes(
            members.response.clientDataJSON, "clientDataJSON", limit: Limits.clientDataJSON)
        attestationObject = try JSONText.bytes(
            members.response.attestationObject, "attestationObject", limit: Limits.attestationObject)
        transports = members.response.transports ?? []
    }
}

extension JSONText {
    /// Decodes the text that a form's field has.
    static func credential<Value: Decodable>(_ type: Value.Type, _ json: String) throws(PasskeyError) -> Value {
        guard json.utf8.count <= Limits.credentialJSON else {
            throw .tooLarge(part: "credential", limit: Limits.credentialJSON)
        }
        return try decode(type, Array(json.utf8), part: "credential")
    }

    /// The credential's id, which an answer has twice.
    static func credentialID(_ id: String, _ rawID: String, _ type: String) throws(PasskeyError) -> [UInt8] {
        guard type == "public-key", id.utf8.elementsEqual(rawID.utf8) else { throw .malformedCredential }
        return try bytes(rawID, "rawId", limit: Limits.credentialID)
    }
}
