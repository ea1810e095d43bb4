import CSQLiteSetup
import GRDBSQLite
import Metering

/// What SQLite said when it could not do what it was asked.
public struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// The primary result code.
    public let code: Int32
    /// The extended result code. See <https://www.sqlite.org/rescode.html>.
    public let extendedCode: Int32
    /// SQLite's own words and what was being done; no user data.
    public let message: String

    /// True where the file is damaged or no database.
    public var isDamage: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB }

    /// True where the disk is full and nothing else is wrong.
    public var isFull: Bool { code == SQLITE_FULL }

    /// What is in the file can't be: a row that has to be there is not, or says what was never written.
    static func damaged(_ message: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, extendedCode: SQLITE_CORRUPT, message: message)
    }

    /// A card that the ledger needs can't be had.
    init(_ unavailable: RateCardUnavailable) {
        let code = unavailable.isDamage ? SQLITE_CORRUPT : SQLITE_IOERR
        self.init(code: code, extendedCode: code, message: unavailable.description)
    }

    init(code: Int32, extendedCode: Int32, message: String) {
        self.code = code
        self.extendedCode = extendedCode
        self.message = message
    }

    /// The operation, SQLite's words and the code.
    public var description: String { "\(message) (SQLite code \(extendedCode))" }
}

/// One connection through SQLite's C interface, for the writer's hot statements; off that path GRDB is used.
///
/// It belongs to one thread at a time and is not `Sendable`: whoever owns it hands it over whole.
final class SQLiteConnection {
    private var handle: OpaquePointer?
    private let isBorrowed: Bool
    /// Where SQLite's hook leaves the length of the write-ahead log; nil until ``checkpointByHand()``.
    private var logPages: UnsafeMutablePointer<Int32>?

    /// Opens an existing database file for reading and writing.
    init(path: String) throws(SQLiteError) {
        isBorrowed = false
        // NOMUTEX: one thread uses the connection. See <https://www.sqlite.org/threadsafe.html>.
        let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        // deinit closes the handle, which is there also where opening failed.
        guard code == SQLITE_OK else { throw error("open \(path)") }
        sqlite3_extended_result_codes(handle, 1)
    }

    /// Statements on a connection that is somebody else's, who keeps it open for as long as they live.
    init(borrowing handle: OpaquePointer?) {
        isBorrowed = true
        self.handle = handle
    }

    deinit {
        if !isBorrowed { sqlite3_close_v2(handle) }
        logPages?.deallocate()
    }

    /// Runs statements without results.
    func execute(_ sql: String) throws(SQLiteError) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw error(sql.split(whereSeparator: \.isNewline).first.map(String.init) ?? "")
        }
    }

    /// A statement that is compiled once and kept.
    func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(sql) }
        return SQLiteStatement(statement, connection: self, sql: sql)
    }

    /// False inside a transaction.
    var isAutocommit: Bool { sqlite3_get_autocommit(handle) != 0 }

    /// Has every change of this connection keep the seals of rows; see ``RowSeals``.
    func keepSeals() throws(SQLiteError) {
        RowSeals.register(on: handle)
        try execute(RowSeals.triggers)
    }

    /// Makes known how seals are made; see ``RowSeals``.
    func knowSeals() { RowSeals.register(on: handle) }

    /// Ends the checkpoints that SQLite makes behind a commit: it passes over their errors, so that a sync could fail unseen.
    ///
    /// <https://www.sqlite.org/c3ref/wal_hook.html>
    func checkpointByHand() {
        guard logPages == nil else { return }
        let pages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        pages.initialize(to: 0)
        logPages = pages
        _ = sqlite3_wal_hook(
            handle,
            { context, _, _, count in
                context?.assumingMemoryBound(to: Int32.self).pointee = count
                return SQLITE_OK
            }, pages)
    }

    /// Whether anything was written to the log since ``forgetLog()``; only with ``checkpointByHand()``.
    var didWriteLog: Bool { logPages.map { $0.pointee > 0 } ?? false }

    /// Begins to look at what is written to the log.
    func forgetLog() { logPages?.pointee = 0 }

    /// Takes note of how long the log is after a commit.
    func noteLog() {
        if let logPages, logPages.pointee > 0 { pagesInLog = Int(logPages.pointee) }
    }

    /// Pages in the write-ahead log after the latest commit; only with ``checkpointByHand()``.
    private(set) var pagesInLog = 0

    /// Moves what it can of the write-ahead log into the database file.
    ///
    /// - Returns: how many pages the log has, and how many of them are in the database file now.
    func checkpoint() throws(SQLiteError) -> (pages: Int, moved: Int) {
        var (log, moved): (Int32, Int32) = (-1, -1)
        guard sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &log, &moved) == SQLITE_OK else {
            throw error("checkpoint")
        }
        guard log >= 0, moved >= 0 else { throw SQLiteError.damaged("there is no write-ahead log") }
        return (Int(log), Int(moved))
    }

    /// What is another each time that the write-ahead log is begun anew.
    func logSalt() throws(SQLiteError) -> UInt64 {
        var salt: UInt64 = 0
        guard sqlite_log_salt(handle, &salt) == SQLITE_OK else { throw error("read the log's header") }
        return salt
    }

    /// The numbers of the pages that the write-ahead log has, but for the first ones.
    func pageNumbersInLog(from first: Int) throws(SQLiteError) -> [UInt32] {
        guard pagesInLog > first else { return [] }
        var numbers = [UInt32](repeating: 0, count: pagesInLog - first)
        let code = sqlite_log_page_numbers(handle, Int32(first), Int32(numbers.count), 4096, &numbers)
        guard code == SQLITE_OK else { throw error("read the log's page numbers") }
        return numbers
    }

    /// Moves the write-ahead log into the database file and truncates it.
    func checkpointTruncating() throws(SQLiteError) {
        guard sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil) == SQLITE_OK else {
            throw error("checkpoint")
        }
    }

    /// The connection's last error, with what was being done.
    func error(_ operation: String) -> SQLiteError {
        let extended = sqlite3_extended_errcode(handle)
        let words = sqlite3_errmsg(handle).map { String(cString: $0) } ?? "unknown error"
        return SQLiteError(code: extended & 0xFF, extendedCode: extended, message: "\(operation): \(words)")
    }
}
