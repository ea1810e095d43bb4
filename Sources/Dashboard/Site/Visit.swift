import HTML
import Ledger
import Metering

/// One request of a browser's.
struct Visit: Sendable {
    let site: Site
    let method: Route.Method
    let path: String
    let query: FormFields
    /// The query as it came; it may hold a sign-in's code, so that it is never logged.
    let rawQuery: String
    let form: FormFields
    let parameters: [String: String]
    /// Who asks, as far as the address tells.
    let client: String
    /// The path of the page of this site that the request came from; nil if it came from elsewhere.
    let cameFrom: String?
    /// The browser's own words for itself, cut short.
    let browser: String
    /// The cookies, by name.
    let cookies: [String: String]
    let session: Session?
    let now: Timestamp

    /// The path with its query, as a link has them.
    var target: String { rawQuery.isEmpty ? path : path + "?" + rawQuery }

    /// A part of the path.
    func parameter(_ name: String) throws(PageError) -> String {
        guard let value = parameters[name] else { throw .notFound }
        return value
    }

    /// A number in the path.
    func number(_ name: String) throws(PageError) -> Int64 {
        guard let number = Int64(try parameter(name)), number > 0 else { throw .notFound }
        return number
    }
}

/// A visit to one org's pages, by one of its members, whom the daemon knows.
struct Team: Sendable {
    let visit: Visit
    let session: Session
    /// The org's name.
    let org: String
    /// Who they are and what they may, as the daemon says at this moment.
    let me: MeAnswer
    let daemon: MemberClient

    var site: Site { visit.site }
    var now: Timestamp { visit.now }

    /// Whether their role may use an endpoint of the daemon's.
    func may(_ action: String) -> Bool { me.actions.contains(action) }

    /// Whom a member may ask for what their own role doesn't allow.
    var whoMay: String { me.member.role == "admin" ? "an owner" : "an owner or admin" }

    /// A place of this org.
    func place(_ segments: String..., query: [(String, String?)] = [], fragment: String? = nil) -> Place {
        Place(["orgs", org] + segments, query: query, fragment: fragment)
    }

    /// On to a place of this org, which then says how it went.
    func redirect(_ segments: String..., saying notice: Notice? = nil) throws(PageError) -> Reply {
        if let notice { try site.store.leave(notice, for: session) }
        return .redirect(Place(["orgs", org] + segments))
    }
}
