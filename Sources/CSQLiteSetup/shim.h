#ifndef METERD_CSQLITESETUP_H
#define METERD_CSQLITESETUP_H

#include <sqlite3.h>

// sqlite3_config() is variadic, which Swift can't call.

/// Keeps SQLite from counting its allocations, which takes a lock for each of them. Before the library is first used.
/// <https://www.sqlite.org/c3ref/c_config_covering_index_scan.html#sqliteconfigmemstatus>
static inline int sqlite_setup_without_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// sqlite3_db_config() too.

/// Keeps a connection from moving the write-ahead log when it is closed as the last one.
/// <https://www.sqlite.org/c3ref/c_dbconfig_defensive.html#sqlitedbconfignockptonclose>
static inline int sqlite_setup_without_checkpoint_on_close(sqlite3 *handle) {
    return sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// Writes the write-ahead log of a connection anew, byte for byte, and syncs it, through SQLite's file interface. The connection has
/// to have read something. Where it keeps no such log nothing happens.
///
/// Returns SQLITE_OK or what failed.
static inline int sqlite_rewrite_log(sqlite3 *handle, void *buffer, int size) {
    sqlite3_file *file = 0;
    int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    sqlite3_int64 count = 0;
    if (code != SQLITE_OK || !file || !file->pMethods) return code;
    code = file->pMethods->xFileSize(file, &count);
    for (sqlite3_int64 at = 0; at < count && code == SQLITE_OK; at += size) {
        int part = count - at < size ? (int)(count - at) : size;
        code = file->pMethods->xRead(file, buffer, part, at);
        if (code == SQLITE_OK) code = file->pMethods->xWrite(file, buffer, part, at);
    }
    if (code == SQLITE_OK && count > 0) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    return code;
}

// A connection's files through SQLite's own interface: closing a descriptor of our own would let go of SQLite's locks
// (https://www.sqlite.org/howtocorrupt.html, 2.2).

/// A connection's main file.
static inline sqlite3_file *sqlite_main_file(sqlite3 *handle) {
    sqlite3_file *file = 0;
    if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return 0;
    return file && file->pMethods ? file : 0;
}

/// Reads a piece of the main file. Behind its end there are zeros, and SQLITE_IOERR_SHORT_READ is returned.
static inline int sqlite_read_main(sqlite3 *handle, void *buffer, int size, sqlite3_int64 at) {
    sqlite3_file *file = sqlite_main_file(handle);
    return file ? file->pMethods->xRead(file, buffer, size, at) : SQLITE_MISUSE;
}

/// Writes a piece of the main file.
static inline int sqlite_write_main(sqlite3 *handle, const void *buffer, int size, sqlite3_int64 at) {
    sqlite3_file *file = sqlite_main_file(handle);
    return file ? file->pMethods->xWrite(file, buffer, size, at) : SQLITE_MISUSE;
}

/// The main file's size.
static inline int sqlite_main_size(sqlite3 *handle, sqlite3_int64 *size) {
    sqlite3_file *file = sqlite_main_file(handle);
    return file ? file->pMethods->xFileSize(file, size) : SQLITE_MISUSE;
}

/// Cuts the main file off.
static inline int sqlite_truncate_main(sqlite3 *handle, sqlite3_int64 size) {
    sqlite3_file *file = sqlite_main_file(handle);
    return file ? file->pMethods->xTruncate(file, size) : SQLITE_MISUSE;
}

/// A connection's write-ahead log.
static inline sqlite3_file *sqlite_log_file(sqlite3 *handle) {
    sqlite3_file *file = 0;
    if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK) return 0;
    return file && file->pMethods ? file : 0;
}

/// What is in the log's header and changes each time it is written from its beginning again
/// (https://www.sqlite.org/fileformat2.html#walformat).
static inline int sqlite_log_salt(sqlite3 *handle, unsigned long long *salt) {
    sqlite3_file *file = sqlite_log_file(handle);
    int code = file ? file->pMethods->xRead(file, salt, 8, 16) : SQLITE_MISUSE;
    // An empty log: zeros.
    return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

/// The pages that the log's frames are of, from one on.
static inline int sqlite_log_page_numbers(sqlite3 *handle, int from, int frames, int page_size, unsigned *numbers) {
    sqlite3_file *file = sqlite_log_file(handle);
    int code = file ? SQLITE_OK : SQLITE_MISUSE;
    for (int frame = 0; frame < frames && code == SQLITE_OK; frame++) {
        unsigned char bytes[4];
        code = file->pMethods->xRead(file, bytes, 4, 32 + (sqlite3_int64)(from + frame) * (24 + page_size));
        numbers[frame] = (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 | bytes[3];
    }
    return code;
}

#endif
