#include "faultdisk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, SLOTS = 8, REGIONS = 256 };

// What was asked of a file since its last sync. bytes null: the file was made this long.
typedef struct change {
    struct change *next;
    int64_t offset;
    int64_t count;
    uint8_t *bytes;
} change;

typedef struct {
    uint8_t *bytes;
    int64_t count, room;
} content;

typedef struct node {
    struct node *next;
    char *name;
    content seen, durable;
    change *first, *last;
    int exists, is_durable_entry; // as processes see it; as the folder on the disk has it
    int handles;
    // Locks of the file, and what connections share beside it.
    int shared;
    struct handle *reserved, *exclusive;
    void *regions[REGIONS];
    int slot_shared[SLOTS];
    struct handle *slot_exclusive[SLOTS];
    int maps;
} node;

struct faultdisk {
    faultdisk *next;
    char *folder;
    size_t length;
    node *nodes;
    uint64_t random;
    int kinds, how, persistent;
    int is_cut; // 1: the power; 2: only the process ended
    uint64_t nth, counted, met;
};

typedef struct handle {
    sqlite3_file base;
    faultdisk *disk;
    node *node;
    sqlite3_file *real; // of a counted real file
    int level;
    int has_map;
    unsigned slots_shared, slots_exclusive;
    int deletes_on_close;
} handle;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static faultdisk *disks;
static sqlite3_vfs *real_vfs;

static uint64_t draw(faultdisk *disk) {
    uint64_t z = disk->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// MARK: contents

static void resize(content *c, int64_t count) {
    if (count > c->room) {
        int64_t room = c->room ? c->room : 4096;
        while (room < count) room *= 2;
        uint8_t *bytes = realloc(c->bytes, (size_t)room);
        if (!bytes) abort();
        c->bytes = bytes;
        c->room = room;
    }
    if (count > c->count) memset(c->bytes + c->count, 0, (size_t)(count - c->count));
    c->count = count;
}

static void put(content *c, int64_t offset, const void *bytes, int64_t count) {
    if (!count) return;
    if (offset + count > c->count) resize(c, offset + count);
    memcpy(c->bytes + offset, bytes, (size_t)count);
}

static void make(content *to, const content *from) {
    resize(to, 0);
    put(to, 0, from->bytes, from->count);
}

static void forget_changes(node *n) {
    while (n->first) {
        change *c = n->first;
        n->first = c->next;
        free(c->bytes);
        free(c);
    }
    n->last = 0;
}

static void note(node *n, int64_t offset, const void *bytes, int64_t count) {
    change *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->offset = offset;
    c->count = count;
    if (bytes) {
        c->bytes = malloc((size_t)(count ? count : 1));
        if (!c->bytes) abort();
        memcpy(c->bytes, bytes, (size_t)count);
    }
    if (n->last) n->last->next = c;
    else n->first = c;
    n->last = c;
}

/// Makes some of what was not synced durable, as a disk may that lost its power.
static void tear(faultdisk *disk, node *n) {
    // Nothing; all; up to some point, which is torn; each by itself; each sector by itself.
    unsigned way = (unsigned)(draw(disk) % 5);
    int64_t total = 0;
    for (change *c = n->first; c; c = c->next) total++;
    int64_t keep = total ? (int64_t)(draw(disk) % (uint64_t)(total + 1)) : 0;
    for (change *c = n->first; c; c = c->next) {
        int by_sector = 0;
        switch (way) {
        case 0: continue;
        case 1: break;
        case 2:
            if (keep < 0) continue;
            if (keep-- == 0) by_sector = 1;
            break;
        case 3:
            if (draw(disk) & 1) continue;
            break;
        default: by_sector = 1;
        }
        if (!c->bytes) {
            if (!by_sector || draw(disk) & 1) resize(&n->durable, c->count);
            continue;
        }
        if (!by_sector) {
            put(&n->durable, c->offset, c->bytes, c->count);
            continue;
        }
        for (int64_t at = 0; at < c->count;) {
            int64_t step = SECTOR - (c->offset + at) % SECTOR;
            if (step > c->count - at) step = c->count - at;
            if (draw(disk) & 1) put(&n->durable, c->offset + at, c->bytes + at, step);
            at += step;
        }
    }
}

static void make_durable(node *n) {
    for (change *c = n->first; c; c = c->next) {
        if (c->bytes) put(&n->durable, c->offset, c->bytes, c->count);
        else resize(&n->durable, c->count);
    }
    forget_changes(n);
}

// MARK: disks

static faultdisk *disk_of(const char *path, const char **name) {
    if (!path) return 0;
    for (faultdisk *d = disks; d; d = d->next) {
        if (strncmp(path, d->folder, d->length) || path[d->length] != '/') continue;
        const char *rest = path + d->length + 1;
        if (strchr(rest, '/')) continue;
        *name = rest;
        return d;
    }
    return 0;
}

static int is_real(const char *name) { return !strncmp(name, "snapshot-", 9); }

static node *find(faultdisk *disk, const char *name) {
    for (node *n = disk->nodes; n; n = n->next)
        if (n->exists && !strcmp(n->name, name)) return n;
    return 0;
}

/// A new file. One of the same name that was removed may still be in the folder as the disk has it.
static node *make_node(faultdisk *disk, const char *name) {
    node *n = calloc(1, sizeof *n);
    if (!n) abort();
    n->name = strdup(name);
    if (!n->name) abort();
    n->next = disk->nodes;
    disk->nodes = n;
    return n;
}

static void forget_regions(node *n) {
    for (int i = 0; i < REGIONS; i++) {
        free(n->regions[i]);
        n->regions[i] = 0;
    }
    memset(n->slot_shared, 0, sizeof n->slot_shared);
    memset(n->slot_exclusive, 0, sizeof n->slot_exclusive);
}

static void free_node(node *n) {
    forget_changes(n);
    forget_regions(n);
    free(n->seen.bytes);
    free(n->durable.bytes);
    free(n->name);
    free(n);
}

/// Frees files that nobody has and that can't come back.
static void sweep(faultdisk *disk) {
    for (node **place = &disk->nodes; *place;) {
        node *n = *place;
        if (n->exists || n->is_durable_entry || n->handles) {
            place = &n->next;
            continue;
        }
        *place = n->next;
        free_node(n);
    }
}

static void free_nodes(faultdisk *disk) {
    while (disk->nodes) {
        node *n = disk->nodes;
        disk->nodes = n->next;
        free_node(n);
    }
}

/// Counts an operation; what it has to fail with, or 0.
static int fault(faultdisk *disk, int kind) {
    if (disk->is_cut) return FAULTDISK_CUT;
    if (!(disk->kinds & kind)) return 0;
    disk->counted++;
    if (!disk->nth || disk->counted < disk->nth) return 0;
    if (disk->counted > disk->nth && !disk->persistent) return 0;
    if (disk->how != FAULTDISK_ENOSPC) disk->met++;
    return disk->how;
}

/// Whether an operation can't be done because the power is gone, or goes now.
static int cuts(faultdisk *disk, int how) {
    if (how == FAULTDISK_CUT && !disk->is_cut) disk->is_cut = 1;
    if (how == FAULTDISK_END && !disk->is_cut) disk->is_cut = 2;
    return disk->is_cut != 0;
}

// MARK: files

static int file_close(sqlite3_file *file) {
    handle *h = (handle *)file;
    if (h->real) {
        int code = h->real->pMethods ? h->real->pMethods->xClose(h->real) : SQLITE_OK;
        return code;
    }
    pthread_mutex_lock(&lock);
    node *n = h->node;
    if (h->level >= SQLITE_LOCK_SHARED) n->shared--;
    if (n->reserved == h) n->reserved = 0;
    if (n->exclusive == h) n->exclusive = 0;
    for (int i = 0; i < SLOTS; i++) {
        if (h->slots_shared & 1u << i) n->slot_shared[i]--;
        if (n->slot_exclusive[i] == h) n->slot_exclusive[i] = 0;
    }
    if (h->has_map && --n->maps == 0) forget_regions(n);
    n->handles--;
    if (h->deletes_on_close) n->exists = 0;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *to, int count, sqlite3_int64 offset) {
    handle *h = (handle *)file;
    pthread_mutex_lock(&lock);
    int how = fault(h->disk, FAULTDISK_READ);
    int code = SQLITE_OK;
    if (cuts(h->disk, how) || how == FAULTDISK_EIO) {
        // What SQLite's own makes of EIO, ENXIO and ERANGE; the engine calls it damage.
        code = SQLITE_IOERR_CORRUPTFS;
    } else if (h->real) {
        pthread_mutex_unlock(&lock);
        return h->real->pMethods->xRead(h->real, to, count, offset);
    } else {
        content *c = &h->node->seen;
        int64_t there = c->count - offset;
        if (there < 0) there = 0;
        if (there > count) there = count;
        if (there) memcpy(to, c->bytes + offset, (size_t)there);
        if (there < count) {
            memset((uint8_t *)to + there, 0, (size_t)(count - there));
            code = SQLITE_IOERR_SHORT_READ;
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_write(sqlite3_file *file, const void *from, int count, sqlite3_int64 offset) {
    handle *h = (handle *)file;
    pthread_mutex_lock(&lock);
    int how = fault(h->disk, FAULTDISK_WRITE);
    int code = SQLITE_OK;
    int stored = count;
    switch (how) {
    case FAULTDISK_EIO:
        code = SQLITE_IOERR_WRITE;
        stored = 0;
        break;
    case FAULTDISK_CUT:
    case FAULTDISK_END:
        // The page cache may have it, or a part; whether the disk gets any of it is decided like for the others.
        stored = h->disk->is_cut ? 0 : (int)(draw(h->disk) % (uint64_t)(count + 1));
        cuts(h->disk, how);
        code = SQLITE_IOERR_WRITE;
        break;
    case FAULTDISK_SHORT:
        code = SQLITE_FULL;
        stored = count / 2;
        break;
    case FAULTDISK_ENOSPC:
        // What a file has already has its place.
        if (h->node && offset + count <= h->node->seen.count) break;
        code = SQLITE_FULL;
        stored = 0;
        h->disk->met++;
        break;
    default: break;
    }
    if (h->real) {
        pthread_mutex_unlock(&lock);
        return code ? code : h->real->pMethods->xWrite(h->real, from, count, offset);
    }
    if (stored) {
        put(&h->node->seen, offset, from, stored);
        note(h->node, offset, from, stored);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 count) {
    handle *h = (handle *)file;
    pthread_mutex_lock(&lock);
    int how = fault(h->disk, FAULTDISK_TRUNCATE);
    int code = SQLITE_OK;
    if (cuts(h->disk, how) || how == FAULTDISK_EIO) {
        code = SQLITE_IOERR_TRUNCATE;
    } else if (h->real) {
        pthread_mutex_unlock(&lock);
        return h->real->pMethods->xTruncate(h->real, count);
    } else {
        resize(&h->node->seen, count);
        note(h->node, 0, 0, count);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int ends_with(const char *name, const char *ending) {
    size_t a = strlen(name), b = strlen(ending);
    return a >= b && !strcmp(name + a - b, ending);
}

/// The folder is synced: who is in it stays, who was removed stays away.
static void sync_folder(faultdisk *disk) {
    for (node *n = disk->nodes; n; n = n->next) n->is_durable_entry = n->exists;
    sweep(disk);
}

static int file_sync(sqlite3_file *file, int flags) {
    handle *h = (handle *)file;
    pthread_mutex_lock(&lock);
    int how = fault(h->disk, FAULTDISK_SYNC);
    int code = SQLITE_OK;
    if (cuts(h->disk, how)) {
        code = SQLITE_IOERR_FSYNC;
    } else if (how) {
        // The kernel gives the error once and takes the pages for clean: they are never written, some were.
        code = SQLITE_IOERR_FSYNC;
        if (h->disk->how == FAULTDISK_ENOSPC) h->disk->met++;
        if (h->node) {
            tear(h->disk, h->node);
            forget_changes(h->node);
        }
    } else if (h->real) {
        pthread_mutex_unlock(&lock);
        return h->real->pMethods->xSync(h->real, flags);
    } else {
        make_durable(h->node);
        // As SQLite's own: after the first sync of a new journal or log its folder is synced too.
        if (!h->node->is_durable_entry && (ends_with(h->node->name, "-wal") || ends_with(h->node->name, "-journal")))
            sync_folder(h->disk);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    handle *h = (handle *)file;
    if (h->real) return h->real->pMethods->xFileSize(h->real, size);
    pthread_mutex_lock(&lock);
    int code = h->disk->is_cut ? SQLITE_IOERR_FSTAT : SQLITE_OK;
    *size = h->node->seen.count;
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_lock(sqlite3_file *file, int level) {
    handle *h = (handle *)file;
    if (h->real) return h->real->pMethods->xLock(h->real, level);
    pthread_mutex_lock(&lock);
    node *n = h->node;
    int code = SQLITE_OK;
    if (h->level < level) {
        if (level == SQLITE_LOCK_SHARED) {
            if (n->exclusive && n->exclusive != h) code = SQLITE_BUSY;
            else n->shared++;
        } else if (level == SQLITE_LOCK_RESERVED) {
            if (n->reserved && n->reserved != h) code = SQLITE_BUSY;
            else n->reserved = h;
        } else {
            if ((n->reserved && n->reserved != h) || (n->exclusive && n->exclusive != h)) {
                code = SQLITE_BUSY;
            } else {
                n->reserved = h;
                n->exclusive = h;
                // Pending is taken; exclusive waits for the readers.
                if (level == SQLITE_LOCK_EXCLUSIVE && n->shared > 1) code = SQLITE_BUSY;
                if (code) h->level = SQLITE_LOCK_PENDING;
            }
        }
        if (!code) h->level = level;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_unlock(sqlite3_file *file, int level) {
    handle *h = (handle *)file;
    if (h->real) return h->real->pMethods->xUnlock(h->real, level);
    pthread_mutex_lock(&lock);
    node *n = h->node;
    if (h->level > level) {
        if (n->reserved == h) n->reserved = 0;
        if (n->exclusive == h) n->exclusive = 0;
        if (level == SQLITE_LOCK_NONE) n->shared--;
        h->level = level;
    }
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *file, int *result) {
    handle *h = (handle *)file;
    if (h->real) return h->real->pMethods->xCheckReservedLock(h->real, result);
    pthread_mutex_lock(&lock);
    *result = h->node->reserved != 0;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    handle *h = (handle *)file;
    if (h->real) return h->real->pMethods->xFileControl(h->real, operation, argument);
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *file) { return 4096; }

static int file_characteristics(sqlite3_file *file) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **result) {
    handle *h = (handle *)file;
    if (h->real) return h->real->pMethods->xShmMap(h->real, region, size, extend, result);
    pthread_mutex_lock(&lock);
    node *n = h->node;
    int code = SQLITE_OK;
    *result = 0;
    if (h->disk->is_cut || region >= REGIONS) {
        code = SQLITE_IOERR_SHMMAP;
    } else {
        if (!h->has_map) {
            h->has_map = 1;
            n->maps++;
        }
        if (!n->regions[region] && extend) {
            n->regions[region] = calloc(1, (size_t)size);
            if (!n->regions[region]) abort();
        }
        *result = n->regions[region];
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    handle *h = (handle *)file;
    if (h->real) return h->real->pMethods->xShmLock(h->real, offset, count, flags);
    pthread_mutex_lock(&lock);
    node *n = h->node;
    int code = SQLITE_OK;
    for (int i = offset; i < offset + count && !code; i++) {
        unsigned bit = 1u << i;
        if (flags & SQLITE_SHM_UNLOCK) continue;
        if (flags & SQLITE_SHM_EXCLUSIVE) {
            int others = n->slot_shared[i] - (h->slots_shared & bit ? 1 : 0);
            if (others > 0 || (n->slot_exclusive[i] && n->slot_exclusive[i] != h)) code = SQLITE_BUSY;
        } else if (n->slot_exclusive[i] && n->slot_exclusive[i] != h) {
            code = SQLITE_BUSY;
        }
    }
    for (int i = offset; i < offset + count && !code; i++) {
        unsigned bit = 1u << i;
        if (flags & SQLITE_SHM_UNLOCK) {
            if (h->slots_shared & bit) n->slot_shared[i]--;
            if (n->slot_exclusive[i] == h) n->slot_exclusive[i] = 0;
            h->slots_shared &= ~bit;
            h->slots_exclusive &= ~bit;
        } else if (flags & SQLITE_SHM_EXCLUSIVE) {
            n->slot_exclusive[i] = h;
            h->slots_exclusive |= bit;
        } else if (!(h->slots_shared & bit)) {
            n->slot_shared[i]++;
            h->slots_shared |= bit;
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static void shm_barrier(sqlite3_file *file) {
    handle *h = (handle *)file;
    if (h->real) {
        h->real->pMethods->xShmBarrier(h->real);
        return;
    }
    __sync_synchronize();
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

static int shm_unmap(sqlite3_file *file, int deletes) {
    handle *h = (handle *)file;
    if (h->real) return h->real->pMethods->xShmUnmap(h->real, deletes);
    pthread_mutex_lock(&lock);
    if (h->has_map) {
        h->has_map = 0;
        if (--h->node->maps == 0) forget_regions(h->node);
    }
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    2,
    file_close,
    file_read,
    file_write,
    file_truncate,
    file_sync,
    file_size,
    file_lock,
    file_unlock,
    file_check_reserved,
    file_control,
    file_sector,
    file_characteristics,
    shm_map,
    shm_lock,
    shm_barrier,
    shm_unmap,
    0,
    0,
};

// MARK: the VFS

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out) {
    const char *name = 0;
    pthread_mutex_lock(&lock);
    faultdisk *disk = disk_of(path, &name);
    if (!disk) {
        pthread_mutex_unlock(&lock);
        return real_vfs->xOpen(real_vfs, path, file, flags, out);
    }
    handle *h = (handle *)file;
    memset(h, 0, sizeof *h);
    int how = fault(disk, FAULTDISK_OPEN);
    node *n = is_real(name) ? 0 : find(disk, name);
    int is_new = is_real(name) ? flags & SQLITE_OPEN_CREATE : !n;
    if (cuts(disk, how)) how = FAULTDISK_CUT;
    // What is there can be opened on a full disk.
    if ((how == FAULTDISK_ENOSPC || how == FAULTDISK_SHORT) && !is_new) how = 0;
    if (how == FAULTDISK_ENOSPC) disk->met++;
    if (how || (is_new && !(flags & SQLITE_OPEN_CREATE))) {
        pthread_mutex_unlock(&lock);
        return SQLITE_CANTOPEN;
    }
    h->disk = disk;
    if (is_real(name)) {
        pthread_mutex_unlock(&lock);
        h->real = (sqlite3_file *)(h + 1);
        int code = real_vfs->xOpen(real_vfs, path, h->real, flags, out);
        if (code == SQLITE_OK) h->base.pMethods = &methods;
        return code;
    }
    if (!n) {
        n = make_node(disk, name);
        n->exists = 1;
    }
    n->handles++;
    h->node = n;
    h->deletes_on_close = flags & SQLITE_OPEN_DELETEONCLOSE ? 1 : 0;
    h->base.pMethods = &methods;
    if (out) *out = flags;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs) {
    const char *name = 0;
    pthread_mutex_lock(&lock);
    faultdisk *disk = disk_of(path, &name);
    if (!disk || is_real(name)) {
        pthread_mutex_unlock(&lock);
        return real_vfs->xDelete(real_vfs, path, syncs);
    }
    int how = fault(disk, FAULTDISK_DELETE);
    node *n = find(disk, name);
    int code = SQLITE_OK;
    if (cuts(disk, how) || how == FAULTDISK_EIO) {
        code = SQLITE_IOERR_DELETE;
    } else if (!n) {
        code = SQLITE_IOERR_DELETE_NOENT;
    } else {
        n->exists = 0;
        if (syncs) sync_folder(disk);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    const char *name = 0;
    pthread_mutex_lock(&lock);
    faultdisk *disk = disk_of(path, &name);
    if (!disk || is_real(name)) {
        pthread_mutex_unlock(&lock);
        return real_vfs->xAccess(real_vfs, path, flags, result);
    }
    node *n = find(disk, name);
    // As SQLite's own: an empty file is taken for none where only existence is asked for.
    *result = n && (flags != SQLITE_ACCESS_EXISTS || n->seen.count > 0);
    int code = disk->is_cut ? SQLITE_IOERR_ACCESS : SQLITE_OK;
    pthread_mutex_unlock(&lock);
    return code;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int count, char *out) {
    const char *name = 0;
    pthread_mutex_lock(&lock);
    faultdisk *disk = disk_of(path, &name);
    pthread_mutex_unlock(&lock);
    if (!disk || (int)strlen(path) >= count) return real_vfs->xFullPathname(real_vfs, path, count, out);
    strcpy(out, path);
    return SQLITE_OK;
}

static int install(void) {
    static sqlite3_vfs vfs;
    if (real_vfs) return 1;
    sqlite3_vfs *found = sqlite3_vfs_find(0);
    if (!found) return 0;
    vfs = *found;
    vfs.zName = "faultdisk";
    vfs.szOsFile = (int)sizeof(handle) + found->szOsFile;
    vfs.pNext = 0;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_path;
    real_vfs = found;
    if (sqlite3_vfs_register(&vfs, 1) == SQLITE_OK) return 1;
    real_vfs = 0;
    return 0;
}

// MARK: what tests call

faultdisk *faultdisk_create(const char *folder, uint64_t seed) {
    pthread_mutex_lock(&lock);
    faultdisk *disk = install() ? calloc(1, sizeof *disk) : 0;
    if (disk) disk->folder = strdup(folder);
    if (disk && disk->folder) {
        disk->length = strlen(folder);
        disk->random = seed;
        disk->next = disks;
        disks = disk;
    }
    pthread_mutex_unlock(&lock);
    return disk;
}

faultdisk *faultdisk_copy(faultdisk *from, const char *folder, uint64_t seed) {
    faultdisk *disk = faultdisk_create(folder, seed);
    if (!disk) return 0;
    pthread_mutex_lock(&lock);
    for (node *n = from->nodes; n; n = n->next) {
        if (!n->is_durable_entry) continue;
        node *copy = make_node(disk, n->name);
        copy->exists = copy->is_durable_entry = 1;
        make(&copy->durable, &n->durable);
        make(&copy->seen, &n->durable);
    }
    pthread_mutex_unlock(&lock);
    return disk;
}

void faultdisk_destroy(faultdisk *disk) {
    pthread_mutex_lock(&lock);
    for (faultdisk **place = &disks; *place; place = &(*place)->next) {
        if (*place != disk) continue;
        *place = disk->next;
        break;
    }
    // A file that somebody still has keeps its memory: leaked, rather than used after it is gone.
    int is_used = 0;
    for (node *n = disk->nodes; n; n = n->next) is_used |= n->handles;
    if (!is_used) {
        free_nodes(disk);
        free(disk->folder);
        free(disk);
    }
    pthread_mutex_unlock(&lock);
}

void faultdisk_fail(faultdisk *disk, int kinds, uint64_t nth, int how, int persistent) {
    pthread_mutex_lock(&lock);
    disk->kinds = kinds;
    disk->nth = nth;
    disk->how = how;
    disk->persistent = persistent;
    disk->counted = disk->met = 0;
    pthread_mutex_unlock(&lock);
}

void faultdisk_heal(faultdisk *disk) {
    pthread_mutex_lock(&lock);
    disk->nth = 0;
    pthread_mutex_unlock(&lock);
}

static uint64_t get(uint64_t *value) {
    pthread_mutex_lock(&lock);
    uint64_t result = *value;
    pthread_mutex_unlock(&lock);
    return result;
}

uint64_t faultdisk_counted(faultdisk *disk) { return get(&disk->counted); }
uint64_t faultdisk_met(faultdisk *disk) { return get(&disk->met); }

int faultdisk_is_failing(faultdisk *disk) {
    pthread_mutex_lock(&lock);
    int result = disk->nth && (disk->persistent || disk->counted < disk->nth);
    pthread_mutex_unlock(&lock);
    return result;
}

int faultdisk_is_cut(faultdisk *disk) {
    pthread_mutex_lock(&lock);
    int result = disk->is_cut;
    pthread_mutex_unlock(&lock);
    return result;
}

void faultdisk_cut(faultdisk *disk) {
    pthread_mutex_lock(&lock);
    if (!disk->is_cut) disk->is_cut = 1;
    pthread_mutex_unlock(&lock);
}

int faultdisk_restart(faultdisk *disk) {
    pthread_mutex_lock(&lock);
    int open = 0;
    for (node *n = disk->nodes; n; n = n->next) open += n->handles;
    if (!open) {
        if (disk->is_cut == 1) {
            // Files that were made, and the folder not synced since: there or not, as the disk likes.
            for (node *n = disk->nodes; n; n = n->next)
                if (n->exists && !n->is_durable_entry) n->exists = (int)(draw(disk) & 1);
            // Those that were removed: there again, or not, where none of their name is.
            for (node *n = disk->nodes; n; n = n->next) {
                if (!n->exists && n->is_durable_entry && !find(disk, n->name)) n->exists = (int)(draw(disk) & 1);
            }
            for (node *n = disk->nodes; n; n = n->next) {
                n->is_durable_entry = n->exists;
                tear(disk, n);
                forget_changes(n);
                make(&n->seen, &n->durable);
            }
            sweep(disk);
        }
        disk->is_cut = 0;
        disk->nth = 0;
    }
    pthread_mutex_unlock(&lock);
    return open;
}
