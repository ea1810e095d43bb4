/// Claims about the person, from the ID token or from userinfo. OpenID Connect Core, section 5.1.
struct PersonClaims: Decodable, Sendable {
    let email: String?
    /// Nil if the provider says nothing about it.
    let isEmailVerified: Bool?
    let name: String?

    private enum CodingKeys: String, CodingKey {
        case email
        case isEmailVerified = "email_verified"
        case name
    }

    /// Reads what is usable. These claims are for display and invitations, so an odd one counts as missing.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        email = Self.printable(try? container.decode(String.self, forKey: .email), bytesMax: 320)
            .flatMap { $0.contains("@") ? $0 : nil }
        name = Self.printable(try? container.decode(String.self, forKey: .name), bytesMax: 256)
        if let value = try? container.decode(Bool.self, forKey: .isEmailVerified) {
            isEmailVerified = value
        } else {
            // Some providers send the boolean as text. Anything else is no confirmation.
            let text = try? container.decode(String.self, forKey: .isEmailVerified)
            isEmailVerified = text.map { $0 == "true" }
        }
    }

    /// Whether userinfo can add nothing.
    var isComplete: Bool { email != nil && isEmailVerified != nil && name != nil }

    private static func printable(_ text: String?, bytesMax: Int) -> String? {
        guard let text, !text.isEmpty, text.utf8.count <= bytesMax, !text.hasControls else { return nil }
        return text
    }
}

extension SignedIn {
    /// Address and verification are always from the same source: a verified one must not vouch for another.
    init(_ claims: IDTokenClaims, userInfo: PersonClaims?) {
        let source = claims.person.email != nil && claims.person.isEmailVerified != nil ? claims.person : userInfo
        let chosen = source?.email != nil ? source : claims.person
        issuer = claims.issuer
        subject = claims.subject
        email = chosen.flatMap { person in
            person.email.map { Email(address: $0, isVerified: person.isEmailVerified == true) }
        }
        name = claims.person.name ?? userInfo?.name
        authTime = claims.authTime
    }
}
