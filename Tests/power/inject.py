#!/usr/bin/env python3
"""The shipped program with its Nth system call failing, for every N, by strace.

    Tests/power/run inject [--limit 1000] [--stage first,start,usage,backup,read,stop] [--fault sync,write,...] [--every]
        [--folder FOLDER] [--meterd PATH] [--meterctl PATH]

Faults: EIO from fsync, fdatasync, pwrite64, pread64, ftruncate, unlink and from opening a file of the ledger; ENOSPC, and
nothing written at all, from pwrite64; each once, or from then on for good. They come at the Nth call that a thread makes of
its kind on the ledger's files: while an empty directory becomes a ledger, while a ledger whose daemon was killed is
recovered, while records, holds and a grant come and the log is moved into the database, during a backup, while the ledger is
read and proven, and while the daemon stops.

After the fault it is restarted without one, everything is sent again, and the books are proven. Of large N only some are tried
(--every: all). strace counts by thread, so that the same N may mean two calls; the first one that counts is met in any case.

Not here: calls that no fault of a disk makes fail, and memory-mapped pages (meterd.db-shm).
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from daemon import PATIENCE, ROOT, Daemon, Failed, Gone
from load import Journal, Maker, check_books, push, resend

ORGS = ["acme", "globex"]
CREDITS = 1_000_000
FAULTS = {                                  # name: system calls, what becomes of them
    "sync": ("fsync,fdatasync", "error=EIO"), "write": ("pwrite64", "error=EIO"), "full": ("pwrite64", "error=ENOSPC"),
    "short": ("pwrite64", "retval=0"), "read": ("pread64", "error=EIO"), "open": ("openat", "error=EIO"),
    "truncate": ("ftruncate", "error=EIO"), "unlink": ("unlink", "error=EIO"),
}
STAGES = ["first", "start", "usage", "backup", "read", "stop"]
NAMES = ["", "/meterd.db", "/meterd.db-wal", "/meterd.db-shm", "/meterd.db-journal"]
# What nobody may be told because of a fault that passes.
ALARMS = ["restore", "malformed", "not a meterd database", "do NOT balance", "point state_dir elsewhere"]


class Harness:
    """The runs, and what came of them."""

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="power-inject-", dir=options.folder)
        self.outcomes = collections.defaultdict(list)
        self.wrong, self.runs = [], 0
        self.template = self.folder + "/template"
        self.prepare()

    def prepare(self):
        """A small ledger, as a daemon leaves it that is killed."""
        os.makedirs(self.template)
        daemon = Daemon(self.options, self.template, self.template + "/state")
        daemon.start()
        self.granted = {}
        for org in ORGS:
            daemon.ask("POST", "/v1/orgs", {"org": org}, "o-" + org)
            daemon.ask("POST", "/v1/orgs/%s/grants" % org, {"amount": str(CREDITS)}, "c-" + org)
            self.granted[org] = CREDITS * 10 ** 9
        maker = Maker(random.Random(1), ORGS, "old", holds=0.2, wide=0.2)
        self.old = [maker.next() for _ in range(200)]
        for start in range(0, 200, 20):
            some = self.old[start:start + 20]
            for entry, reply in zip(some, push(daemon.ingest, some)):
                entry.reply = reply
        daemon.close()
        for name in os.listdir(self.template):
            if name.endswith(".sock"):
                os.unlink(self.template + "/" + name)

    def numbers(self):
        """1, 2, 3, …; further out some are left out."""
        number = 1
        while number <= self.options.limit:
            yield number
            number += 1 if self.options.every or number < 24 else max(1, number // 12)

    def run(self):
        """All stages, faults and numbers."""
        start = time.monotonic()
        for stage in self.options.stage:
            for fault in self.options.fault:
                for lasting in ("", "+"):
                    self.row(stage, fault, lasting)
        print("\n%-8s %-9s %-7s %5s  %s" % ("stage", "fault", "", "runs", "what came of it"))
        for (stage, fault, lasting), seen in self.outcomes.items():
            counts = collections.Counter(seen)
            print("%-8s %-9s %-7s %5d  %s" % (
                stage, fault, "lasting" if lasting else "once", len(seen),
                "; ".join("%d %s" % (count, words) for words, count in counts.most_common())))
        print()
        for words, where in self.gathered().items():
            print("WRONG (%d times, first at %s): %s" % (len(where), where[0], words))
        print("system calls that fail: %d runs, %d wrong, %.0f s" % (self.runs, len(self.wrong), time.monotonic() - start))
        shutil.rmtree(self.folder)
        return len(self.wrong)

    def gathered(self):
        """What was wrong, and where."""
        where = collections.defaultdict(list)
        for place, words in self.wrong:
            where[words].append(place)
        return where

    def row(self, stage, fault, lasting):
        """One kind of fault in one stage: every N until one is not met."""
        for number in self.numbers():
            run = Run(self, stage, fault, "%d%s" % (number, lasting))
            try:
                words = run.go()
            except (Failed, Gone, OSError, subprocess.TimeoutExpired) as error:
                words = "FAILED"
                run.object("%s" % error)
            finally:
                run.close()
            if not run.met:
                break
            self.runs += 1
            self.outcomes[stage, fault, lasting].append(words)
            if sys.stderr.isatty():
                print("\r%s %s %s: %s \033[K" % (stage, fault, run.when, words[:80]), end="", file=sys.stderr, flush=True)


class Run:
    """One daemon, one fault."""

    def __init__(self, harness, stage, fault, when):
        self.harness, self.stage, self.fault, self.when = harness, stage, fault, when
        self.folder = tempfile.mkdtemp(prefix="r-", dir=harness.folder)
        self.state = self.folder + "/state"
        self.trace = self.folder + "/trace"
        self.daemon = Daemon(harness.options, self.folder, self.state)
        self.journal = Journal(self.folder + "/journal")
        self.granted = dict(harness.granted)
        self.entries = [] if stage == "first" else list(harness.old)
        self.met, self.tracer, self.notes = False, None, []

    def object(self, words):
        """Something is wrong."""
        words = re.sub(r"(open the ledger|commit|rate card \d+): .*?: (?=database disk|disk I/O|unable)", r"\1: …: ",
                       words.replace(self.folder, "…").replace("\n", " | "))
        words = re.sub(r" - while executing `[^`]*`?", "", words)[:300]
        self.harness.wrong.append(("%s, %s, when=%s" % (self.stage, self.fault, self.when), words))

    def command(self, *more):
        """strace, with the fault."""
        calls, what = FAULTS[self.fault]
        paths = [] if self.stage == "backup" and self.fault != "open" else [
            word for name in NAMES for word in ("-P", self.state + name)]
        return ["strace", "-f", "-qq", "-I1", "-o", self.trace, *paths, "-e", "trace=" + calls, "-e", "signal=none",
                "-e", "inject=%s:%s:when=%s" % (calls, what, self.when), *more]

    def go(self):
        """The stage under the fault, then all without it; says what came of it."""
        if self.stage != "first":
            shutil.copytree(self.harness.template + "/state", self.state)
        if self.stage in ("first", "start"):
            words = self.start_traced()
        else:
            self.daemon.start()
            self.attach()
            words = getattr(self, self.stage)()
        self.look()
        if not self.met:
            return words
        if self.stage == "usage" and self.fault in ("sync", "write") and words.startswith("goes on"):
            self.object("it goes on after a write or sync of the ledger has failed")
        self.afterwards()
        return words

    # The stages.

    def start_traced(self):
        """A start with a fault in it."""
        self.daemon.launch(self.command("-D"))
        if self.daemon.is_ready():
            if self.stage == "start":
                try:
                    for entry, reply in zip(self.entries[:5], push(self.daemon.ingest, self.entries[:5])):
                        if b'"ok":true' in reply and b'"duplicate":true' not in reply and entry.kind != "release":
                            self.object("%s was acknowledged and lost" % entry.id)
                except Failed:
                    pass
            self.detach()
            return self.ended("starts")
        if self.daemon.is_waiting:
            self.detach()
            self.daemon.kill()
            return "start waits for the disk"
        status = self.daemon.wait(PATIENCE)
        if status is None:
            self.detach()
            self.object("it neither starts nor ends: %s" % self.daemon.said()[-300:])
            return "hangs"
        return self.end_words(status, "start fails, ")

    def usage(self):
        """Records, holds and a grant, in commits enough for two checkpoints."""
        maker = Maker(random.Random(7), ORGS, "new", holds=0.2, wide=0.5, careful=True)
        refused = 0
        for batch in range(24):
            some = [maker.next() for _ in range(8)]
            self.entries += some
            try:
                replies = push(self.daemon.ingest, some)
            except Failed as error:
                if "timed out" in str(error):
                    self.object("records are not answered")
                break
            for entry, reply in zip(some, replies):
                if b'"ok":true' in reply:
                    entry.reply = reply
                elif b"storage_unavailable" in reply:
                    refused += 1
                else:
                    self.object("a strange reply: %s" % reply.decode())
            if batch == 12:
                self.grant()
        if self.daemon.wait(0.05) is None:
            self.detach()
        return self.ended("goes on" + (", refuses some" if refused else ""))

    def grant(self):
        """Credits, under a key: done once, in the end."""
        self.granted["acme"] += 10 ** 9
        self.wanted = ("POST", "/v1/orgs/acme/grants", {"amount": "1"}, "g")
        try:
            self.daemon.ask(*self.wanted, seconds=PATIENCE)
        except (Gone, OSError):
            pass

    wanted = None

    def backup(self):
        """A copy: whole under its name, or not there."""
        path = self.folder + "/copy.db"
        done = self.daemon.meterctl("backup", path, "--json", seconds=30)
        self.look_alarm(done.stderr)
        if done.returncode == 0:
            proof = self.daemon.meterctl("ledger", "verify", "--database", path)
            if proof.returncode != 0:
                self.object("a backup is not whole: %s%s" % (proof.stdout, proof.stderr))
        elif os.path.exists(path):
            self.object("a backup failed and is there")
        elif not done.stderr.strip():
            self.object("a backup failed without a word")
        if self.daemon.wait(0.05) is None:
            self.detach()
        return self.ended("goes on, the copy is made" if done.returncode == 0 else "goes on, the copy fails: " +
                          self.shorten(done.stderr))

    def read(self):
        """Lists, an explanation, the proof: the same as without a fault, or an error."""
        words = []
        for order in (["usage", "list", "acme", "--json"], ["explain", "acme", self.record(), "--json"],
                      ["ledger", "verify", "--json"], ["ledger", "list", "acme", "--json"], ["status", "--json"]):
            done = self.daemon.meterctl(*order, seconds=30)
            if done.returncode == 0:
                if order[0] == "usage" and len(json.loads(done.stdout)["items"]) != 50:
                    self.object("a list is not whole: %s" % done.stdout[:200])
                continue
            self.look_alarm(done.stderr + done.stdout)
            words.append("%s: %s" % (order[0], self.shorten(done.stderr or done.stdout)))
        if self.daemon.wait(0.05) is None:
            self.detach()
        return self.ended("goes on" + (", " + words[0] if words else ""))

    def record(self):
        """A record of acme's."""
        return next(entry.id for entry in self.harness.old if entry.kind == "usage" and entry.org == "acme")

    def stop(self):
        """A stop with a fault in it."""
        self.daemon.process.terminate()
        status = self.daemon.wait(PATIENCE)
        if status is None:
            self.detach()
            self.object("it does not stop: %s" % self.daemon.said()[-300:])
            return "hangs"
        return self.end_words(status, "")

    # strace.

    def attach(self):
        """Has strace follow all threads of the daemon."""
        pid = self.daemon.process.pid
        self.tracer = subprocess.Popen(self.command("-p", str(pid)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            tasks = os.listdir("/proc/%d/task" % pid)
            if all(self.traced_by("%d/task/%s" % (pid, task)) for task in tasks):
                return
            time.sleep(0.005)
        raise Failed("strace does not attach: %s" % self.tracer.poll())

    def traced_by(self, process):
        """The tracer of a process, 0 for none."""
        try:
            with open("/proc/%s/status" % process) as file:
                return next(int(line.split()[1]) for line in file if line.startswith("TracerPid:"))
        except OSError:
            return 0

    def detach(self):
        """No more faults; the daemon goes on."""
        tracer = self.tracer.pid if self.tracer else self.traced_by(self.daemon.process.pid)
        if tracer:
            try:
                os.kill(tracer, signal.SIGINT)
            except ProcessLookupError:
                pass
        if self.tracer:
            self.tracer.wait(10)
        end = time.monotonic() + 5
        while self.traced_by(self.daemon.process.pid) and time.monotonic() < end:
            time.sleep(0.005)

    def look(self):
        """Whether the fault was met."""
        if self.tracer:
            try:
                self.tracer.wait(5)
            except subprocess.TimeoutExpired:
                self.detach()
        with open(self.trace, errors="replace") as file:
            self.met = "(INJECTED)" in file.read()

    # What came of it.

    def shorten(self, words, length=110):
        """The words of an error without what differs from run to run."""
        line = words.strip().splitlines()[0] if words.strip() else "no word"
        return line.replace(self.folder, "…").replace("meterctl: ", "").split(" MESSAGE_ID")[0][:length]

    def look_alarm(self, words):
        """Words that send somebody to a backup."""
        words = re.sub(r"`[^`]*`", "`…`", words)
        for line in words.splitlines():
            if any(alarm in line for alarm in ALARMS):
                return self.object("because of a fault that passes it says: %s" % self.shorten(line, 300))

    def ended(self, words):
        """Whether it is still there."""
        status = self.daemon.wait(0.02)
        return words if status is None else self.end_words(status, "")

    def end_words(self, status, before):
        """How it ended, and whether that is all right."""
        said = self.daemon.said()
        self.look_alarm(said)
        if status < 0:
            self.object("it ended by signal %d: %s" % (-status, said[-300:]))
        elif status in (65, 78):
            self.object("it ended with %d, after which nobody starts it again: %s" % (status, self.shorten(said, 300)))
        elif status not in (73, 74) and not (status == 0 and self.stage == "stop"):
            self.object("it ended with %d: %s" % (status, self.shorten(said)))
        return "%sexit %d" % (before, status)

    def afterwards(self):
        """Without a fault: it starts, or goes on; nothing is lost, nothing is there twice, the books balance."""
        if self.daemon.process.poll() is None:
            # The one that went on has to take records now.
            self.push_again()
            status = self.daemon.stop()
            if status != 0:
                self.object("after the fault it does not stop as told: %s, %s" % (status, self.daemon.said()[-200:]))
                self.daemon.kill()
        self.daemon.start()
        if self.stage == "first":
            for org in ORGS:
                self.daemon.ask("POST", "/v1/orgs", {"org": org}, "o-" + org)
                self.daemon.ask("POST", "/v1/orgs/%s/grants" % org, {"amount": str(CREDITS)}, "c-" + org)
        if self.wanted:
            self.daemon.ask(*self.wanted)
        self.push_again()
        check_books(self.daemon, self.entries, self.granted)
        left = [name for name in os.listdir(self.state) if name.startswith("snapshot-")]
        if left:
            self.object("a copy was left behind: %s" % left)

    def push_again(self):
        """Sends everything again; a disk that was full may be so for a second more."""
        if self.stage == "first" and not self.entries and self.daemon.process.poll() is None:
            return
        for attempt in range(30):
            try:
                return resend(self.daemon.ingest, self.entries, self.journal)
            except Failed as error:
                if "storage_unavailable" not in str(error) or attempt == 29:
                    raise
                time.sleep(0.1)

    def close(self):
        """Ends all of it."""
        if self.tracer and self.tracer.poll() is None:
            self.detach()
        self.daemon.close()
        self.journal.close()
        for entry in self.harness.old:
            entry.refused = 0
        shutil.rmtree(self.folder)


def main():
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", type=int, default=1000, help="the largest N")
    parser.add_argument("--stage", default=",".join(STAGES))
    parser.add_argument("--fault", default=",".join(FAULTS))
    parser.add_argument("--every", action="store_true", help="every N, not only some of the large ones")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where ledgers lie")
    parser.add_argument("--meterd", default=os.path.join(ROOT, ".build/release/meterd"))
    parser.add_argument("--meterctl", default=os.path.join(ROOT, ".build/release/meterctl"))
    options = parser.parse_args()
    options.stage, options.fault = options.stage.split(","), options.fault.split(",")
    if not shutil.which("strace"):
        print("system calls that fail: skipped, there is no strace")
        return 0
    return 1 if Harness(options).run() else 0


if __name__ == "__main__":
    sys.exit(main())
