import Metering

/// The ledger in one SQLite file: one connection writes, each batch is one transaction.
///
/// WAL with `synchronous=FULL`: `COMMIT` returns after the log is fsynced. Balances, holds, grants, ids and cards are kept
/// in memory beside it; what a batch changes there is undone where its transaction is rolled back.
public struct SQLiteStore: LedgerStore {
    let connection: SQLiteConnection
    private var checkpointer: Checkpointer
    private let file: FileIdentity?
    /// Bytes that the write-ahead log keeps on the disk. A sync after it became longer waits for the whole file system's journal, with
    /// what others have written to it.
    private static let logBytesKept = 64 << 20
    let statements: Statements
    /// Those that not every batch uses.
    let kept: KeptStatements
    let options: StoreOptions
    var accounts: Accounts
    var index: RequestIndex
    var holdIndex: RequestIndex
    var expirations: Expirations
    var chain: CommitChain
    /// Every rate card and alias, as committed.
    public internal(set) var book: RateBook
    var bookInBatch: RateBook
    var preparer = ChargePreparer()
    /// Orgs by their other names, with what the present batch changed.
    var orgNames: OrgNames
    /// What limits quarantine, and what is to be told of refusals, with what the present batch changed.
    var quarantine: QuarantineBooks
    /// How long the latest `COMMIT` took.
    public private(set) var lastSync = Duration.zero
    /// Whether the present batch changes the book.
    var isBookTouched = false
    /// Whether the present batch's time can't be believed.
    var isTimeInDoubt = false
    /// Whether this is the last commit.
    var isClosing = false
    var next: NextNumbers
    /// The unpriced record up to which the sweep has come; nil where there is nothing to look at.
    var sweptTo: Int64? = 0
    var events: [LedgerEvent] = []
    /// What the present batch found in usage objects.
    var findings = Findings()
    /// Whether the present batch brings billing something to do.
    var isBillingDue = false
    /// On whose behalf the present mutation is carried out; nil for the daemon's own.
    var asker: Asker?
    /// Numbers of peers.
    var peers: [Peer: Int64] = [:]
    /// The present batch's day and month.
    var window: Window
    /// The record up to which usage is added up by day.
    var rolledTo: Int64
    var lastRollUp: (at: ContinuousClock.Instant, took: Duration, newest: Int64)
    private var rolledToCommitted: Int64
    private var nextCommitted: NextNumbers
    private var sweptToCommitted: Int64? = 0
    /// Whether the disk was full at the last attempt to write.
    public private(set) var isFull = false

    /// The numbers that the next rows get. A batch that is rolled back gives its numbers back.
    struct NextNumbers {
        var usage, transfer, hold, grant, correction, erasure, org, card, alias, event, change, payment, invoice,
            note, quarantine, quarantineStep, orgAlias, refund, moneyReturn, audit, member, invitation: Int64

        /// The last row of each kind that the chain covers.
        var last: CommitChain.Last {
            CommitChain.Last(
                transfer: transfer - 1, usage: usage - 1, hold: hold - 1, grant: grant - 1, correction: correction - 1,
                erasure: erasure - 1, org: org - 1, card: card - 1, alias: alias - 1, change: change - 1,
                payment: payment - 1, invoice: invoice - 1, note: note - 1, quarantine: quarantine - 1,
                quarantineStep: quarantineStep - 1, orgAlias: orgAlias - 1, refund: refund - 1,
                moneyReturn: moneyReturn - 1, audit: audit - 1)
        }
    }

    /// Opens the database that ``LedgerDatabase`` has made ready. What is said to be damaged is read a second time: a disk that
    /// failed for a moment is no reason to restore a backup.
    public static func open(path: String, options: StoreOptions) throws(StorageFailure) -> SQLiteStore {
        do throws(StorageFailure) {
            return try SQLiteStore(path: path, options: options)
        } catch {
            guard error.isDamage else { throw error }
            guard DamageCheck.isReadable(path) else {
                throw StorageFailure(description: "\(path) can't be read; look at the disk (journalctl -k): \(error)")
            }
            return try SQLiteStore(path: path, options: options)
        }
    }

    /// Opens the database, as ``open(path:options:)`` does, once.
    public init(path: String, options: StoreOptions) throws(StorageFailure) {
        do throws(SQLiteError) {
            let connection = try SQLiteConnection(path: path)
            try connection.execute(
                """
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA temp_store = MEMORY;
                PRAGMA recursive_triggers = ON;
                PRAGMA foreign_keys = ON;
                PRAGMA cache_size = -\(options.cacheKiB);
                PRAGMA journal_size_limit = \(max(Self.logBytesKept, options.checkpointPages * 4096 * 2));
                """)
            connection.checkpointByHand()
            try connection.keepSeals()
            if let pages = options.pagesMax { try connection.execute("PRAGMA max_page_count = \(pages)") }
            statements = try Statements(connection)
            kept = KeptStatements(connection)
            (accounts, expirations) = try StateLoader.load(connection, now: options.clock())
            let key = try connection.prepare("SELECT value FROM meta WHERE name = 'id_hash_key'")
            guard try key.step() else { throw SQLiteError.damaged("the key of the id index is missing") }
            index = try RequestIndex(.usage, connection: connection, key: key.blob(0), sealAt: options.sealIdsAt)
            holdIndex = try RequestIndex(.holds, connection: connection, key: key.blob(0), sealAt: options.sealIdsAt)
            key.reset()
            book = try Self.loadBook(connection, path: path, now: options.clock()).with(options.costPolicies)
            findings = Findings(known: try Self.knownMembers(connection))
            bookInBatch = book
            chain = CommitChain(newest: try StateLoader.newestCommit(connection))
            next = NextNumbers(
                usage: try Self.maximum("usage", "sequence", connection) + 1,
                transfer: try Self.maximum("transfer", "id", connection) + 1,
                hold: try Self.maximum("hold", "number", connection) + 1,
                grant: try Self.maximum("credit_grant", "id", connection) + 1,
                correction: try Self.maximum("correction", "number", connection) + 1,
                erasure: try Self.maximum("erasure", "number", connection) + 1,
                org: try Self.maximum("org", "id", connection) + 1,
                card: try Self.maximum("rate_card", "id", connection) + 1,
                alias: try Self.maximum("rate_alias", "id", connection) + 1,
                event: try Self.maximum("event", "number", connection) + 1,
                change: try Self.maximum("billing_change", "number", connection) + 1,
                payment: try Self.maximum("payment", "id", connection) + 1,
                invoice: try Self.maximum("invoice", "id", connection) + 1,
                note: try Self.maximum("invoice_note", "number", connection) + 1,
                quarantine: try Self.maximum("quarantine", "number", connection) + 1,
                quarantineStep: try Self.maximum("quarantine_step", "number", connection) + 1,
                orgAlias: try Self.maximum("org_alias", "id", connection) + 1,
                refund: try Self.maximum("refund", "id", connection) + 1,
                moneyReturn: try Self.maximum("payment_return", "id", connection) + 1,
                audit: try Self.maximum("audit", "number", connection) + 1,
                member: try Self.lastMember(connection) + 1,
                invitation: try Self.maximum("invitation", "id", connection) + 1)
            orgNames = try Self.loadOrgNames(connection)
            quarantine = try QuarantineBooks(connection)
            nextCommitted = next
            rolledTo = try Self.maximum("usage_rollup", "through", connection)
            rolledToCommitted = rolledTo
            window = Window(options.clock())
            lastRollUp = (options.stopwatch(), .zero, 0)
            self.connection = connection
            self.options = options
            checkpointer = Checkpointer(options)
            file = FileIdentity(of: path)
            guard next.last == chain.newest.last else {
                throw SQLiteError.damaged("the newest commit of the chain does not cover the newest rows")
            }
        } catch {
            throw StorageFailure(description: "open the ledger: \(error)", isDamage: error.isDamage)
        }
    }

    /// Carries out a batch as one transaction; see ``LedgerStore/commit(lots:)``.
    public mutating func commit(lots: [[Mutation]]) throws(StorageFailure) -> [[Outcome]] {
        let marks = (index.mark, holdIndex.mark)
        let outcomes: [[Outcome]]
        do throws(SQLiteError) {
            outcomes = try carryOut(lots)
        } catch {
            guard error.isFull else { throw StorageFailure(description: "commit: \(error)") }
            isFull = true
            try rollBack(to: marks)
            return lots.map { $0.map { $0.outcomeOnAFullDisk } }
        }
        try file?.check()
        // A transaction that wrote nothing says nothing of the disk.
        if connection.didWriteLog { isFull = false }
        try checkpointer.run(connection)
        return outcomes
    }

    private mutating func carryOut(_ lots: [[Mutation]]) throws(SQLiteError) -> [[Outcome]] {
        try statements.begin.run()
        let now = options.clock()
        window = Window(now)
        isTimeInDoubt = options.isTimeInDoubt()
        try expireDue(now)
        try tendQuarantine(now)
        var outcomes: [[Outcome]] = []
        outcomes.reserveCapacity(lots.count)
        let mutations = lots.reduce(0) { $0 + $1.count }
        for lot in lots { outcomes.append(try apply(lot, now)) }
        try sweep(now)
        try rollUp(beside: mutations)
        try write(now)
        // Nothing may be asked for as long as the disk is full: whether there is room is found out by writing.
        if isFull, lots.isEmpty { try writeSomething() }
        kept.reset()
        try index.seal(beside: mutations)
        try holdIndex.seal(beside: mutations)
        let start = options.stopwatch()
        connection.forgetLog()
        try statements.commit.run()
        connection.noteLog()
        lastSync = options.stopwatch() - start
        index.didCommit()
        holdIndex.didCommit()
        didCommit()
        return outcomes
    }

    private mutating func apply(_ lot: [Mutation], _ now: Timestamp) throws(SQLiteError) -> [Outcome] {
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(lot.count)
        var rest = lot[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.warmedAtOnce)
            rest = rest.dropFirst(some.count)
            let keys = Self.keys(of: some, accounts.orgs, index)
            index.warm(keys)
            for (mutation, key) in zip(some, keys) { outcomes.append(try apply(mutation, key, now: now)) }
        }
        return outcomes
    }

    /// How long until a hold or a grant expires, or there are unpriced records to look at.
    public var timeToOwnWork: Duration? {
        if isFull { return .seconds(1) }
        if sweptTo != nil { return .zero }
        let roll = timeToRollUp
        let expiry: Duration? = expirations.earliest.map {
            let rest = Duration.milliseconds(max(0, $0.milliseconds - options.clock().milliseconds))
            // What would expire waits until the time can be believed.
            return isTimeInDoubt ? max(rest, .seconds(1)) : rest
        }
        return [roll, expiry, timeToTendQuarantine].compactMap { $0 }.min()
    }

    /// Checkpoints and closes. The connection itself goes with the store.
    public mutating func close() throws(StorageFailure) {
        try tellTheRest()
        options.copies.close()
        do throws(SQLiteError) {
            try connection.checkpointTruncating()
        } catch {
            // A reader that still looks at an old snapshot, or a full disk, keeps the log; the next start takes it in.
            guard error.code != 5, !error.isFull else { return }
            throw StorageFailure(description: "close: \(error)")
        }
    }

    private mutating func didCommit() {
        accounts.didCommit()
        expirations.didCommit()
        chain.didCommit()
        if isBookTouched {
            bookInBatch = bookInBatch.settled()
            book = bookInBatch
            isBookTouched = false
            options.onBook(book)
        }
        orgNames.didCommit(options.onOrgNames)
        quarantine.didCommit()
        nextCommitted = next
        sweptToCommitted = sweptTo
        rolledToCommitted = rolledTo
        findings.didCommit()
        if !events.isEmpty {
            options.onEvents(events)
            events.removeAll()
        }
        if isBillingDue {
            isBillingDue = false
            options.onBillingDue()
        }
    }

    private mutating func rollBack(
        to marks: (RequestIndex.Mark, RequestIndex.Mark)
    ) throws(StorageFailure) {
        kept.reset()
        if !connection.isAutocommit {
            do throws(SQLiteError) {
                try connection.execute("ROLLBACK")
            } catch {
                throw StorageFailure(description: "roll back: \(error)")
            }
        }
        accounts.rollBack()
        expirations.rollBack()
        chain.rollBack()
        index.rollBack(to: marks.0)
        holdIndex.rollBack(to: marks.1)
        bookInBatch = book
        isBookTouched = false
        orgNames.rollBack()
        quarantine.rollBack()
        next = nextCommitted
        sweptTo = sweptToCommitted
        rolledTo = rolledToCommitted
        events.removeAll()
        findings.rollBack()
        isBillingDue = false
        peers.removeAll()
    }

    /// Records whose look-ups are brought into the processor's caches together: few enough that the first are still there
    /// when their turn comes.
    private static let warmedAtOnce = 64

    /// Writes what the batch changed in memory: alerts, accounts, members, and the link of the chain.
    private mutating func write(_ now: Timestamp) throws(SQLiteError) {
        try raiseAlerts(now)
        try writeRepeats()
        try callForTopUps(now)
        try writeFindings(now)
        let update = statements.updateAccount
        for account in accounts.touched {
            let state = account.state
            let (debits, debitsHigh) = account.columns(state.debits)
            let (credits, creditsHigh) = account.columns(state.credits)
            update.bind(1, debits)
            update.bind(2, credits)
            update.bind(3, debitsHigh)
            update.bind(4, creditsHigh)
            update.bind(5, state.pending)
            update.bind(6, state.frontGrant)
            update.bind(7, state.frontRemaining)
            update.bind(8, state.month)
            update.bind(9, state.monthSpend)
            update.bind(10, state.lastUsage)
            update.bind(11, state.lastTransfer)
            update.bind(12, account.id)
            try update.run()
        }
        let updateMember = statements.updateMember
        for member in accounts.touchedMembers {
            updateMember.bind(1, member.state.day)
            updateMember.bind(2, member.state.daySpend)
            updateMember.bind(3, member.state.month)
            updateMember.bind(4, member.state.monthSpend)
            updateMember.bind(5, member.state.lastUsed)
            updateMember.bind(6, member.id)
            try updateMember.run()
        }
        guard let link = chain.seal(at: now, last: next.last) else { return }
        let insert = statements.insertCommit
        for (position, value) in ([link.number, link.at] + link.last.numbers).enumerated() {
            insert.bind(Int32(position) + 1, value)
        }
        insert.bind(Int32(link.last.numbers.count) + 3, blob: link.digest)
        try insert.run()
    }
}
