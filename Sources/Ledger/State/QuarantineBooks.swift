import Metering

/// What limits quarantine, and what is to be told of refusals, in memory: with what the present batch changed.
///
/// Minutes are those of the commits' clock. What was counted of the present minute and hour is not durable: after a restart
/// limits begin anew, and the hour's events count from the start on.
struct QuarantineBooks {
    /// What one org or one sender had kept in the present minute.
    private struct Use {
        var rows: Int64 = 0
        var bytes: Int64 = 0
    }

    private struct State {
        var minute: Int64 = 0
        /// By org; 0 for lines that name none that there is.
        var byOrg: [Int64: Use] = [:]
        var bySender: [String: Use] = [:]
        /// Bytes of all lines that are kept, with ``QuarantineLimits/rowBytes`` for each.
        var bytes: Int64 = 0
        /// The oldest line whose text is kept.
        var oldest: (number: Int64, received: Int64)?
        /// Equal lines of lines that are kept, in the present batch.
        var repeats: [Int64: (count: Int64, latest: Int64)] = [:]
        var tally = RefusalTally()
    }

    private var state = State()
    private var committed = State()
    private var isTouched = false

    /// Senders that are counted apart in a minute; the others share one count.
    private static let sendersMax = 10_000
    private static let otherSenders = ""

    /// What is on record.
    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        let sum = try connection.prepare(
            """
            SELECT coalesce(sum(length), 0), count(*) FROM quarantine INDEXED BY quarantine_detail
            WHERE line_hash IS NOT NULL
            """)
        if try sum.step() { state.bytes = sum.int(0) + sum.int(1) * QuarantineLimits.rowBytes }
        let oldest = try connection.prepare(
            """
            SELECT number, received FROM quarantine INDEXED BY quarantine_detail WHERE line_hash IS NOT NULL
            ORDER BY number LIMIT 1
            """)
        if try oldest.step() { state.oldest = (oldest.int(0), oldest.int(1)) }
        committed = state
    }

    private mutating func touch() {
        isTouched = true
    }

    mutating func didCommit() {
        guard isTouched else { return }
        isTouched = false
        state.repeats.removeAll()
        committed = state
    }

    mutating func rollBack() {
        guard isTouched else { return }
        isTouched = false
        state = committed
    }

    // MARK: Limits

    /// Counts a line that is to be kept; false, and nothing counted, if that is more than there may be.
    mutating func admit(
        _ bytes: Int64, org: Int64?, sender: String, _ limits: QuarantineLimits, now: Timestamp
    ) -> Bool {
        touch()
        let minute = now.milliseconds / 60_000
        if minute != state.minute {
            state.minute = minute
            state.byOrg.removeAll()
            state.bySender.removeAll()
        }
        let total = state.bytes + bytes + QuarantineLimits.rowBytes
        let isKnown = state.bySender[sender] != nil
        let sender = isKnown || state.bySender.count < Self.sendersMax ? sender : Self.otherSenders
        var ofOrg = state.byOrg[org ?? 0] ?? Use()
        var ofSender = state.bySender[sender] ?? Use()
        for use in [ofOrg, ofSender] {
            guard use.rows < limits.rowsPerMinute, use.bytes + bytes <= limits.bytesPerMinute else { return false }
        }
        guard total <= limits.bytesMax else { return false }
        ofOrg.rows += 1
        ofOrg.bytes += bytes
        ofSender.rows += 1
        ofSender.bytes += bytes
        state.byOrg[org ?? 0] = ofOrg
        state.bySender[sender] = ofSender
        state.bytes = total
        return true
    }

    mutating func didKeep(_ number: Int64, received: Timestamp) {
        touch()
        if state.oldest == nil { state.oldest = (number, received.milliseconds) }
    }

    /// Counts an equal line.
    mutating func didRepeat(_ number: Int64, at now: Timestamp) {
        touch()
        state.repeats[number, default: (0, 0)].count += 1
        state.repeats[number]?.latest = now.milliseconds
    }

    /// Equal lines that the present batch brought, by what they are equal to.
    var repeats: [Int64: (count: Int64, latest: Int64)] { state.repeats }

    // MARK: Retention

    /// When the oldest text is due to be erased; nil if there is none.
    func erasureDue(_ limits: QuarantineLimits) -> Timestamp? {
        state.oldest.map { Timestamp(milliseconds: $0.received).advanced(bySeconds: limits.retentionSeconds) }
    }

    /// Counts a line whose text is erased.
    mutating func didErase(_ bytes: Int64) {
        touch()
        state.bytes -= bytes + QuarantineLimits.rowBytes
    }

    mutating func setOldest(_ oldest: (number: Int64, received: Int64)?) {
        touch()
        state.oldest = oldest
    }

    // MARK: What is told

    var tally: RefusalTally { state.tally }

    mutating func count(_ count: (inout RefusalTally) -> Void) {
        touch()
        count(&state.tally)
    }
}

/// What is to be told of refusals at the end of an hour, by org.
struct RefusalTally {
    /// Lines that were kept, of one org.
    struct Kept {
        var byCode: [Refusal.Code: Int64] = [:]
        var repeats: Int64 = 0
    }

    /// When counting began; nil while there is nothing to tell.
    private(set) var since: Timestamp?
    /// By org's name, "" for lines that name none that there is.
    private(set) var kept: [String: Kept] = [:]
    /// By org's name and user, "" for nobody and ``others`` for the users beyond the limit.
    private(set) var conflicts: [String: [String: Int64]] = [:]

    /// Users of an org that are counted apart.
    static let usersMax = 20
    /// No user's name: they hold no NUL.
    static let others = "\u{0}"

    var isEmpty: Bool { since == nil }

    /// The end of the hour in which counting began.
    var due: Timestamp? {
        since.map { Timestamp(milliseconds: ($0.milliseconds / 3_600_000 + 1) * 3_600_000) }
    }

    mutating func addKept(_ code: Refusal.Code, org: String, now: Timestamp) {
        since = since ?? now
        kept[org, default: Kept()].byCode[code, default: 0] += 1
    }

    mutating func addRepeat(org: String, now: Timestamp) {
        since = since ?? now
        kept[org, default: Kept()].repeats += 1
    }

    mutating func addConflict(org: String, user: String?, now: Timestamp) {
        since = since ?? now
        var users = conflicts[org] ?? [:]
        let user = user ?? ""
        let isCounted = users[user] != nil || users.count < Self.usersMax
        users[isCounted ? user : Self.others, default: 0] += 1
        conflicts[org] = users
    }
}
