"""A filesystem of its own in an image file, whose power can be cut and whose room can be taken.

Faults: a cut below the filesystem loses what was not flushed, or any part of it in any order (VolatileDisk); a cut of the
filesystem itself (Disk) loses everything that was not synced, and by choice keeps what its journal had; a full disk. Not
here: a device that lies about a flush.
"""

import ctypes
import fcntl
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

SHUTDOWN = 0x8004587d                       # EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
LOSE_LOG, FLUSH_LOG = 2, 1                  # EXT4_GOING_FLAGS_NOLOGFLUSH, _LOGFLUSH
WRITE_OUT = 2                               # SYNC_FILE_RANGE_WRITE
LIBC = ctypes.CDLL(None, use_errno=True)


def call(*command):
    """Runs a command that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError("%s: %s" % (" ".join(command), done.stderr.strip()))


def hindrance(kind=None):
    """Why no such filesystem can be mounted and cut here; None where one can."""
    if os.geteuid() != 0:
        return "it needs root"
    if not os.path.exists("/dev/loop-control"):
        return "there are no loop devices"
    disk, folder = None, tempfile.mkdtemp(prefix="power-probe-")
    try:
        disk = (kind or Disk)(folder, 8)
        disk.mount()
        disk.cut(random.Random(1))
        return None
    except OSError as error:
        return str(error)
    finally:
        if disk:
            disk.remove()
        shutil.rmtree(folder)


class Disk:
    """An ext4 in FOLDER/image, mounted at FOLDER/disk; its cut is the filesystem's own shutdown."""

    is_exact = False                        # whether what is acknowledged after the cut began must be there too

    def __init__(self, folder, mebibytes, image=None):
        self.image, self.path = image or folder + "/image", folder + "/disk"
        self.descriptor = None
        self.ballast = self.path + "/ballast"
        os.makedirs(self.path, exist_ok=True)
        if image is None:
            with open(self.image, "wb") as file:
                file.truncate(mebibytes << 20)
            call("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", self.image)

    def mount(self):
        """Mounts it; the journal is replayed as after a cut."""
        call("mount", "-o", "loop", self.device(), self.path)
        self.descriptor = os.open(self.path, os.O_RDONLY)

    def cut(self, chance):
        """From here on nothing reaches the disk, and every write and sync fails with EIO.

        A sync that is under way may succeed all the same: the kernel forgets the journal's transaction before the sync asks for
        it (Linux 6.18, ext4_sync_file and jbd2_complete_transaction). So what is acknowledged after this began proves nothing.
        """
        how = chance.choices([LOSE_LOG, FLUSH_LOG], [7, 3])[0]
        fcntl.ioctl(self.descriptor, SHUTDOWN, struct.pack("I", how))

    def device(self):
        """The file that the loop device lies on."""
        return self.image

    def unmount(self):
        """Takes it away, with all that is only in memory."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        for attempt in range(50):
            try:
                return call("umount", self.path)
            except OSError:
                if attempt == 49:
                    raise
                time.sleep(0.1)

    def power(self, copy=None):
        """It is back; what was in memory only is gone. COPY gets the image as the cut left it."""
        self.unmount()
        if copy:
            call("cp", "--sparse=always", self.image, copy)
        self.mount()

    def remove(self, keep=False):
        """Unmounts it and removes the image, or keeps that."""
        if os.path.ismount(self.path):
            self.unmount()
        if not keep:
            os.unlink(self.image)
        os.rmdir(self.path)

    def fill(self, left=0):
        """Takes the room, all but some bytes."""
        descriptor = os.open(self.ballast, os.O_WRONLY | os.O_CREAT)
        try:
            length, piece = os.fstat(descriptor).st_size, 64 << 20
            while piece >= 1024:
                wanted = min(piece, self.free() - left)
                try:
                    if wanted < 1024:
                        break
                    os.posix_fallocate(descriptor, length, wanted)
                    length += wanted
                except OSError:
                    piece //= 2
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_room(self):
        """Removes what fill took."""
        os.unlink(self.ballast)
        os.sync()

    def free(self):
        """Bytes that are free."""
        room = os.statvfs(self.path)
        return room.f_bavail * room.f_bsize


class VolatileDisk(Disk):
    """The same on a device with a volatile cache (volatile.py); its cut is the device's."""

    is_exact = True

    def __init__(self, folder, mebibytes):
        super().__init__(folder, mebibytes)
        self.cache = folder + "/device"
        os.makedirs(self.cache)
        self.server = subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "volatile.py"), self.image, self.cache],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.server.stdout.readline() != "ready\n":
            raise OSError("volatile.py does not start")

    def device(self):
        """The file that the loop device lies on."""
        return self.cache + "/image"

    def tell(self, *words):
        """One command to the device."""
        print(*words, file=self.server.stdin, flush=True)
        return self.server.stdout.readline().strip()

    def cut(self, chance):
        """The device is gone: of what it had not flushed nothing, something or all is there."""
        self.tell("cut", chance.choice([0, 0, 0.3, 0.7, 1]), chance.choice([512, 4096]), chance.randrange(1 << 30))

    def mount(self):
        """Mounts it, with the power on."""
        self.tell("back")
        super().mount()

    def remove(self, keep=False):
        """Unmounts all of it and removes the image, or keeps that."""
        if os.path.ismount(self.path):
            self.unmount()
        for attempt in range(50):
            try:
                call("umount", self.cache)
                break
            except OSError:
                time.sleep(0.1)
        self.server.stdin.close()
        self.server.wait(10)
        os.rmdir(self.cache)
        super().remove(keep)


def write_out(path):
    """Has the kernel begin to write a file's pages out: what it may do at any moment, though nobody has synced."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    LIBC.sync_file_range(ctypes.c_int(descriptor), ctypes.c_int64(0), ctypes.c_int64(0), ctypes.c_uint(WRITE_OUT))
    os.close(descriptor)
