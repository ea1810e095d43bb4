import Metering

// Other names of orgs: recorded, never changed. They are resolved before the ledger is asked, where lines are read.
extension SQLiteStore {
    /// Gives an org another name, or takes one back.
    mutating func name(
        _ alias: String, _ org: String?, actor: String, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: "", { .orgAlias($0, isReplay: true) }) { return answered }
        if let refusal = refusal(of: alias, org) { return .refused(refusal) }
        let row = OrgAliasRow(
            id: next.orgAlias, alias: alias, org: org.flatMap { accounts.orgs[$0]?.id }, recorded: now.milliseconds,
            actor: actor)
        let insert = try kept.statement(
            "INSERT INTO org_alias(id, alias, org, recorded, actor) VALUES(?, ?, ?, ?, ?)")
        insert.bind(1, row.id)
        insert.bind(2, row.alias)
        insert.bind(3, row.org)
        insert.bind(4, row.recorded)
        insert.bind(5, row.actor)
        try insert.run()
        row.append(to: &chain.orgAliases)
        next.orgAlias += 1
        orgNames.set(alias, to: org)
        let view = OrgAliasView(alias: alias, org: org, recorded: now.description, actor: actor)
        try remember(view, under: key, org: "", now: now)
        return .orgAlias(view, isReplay: false)
    }

    private func refusal(of alias: String, _ org: String?) -> Refusal? {
        guard let org else {
            return orgNames[alias] == nil
                ? Refusal(.notFound, "no org has that other name; meterctl org alias list shows those there are") : nil
        }
        guard accounts.orgs[org] != nil else {
            return Refusal(.unknownOrg, "there is no org '\(org)'; meterctl org create makes one")
        }
        if accounts.orgs[alias] != nil {
            return Refusal(.idConflict, "'\(alias)' is an org itself, which another name can't hide")
        }
        if let other = orgNames[alias] {
            return Refusal(
                .idConflict, "that is another name of org '\(other)' already; meterctl org alias remove takes it back")
        }
        guard orgNames.count < LedgerLimits.orgAliasesMax else {
            return Refusal(.limitExceeded, "orgs have \(LedgerLimits.orgAliasesMax) other names, the most there may be")
        }
        return nil
    }

    /// Other names as they are on record.
    static func loadOrgNames(_ connection: SQLiteConnection) throws(SQLiteError) -> OrgNames {
        let rows = try connection.prepare(
            "SELECT alias, org.name FROM org_alias LEFT JOIN org ON org.id = org_alias.org ORDER BY org_alias.id")
        var names: [String: String] = [:]
        while try rows.step() {
            guard let alias = rows.text(0) else { continue }
            names[alias] = rows.text(1)
        }
        return OrgNames(names)
    }

    /// Orgs by their other names, as committed.
    public var orgsByOtherName: [String: String] { orgNames.all }
}
