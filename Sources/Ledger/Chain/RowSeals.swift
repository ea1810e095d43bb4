import GRDBSQLite

/// What stands beside the books and can change: each row has a digest of its own in `row_seal`, so that verification can name a
/// row that was changed, put in or taken away behind the daemon's back.
///
/// Triggers of the writer's connection keep it, so that no statement can forget it. A usage record, a transfer or a charge needs
/// none: the chain of commits covers those.
enum RowSeals {
    struct Table {
        let name: String
        /// What names a row.
        let key: [String]
        /// What is sealed beside that.
        let columns: [String]
        /// Which rows; nil for all.
        var condition: String?
        /// False where no row is among them from its beginning, so that making one costs nothing.
        var isSealedFromBirth = true
        /// What has to be so in the ledger for there to be any.
        var premise: String?
    }

    /// A process, with the sender on whose behalf it spoke.
    static let peer = Table(name: "peer", key: ["id"], columns: ["uid", "pid", "sender"])

    /// Every table that has seals.
    static let tables =
        firstTables.filter { table in ![peer.name, "billing", "payment", "invoice", "member"].contains(table.name) }
        + moneyBack + people
        + [
            peer,
            // What an erasure leaves of a line is not what its digest is of.
            Table(
                name: "quarantine", key: ["number"],
                columns: [
                    "state", "step", "repeats", "repeated", "peer", "line_hash", "named", "id", "user", "message",
                ]),
            Table(
                name: "unread_member", key: ["provider", "name"],
                columns: ["model", "records", "total", "first", "last", "sample"]),
            Table(
                name: "cost_drift", key: ["provider", "model"],
                columns: ["records", "differing", "ours", "theirs", "last", "sample"]),
            orgPolicy,
        ]

    /// The tables of bills, with what money that goes back changes in them.
    static let moneyBack = [
        Table(name: "billing", key: ["org"], columns: ["change", "due", "members_max", "top_up_below", "chargebacks"]),
        Table(
            name: "payment", key: ["id"],
            columns: [
                "state", "reference", "reason", "settled", "stands_on", "first_transfer", "last_transfer", "refunded",
                "returned",
            ]),
        Table(
            name: "invoice", key: ["id"],
            columns: ["state", "paid", "payment", "credited", "settled", "first_transfer", "last_transfer"]),
        Table(name: "refund", key: ["id"], columns: ["state", "reference", "words", "settled"]),
    ]

    static let orgPolicy = Table(
        name: "org_policy", key: ["org"],
        columns: [
            "default_output_tokens", "capped_exposure_max", "allowed_models", "charge_expired_holds",
            "unpriced_records_max", "allow_training", "allow_usage_analytics", "allow_anonymized_reporting",
            "sign_in_issuer",
        ])

    /// The tables of people.
    static let people = [
        Table(
            name: "member", key: ["id"],
            columns: [
                "org", "role", "state", "name", "email", "added", "removed", "daily_limit", "monthly_limit",
                "authenticated", "active",
            ]),
        Table(name: "member_user", key: ["org", "user"], columns: ["member", "added"]),
        Table(name: "member_identity", key: ["issuer", "subject", "org"], columns: ["member", "added"]),
        Table(
            name: "invitation", key: ["id"],
            columns: ["org", "member", "state", "secret_hash", "created", "expires", "sent", "by"]),
    ]

    /// The tables that had seals when seals came, in their form of then: a migration goes by them.
    static let firstTables = [
        Table(name: "meta", key: ["name"], columns: ["value"]),
        Table(
            name: "org", key: ["id"],
            columns: ["name", "display_name", "country", "region", "state", "monthly_budget", "created", "closed"]),
        Table(name: "member", key: ["org", "user"], columns: ["added", "removed", "daily_limit", "monthly_limit"]),
        Table(name: "alert", key: ["org", "threshold"], columns: []),
        Table(name: "event", key: ["number"], columns: ["at", "kind", "org", "data"]),
        Table(name: "idempotency", key: ["route", "org", "key"], columns: ["body", "answer", "created"]),
        Table(name: "peer", key: ["id"], columns: ["uid", "pid"]),
        Table(name: "rate_card", key: ["id"], columns: ["source"]),
        // Of those with a transfer, the transfers say how they ended.
        Table(
            name: "hold", key: ["number"], columns: ["state", "closed", "settled_by"], condition: "transfer IS NULL"),
        // What an erasure leaves of a record is not what its digest is of.
        Table(
            name: "usage", key: ["sequence"],
            columns: [
                "id", "user", "model", "provider", "at", "at_given", "received", "tier", "hold", "tags", "billed_tier",
                "tier_fell_back", "lines", "peer",
            ], condition: "usage = ''", isSealedFromBirth: false, premise: "EXISTS(SELECT 1 FROM erasure)"),
        Table(
            name: "correction", key: ["number"],
            columns: ["reason", "actor", "raw", "billed_tier", "tier_fell_back"], condition: "lines = x''"),
        Table(name: "billing", key: ["org"], columns: ["change", "due", "members_max", "top_up_below"]),
        Table(
            name: "payment", key: ["id"],
            columns: ["state", "reference", "reason", "settled", "stands_on", "first_transfer", "last_transfer"]),
        Table(
            name: "invoice", key: ["id"],
            columns: ["state", "paid", "payment", "credited", "first_transfer", "last_transfer"]),
        Table(name: "id_segment", key: ["number"], columns: ["first_sequence", "last_sequence", "fences", "filter"]),
        Table(name: "id_page", key: ["id"], columns: ["entries"]),
        Table(name: "id_group", key: ["number"], columns: ["filter"]),
        Table(
            name: "hold_id_segment", key: ["number"], columns: ["first_sequence", "last_sequence", "fences", "filter"]),
        Table(name: "hold_id_page", key: ["id"], columns: ["entries"]),
        Table(name: "hold_id_group", key: ["number"], columns: ["filter"]),
    ]

    /// The digest of a member's windows, which every batch moves, stands in the row itself.
    static let memberWindows = "row_digest('member', id, day, day_spend, month, month_spend, last_used)"

    /// Makes `row_digest(…)` known to a connection: a SHA-256 over its arguments with their types.
    static func register(on connection: OpaquePointer?) {
        _ = sqlite3_create_function_v2(
            connection, "row_digest", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nil,
            { context, count, arguments in
                var bytes = RowBytes()
                for index in 0..<Int(count) { RowSeals.append(arguments?[index], to: &bytes) }
                bytes.digest.withUnsafeBytes {
                    // SQLITE_TRANSIENT: SQLite copies it.
                    let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
                    sqlite3_result_blob(context, $0.baseAddress, Int32($0.count), transient)
                }
            }, nil, nil, nil)
    }

    private static func append(_ value: OpaquePointer?, to bytes: inout RowBytes) {
        let type = sqlite3_value_type(value)
        bytes.append(Int64(type))
        switch type {
        case SQLITE_INTEGER: bytes.append(sqlite3_value_int64(value))
        case SQLITE_NULL: break
        default:
            let base = sqlite3_value_blob(value)
            bytes.append(Array(UnsafeRawBufferPointer(start: base, count: Int(sqlite3_value_bytes(value)))))
        }
    }

    /// Triggers of one connection, which keep the seals of what it changes.
    static let triggers: String =
        tables.map { table in
            let (old, new) = ("old.", "new.")
            let when = table.condition.map { " WHEN new.\($0)" } ?? ""
            let whenOld = table.condition.map { " WHEN old.\($0)" } ?? ""
            let remove = "DELETE FROM row_seal WHERE name = '\(table.name)' AND key = \(key(of: table, old));"
            let add =
                "INSERT INTO row_seal VALUES('\(table.name)', \(key(of: table, new)), \(digest(of: table, new)));"
            let birth =
                "CREATE TEMP TRIGGER seal_\(table.name)_in AFTER INSERT ON main.\(table.name)\(when) BEGIN \(add) END;"
            let columns = (table.key + table.columns).joined(separator: ", ")
            return """
                \(table.isSealedFromBirth ? birth : "")
                CREATE TEMP TRIGGER seal_\(table.name)_up AFTER UPDATE OF \(columns) ON main.\(table.name)\(when)
                    BEGIN \(remove) \(add) END;
                CREATE TEMP TRIGGER seal_\(table.name)_out AFTER DELETE ON main.\(table.name)\(whenOld) BEGIN \(remove) END;

                """
        }.joined()

    /// Seals what is in those tables.
    static func fill(_ tables: [Table]) -> String {
        tables.map { table in
            let condition = table.condition.map { " WHERE \($0)" } ?? ""
            return """
                INSERT INTO row_seal SELECT '\(table.name)', \(key(of: table, "")), \(digest(of: table, ""))
                FROM \(table.name)\(condition);

                """
        }.joined()
    }

    /// Seals members' windows.
    static let fillMemberWindows = "UPDATE member SET seal = \(memberWindows);"

    /// The same in the form of the first seals.
    static let fillFirstMemberWindows =
        "UPDATE member SET seal = row_digest('member', org, user, day, day_spend, month, month_spend);"

    static func key(of table: Table, _ prefix: String) -> String {
        "json_array(\(table.key.map { prefix + $0 }.joined(separator: ", ")))"
    }

    static func digest(of table: Table, _ prefix: String) -> String {
        let values = (table.key + table.columns).map { prefix + $0 }
        return "row_digest('\(table.name)', \(values.joined(separator: ", ")))"
    }
}
