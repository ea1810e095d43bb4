import Foundation
import GRDBSQLite

/// A compiled statement: bind by position from 1, step, read columns from 0, reset.
final class SQLiteStatement {
    private let statement: OpaquePointer
    private let connection: SQLiteConnection
    private let sql: String

    // SQLite's SQLITE_TRANSIENT: it copies what is bound before the call returns.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ statement: OpaquePointer, connection: SQLiteConnection, sql: String) {
        self.statement = statement
        self.connection = connection
        self.sql = sql
    }

    deinit {
        sqlite3_finalize(statement)
    }

    func bind(_ position: Int32, _ value: Int64) {
        sqlite3_bind_int64(statement, position, value)
    }

    func bind(_ position: Int32, _ value: Int64?) {
        if let value { bind(position, value) } else { sqlite3_bind_null(statement, position) }
    }

    func bind(_ position: Int32, _ text: String) {
        var copy = text
        copy.withUTF8 { bytes in
            _ = bytes.withMemoryRebound(to: CChar.self) { characters in
                sqlite3_bind_text(statement, position, characters.baseAddress, Int32(characters.count), Self.transient)
            }
        }
    }

    func bind(_ position: Int32, _ text: String?) {
        if let text { bind(position, text) } else { sqlite3_bind_null(statement, position) }
    }

    func bind(_ position: Int32, blob bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            // A null pointer would bind NULL; an empty array binds an empty blob.
            guard let base = buffer.baseAddress, buffer.count > 0 else {
                sqlite3_bind_zeroblob(statement, position, 0)
                return
            }
            sqlite3_bind_blob(statement, position, base, Int32(buffer.count), Self.transient)
        }
    }

    func bind(_ position: Int32, blob bytes: [UInt8]?) {
        if let bytes { bind(position, blob: bytes) } else { sqlite3_bind_null(statement, position) }
    }

    /// Steps once: true where a row is there to read. Call ``reset()`` when done with it.
    func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let failure = connection.error(sql)
            sqlite3_reset(statement)
            throw failure
        }
    }

    /// Runs a statement that gives no rows.
    func run() throws(SQLiteError) {
        _ = try step()
        reset()
    }

    func reset() {
        sqlite3_reset(statement)
    }

    /// Ends it, and lets go of what was bound.
    func clear() {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    /// Whether it is in the middle of its rows.
    var isBusy: Bool { sqlite3_stmt_busy(statement) != 0 }

    /// Whether a column has that text, byte by byte.
    func isText(_ column: Int32, _ text: String) -> Bool {
        guard let bytes = sqlite3_column_text(statement, column) else { return false }
        let count = Int(sqlite3_column_bytes(statement, column))
        var text = text
        return text.withUTF8 { known in
            guard known.count == count, let start = known.baseAddress, count > 0 else { return known.count == count }
            return memcmp(start, bytes, count) == 0
        }
    }

    func int(_ column: Int32) -> Int64 {
        sqlite3_column_int64(statement, column)
    }

    func optionalInt(_ column: Int32) -> Int64? {
        isNull(column) ? nil : int(column)
    }

    func optionalBlob(_ column: Int32) -> [UInt8]? {
        isNull(column) ? nil : blob(column)
    }

    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(statement, column) == SQLITE_NULL
    }

    func text(_ column: Int32) -> String? {
        guard let characters = sqlite3_column_text(statement, column) else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: characters, count: count), as: UTF8.self)
    }

    func blob(_ column: Int32) -> [UInt8] {
        withBlob(column) { [UInt8]($0) }
    }

    /// Gives a column's bytes where they lie, without copying them.
    func withBlob<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let base = sqlite3_column_blob(statement, column)
        return body(UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(statement, column))))
    }
}
