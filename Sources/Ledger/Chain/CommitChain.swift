import Metering

/// The chain of commits: each has one digest over its rows and the digest before, so that no row can be changed, removed
/// or put in afterwards without all later digests being made anew. Once a batch, not once a row.
struct CommitChain {
    /// A commit's place in the chain.
    struct Link: Equatable {
        var number: Int64 = 0
        var at: Int64 = 0
        var last = Last()
        var digest: [UInt8] = Array(repeating: 0, count: 32)
    }

    /// The last row of each kind that a commit covers. Rows are numbered from 1 without gaps.
    struct Last: Equatable {
        var transfer: Int64 = 0
        var usage: Int64 = 0
        var hold: Int64 = 0
        var grant: Int64 = 0
        var correction: Int64 = 0
        var erasure: Int64 = 0
        var org: Int64 = 0
        var card: Int64 = 0
        var alias: Int64 = 0
        var change: Int64 = 0
        var payment: Int64 = 0
        var invoice: Int64 = 0
        var note: Int64 = 0
        var quarantine: Int64 = 0
        var quarantineStep: Int64 = 0
        var orgAlias: Int64 = 0
        var refund: Int64 = 0
        var moneyReturn: Int64 = 0
        var audit: Int64 = 0

        /// All of them, in the order in which a digest has them.
        var numbers: [Int64] {
            [
                transfer, usage, hold, grant, correction, erasure, org, card, alias, change, payment, invoice, note,
                quarantine, quarantineStep, orgAlias, refund, moneyReturn, audit,
            ]
        }

        /// How many of them, in that order, a digest has: kinds that came later are left out before their first row.
        var count: Int {
            if audit != 0 { return 19 }
            if refund != 0 || moneyReturn != 0 { return 18 }
            if quarantine != 0 || quarantineStep != 0 || orgAlias != 0 { return 16 }
            if change != 0 || payment != 0 || invoice != 0 || note != 0 { return 13 }
            return alias != 0 ? 9 : 8
        }
    }

    /// The newest commit that is durable.
    private(set) var newest: Link
    private var pending: Link?

    // The rows of the present batch, by kind: verification reads them table by table.
    var transfers = RowBytes()
    var usage = RowBytes()
    var holds = RowBytes()
    var grants = RowBytes()
    var corrections = RowBytes()
    var erasures = RowBytes()
    var orgs = RowBytes()
    var cards = RowBytes()
    var aliases = RowBytes()
    var changes = RowBytes()
    var payments = RowBytes()
    var invoices = RowBytes()
    var notes = RowBytes()
    var quarantines = RowBytes()
    var quarantineSteps = RowBytes()
    var orgAliases = RowBytes()
    var refunds = RowBytes()
    var returns = RowBytes()
    var audits = RowBytes()
    // For digests of single rows.
    private var scratch = RowBytes()

    init(newest: Link) {
        self.newest = newest
    }

    /// The digest of a row's detail.
    mutating func digest(_ write: (inout RowBytes) -> Void) -> [UInt8] {
        scratch.removeAll()
        write(&scratch)
        return scratch.digest
    }

    /// Ends the batch's rows with a link, to be written in the same transaction; nil where there are none.
    mutating func seal(at now: Timestamp, last: Last) -> Link? {
        guard last != newest.last else { return nil }
        var link = Link(number: newest.number + 1, at: now.milliseconds, last: last)
        link.digest = Self.digest(
            of: link, after: newest.digest,
            rows: [
                transfers, usage, holds, grants, corrections, erasures, orgs, cards, aliases, changes, payments,
                invoices, notes, quarantines, quarantineSteps, orgAliases, refunds, returns, audits,
            ])
        pending = link
        return link
    }

    /// The digest of a commit with those rows, by kind.
    static func digest(of link: Link, after previous: [UInt8], rows: [RowBytes]) -> [UInt8] {
        let count = link.last.count
        var header = RowBytes()
        header.append("meterd commit \(version(count))")
        header.append(raw: previous)
        header.append(link.number)
        header.append(link.at)
        for kind in rows.prefix(count) { header.append(raw: kind.isEmpty ? [] : kind.digest) }
        for number in link.last.numbers.prefix(count) { header.append(number) }
        return header.digest
    }

    /// The version of a digest over so many kinds.
    private static func version(_ count: Int) -> Int {
        switch count {
        case 8: 1
        case 9: 2
        case 13: 3
        case 16: 4
        case 18: 5
        default: 6
        }
    }

    mutating func didCommit() {
        if let pending { newest = pending }
        forget()
    }

    mutating func rollBack() {
        forget()
    }

    private mutating func forget() {
        pending = nil
        transfers.removeAll()
        usage.removeAll()
        holds.removeAll()
        grants.removeAll()
        corrections.removeAll()
        erasures.removeAll()
        orgs.removeAll()
        cards.removeAll()
        aliases.removeAll()
        changes.removeAll()
        payments.removeAll()
        invoices.removeAll()
        notes.removeAll()
        quarantines.removeAll()
        quarantineSteps.removeAll()
        orgAliases.removeAll()
        refunds.removeAll()
        returns.removeAll()
        audits.removeAll()
    }
}
