/// What a verification found.
public struct VerificationReport: Codable, Sendable, Hashable {
    /// Whether everything agrees.
    public var ok: Bool { problems.isEmpty }
    /// What doesn't, at most ``problemsMax`` of them.
    public var problems: [String] = []
    /// Transfers that were added up.
    public var transfers: Int64 = 0
    /// Accounts whose totals were compared.
    public var accounts: Int64 = 0
    /// Usage records whose charge was compared with its line items and its transfer.
    public var records: Int64 = 0
    /// Records of those whose detail was erased: their money and their digest were compared.
    public var erased: Int64 = 0
    /// Corrections that were compared with their transfers.
    public var corrections: Int64 = 0
    /// Grants whose remainder was compared.
    public var grants: Int64 = 0
    /// Holds that were compared with their transfers.
    public var holds: Int64 = 0
    /// Payments that were compared with their transfers.
    public var payments: Int64 = 0
    /// Invoices and credit notes that were compared with their transfers.
    public var invoices: Int64 = 0
    /// Sums of usage by day that were made anew.
    public var sums: Int64 = 0
    /// Rows beside the books (orgs, members, events, kept answers, settlements, ids) that were compared with their seals.
    public var sealed: Int64 = 0
    /// Lines of refused usage that were compared with the decisions about them.
    public var quarantined: Int64 = 0
    /// Commits whose digest was made anew.
    public var commits: Int64 = 0

    /// Problems that are named; there may be more.
    public static let problemsMax = 100

    mutating func add(_ problem: String) {
        if problems.count < Self.problemsMax { problems.append(problem) }
    }

    private enum CodingKeys: String, CodingKey {
        case ok, problems, transfers, accounts, records, erased, corrections, grants, holds, payments, invoices, sums,
            sealed, quarantined, commits
    }

    /// Nothing looked at yet.
    init() {}

    /// Reads what ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        problems = try values.decode([String].self, forKey: .problems)
        transfers = try values.decode(Int64.self, forKey: .transfers)
        accounts = try values.decode(Int64.self, forKey: .accounts)
        records = try values.decode(Int64.self, forKey: .records)
        erased = try values.decode(Int64.self, forKey: .erased)
        corrections = try values.decode(Int64.self, forKey: .corrections)
        grants = try values.decode(Int64.self, forKey: .grants)
        holds = try values.decode(Int64.self, forKey: .holds)
        payments = try values.decode(Int64.self, forKey: .payments)
        invoices = try values.decode(Int64.self, forKey: .invoices)
        sums = try values.decode(Int64.self, forKey: .sums)
        sealed = try values.decodeIfPresent(Int64.self, forKey: .sealed) ?? 0
        quarantined = try values.decodeIfPresent(Int64.self, forKey: .quarantined) ?? 0
        commits = try values.decode(Int64.self, forKey: .commits)
    }

    /// Writes the verdict with the counts.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(ok, forKey: .ok)
        try values.encode(problems, forKey: .problems)
        try values.encode(transfers, forKey: .transfers)
        try values.encode(accounts, forKey: .accounts)
        try values.encode(records, forKey: .records)
        try values.encode(erased, forKey: .erased)
        try values.encode(corrections, forKey: .corrections)
        try values.encode(grants, forKey: .grants)
        try values.encode(holds, forKey: .holds)
        try values.encode(payments, forKey: .payments)
        try values.encode(invoices, forKey: .invoices)
        try values.encode(sums, forKey: .sums)
        try values.encode(sealed, forKey: .sealed)
        try values.encode(quarantined, forKey: .quarantined)
        try values.encode(commits, forKey: .commits)
    }
}
