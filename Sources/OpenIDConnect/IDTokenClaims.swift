import Foundation

/// The claims of an ID token that are used. OpenID Connect Core, section 2.
struct IDTokenClaims: Decodable, Sendable {
    let issuer: String
    let subject: String
    let audience: [String]
    let authorizedParty: String?
    let expires: UnixTime
    let issuedAt: UnixTime
    let notBefore: UnixTime?
    let authTime: UnixTime?
    let nonce: String?
    let person: PersonClaims

    private enum CodingKeys: String, CodingKey {
        case issuer = "iss"
        case subject = "sub"
        case audience = "aud"
        case authorizedParty = "azp"
        case expires = "exp"
        case issuedAt = "iat"
        case notBefore = "nbf"
        case authTime = "auth_time"
        case nonce
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func moment(_ key: CodingKeys) throws -> UnixTime? {
            guard let number = try container.decodeIfPresent(Decimal.self, forKey: key) else { return nil }
            // RFC 7519, section 2: a NumericDate may have a fraction. Decimal keeps every digit of it.
            var given = number
            var whole = Decimal()
            NSDecimalRound(&whole, &given, 0, .down)
            guard let seconds = Int64("\(whole)") else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "out of range")
            }
            return UnixTime(seconds: seconds)
        }
        func required(_ key: CodingKeys) throws -> UnixTime {
            guard let moment = try moment(key) else {
                throw DecodingError.keyNotFound(key, .init(codingPath: container.codingPath, debugDescription: ""))
            }
            return moment
        }
        issuer = try container.decode(String.self, forKey: .issuer)
        subject = try container.decode(String.self, forKey: .subject)
        if let one = try? container.decode(String.self, forKey: .audience) {
            audience = [one]
        } else {
            audience = try container.decode([String].self, forKey: .audience)
        }
        authorizedParty = try container.decodeIfPresent(String.self, forKey: .authorizedParty)
        expires = try required(.expires)
        issuedAt = try required(.issuedAt)
        notBefore = try moment(.notBefore)
        authTime = try moment(.authTime)
        nonce = try container.decodeIfPresent(String.self, forKey: .nonce)
        person = try PersonClaims(from: decoder)
    }
}
