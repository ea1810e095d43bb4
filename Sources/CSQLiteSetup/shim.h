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

#endif
