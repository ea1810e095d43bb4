import Foundation
import GRDB
import Metering

/// Reads the ledger from snapshots, beside the writer and without holding it up.
///
/// Its connections are read-only: none of them commits or checkpoints.
public final class LedgerReader: Sendable {
    let pool: DatabasePool
    let gate: ReadGate

    /// Items that a page may hold.
    public static let pageMax = 1000

    /// Opens readers on a database that the writer holds open.
    ///
    /// - Parameters:
    ///   - atOnce: how many may read at the same time; others wait.
    ///   - gate: what the writer's store was given.
    public init(path: String, atOnce: Int = 4, gate: ReadGate = ReadGate()) throws {
        self.gate = gate
        var configuration = Configuration()
        configuration.readonly = true
        configuration.maximumReaderCount = atOnce
        configuration.busyMode = .timeout(5)
        configuration.label = "meterd-reader"
        pool = try DatabasePool(path: path, configuration: configuration)
    }

    /// Lets go of the database.
    public func close() throws {
        try pool.close()
    }

    /// What the usage list is narrowed to.
    public struct UsageFilter: Sendable, Hashable {
        /// Not before.
        public var since: Timestamp?
        /// Before.
        public var until: Timestamp?
        /// Only this member's.
        public var user: String?
        /// Only those of one of these names; nil for everybody's.
        public var among: [String]?
        /// Only this model's.
        public var model: String?
        /// Only this provider's.
        public var provider: String?

        /// Everything.
        public init(
            since: Timestamp? = nil, until: Timestamp? = nil, user: String? = nil, among: [String]? = nil,
            model: String? = nil, provider: String? = nil
        ) {
            self.provider = provider
            self.since = since
            self.until = until
            self.user = user
            self.among = among
            self.model = model
        }
    }

    /// Orgs by name.
    public func orgs(after cursor: String?, limit: Int) async throws -> Page<OrgView> {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: Self.orgSQL + " WHERE org.name > ? ORDER BY org.name LIMIT ?",
                arguments: [cursor ?? "", limit + 1])
            return try Self.page(rows, limit: limit, Self.org) { $0["name"] }
        }
    }

    /// One org; nil where there is none of that name.
    public func org(_ name: String) async throws -> OrgView? {
        try await pool.read { database in
            try Row.fetchOne(database, kept: Self.orgSQL + " WHERE org.name = ?", [name]).map(Self.org)
        }
    }

    /// An org's grants, newest first.
    public func grants(of org: String, before cursor: Int64?, limit: Int) async throws -> Page<GrantView> {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                kept: Self.grantSQL
                    + " WHERE org.name = ? AND credit_grant.id < ? ORDER BY credit_grant.id DESC LIMIT ?",
                [org, cursor ?? Int64.max, limit + 1])
            return try Self.page(rows, limit: limit, Self.grant) { "\($0["id"] as Int64)" }
        }
    }

    /// Records that one page of a narrowed list looks at. Without an end, a page of somebody who made few requests would look at all.
    public static let listedMax = 50_000

    /// An org's usage records, newest commit first. A page that is narrowed may have fewer items than were asked for, or none, and go on.
    public func usage(
        of org: String, _ filter: UsageFilter, before cursor: Int64?, limit: Int,
        walking most: Int = LedgerReader.listedMax
    ) async throws -> Page<UsageView> {
        // Of nobody there is nothing: not worth a walk over all records.
        guard filter.among?.isEmpty != true else { return Page(items: [], nextCursor: nil) }
        return try await pool.read { database in
            var asked = "true"
            var arguments: StatementArguments = [cursor, cursor, org]
            func narrow(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
                guard let value else { return }
                asked += " AND \(condition)"
                arguments += [value]
            }
            narrow("usage.at >= ?", filter.since?.milliseconds)
            narrow("usage.at < ?", filter.until?.milliseconds)
            narrow("usage.user = ?", filter.user)
            if let among = filter.among {
                asked += " AND usage.user IN (\(databaseQuestionMarks(count: among.count)))"
                arguments += StatementArguments(among)
            }
            narrow("usage.model = ?", filter.model)
            narrow("usage.provider = ?", filter.provider)
            // The chain itself is newest first, a row at a time; CROSS JOIN keeps that order. To sort would be to walk
            // all of it before the first row.
            let rows = try Row.fetchAll(
                database,
                sql: """
                    WITH RECURSIVE own(number, walked) AS (
                        SELECT first, 1 FROM (\(Self.chainStart("usage", "sequence")))
                        UNION ALL
                        SELECT usage.previous, own.walked + 1 FROM own JOIN usage ON usage.sequence = own.number
                        WHERE usage.previous > 0 AND own.walked < \(most)
                    )
                    \(Self.usageColumns), own.walked, (\(asked)) AS asked
                    FROM own CROSS JOIN usage ON usage.sequence = own.number \(Self.usageJoins)
                    WHERE asked OR own.walked = \(most) LIMIT ?
                    """, arguments: arguments + [limit + 1])
            // Where the walk ended stands a row in any case.
            guard let last = rows.last, last["walked"] as Int == most, rows.count <= limit else {
                return try Self.page(rows, limit: limit, { try Self.usage($0) }) { "\($0["sequence"] as Int64)" }
            }
            return Page(
                items: try rows.filter { $0["asked"] }.map { try Self.usage($0) },
                nextCursor: "\(last["sequence"] as Int64)")
        }
    }

    /// The usage record of that sequence number.
    public func usage(sequence: Int64) async throws -> UsageView? {
        try await pool.read { database in
            let sql = "\(Self.usageColumns) FROM usage \(Self.usageJoins) WHERE usage.sequence = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [sequence]).map { try Self.usage($0) }
        }
    }

    /// An org's transfers, newest first.
    public func transfers(of org: String, before cursor: Int64?, limit: Int) async throws -> Page<TransferView> {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    WITH RECURSIVE own(number) AS (
                        \(Self.chainStart("transfer", "id"))
                        UNION ALL
                        SELECT transfer.previous FROM own JOIN transfer ON transfer.id = own.number
                        WHERE transfer.previous > 0
                    )
                    \(Self.transferSQL) FROM own CROSS JOIN transfer ON transfer.id = own.number \(Self.transferJoins)
                    LIMIT ?
                    """,
                arguments: [cursor, cursor, org, limit + 1])
            return try Self.page(rows, limit: limit, Self.transfer) { "\($0["id"] as Int64)" }
        }
    }

    /// Rows in the tables that people ask about.
    public func counts() async throws -> (orgs: Int, records: Int64, transfers: Int64) {
        try await pool.read { database in
            (
                try Int.fetchOne(database, sql: "SELECT count(*) FROM org") ?? 0,
                // Numbered from 1 without gaps, so that the last number is the count.
                try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM usage") ?? 0,
                try Int64.fetchOne(database, sql: "SELECT max(id) FROM transfer") ?? 0
            )
        }
    }

    /// What waits: holds that are open, records that have no rate.
    public func backlog() async throws -> (openHolds: Int, unpriced: Int) {
        try await pool.read { database in
            (
                try Int.fetchOne(database, sql: "SELECT count(*) FROM hold WHERE state = 1") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM usage WHERE status = 2 AND correction = 0") ?? 0
            )
        }
    }

    static func page<Item>(
        _ rows: [Row], limit: Int, _ item: (Row) throws -> Item, _ cursor: (Row) -> String
    ) rethrows -> Page<Item> {
        let shown = rows.prefix(limit)
        return Page(items: try shown.map(item), nextCursor: rows.count > limit ? shown.last.map(cursor) : nil)
    }
}
