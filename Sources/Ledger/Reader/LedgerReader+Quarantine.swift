import Foundation
import GRDB
import Metering

// Refused usage that is kept, and orgs' other names.
extension LedgerReader {
    /// What a list of quarantined lines is narrowed to.
    public struct QuarantineFilter: Sendable, Hashable {
        /// Only lines in this state; nil for all.
        public var state: QuarantineState?
        /// Only lines that were refused with this code of the protocol.
        public var code: String?
        /// Only lines of this org, or of an org that doesn't exist by this name.
        public var org: String?
        /// Only lines of this sender, or of processes of this uid.
        public var sender: String?

        /// Everything that is undecided.
        public init(
            state: QuarantineState? = .kept, code: String? = nil, org: String? = nil, sender: String? = nil
        ) {
            self.state = state
            self.code = code
            self.org = org
            self.sender = sender
        }
    }

    private static let quarantineSQL = """
        SELECT quarantine.number, received, quarantine.org, code, length, quarantine.digest, quarantine.state, repeats,
            repeated,
            line_hash IS NOT NULL AS is_there, coalesce(org.name, named) AS org_name, quarantine.id, user, message,
            peer.uid, peer.pid, peer.sender, quarantine_step.at AS decided, actor, quarantine_step.usage AS sequence,
            new_at, new_id
        FROM quarantine LEFT JOIN org ON org.id = quarantine.org LEFT JOIN peer ON peer.id = quarantine.peer
        LEFT JOIN quarantine_step ON quarantine_step.number = quarantine.step
        """

    /// Quarantined lines, newest first, without their text.
    public func quarantined(
        _ filter: QuarantineFilter, before cursor: Int64?, limit: Int
    ) async throws -> Page<QuarantineView> {
        try await pool.read { database in
            var sql = Self.quarantineSQL + " WHERE quarantine.number < ?"
            var arguments: StatementArguments = [cursor ?? Int64.max]
            func narrow(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
                guard let value else { return }
                sql += " AND \(condition)"
                arguments += [value]
            }
            narrow("quarantine.state = ?", filter.state?.rawValue)
            narrow("code = ?", filter.code)
            narrow("coalesce(org.name, named) = ?", filter.org)
            // As lists show a peer without a name: `uid 1000`.
            let uid = filter.sender.map { $0.hasPrefix("uid ") ? String($0.dropFirst(4)) : $0 }
            narrow("coalesce(peer.sender, CAST(peer.uid AS TEXT)) = ?", uid)
            let rows = try Row.fetchAll(
                database, sql: sql + " ORDER BY quarantine.number DESC LIMIT ?", arguments: arguments + [limit + 1])
            return try Self.page(rows, limit: limit, Self.quarantined) { "\($0["number"] as Int64)" }
        }
    }

    /// One quarantined line with its text; nil if there is none of that number.
    public func quarantined(_ number: Int64) async throws -> (view: QuarantineView, line: [UInt8]?)? {
        try await pool.read { database in
            let found = try Row.fetchOne(
                database, sql: Self.quarantineSQL + " WHERE quarantine.number = ?", arguments: [number])
            guard let found else { return nil }
            let data = try Data.fetchOne(
                database, sql: "SELECT line FROM quarantine WHERE number = ?", arguments: [number])
            var view = try Self.quarantined(found)
            view.line = data.map { PrintableText.escaped([UInt8]($0)) }
            view.lineBase64 = data?.base64EncodedString()
            return (view, data.map { [UInt8]($0) })
        }
    }

    /// What waits for somebody to decide.
    public func quarantineSummary() async throws -> QuarantineSummary {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT code, count(*) AS count, min(received) AS oldest FROM quarantine WHERE state = 1 GROUP BY code
                    """)
            return QuarantineSummary(
                kept: Dictionary(rows.map { ($0["code"], $0["count"]) }, uniquingKeysWith: +),
                oldest: rows.map { $0["oldest"] as Int64 }.min().map(Self.time))
        }
    }

    private static func quarantined(_ row: Row) throws -> QuarantineView {
        func text(_ column: String) -> String? {
            (row[column] as String?).map { PrintableText.escaped($0, isOneLine: true) }
        }
        return QuarantineView(
            number: row["number"], received: time(row["received"]), org: text("org_name"),
            isOrgKnown: row["org"] as Int64? != nil, code: row["code"], message: text("message"), bytes: row["length"],
            id: text("id"), user: text("user"), peerUid: row["uid"], peerPid: row["pid"], sender: text("sender"),
            state: try QuarantineState(stored: row["state"], of: "quarantined line \(row["number"] as Int64)").name,
            repeats: row["repeats"],
            repeated: (row["repeated"] as Int64?).map(time), decided: (row["decided"] as Int64?).map(time),
            actor: text("actor"), sequence: row["sequence"], newAt: (row["new_at"] as Int64?).map(time),
            newId: text("new_id"), digest: hexadecimal(row["digest"]))
    }

    /// Other names of orgs that are in force, by name.
    public func orgAliases() async throws -> [OrgAliasView] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT alias, org.name, recorded, actor FROM org_alias JOIN org ON org.id = org_alias.org
                    WHERE org_alias.id IN (SELECT max(id) FROM org_alias GROUP BY alias) ORDER BY alias
                    """)
            return rows.map {
                OrgAliasView(
                    alias: $0["alias"], org: $0["name"], recorded: Self.time($0["recorded"]), actor: $0["actor"])
            }
        }
    }
}
