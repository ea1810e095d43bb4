import Metering

/// The ledger in one SQLite file: one connection writes, each batch is one transaction.
///
/// WAL with `synchronous=FULL`: `COMMIT` returns after the log is fsynced. Balances, ids and cards are kept in memory
/// beside it; what a batch changes there is undone where its transaction is rolled back.
public struct SQLiteStore: LedgerStore {
    let connection: SQLiteConnection
    let statements: Statements
    let options: StoreOptions
    var accounts: Accounts
    var index: RequestIndex
    /// Every rate card, as committed.
    public internal(set) var book: RateBook
    var bookInBatch: RateBook
    var next: NextNumbers
    private var nextCommitted: NextNumbers

    /// The numbers that the next rows get. A batch that is rolled back gives its numbers back.
    struct NextNumbers {
        var usage: Int64
        var transfer: Int64
    }

    /// Opens the database that ``LedgerDatabase/prepare(in:)`` has made ready.
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
                PRAGMA wal_autocheckpoint = \(options.checkpointPages);
                PRAGMA journal_size_limit = \(options.checkpointPages * 4096 * 2);
                """)
            if let pages = options.pagesMax { try connection.execute("PRAGMA max_page_count = \(pages)") }
            statements = try Statements(connection)
            accounts = try Accounts(connection)
            let key = try connection.prepare("SELECT value FROM meta WHERE name = 'id_hash_key'")
            guard try key.step() else {
                throw SQLiteError(code: 11, extendedCode: 11, message: "the key of the id index is missing")
            }
            index = try RequestIndex(connection: connection, key: key.blob(0), sealAt: options.sealIdsAt)
            key.reset()
            book = try Self.loadBook(connection)
            bookInBatch = book
            next = NextNumbers(
                usage: try Self.maximum("usage", "sequence", connection) + 1,
                transfer: try Self.maximum("transfer", "id", connection) + 1)
            nextCommitted = next
            self.connection = connection
            self.options = options
        } catch {
            throw StorageFailure(description: "open the ledger: \(error)", isDamage: error.isDamage)
        }
    }

    /// Carries out a batch as one transaction; see ``LedgerStore/commit(_:)``.
    public mutating func commit(_ batch: [Mutation]) throws(StorageFailure) -> [Outcome] {
        let mark = index.mark
        do throws(SQLiteError) {
            try statements.begin.run()
            let now = options.clock()
            var outcomes: [Outcome] = []
            outcomes.reserveCapacity(batch.count)
            for mutation in batch { outcomes.append(try apply(mutation, now: now)) }
            try accounts.write(with: statements.updateAccount)
            let sealed = index.isFull ? try index.seal() : nil
            try statements.commit.run()
            accounts.didCommit()
            if let sealed { index.didSeal(sealed) }
            book = bookInBatch
            nextCommitted = next
            return outcomes
        } catch {
            guard error.isFull else { throw StorageFailure(description: "commit: \(error)") }
            try rollBack(to: mark)
            return batch.map { _ in .refused(.storageUnavailable) }
        }
    }

    /// Checkpoints and closes. The connection itself goes with the store.
    public mutating func close() throws(StorageFailure) {
        do throws(SQLiteError) {
            try connection.checkpointTruncating()
        } catch {
            // A reader that still looks at an old snapshot, or a full disk, keeps the log; the next start takes it in.
            guard error.code != 5, !error.isFull else { return }
            throw StorageFailure(description: "close: \(error)")
        }
    }

    private mutating func rollBack(to mark: RequestIndex.Mark) throws(StorageFailure) {
        if !connection.isAutocommit {
            do throws(SQLiteError) {
                try connection.execute("ROLLBACK")
            } catch {
                throw StorageFailure(description: "roll back: \(error)")
            }
        }
        accounts.rollBack()
        index.rollBack(to: mark)
        bookInBatch = book
        next = nextCommitted
    }

    private mutating func apply(_ mutation: Mutation, now: Timestamp) throws(SQLiteError) -> Outcome {
        switch mutation {
        case .usage(let record, let received): try charge(record, received: received, now: now)
        case .balance(let org): balance(org)
        case .find(let org, let id): try find(org: org, id: id)
        case .createOrg(let org, let key): try create(org, key, now: now)
        case .closeOrg(let name, let key): try close(name, key, now: now)
        case .grant(let grant, let key): try give(grant, key, now: now)
        case .recordCard(let card): try record(card, now: now)
        case .probe: .alive
        }
    }

    /// Moves money and writes the transfer; false, and nothing done, where a total would overflow.
    ///
    /// - Parameter org: the account of the two that is an org's.
    mutating func transfer(
        _ amount: Money, debit: Account, credit: Account, org: Account, code: TransferCode, reference: Int64,
        now: Timestamp
    ) throws(SQLiteError) -> Bool {
        guard accounts.move(amount.nanos, debit: debit, credit: credit) else { return false }
        let insert = statements.insertTransfer
        insert.bind(1, next.transfer)
        insert.bind(2, org.state.lastTransfer)
        insert.bind(3, debit.id)
        insert.bind(4, credit.id)
        insert.bind(5, amount.nanos)
        insert.bind(6, code.rawValue)
        insert.bind(7, reference)
        insert.bind(8, now.milliseconds)
        try insert.run()
        org.state.lastTransfer = next.transfer
        next.transfer += 1
        return true
    }

    static func unknownOrg(_ name: String) -> Outcome {
        .refused(Refusal(.unknownOrg, "there is no org '\(name)'; meterctl org create makes one"))
    }

    private func balance(_ name: String) -> Outcome {
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        return .balance(
            BalanceReply(org: name, state: org.state, balance: org.account.balance, available: org.available))
    }

    private static func maximum(
        _ table: String, _ column: String, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> Int64 {
        let statement = try connection.prepare("SELECT max(\(column)) FROM \(table)")
        defer { statement.reset() }
        return try statement.step() ? statement.int(0) : 0
    }
}

/// The statements that every batch uses, compiled once.
struct Statements {
    let begin: SQLiteStatement
    let commit: SQLiteStatement
    let insertUsage: SQLiteStatement
    let selectUsageKey: SQLiteStatement
    let selectUsage: SQLiteStatement
    let insertTransfer: SQLiteStatement
    let updateAccount: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        insertUsage = try connection.prepare(
            """
            INSERT INTO usage(sequence, previous, org, id, user, model, provider, at, at_given, received, tier, hold, usage, tags,
                billed_tier, tier_fell_back, status, cost, card, lines, balance, held)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        selectUsageKey = try connection.prepare("SELECT 1 FROM usage WHERE sequence = ? AND org = ? AND id = ?")
        selectUsage = try connection.prepare(
            """
            SELECT user, model, provider, at, at_given, tier, hold, usage, tags, status, cost, balance, held
            FROM usage WHERE sequence = ?
            """)
        insertTransfer = try connection.prepare("INSERT INTO transfer VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
        updateAccount = try connection.prepare(
            "UPDATE account SET debits = ?, credits = ?, last_usage = ?, last_transfer = ? WHERE id = ?")
    }
}
