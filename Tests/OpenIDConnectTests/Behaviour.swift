import LoopbackHTTP

/// What a hostile provider does otherwise than an honest one.
struct Behaviour: Sendable {
    /// Members of discovery that are others; nil takes one away.
    var metadata: [String: JSONValue?] = [:]
    /// Answers instead of the honest ones, by path.
    var answers: [String: LoopbackAnswer] = [:]
    /// Parameters that the authorization endpoint adds to the callback; nil takes one away.
    var callback: [String: String?] = [:]
    /// Members of the ID token's header that are others; nil takes one away.
    var header: [String: JSONValue?] = [:]
    /// Claims that are others; nil takes one away.
    var claims: [String: JSONValue?] = [:]
    /// Members of the token answer that are others; nil takes one away.
    var tokenAnswer: [String: JSONValue?] = [:]
    /// What userinfo says; nil: there is no such endpoint.
    var userInfo: JSONValue?
    /// Who signs, and under which algorithm and kid.
    var key = SigningKey.first
    var algorithm = "RS256"
    var keyID: String? = "one"
    /// What is published, one list per fetch; the last one stays. Empty: the key that signs.
    var keySets: [[JSONValue]] = []
    /// Changes the finished ID token.
    var tampers: @Sendable (String) -> String = { $0 }
    /// Whether the code is checked with its verifier and taken only once.
    var checksCode = true
}
