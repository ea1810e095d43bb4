#ifndef METERD_CSQLITESETUP_H
#define METERD_CSQLITESETUP_H

#include <sqlite3.h>

// sqlite3_config() is variadic, which Swift can't call.

/// Keeps SQLite from counting its allocations, which takes a lock for each of them. Before the library is first used.
/// <https://www.sqlite.org/c3ref/c_config_covering_index_scan.html#sqliteconfigmemstatus>
static inline int sqlite_setup_without_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

#endif
