import Crypto
import Metering

/// The rows of the chain that are about refused usage and about orgs' other names.
struct RefusedRows {
    let lines, steps, aliases: SQLiteStatement
    /// The line up to which text may be gone, and single lines whose text may be.
    private let erasedThrough: Int64
    private let erased: Set<Int64>

    var statements: [SQLiteStatement] { [lines, steps, aliases] }

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        lines = try connection.prepare(
            """
            SELECT number, received, org, code, length, digest, named, quarantine.id, user, message, line, uid, pid,
                sender, line_hash
            FROM quarantine LEFT JOIN peer ON peer.id = quarantine.peer ORDER BY number
            """)
        steps = try connection.prepare(
            """
            SELECT number, quarantine, kind, at, usage, new_at, new_id, actor FROM quarantine_step ORDER BY number
            """)
        aliases = try connection.prepare("SELECT id, alias, org, recorded, actor FROM org_alias ORDER BY id")
        var through: Int64 = 0
        var single: Set<Int64> = []
        let erasures = try connection.prepare("SELECT kind, quarantine FROM quarantine_step WHERE kind IN (?, ?)")
        erasures.bind(1, QuarantineStep.erasedThrough.rawValue)
        erasures.bind(2, QuarantineStep.erased.rawValue)
        while try erasures.step() {
            if erasures.int(0) == QuarantineStep.erased.rawValue {
                single.insert(erasures.int(1))
            } else {
                through = max(through, erasures.int(1))
            }
        }
        (erasedThrough, erased) = (through, single)
    }

    /// Appends the line that is next, and its detail to `scratch`; gives the digest that the detail must have, nil if it may be
    /// erased and is.
    func appendLine(to bytes: inout RowBytes, _ scratch: inout RowBytes) -> [UInt8]? {
        let row = QuarantineRow(
            number: lines.int(0), received: lines.int(1), org: lines.optionalInt(2), code: lines.text(3) ?? "",
            length: lines.int(4), digest: lines.blob(5))
        row.append(to: &bytes)
        let isGone = lines.isNull(10) && lines.isNull(14)
        if isGone, row.number <= erasedThrough || erased.contains(row.number) { return nil }
        let line = lines.optionalBlob(10) ?? []
        QuarantineDetail(
            named: lines.text(6), id: lines.text(7), user: lines.text(8), message: lines.text(9) ?? "", line: line,
            peer: lines.optionalInt(11).map {
                Peer(
                    uid: UInt32(truncatingIfNeeded: $0), pid: Int32(truncatingIfNeeded: lines.int(12)),
                    sender: lines.text(13))
            }
        ).append(to: &scratch)
        return row.digest
    }

    func appendStep(to bytes: inout RowBytes) {
        QuarantineStepRow(
            number: steps.int(0), quarantine: steps.int(1), kind: steps.int(2), at: steps.int(3),
            usage: steps.optionalInt(4), newAt: steps.optionalInt(5), newID: steps.text(6), actor: steps.text(7) ?? ""
        ).append(to: &bytes)
    }

    func appendAlias(to bytes: inout RowBytes) {
        OrgAliasRow(
            id: aliases.int(0), alias: aliases.text(1) ?? "", org: aliases.optionalInt(2), recorded: aliases.int(3),
            actor: aliases.text(4) ?? ""
        ).append(to: &bytes)
    }
}

extension Verifier {
    /// Compares what each quarantined line says of itself with the decisions about it, and each decision with what it made.
    mutating func compareQuarantine() throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT number, state, step, line_hash, line, length,
                (SELECT max(quarantine_step.number) FROM quarantine_step
                    WHERE quarantine_step.quarantine = quarantine.number AND kind IN (1, 2)),
                (SELECT count(*) FROM quarantine_step
                    WHERE quarantine_step.quarantine = quarantine.number AND kind IN (1, 2)),
                (SELECT kind FROM quarantine_step WHERE quarantine_step.number = step)
            FROM quarantine ORDER BY number
            """)
        while try rows.step() {
            let number = rows.int(0)
            report.quarantined += 1
            if number != report.quarantined {
                report.add("quarantined line \(number) stands where \(report.quarantined) is due: one is missing")
                report.quarantined = number
            }
            let isGone = rows.isNull(4)
            let state = QuarantineState(rawValue: rows.int(1))
            let isDecided: Bool
            switch state {
            case .kept: isDecided = rows.int(2) == 0 && rows.isNull(6) && !isGone
            case .expired: isDecided = rows.int(2) == 0 && rows.isNull(6) && isGone
            case .taken: isDecided = rows.int(8) == QuarantineStep.taken.rawValue
            case .discarded: isDecided = rows.int(8) == QuarantineStep.discarded.rawValue
            case nil: isDecided = false
            }
            if !isDecided || rows.int(2) != rows.optionalInt(6) ?? 0 || rows.int(7) > 1 {
                report.add("quarantined line \(number): its state is not what was decided about it")
            }
            let line = rows.optionalBlob(4)
            if let line, Int64(line.count) != rows.int(5) || Array(SHA256.hash(data: line)) != rows.blob(3) {
                report.add("quarantined line \(number): its length or its hash is another line's")
            }
        }
        let taken = try connection.prepare(
            """
            SELECT quarantine_step.number FROM quarantine_step LEFT JOIN usage ON usage.sequence = quarantine_step.usage
            WHERE (kind = 1) <> (usage.sequence IS NOT NULL) OR kind NOT IN (1, 2, 3, 4)
            """)
        while try taken.step() {
            report.add("decision \(taken.int(0)) about a quarantined line names a usage record that is not there")
        }
    }
}
