import Crypto
import Foundation

@testable import Passkeys

let challenge = [UInt8](repeating: 0x5A, count: 32)
let owner: [UInt8] = [1, 2, 3, 4]
let credentialID = [UInt8](0..<20)

func relyingParty() throws -> RelyingParty {
    try RelyingParty(id: "example.com", origin: "https://meter.example.com:8443", name: "Meter")
}

/// The flags of authenticator data.
enum Flag {
    static let present: UInt8 = 0x01
    static let verified: UInt8 = 0x04
    static let eligible: UInt8 = 0x08
    static let backedUp: UInt8 = 0x10
    static let credential: UInt8 = 0x40
    static let extensions: UInt8 = 0x80
}

/// What a browser writes.
struct Client {
    var type: String
    var challengeText = Base64URL.encode(challenge)
    var origin = "https://meter.example.com:8443"
    /// JSON after the origin.
    var rest = #","crossOrigin":false"#

    var json: [UInt8] {
        Array(#"{"type":"\#(type)","challenge":"\#(challengeText)","origin":"\#(origin)"\#(rest)}"#.utf8)
    }
}

func authenticatorHeader(_ relyingPartyID: String, _ flags: UInt8, _ count: UInt32) -> [UInt8] {
    Array(SHA256.hash(data: Data(relyingPartyID.utf8))) + [flags] + CBOR.bigEndian(UInt64(count), 4)
}

/// A registration as a browser and an authenticator make it. A test changes one part.
struct Registration {
    var client = Client(type: "webauthn.create")
    var relyingPartyID = "example.com"
    var flags = Flag.present | Flag.verified | Flag.credential
    var count: UInt32 = 0
    var id = credentialID
    var rawID = credentialID
    var key: [UInt8]
    var extensions: [UInt8] = []
    var format = CBOR.text("none")
    var statement = CBOR.map([])
    var transports = #"["internal","hybrid"]"#

    var authenticatorData: [UInt8] {
        authenticatorHeader(relyingPartyID, flags, count) + [UInt8](repeating: 0, count: 16)
            + CBOR.bigEndian(UInt64(id.count), 2) + id + key + extensions
    }

    var attestationObject: [UInt8] { attestationObject(authenticatorData) }

    func attestationObject(_ data: [UInt8]) -> [UInt8] {
        CBOR.map([
            (.text("fmt"), format), (.text("attStmt"), statement), (.text("authData"), .bytes(data)),
        ]).encoded
    }

    var json: String { json(attestationObject) }

    func json(_ object: [UInt8]) -> String {
        let raw = Base64URL.encode(rawID)
        let client = Base64URL.encode(client.json)
        return #"{"id":"\#(raw)","rawId":"\#(raw)","type":"public-key","response":{"clientDataJSON":"\#(client)","#
            + #""attestationObject":"\#(Base64URL.encode(object))","transports":\#(transports)},"#
            + #""clientExtensionResults":{},"authenticatorAttachment":"platform"}"#
    }

    func verify() throws -> Passkey { try relyingParty().verifyRegistration(json, challenge: challenge) }
}

/// A sign-in as a browser and an authenticator make it. A test changes one part.
struct SignIn {
    let key: TestKey
    var client = Client(type: "webauthn.get")
    var relyingPartyID = "example.com"
    var flags = Flag.present | Flag.verified
    var count: UInt32 = 0
    var trailing: [UInt8] = []
    var rawID = credentialID
    var handle: [UInt8]? = owner
    var stored: Passkey

    init(_ key: TestKey, storedCount: UInt32 = 0) throws {
        self.key = key
        stored = Passkey(
            credentialID: credentialID, publicKey: try key.cose(), signCount: storedCount, isBackupEligible: false,
            isBackedUp: false)
    }

    var authenticatorData: [UInt8] { authenticatorHeader(relyingPartyID, flags, count) + trailing }

    func signature() throws -> [UInt8] {
        try key.sign(authenticatorData + SHA256.hash(data: Data(client.json)))
    }

    func json(data: [UInt8]? = nil, signature given: [UInt8]? = nil) throws -> String {
        let raw = Base64URL.encode(rawID)
        let user = handle.map { "\"\(Base64URL.encode($0))\"" } ?? "null"
        return #"{"id":"\#(raw)","rawId":"\#(raw)","type":"public-key","response":{"#
            + #""clientDataJSON":"\#(Base64URL.encode(client.json))","#
            + #""authenticatorData":"\#(Base64URL.encode(data ?? authenticatorData))","#
            + #""signature":"\#(Base64URL.encode(try given ?? signature()))","userHandle":\#(user)}}"#
    }

    @discardableResult
    func verify(
        data: [UInt8]? = nil, signature: [UInt8]? = nil, owner user: [UInt8] = owner, allowing: [Passkey] = []
    ) throws -> PasskeySignIn {
        try relyingParty().verifySignIn(
            try AuthenticationResponse(json: try json(data: data, signature: signature)), challenge: challenge,
            passkey: stored, owner: user, allowing: allowing)
    }
}
