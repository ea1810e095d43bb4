import Hummingbird
import Ledger
import Metering

/// Usage added up in several ways, all of it from one moment, as it is shown.
public struct UsageReportView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// The first day, UTC.
    public let since: String
    /// The first day that isn't counted.
    public let until: String
    /// All of it.
    public let total: UsageSummaryItem
    /// What of it is estimates: charged for holds that expired unsettled, and not replaced by usage. Nil if there are none.
    public let estimated: UsageSummaryItem?
    /// The parts, in the order in which they were asked for.
    public let parts: [Part]
    /// When it was added up.
    public let asOf: String
    /// The sequence number of the newest record that is in it.
    public let through: Int64

    /// Usage added up in one way.
    public struct Part: Codable, Sendable, Hashable {
        /// What by: `user`, `model`, `provider`, `day`, `week` or `month`.
        public let by: [String]
        /// The most expensive first, times in order.
        public let items: [UsageSummaryItem]
        /// How many there are beside ``items``.
        public let others: Int
    }
}

/// Names of tags, as they are shown.
public struct TagNamesView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// The first day, UTC.
    public let since: String
    /// The first day that isn't counted.
    public let until: String
    /// The names, in order; two hundred at most.
    public let tags: [String]
}

// Usage for a page: several tables that agree with each other.
extension ControlService {
    /// Ways of adding up that one request may ask for.
    private static let partsMax = 6

    var reportEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/usage-report", name: "reportUsage",
                summary: "Usage added up in several ways at one moment, so that the tables agree with each other",
                query: [
                    (
                        name: "by",
                        description:
                            "Ways with semicolons, each user, model, provider, day, week or month, several with commas: day;model;day,user"
                    )
                ] + Self.rangeQuery + Self.narrowingQuery + [
                    (
                        name: "limit",
                        description:
                            "Items per way, 1 to 1000; a way that begins with a time has up to 1000 in any case"
                    )
                ],
                requiredQuery: ["by"], response: .reference("UsageReport")
            ) { request, context in
                let org = try await org(context)
                let (since, until) = try days(request)
                let ways = (Endpoint.text(request, "by") ?? "").split(separator: ";").map {
                    $0.split(separator: ",").map(String.init)
                }
                guard (1...Self.partsMax).contains(ways.count), !ways.joined().contains(where: { $0.hasPrefix("tag:") })
                else { throw Problem(.malformed, "by must be 1 to \(Self.partsMax) ways, none of them a tag") }
                let queries = try ways.map { try query(request, context, org.org, by: $0, since, until, .ended) }
                let limit = try Endpoint.limit(request)
                guard let query = queries.first else { throw Problem(.malformed, "by is empty") }
                let reports = try await reader.usage(query, by: queries.map(\.dimensions))
                guard let first = reports.first else { throw Problem(.malformed, "by is empty") }
                return try Endpoint.json(
                    UsageReportView(
                        org: org.org, since: since.description, until: until.description, total: first.total,
                        estimated: first.estimated,
                        parts: zip(queries, zip(ways, reports)).map { query, part in
                            // Of a course of time nothing is left out.
                            let isTime = query.dimensions.first?.isTime == true
                            let most = isTime ? LedgerReader.pageMax : limit
                            return .init(
                                by: part.0, items: Array(part.1.items.prefix(most)),
                                others: max(0, part.1.items.count - most))
                        }, asOf: clock().description, through: first.through))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/tags", name: "listTags",
                summary: "The names of tags that usage records have, for summaries by tag:NAME",
                query: Self.rangeQuery, response: .reference("TagNames")
            ) { request, context in
                let org = try await org(context)
                let (since, until) = try days(request)
                return try Endpoint.json(
                    TagNamesView(
                        org: org.org, since: since.description, until: until.description,
                        tags: try await reader.tagNames(of: org.org, since: since, until: until)))
            },
        ]
    }
}
