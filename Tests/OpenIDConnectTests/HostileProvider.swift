import Foundation
import LoopbackHTTP
import Synchronization

@testable import OpenIDConnect

/// A provider on loopback that does what its ``Behaviour`` says.
final class HostileProvider: Sendable {
    static let clientID = "the client"
    static let secret = "s3cret:&+ %"

    private struct Code {
        let nonce: String
        let challenge: String
        let redirect: String
    }

    private struct State {
        var behaviour: Behaviour
        var codes: [String: Code] = [:]
        var counts: [String: Int] = [:]
        var forms: [[String: String]] = []
        var authorizations: [String] = []
    }

    let issuer: String
    let now: UnixTime
    private let state: Mutex<State>

    init(port: Int, now: UnixTime, _ behaviour: Behaviour) {
        issuer = "http://127.0.0.1:\(port)"
        self.now = now
        state = Mutex(State(behaviour: behaviour))
    }

    func change(_ change: (inout Behaviour) -> Void) { state.withLock { change(&$0.behaviour) } }

    /// How often a path was asked for.
    func count(_ path: String) -> Int { state.withLock { $0.counts[path] ?? 0 } }
    /// Every form that the token endpoint got.
    var forms: [[String: String]] { state.withLock { $0.forms } }
    /// Every `Authorization` header that came.
    var authorizations: [String] { state.withLock { $0.authorizations } }

    func answer(_ request: LoopbackRequest) async -> LoopbackAnswer {
        let behaviour = state.withLock { state in
            state.counts[request.path, default: 0] += 1
            if let header = request.header("Authorization") { state.authorizations.append(header) }
            if request.path == "/token" { state.forms.append(Self.pairs(request.body)) }
            return state.behaviour
        }
        if let answer = behaviour.answers[request.path] { return answer }
        do {
            switch request.path {
            case "/.well-known/openid-configuration": return .json(Self.json(metadata(behaviour), behaviour.metadata))
            case "/keys": return .json(JSONValue.object(["keys": .list(try keys(behaviour))]).encoded)
            case "/authorize": return authorize(Self.pairs(request.query), behaviour)
            case "/token": return try token(Self.pairs(request.body), behaviour)
            case "/userinfo": return .json(behaviour.userInfo?.encoded ?? "{}")
            default: return LoopbackAnswer(status: 404)
            }
        } catch {
            return LoopbackAnswer(status: 500, body: .text("\(error)"))
        }
    }

    private func metadata(_ behaviour: Behaviour) -> [String: JSONValue] {
        var members: [String: JSONValue] = [
            "issuer": .text(issuer), "authorization_endpoint": .text("\(issuer)/authorize"),
            "token_endpoint": .text("\(issuer)/token"), "jwks_uri": .text("\(issuer)/keys"),
            "response_types_supported": ["code"],
        ]
        if behaviour.userInfo != nil { members["userinfo_endpoint"] = .text("\(issuer)/userinfo") }
        return members
    }

    private func keys(_ behaviour: Behaviour) throws -> [JSONValue] {
        guard !behaviour.keySets.isEmpty else {
            return [try behaviour.key.get().published(behaviour.keyID.map { ["kid": .text($0)] } ?? [:])]
        }
        let index = min(count("/keys") - 1, behaviour.keySets.count - 1)
        return behaviour.keySets[index]
    }

    private func authorize(_ query: [String: String], _ behaviour: Behaviour) -> LoopbackAnswer {
        let name = UUID().uuidString
        state.withLock {
            $0.codes[name] = Code(
                nonce: query["nonce"] ?? "", challenge: query["code_challenge"] ?? "",
                redirect: query["redirect_uri"] ?? "")
        }
        var parameters: [String: String?] = ["code": name, "state": query["state"]]
        for (name, value) in behaviour.callback { parameters[name] = .some(value) }
        let pairs = parameters.compactMap { name, value in value.map { (name, $0) } }
        return .redirect(to: "\(query["redirect_uri"] ?? "")?\(FormEncoding.encode(pairs))")
    }

    private func token(_ form: [String: String], _ behaviour: Behaviour) throws -> LoopbackAnswer {
        let code = state.withLock { state in
            let code = state.codes[form["code"] ?? ""]
            if behaviour.checksCode { state.codes[form["code"] ?? ""] = nil }
            return code
        }
        guard let code, code.redirect == form["redirect_uri"],
            code.challenge == RandomText.challenge(of: form["code_verifier"] ?? "")
        else { return .json(#"{"error":"invalid_grant","error_description":"code spent"}"#, status: 400) }
        let idToken = try idToken(nonce: code.nonce, behaviour)
        let members: [String: JSONValue] = [
            "access_token": "access-token", "token_type": "Bearer", "id_token": .text(idToken),
        ]
        return .json(Self.json(members, behaviour.tokenAnswer))
    }

    private func idToken(nonce: String, _ behaviour: Behaviour) throws -> String {
        var header: [String: JSONValue] = ["alg": .text(behaviour.algorithm), "typ": "JWT"]
        if let id = behaviour.keyID { header["kid"] = .text(id) }
        let claims: [String: JSONValue] = [
            "iss": .text(issuer), "sub": "person-1", "aud": .text(Self.clientID), "nonce": .text(nonce),
            "exp": .number(now.seconds + 300), "iat": .number(now.seconds), "email": "ana@acme.test",
            "email_verified": true, "name": "Ana",
        ]
        let first = Base64URL.encode(Self.json(header, behaviour.header).utf8)
        let second = Base64URL.encode(Self.json(claims, behaviour.claims).utf8)
        let signature = try behaviour.key.get().sign("\(first).\(second)", behaviour.algorithm)
        return behaviour.tampers("\(first).\(second).\(Base64URL.encode(signature))")
    }

    private static func json(_ members: [String: JSONValue], _ changes: [String: JSONValue?]) -> String {
        var members = members
        for (name, value) in changes { members[name] = value }
        return JSONValue.object(members).encoded
    }

    private static func pairs(_ text: String) -> [String: String] {
        var pairs: [String: String] = [:]
        for part in text.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            pairs[FormEncoding.decode(pair[0]) ?? ""] = FormEncoding.decode(pair.count > 1 ? pair[1] : "")
        }
        return pairs
    }
}
