#ifndef METERD_CBACKGROUND_H
#define METERD_CBACKGROUND_H

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Swift's module of the C library leaves these out, or they are variadic.

/// Names the calling thread, for top(1) and ps(1): the first 15 bytes count.
static inline void background_set_name(const char *name) { prctl(PR_SET_NAME, name); }

/// Has a thread let every other one go first, at the processor (SCHED_IDLE, sched(7)) and at the disk (ioprio_set(2)), from now on.
///
/// `thread` is its number; 0 is the calling one. What the system does not allow stays as it is.
static inline void background_begin(int thread) {
    int parameter = 0;
    // PRIO_PROCESS, and the lowest priority, for a system that has no SCHED_IDLE.
    syscall(SYS_setpriority, 0, thread, 19);
    syscall(SYS_sched_setscheduler, thread, SCHED_IDLE, &parameter);
    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, thread, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

/// Writes a part of a file to the disk, and waits for it: sync_file_range(2). That is no promise of durability.
///
/// Returns 0 if it did.
static inline long background_write_back(int descriptor, long long offset, long long length) {
    // SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER
    return syscall(SYS_sync_file_range, descriptor, offset, length, 1 | 2 | 4);
}

#endif
