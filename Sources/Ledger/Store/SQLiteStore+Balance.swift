import Metering

// What is left of an org's credits, and what the other files share.
extension SQLiteStore {
    static func unknownOrg(_ name: String) -> Outcome {
        .refused(
            Refusal(
                .unknownOrg,
                "there is no org '\(name)'; meterctl org create makes one, meterctl org alias gives one another name"))
    }

    mutating func balance(_ name: String, now: Timestamp) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        try expireGrants(of: org, now)
        return .balance(
            BalanceReply(
                org: name, state: org.state, balance: org.account.balance, available: org.account.available))
    }

    static func maximum(
        _ table: String, _ column: String, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> Int64 {
        let statement = try connection.prepare("SELECT max(\(column)) FROM \(table)")
        defer { statement.reset() }
        return try statement.step() ? statement.int(0) : 0
    }
}
