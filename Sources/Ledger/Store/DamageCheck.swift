import GRDB
import Glibc

/// Tells a damaged file from a disk that can't be read at the moment: SQLite calls both "malformed".
///
/// Its reader of files turns an `EIO` into `SQLITE_IOERR_CORRUPTFS`, and its engine that into `SQLITE_CORRUPT`
/// (<https://www.sqlite.org/rescode.html#ioerr_corruptfs>). What is damaged stays damaged and is nothing that a restart mends; a
/// disk that failed once may not fail again.
enum DamageCheck {
    /// Whether an error may have been one of reading only: the file can be read now, so that another try tells.
    static func mayHavePassed(_ error: any Error, _ path: String) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        return error.isDamage && isReadable(path)
    }

    /// Whether the database and its log can be read from their first byte to their last. While SQLite has neither open in this process:
    /// to close a file gives up all locks that the process has on it (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
    static func isReadable(_ path: String) -> Bool {
        ["", "-wal"].allSatisfy { ending in
            let file = open(path + ending, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return errno == ENOENT }
            defer { close(file) }
            let chunk = 1 << 20
            var count = 1
            return withUnsafeTemporaryAllocation(byteCount: chunk, alignment: 16) { buffer in
                while count > 0 { count = read(file, buffer.baseAddress, chunk) }
                return count == 0
            }
        }
    }
}

extension DatabaseError {
    /// True where the file is said to be damaged or no database.
    var isDamage: Bool { resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB }
}
