import Metering

/// What a batch found in usage objects: members that nobody knows, and costs that differ from ours. Added up in memory, and
/// written once per batch.
struct Findings {
    struct Member: Hashable {
        var provider, name: String
    }

    struct Model: Hashable {
        var provider, model: String
    }

    struct Unread {
        var model: String
        var records, total, sample: Int64
        var org: String
    }

    struct Drift {
        var records, differing, ours, theirs, sample: Int64
    }

    /// Names that are kept apart per provider; all others of it are one.
    static let namesPerProviderMax = 1_000
    /// Names that are kept apart in all, since providers' names are input too.
    static let namesMax = 10_000
    /// Models whose costs are compared; further ones are one.
    static let modelsMax = 10_000

    private(set) var unread: [Member: Unread] = [:]
    private(set) var drift: [Model: Drift] = [:]
    private var known: [String: Set<String>] = [:]
    private var count = 0
    /// Names that this batch saw first.
    private(set) var fresh: Set<Member> = []

    init(known: [Member] = []) {
        for member in known { insert(member) }
    }

    var isEmpty: Bool { unread.isEmpty && drift.isEmpty }

    private mutating func insert(_ member: Member) {
        if known[member.provider, default: []].insert(member.name).inserted { count += 1 }
    }

    mutating func add(_ found: UnreadMember, provider: String, model: String, org: String, sequence: Int64) {
        var member = Member(provider: provider, name: found.name)
        if known[provider]?.contains(found.name) != true {
            if count >= Self.namesMax || known[provider]?.count ?? 0 >= Self.namesPerProviderMax {
                // A provider that is not known either is no name to be kept.
                member = Member(provider: known[provider] == nil ? "" : provider, name: "")
            } else {
                insert(member)
                fresh.insert(member)
            }
        }
        var entry = unread[member] ?? Unread(model: model, records: 0, total: 0, sample: sequence, org: org)
        entry.records += 1
        entry.total = min(1 << 60, entry.total + found.count)
        (entry.model, entry.sample) = (model, sequence)
        unread[member] = entry
    }

    mutating func compare(_ ours: Money, _ theirs: Money, differs: Bool, _ model: Model, sequence: Int64) {
        let key = drift.count < Self.modelsMax || drift[model] != nil ? model : Model(provider: "", model: "")
        var entry = drift[key] ?? Drift(records: 0, differing: 0, ours: 0, theirs: 0, sample: 0)
        entry.records += 1
        if differs {
            entry.differing += 1
            entry.ours += ours.nanos
            entry.theirs += theirs.nanos
            entry.sample = sequence
        }
        drift[key] = entry
    }

    mutating func didCommit() {
        unread.removeAll()
        drift.removeAll()
        fresh.removeAll()
    }

    mutating func rollBack() {
        for member in fresh where known[member.provider]?.remove(member.name) != nil { count -= 1 }
        didCommit()
    }
}

extension SQLiteStore {
    static func knownMembers(_ connection: SQLiteConnection) throws(SQLiteError) -> [Findings.Member] {
        let rows = try connection.prepare("SELECT provider, name FROM unread_member")
        var known: [Findings.Member] = []
        while try rows.step() {
            known.append(Findings.Member(provider: rows.text(0) ?? "", name: rows.text(1) ?? ""))
        }
        return known
    }

    /// Keeps what a record's usage object says that nobody reads, and how its reported cost compares with ours.
    mutating func noteFindings(of record: UsageRecord, _ price: Price?, at now: Timestamp) throws(SQLiteError) {
        let provider = record.provider ?? ""
        for member in record.reading.unread {
            findings.add(member, provider: provider, model: record.model, org: record.org, sequence: next.usage)
        }
        guard let theirs = record.reported?.amount, let price, !price.isReported, price.unpriced.isEmpty else { return }
        findings.compare(
            price.cost, theirs, differs: bookInBatch.costPolicies.differs(price.cost, theirs),
            Findings.Model(provider: provider, model: record.model), sequence: next.usage)
    }

    /// Writes what the batch found, and tells of every name that was never seen before.
    mutating func writeFindings(_ now: Timestamp) throws(SQLiteError) {
        guard !findings.isEmpty else { return }
        let upsert = try kept.statement(
            """
            INSERT INTO unread_member VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
            ON CONFLICT DO UPDATE SET model = ?3, records = records + ?4, total = min(total, 1 << 60) + ?5, last = ?6,
                sample = ?7
            """)
        for (member, found) in findings.unread {
            upsert.bind(1, member.provider)
            upsert.bind(2, member.name)
            upsert.bind(3, found.model)
            upsert.bind(4, found.records)
            upsert.bind(5, found.total)
            upsert.bind(6, now.milliseconds)
            upsert.bind(7, found.sample)
            try upsert.run()
            guard findings.fresh.contains(member) else { continue }
            try raise(
                .unreadMember, found.org, at: now,
                ["provider": member.provider, "member": member.name, "model": found.model])
        }
        try writeDrift(now)
    }

    private mutating func writeDrift(_ now: Timestamp) throws(SQLiteError) {
        guard !findings.drift.isEmpty else { return }
        let upsert = try kept.statement(
            """
            INSERT INTO cost_drift VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT DO UPDATE SET records = records + ?3, differing = differing + ?4,
                ours = min(ours, 1 << 61) + ?5, theirs = min(theirs, 1 << 61) + ?6, last = ?7,
                sample = CASE WHEN ?8 > 0 THEN ?8 ELSE sample END
            """)
        for (model, found) in findings.drift {
            upsert.bind(1, model.provider)
            upsert.bind(2, model.model)
            upsert.bind(3, found.records)
            upsert.bind(4, found.differing)
            upsert.bind(5, found.ours)
            upsert.bind(6, found.theirs)
            upsert.bind(7, now.milliseconds)
            upsert.bind(8, found.sample)
            try upsert.run()
        }
    }
}
