#ifndef METERD_FAULTDISK_H
#define METERD_FAULTDISK_H

#include <stdint.h>

// A disk in memory behind SQLite's file interface, whose power can be cut and whose operations can be made to fail.
//
// What it does, and a real one may do as well:
//  - power: what was not synced is lost, in part or whole, in any order, down to single sectors of 512 bytes; files that were made or
//    removed since their folder was last synced may be gone or there again;
//  - a sync that fails: what it was for is forgotten as if it had been written (the kernel marks the pages clean), so that a second
//    sync succeeds and makes nothing durable;
//  - a full disk: a write stores half of its bytes, or none, and says so;
//  - any operation fails once, or from some moment on.
//
// It is the process's default VFS from the first disk on. Files in a disk's folder are in memory, those whose name begins with
// "snapshot-" are real ones whose operations are counted and fail like the others; all other files are SQLite's own business.

typedef struct faultdisk faultdisk;

enum {
    FAULTDISK_OPEN = 1,
    FAULTDISK_READ = 2,
    FAULTDISK_WRITE = 4,
    FAULTDISK_SYNC = 8,
    FAULTDISK_TRUNCATE = 16,
    FAULTDISK_DELETE = 32,
    FAULTDISK_ALL = 63
};

enum {
    FAULTDISK_EIO = 1,    // the device failed
    FAULTDISK_ENOSPC = 2, // there is no room: writes that make a file longer and new files fail, others don't
    FAULTDISK_SHORT = 3,  // half of a write is stored, then there is no room
    FAULTDISK_CUT = 4,    // the power is cut in the middle of the operation
    FAULTDISK_END = 5     // the process ends in the middle of the operation
};

/// A new, empty disk under a folder's path (absolute, without symbolic links); null where there is no memory.
faultdisk *faultdisk_create(const char *folder, uint64_t seed);
/// A new disk with what is durable on another one.
faultdisk *faultdisk_copy(faultdisk *disk, const char *folder, uint64_t seed);
/// Gives the disk back. No file of it may be open.
void faultdisk_destroy(faultdisk *disk);

/// Has the nth operation (from 1) of those kinds, counted from now, fail; all from it on where persistent.
void faultdisk_fail(faultdisk *disk, int kinds, uint64_t nth, int how, int persistent);
/// No operation fails any more. The power stays cut where it was.
void faultdisk_heal(faultdisk *disk);
/// Whether an operation is still to fail, or all do.
int faultdisk_is_failing(faultdisk *disk);
/// Operations of the kinds of the last faultdisk_fail() since then.
uint64_t faultdisk_counted(faultdisk *disk);
/// How many operations failed since the last faultdisk_fail().
uint64_t faultdisk_met(faultdisk *disk);

/// Whether the power is cut: every operation fails.
int faultdisk_is_cut(faultdisk *disk);
/// Cuts the power now.
void faultdisk_cut(faultdisk *disk);
/// Power again, after all files were closed: files are what survived. How many are still open: then nothing was done.
int faultdisk_restart(faultdisk *disk);

#endif
