#!/usr/bin/env python3
"""The real daemon on a disk whose power is cut, again and again, at moments drawn from a seed.

    Tests/power/run cut [--cuts 100] [--seed 1] [--first 0] [--per-disk 25] [--keep] [--folder FOLDER] [--meterd PATH]
        [--meterctl PATH]

Faults: from one moment on nothing more reaches the disk, and of what was not flushed nothing, a part or all is there, in any
order and down to single sectors; syncs that are under way fail. Or the filesystem itself is shut down, with its journal or
without it. It happens under load, during checkpoints, during backups, in the first milliseconds of a first start, and during
recovery, several times in a row.

Not here: a disk that lies about a flush, and a kernel that stops at the same moment as the disk. Moments are drawn in
milliseconds; what the daemon is in the middle of at that time is chance, so a replay does the same and may meet another
instruction.
"""

import argparse
import collections
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from daemon import PATIENCE, ROOT, Daemon, Failed, Gone
from disk import Disk, VolatileDisk, hindrance, write_out
from load import Granter, Journal, Load, Maker, check_books, push, resend

KINDS = {"load": 8, "checkpoint": 5, "backup": 4, "first": 3, "recovery": 5}
ORGS = ["acme", "globex", "initech", "umbrella"]
CREDITS = 1_000_000


class Tally:
    """What happened, of all disks."""

    def __init__(self):
        self.kinds, self.exits = collections.Counter(), collections.Counter()
        self.acknowledged = self.sent = self.grants = self.resent = self.backups = self.late = 0
        self.slowest = 0.0
        self.findings = []


class Writeback(threading.Thread):
    """The kernel's own pace: pages of database and log go out before anybody syncs them."""

    def __init__(self, state, chance):
        super().__init__(daemon=True)
        self.state, self.chance, self.stopping = state, chance, False

    def run(self):
        """Now the one file, now the other."""
        while not self.stopping:
            write_out("%s/meterd.db%s" % (self.state, self.chance.choice(["", "-wal", "-wal"])))
            time.sleep(self.chance.random() * 0.01)


class Bench:
    """One filesystem, one ledger on it, and what is known of it."""

    def __init__(self, options, number, tally):
        self.options, self.number, self.tally = options, number, tally
        self.folder = tempfile.mkdtemp(prefix="power-cut-", dir=options.folder)
        self.chance = random.Random(options.seed * 1_000_003 + number)
        # Sparse; a backup wants 256 MiB free. The first disk has the device's cut, whatever the seed.
        is_volatile = options.volatile and (number % 3 != 2)
        self.disk = (VolatileDisk if is_volatile else Disk)(self.folder, 640)
        self.disk.mount()
        self.daemon = Daemon(options, self.folder, self.disk.path + "/state", self.chance.choice([100, 100, 300, 8192]))
        self.journal = Journal(self.folder + "/journal")
        self.entries, self.granted, self.cuts = [], {}, 0
        self.load = self.granter = self.writeback = None
        self.backups, self.cut_at, self.side = 0, None, None

    def found(self, daemon, orgs):
        """The first start, orgs and credits."""
        daemon.start()
        for org in orgs:
            for path, body, key in (("/v1/orgs", {"org": org}, "o-" + org),
                                    ("/v1/orgs/%s/grants" % org, {"amount": str(CREDITS)}, "c-" + org)):
                status, _, answer = daemon.ask("POST", path, body, key)
                if status not in (200, 201):
                    raise Failed("%s: %s" % (path, answer))
            if daemon is self.daemon:
                self.granted[org] = CREDITS * 10 ** 9

    # One cut.

    def once(self):
        """Draws what is done, cuts, and looks what is there afterwards."""
        self.cuts, self.remounts = self.cuts + 1, 0
        names = list(KINDS)
        kind = self.chance.choices(names, [KINDS[name] for name in names])[0]
        self.tally.kinds[kind] += 1
        if kind == "first":
            return self.cut_first()
        self.begin_load()
        getattr(self, "cut_" + kind)()

    def begin_load(self):
        """Several clients, each with a window, and an operator."""
        prefix = "d%d-%d" % (self.number, self.cuts)
        window = self.chance.choice([1, 4, 16, 16, 64])
        makers = [
            Maker(random.Random(self.chance.random()), ORGS, "%s-%d" % (prefix, n),
                  holds=self.chance.choice([0, 0.1, 0.3]), wide=self.chance.choice([0, 0.1, 0.5]))
            for n in range(self.chance.choice([1, 2, 6, 6, 12]))]
        self.load = Load(self.daemon.ingest, self.journal, makers, window)
        self.granter = Granter(self.daemon, random.Random(self.chance.random()), ORGS, prefix)
        self.writeback = Writeback(self.daemon.state, random.Random(self.chance.random()))
        self.load.start()
        self.granter.start()
        if self.chance.random() < 0.4:
            self.writeback.start()

    def cut_load(self):
        """At any moment."""
        time.sleep(self.chance.uniform(0.003, 0.4))
        self.cut_and_recover()

    def cut_checkpoint(self):
        """Some time after pages of the log have begun to go into the database file."""
        time.sleep(self.chance.uniform(0, 0.2))
        path = self.daemon.state + "/meterd.db"
        pause = self.chance.choice([0, 0, self.chance.uniform(0, 0.004)])
        before, end = os.stat(path).st_mtime_ns, time.monotonic() + 2
        while os.stat(path).st_mtime_ns == before and time.monotonic() < end:
            pass
        time.sleep(pause)
        self.cut_and_recover()

    def cut_backup(self):
        """While a copy is made, taken and proven: what bears the name is good, on the disk that was cut as well."""
        self.backups += 1
        on_disk = self.chance.random() < 0.4
        path = "%s/backup-%d.db" % (self.disk.path if on_disk else self.folder, self.backups)
        time.sleep(self.chance.uniform(0, 0.1))
        copying = self.daemon.begin("backup", path, "--json")
        time.sleep(self.chance.uniform(0, 0.15))
        self.cut_and_recover(copying)
        if not os.path.exists(path):
            if copying.returncode == 0:
                raise Failed("a backup was made and is gone: %s" % path)
            return
        self.tally.backups += 1
        proof = self.daemon.meterctl("ledger", "verify", "--database", path, "--json")
        if proof.returncode != 0:
            raise Failed("the backup %s is not whole: %s %s" % (path, proof.stdout[-300:], proof.stderr[-300:]))
        os.unlink(path)

    def cut_recovery(self):
        """Under load, and again and again while the next one starts."""
        time.sleep(self.chance.uniform(0.003, 0.2))
        again = [self.chance.uniform(0, 0.09) for _ in range(self.chance.randint(1, 5))]
        self.cut_and_recover(again=again)

    def cut_first(self):
        """In the first milliseconds of a first start, several times in a row; then it starts and works."""
        status = self.daemon.stop()
        if status != 0:
            raise Failed("a stop ends with %s: %s" % (status, self.daemon.said()[-300:]))
        side = self.side = self.beside()
        try:
            for _ in range(self.chance.randint(1, 4)):
                side.launch()
                time.sleep(self.chance.uniform(0, 0.1))
                self.disk.cut(self.chance)
                self.see_it_end(side, poke=True)
                self.remount()
            try:
                self.found(side, ["acme"])
            except Failed as error:
                # The ledger of this disk has nothing to do with it.
                self.note("a first start that was cut: %s" % error)
            else:
                self.use_first(side)
        finally:
            side.close()
        shutil.rmtree(side.state)
        shutil.rmtree(side.folder)
        self.daemon.start()
        self.check([])

    def use_first(self, side):
        """A ledger that is new works."""
        entry = Maker(self.chance, ["acme"], "first", holds=0).next()
        push(side.ingest, [entry])
        check_books(side, [entry], {"acme": CREDITS * 10 ** 9})
        if side.stop() != 0:
            raise Failed("the new ledger's daemon does not stop as told: %s" % side.said()[-300:])

    def beside(self):
        """A daemon for an empty state directory on the same disk."""
        folder = tempfile.mkdtemp(prefix="side-", dir=self.folder)
        return Daemon(self.options, folder, "%s/first-%d" % (self.disk.path, self.cuts))

    # A cut's ends.

    def cut_and_recover(self, copying=None, again=()):
        """The cut, the daemon's end, what was acknowledged until then, and the ledger afterwards."""
        self.cut_at = time.monotonic()
        self.disk.cut(self.chance)
        self.see_it_end(self.daemon)
        self.writeback.stopping = self.granter.stopping = self.load.stopping = True
        self.load.join(30)
        self.granter.join(30)
        if copying:
            copying.communicate(timeout=60)
        if self.writeback.ident:
            self.writeback.join(10)
        self.remount()
        for pause in again:
            self.tally.kinds["(again)"] += 1
            self.daemon.launch()
            time.sleep(pause)
            self.disk.cut(self.chance)
            self.see_it_end(self.daemon, poke=True)
            self.remount()
        if not self.disk.is_exact:
            for entry in self.load.sent:
                if entry.reply and entry.at > self.cut_at:
                    entry.reply = None
                    self.tally.late += 1
            for grant in self.granter.grants:
                if grant[4] > self.cut_at:
                    grant[3] = None
        self.tally.acknowledged += self.load.acknowledged
        self.tally.sent += len(self.load.sent)
        self.tally.grants += len(self.granter.grants)
        if self.load.strange:
            raise Failed("a reply that was not expected: %s" % self.load.strange[0])
        if self.load.refused:
            raise Failed("%d records were refused as if the disk were full" % self.load.refused)
        self.daemon.start()
        self.entries += self.load.sent
        self.check(self.load.sent)

    def see_it_end(self, daemon, poke=False):
        """It has to end by itself, with 74 where it was at work; where it may be idle, it is given something to write."""
        start, status = time.monotonic(), None
        while status is None and time.monotonic() - start < PATIENCE:
            status = daemon.wait(0.05)
            if status is None and daemon.is_waiting:
                daemon.kill()
                self.tally.exits["waiting"] += 1
                return None
            if status is None and poke:
                self.poke(daemon)
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - start)
        said = daemon.said().strip()
        if status is None:
            daemon.kill()
            return self.note("it had not ended %d s after the cut: %s" % (PATIENCE, said[-400:]))
        self.tally.exits[status] += 1
        if status != 74 and not (poke and status == 73):
            self.note("it ended with status %d after the cut: %s" % (status, said[-400:]))
        elif "restore" in said:
            self.note("after a cut it tells to restore a backup: %s" % said[-400:])

    def poke(self, daemon):
        """Asks for something that has to be written: whatever is answered, it is no yes."""
        try:
            status, _, answer = daemon.ask("POST", "/v1/orgs", {"org": "poke"}, "poke", seconds=1)
        except (Gone, OSError):
            return
        if status < 300:
            raise Failed("an org is founded after the cut: %s" % answer)

    def note(self, words):
        """What is wrong, and does not keep the next start from being right."""
        self.tally.findings.append("disk %d, cut %d: %s" % (self.number, self.cuts, words.replace("\n", " | ")))

    def remount(self):
        """The power is back."""
        self.disk.power("%s/image-%d-%d" % (self.folder, self.cuts, self.remounts) if self.options.keep else None)
        self.remounts += 1

    def check(self, entries):
        """Nothing is lost, nothing is there twice."""
        resend(self.daemon.ingest, entries, self.journal, self.cut_at)
        if self.granter:
            self.granter.repeat(self.daemon, self.granted)
            self.granter = None
        self.tally.resent += len(entries)
        check_books(self.daemon, self.entries, self.granted)

    def finish(self):
        """All ids of this disk once more, and an end."""
        self.check(self.entries)
        status = self.daemon.stop()
        if status != 0:
            raise Failed("a stop ends with %s" % status)
        self.close()
        shutil.rmtree(self.folder)

    def close(self, keep=False):
        """Ends what is running, and unmounts; the image may stay."""
        for thread in (self.load, self.granter, self.writeback):
            if thread:
                thread.stopping = True
        self.daemon.close()
        if self.side:
            self.side.kill()
        for thread in (self.load, self.granter, self.writeback):
            if thread and thread.ident:
                thread.join(10)
        self.journal.close()
        self.disk.remove(keep)


def run(options):
    """All cuts; how many failed."""
    tally, start, failures, done = Tally(), time.monotonic(), 0, 0
    number = options.first
    while done < options.cuts and failures < 5:
        bench, cuts = None, 0
        try:
            bench = Bench(options, number, tally)
            bench.found(bench.daemon, ORGS)
            for cuts in range(1, min(options.per_disk, options.cuts - done) + 1):
                bench.once()
                if sys.stderr.isatty():
                    print("\r%d of %d cuts, %d acknowledged \033[K" % (done + cuts, options.cuts, tally.acknowledged), end="",
                          file=sys.stderr, flush=True)
            bench.finish()
        except (Failed, Gone, OSError, subprocess.TimeoutExpired) as error:
            failures += 1
            print("\nFAILED at cut %d of disk %d: %s" % (cuts, number, error))
            print("  replay: Tests/power/run cut --seed %d --first %d --cuts %d --per-disk %d --keep" % (
                options.seed, number, max(cuts, 1), max(cuts, 1)))
            if bench:
                bench.close(keep=True)
                print("  image, journal and log: %s" % bench.folder)
        except BaseException:
            if bench:
                bench.close()
            raise
        done += max(cuts, 1)
        number += 1
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    for words in tally.findings:
        print("WRONG: %s" % words)
    kinds = ", ".join("%d %s" % (count, kind) for kind, count in sorted(tally.kinds.items()))
    exits = ", ".join("%d times %s" % (count, status) for status, count in sorted(tally.exits.items(), key=str))
    print("power cuts: seed %d, %d cuts (%s), %d acknowledged of %d sent (%d too late to count), %d grants, %d sent again, "
          "%d backups under their name, exits %s (slowest %.2f s), %d wrong, %.0f s" % (
              options.seed, done, kinds, tally.acknowledged, tally.sent, tally.late, tally.grants, tally.resent, tally.backups,
              exits, tally.slowest, failures + len(tally.findings), time.monotonic() - start))
    return failures + len(tally.findings)


def main():
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the disk to begin with: for a replay")
    parser.add_argument("--per-disk", type=int, default=25, help="cuts before a fresh filesystem is made")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where images and journals lie")
    parser.add_argument("--keep", action="store_true", help="keep the image as each cut of a disk left it")
    parser.add_argument("--meterd", default=os.path.join(ROOT, ".build/release/meterd"))
    parser.add_argument("--meterctl", default=os.path.join(ROOT, ".build/release/meterctl"))
    options = parser.parse_args()
    reason = hindrance()
    options.volatile = not reason and not hindrance(VolatileDisk)
    if reason:
        print("power cuts: skipped, %s" % reason)
        return 0
    return 1 if run(options) else 0


if __name__ == "__main__":
    sys.exit(main())
