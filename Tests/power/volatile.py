#!/usr/bin/env python3
"""A disk with a volatile cache: one file, /image, served through FUSE, for a loop device to lie on.

    volatile.py IMAGE MOUNTPOINT        commands on standard input, one a line; each is answered by a line
        cut KEEP SIZE SEED              the power goes: of what was written since the last flush, each piece of SIZE bytes (512 or
                                        4096) is there with probability KEEP; everything asked from now on fails with EIO
        back                            the power is back

Faults: everything not flushed is lost, or any part of it, in any order, down to a sector; a flush that is under way fails.
Other than the filesystem's own shutdown, which lets a sync that is under way succeed though it did not happen. Not here: a
disk that says that it has flushed and hasn't; a sector that is torn in itself, or rots.
"""

import ctypes
import errno
import os
import random
import select
import stat
import struct
import sys
import threading

BLOCK = 4096
FORGET, LOOKUP, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT = (
    2, 1, 3, 4, 14, 15, 16, 17, 18, 20, 25, 26)
OPENDIR, RELEASEDIR, ACCESS, DESTROY, BATCH_FORGET = 27, 29, 34, 38, 42
DIRECT = 1                                  # FOPEN_DIRECT_IO: nothing of it is cached in front of us


class Server:
    """The FUSE protocol, as far as a loop device needs it: one directory with one file."""

    def __init__(self, image, path):
        self.image = os.open(image, os.O_RDWR)
        self.size = os.fstat(self.image).st_size
        self.unflushed = {}                 # block → what it held when it was last flushed
        self.dead = False
        self.lock = threading.Lock()
        self.fuse = os.open("/dev/fuse", os.O_RDWR)
        options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % self.fuse
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"volatile", path.encode(), b"fuse", ctypes.c_ulong(0), options) != 0:
            raise OSError(ctypes.get_errno(), "no FUSE can be mounted")

    def serve(self):
        """Requests one after the other, until it is unmounted."""
        while True:
            try:
                data = os.read(self.fuse, (1 << 20) + 4096)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return
            _, code, unique, node = struct.unpack_from("<IIQQ", data)
            if code in (FORGET, BATCH_FORGET):
                continue
            try:
                with self.lock:
                    result, answer = 0, self.answer(code, node, data[40:])
            except OSError as error:
                result, answer = -error.errno, b""
            try:
                os.write(self.fuse, struct.pack("<IiQ", 16 + len(answer), result, unique) + answer)
            except OSError:
                pass

    def answer(self, code, node, body):
        """One request."""
        if code == INIT:
            major, minor, ahead, _ = struct.unpack_from("<IIII", body)
            return struct.pack("<IIIIHHIIHHI7I", 7, min(minor, 31), ahead, 1 << 5, 16, 12, 1 << 17, 1, 32, 0, 0, *[0] * 7)
        if code == LOOKUP:
            if body.rstrip(b"\0") != b"image":
                raise OSError(errno.ENOENT, "")
            return struct.pack("<QQQQII", 2, 0, 3600, 3600, 0, 0) + self.attributes(2)
        if code in (GETATTR, SETATTR):
            return struct.pack("<QII", 3600, 0, 0) + self.attributes(node)
        if code in (OPEN, OPENDIR):
            return struct.pack("<QII", 1, DIRECT if code == OPEN else 0, 0)
        if code == STATFS:
            return struct.pack("<QQQQQIIII6I", 1, 0, 0, 2, 0, BLOCK, 255, BLOCK, 0, *[0] * 6)
        if code in (RELEASE, RELEASEDIR, ACCESS, FLUSH, DESTROY):
            return b""
        if code not in (READ, WRITE, FSYNC):
            raise OSError(errno.ENOSYS, "")
        if self.dead:
            raise OSError(errno.EIO, "")
        if code == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return os.pread(self.image, size, offset)
        if code == FSYNC:
            self.unflushed.clear()
            return b""
        _, offset, size = struct.unpack_from("<QQI", body)
        for block in range(offset // BLOCK, (offset + size - 1) // BLOCK + 1):
            if block not in self.unflushed:
                self.unflushed[block] = os.pread(self.image, BLOCK, block * BLOCK)
        os.pwrite(self.image, body[40:40 + size], offset)
        return struct.pack("<II", size, 0)

    def attributes(self, node):
        """struct fuse_attr."""
        mode, size = (stat.S_IFDIR | 0o700, 0) if node == 1 else (stat.S_IFREG | 0o600, self.size)
        return struct.pack("<QQQQQQIIIIIIIIII", node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, BLOCK, 0)

    def cut(self, keep, size, seed):
        """The power goes."""
        chance = random.Random(seed)
        with self.lock:
            self.dead = True
            lost = 0
            for block, before in sorted(self.unflushed.items()):
                for start in range(0, BLOCK, size):
                    if chance.random() >= keep:
                        os.pwrite(self.image, before[start:start + size], block * BLOCK + start)
                        lost += 1
            pieces = len(self.unflushed) * BLOCK // size
            self.unflushed.clear()
        return "%d of %d" % (lost, pieces)


def main():
    """Serves, and does what it is told."""
    server = Server(*sys.argv[1:3])
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    print("ready", flush=True)
    while thread.is_alive():
        if not select.select([sys.stdin], [], [], 1)[0]:
            continue
        words = sys.stdin.readline().split()
        if not words:
            break
        if words[0] == "cut":
            print(server.cut(float(words[1]), int(words[2]), int(words[3])), flush=True)
        else:
            server.dead = False
            print("ok", flush=True)


if __name__ == "__main__":
    main()
