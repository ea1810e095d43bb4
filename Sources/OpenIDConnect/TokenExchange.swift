import AsyncHTTPClient
import Foundation
import NIOCore

/// Exchanges an authorization code for tokens. OpenID Connect Core, section 3.1.3; RFC 6749, section 4.1.3.
struct TokenExchange: Sendable {
    /// What a good answer holds.
    struct Tokens: Sendable {
        let idToken: String
        let accessToken: String
    }

    private struct Success: Decodable {
        let access_token: String?
        let token_type: String?
        let id_token: String?
    }

    private struct Failure: Decodable {
        let error: String?
    }

    let provider: Provider
    let endpoints: ProviderEndpoints
    let http: ProviderHTTP

    /// Sends the code once. It is not sent again after a failure: a code is good for one request.
    func exchange(_ code: String, _ pending: PendingSignIn) async throws(SignInError) -> Tokens {
        var form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", pending.redirectURI),
            ("code_verifier", pending.verifier),
        ]
        var request = HTTPClientRequest(url: endpoints.token)
        request.method = .POST
        switch endpoints.authentication {
        case .basic(let secret):
            // Both are form-encoded before they are joined. RFC 6749, section 2.3.1.
            let pair = "\(FormEncoding.encode(provider.clientID)):\(FormEncoding.encode(secret.value))"
            request.headers.add(name: "Authorization", value: "Basic \(Data(pair.utf8).base64EncodedString())")
        case .post(let secret):
            form += [("client_id", provider.clientID), ("client_secret", secret.value)]
        case .none:
            form.append(("client_id", provider.clientID))
        }
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.headers.add(name: "Accept", value: "application/json")
        request.body = .bytes(ByteBuffer(string: FormEncoding.encode(form)))
        return try read(await http.send(request, for: .token))
    }

    private func read(_ answer: ProviderHTTP.Answer) throws(SignInError) -> Tokens {
        if answer.status == 400 || answer.status == 401,
            let failure = try? JSONDecoder().decode(Failure.self, from: answer.body), let code = failure.error
        {
            throw .tokenRefused(ProviderErrorCode(sent: code), status: answer.status)
        }
        guard answer.status == 200 else { throw .providerFailed(.token, .status(answer.status)) }
        guard let success = try? JSONDecoder().decode(Success.self, from: answer.body) else {
            throw .providerFailed(.token, .notJSON)
        }
        guard success.token_type?.lowercased() == "bearer" else { throw .tokenAnswer(.tokenType) }
        guard let accessToken = success.access_token, Self.isBearer(accessToken) else {
            throw .tokenAnswer(.accessToken)
        }
        guard let idToken = success.id_token else { throw .tokenAnswer(.missingIDToken) }
        return Tokens(idToken: idToken, accessToken: accessToken)
    }

    /// RFC 6750, section 2.1: `b64token`, so that it can't break out of a header.
    private static func isBearer(_ token: String) -> Bool {
        !token.isEmpty
            && token.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._~+/=".utf8.contains(byte)
                }
            }
    }
}
