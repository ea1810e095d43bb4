import Ledger

/// A page or a form's target: how it is reached, who may, what it does.
struct Route: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// What it does, by who may reach it.
    enum Handler: Sendable {
        /// Anybody, signed in or not.
        case anybody(@Sendable (Visit) async throws(PageError) -> Reply)
        /// Whoever is signed in.
        case person(@Sendable (Visit, Session) async throws(PageError) -> Reply)
        /// An org's members who may use an endpoint of the daemon; all of them if none is named. The daemon is asked who that is.
        case member(may: String?, @Sendable (Team) async throws(PageError) -> Reply)
    }

    let method: Method
    let name: String
    /// Its path; a segment in braces is a parameter.
    let path: String
    /// What of it is counted.
    var limit: RateLimiter.Kind?
    let handler: Handler
    private let segments: [Substring]

    init(
        _ method: Method, _ name: String, _ path: String, limit: RateLimiter.Kind? = nil,
        _ handler: @escaping @Sendable (Visit) async throws(PageError) -> Reply
    ) {
        self.init(method, name, path, limit, .anybody(handler))
    }

    init(
        _ method: Method, _ name: String, _ path: String, limit: RateLimiter.Kind? = nil,
        person handler: @escaping @Sendable (Visit, Session) async throws(PageError) -> Reply
    ) {
        self.init(method, name, path, limit, .person(handler))
    }

    /// A place below `/orgs/{org}`.
    init(
        _ method: Method, _ name: String, _ path: String, limit: RateLimiter.Kind? = nil, may action: String?,
        member handler: @escaping @Sendable (Team) async throws(PageError) -> Reply
    ) {
        self.init(method, name, "/orgs/{org}" + path, limit, .member(may: action, handler))
    }

    private init(
        _ method: Method, _ name: String, _ path: String, _ limit: RateLimiter.Kind?, _ handler: Handler
    ) {
        self.method = method
        self.name = name
        self.path = path
        self.limit = limit ?? (method == .post ? .change : nil)
        self.handler = handler
        segments = path.split(separator: "/")
    }

    /// The parameters of a path that is this route's; nil if it isn't.
    func parameters(of path: String) -> [String: String]? {
        let asked = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard asked.count == max(segments.count, 1) else { return nil }
        var parameters: [String: String] = [:]
        for (own, part) in zip(segments.isEmpty ? [""] : segments, asked) {
            guard own.hasPrefix("{") else {
                guard own == part else { return nil }
                continue
            }
            guard let value = FormFields.pathSegment(part), !value.isEmpty else { return nil }
            parameters[String(own.dropFirst().dropLast())] = value
        }
        return parameters
    }
}
