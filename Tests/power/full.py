#!/usr/bin/env python3
"""The real daemon on a disk that is really full: a small ext4, and a file that takes what room is left.

    Tests/power/run full [--seed 1] [--rounds 4] [--part NAME] [--folder FOLDER] [--meterd PATH] [--meterctl PATH]

Faults: the disk is full, to the last block or all but some kilobytes, while records come, while an operator grants, buys,
imports rates and makes a backup, when the daemon stops, is killed, or starts on a ledger or on nothing. Then room is made,
and all of it has to go on: without a restart where the daemon runs. Nothing that was refused is charged; nothing that was
acknowledged is lost.

Not here: inodes or quotas that run out, and a disk that is full for others than the daemon's user only.
"""

import argparse
import glob
import gzip
import json
import os
import random
import shutil
import sys
import tempfile
import time

from daemon import ROOT, Daemon, Failed
from disk import Disk, hindrance
from load import Journal, Load, Maker, check_books, push, resend

ORGS = ["acme", "globex"]
CREDITS = 1_000_000


class Full:
    """All of it, with what held and what didn't."""

    def __init__(self, options):
        self.options = options
        self.chance = random.Random(options.seed)
        self.folder = tempfile.mkdtemp(prefix="power-full-", dir=options.folder)
        self.passed, self.failed, self.load_now = 0, [], None
        self.refused = self.acknowledged = 0
        self.resumed = []

    def check(self, claim, holds, detail=""):
        """The claim holds, or what was seen instead."""
        if holds:
            self.passed += 1
            print("  ok: %s" % claim)
        else:
            self.failed.append(claim)
            print("  FAILED: %s\n    %s" % (claim, str(detail).strip().replace("\n", "\n    ")[-1200:]))
        return holds

    def eventually(self, look, seconds=10):
        """Looks until it is so; the seconds it took, None where it isn't."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if look():
                return time.monotonic() - start
            time.sleep(0.05)
        return None

    def status(self):
        """What meterctl status says."""
        done = self.daemon.meterctl("status", "--json")
        # A daemon that takes no usage is 1, with all that it says.
        return json.loads(done.stdout) if done.returncode in (0, 1) and done.stdout else {"error": done.stderr}

    def told(self, word):
        """Whether the newest word to systemd has it."""
        self.texts += self.daemon.words()
        states = [text for text in self.texts if "STATUS=" in text]
        return bool(states) and word in states[-1]

    # A ledger on a small disk.

    def begin(self, name, mebibytes, pages=300, watchdog=False):
        """A disk, a daemon on it, and orgs with credits."""
        folder = "%s/%s" % (self.folder, name)
        os.makedirs(folder)
        self.disk = Disk(folder, mebibytes)
        self.disk.mount()
        self.daemon = Daemon(self.options, folder, self.disk.path + "/state", pages)
        self.daemon.watchdog = watchdog
        self.journal = Journal(folder + "/journal")
        self.entries, self.granted, self.texts, self.loads = [], {}, [], 0
        self.daemon.start()
        for org in ORGS:
            self.daemon.ask("POST", "/v1/orgs", {"org": org}, "o-" + org)
            self.daemon.ask("POST", "/v1/orgs/%s/grants" % org, {"amount": str(CREDITS)}, "c-" + org)
            self.granted[org] = CREDITS * 10 ** 9

    def end(self):
        """Everything of it is gone."""
        self.daemon.close()
        self.journal.close()
        self.disk.remove()

    def load(self):
        """Clients at work."""
        self.loads += 1
        makers = [Maker(random.Random(self.chance.random()), ORGS, "l%d-%d" % (self.loads, n), careful=True) for n in range(6)]
        load = Load(self.daemon.ingest, self.journal, makers, 16)
        load.start()
        self.load_now = load
        return load

    def until_refused(self, count=200):
        """Load until records are refused; the load is stopped then."""
        load = self.load()
        took = self.eventually(lambda: load.refused >= count or not load.is_alive(), 60)
        self.check("records are refused with storage_unavailable, and the daemon goes on (%s s)" % took,
                   load.refused >= count and self.daemon.process.poll() is None,
                   "%d refused, exit %s: %s" % (load.refused, self.daemon.process.poll(), self.daemon.said()[-600:]))
        return load

    def settle(self, load):
        """The load ends; what it did is known."""
        load.stop()
        self.refused += load.refused
        self.acknowledged += load.acknowledged
        self.check("no reply but yes and storage_unavailable", not load.strange, load.strange[:1])
        self.entries += load.sent

    def holds(self, claim, function, *arguments):
        """The function has nothing to say against it."""
        try:
            function(*arguments)
            return self.check(claim, True)
        except Failed as error:
            return self.check(claim, False, error)

    def look_degraded(self):
        """What everybody is told of a full disk."""
        took = self.eventually(lambda: self.told("degraded"), 5)
        self.check("systemd is told that it is degraded (%s s)" % took, took is not None, self.texts[-3:])
        view = self.status()
        self.check("meterctl status says degraded, and why",
                   view.get("state") == "degraded" and "disk is full" in (view.get("degraded_reason") or ""), view)
        for path, wanted in (("/healthz", 200), ("/readyz", 503), ("/v1/orgs/acme/balance", 200), ("/v1/orgs", 200),
                             ("/v1/orgs/acme/usage?limit=5", 200), ("/metrics", 200)):
            try:
                status = self.answer(path)
            except Exception as error:
                status = error
            self.check("%s answers %d" % (path, wanted), status == wanted, status)

    def look_steady(self):
        """While it is full and nobody sends, it does not say that it is ready."""
        seen = set()
        self.texts = []
        self.eventually(lambda: seen.add(self.status().get("state")), 3)
        self.texts += self.daemon.words()
        told = [text for text in self.texts if "STATUS=ready" in text]
        self.check("while nobody sends it stays degraded", seen == {"degraded"} and not told, (seen, told))

    def answer(self, path):
        """The status of a GET, whose body may be no JSON."""
        try:
            return self.daemon.ask("GET", path)[0]
        except json.JSONDecodeError:
            self.daemon.hang_up()
            return 200

    def look_resumed(self, since):
        """It takes records again by itself, and says so though nobody sends any."""
        took = self.eventually(lambda: self.status().get("state") == "ready", 5)
        self.check("with room it is ready again by itself, before anybody sends (%s s)" % took, took is not None, self.status())
        if took is None:
            self.check("/readyz says so", self.answer("/readyz") == 200, self.answer("/readyz"))
        self.holds("what was refused is taken once, what was acknowledged is there", resend, self.daemon.ingest, self.entries,
                   self.journal)
        self.resumed.append(time.monotonic() - since)
        self.check("then it is ready", self.status().get("state") == "ready", self.status())
        took = self.eventually(lambda: self.told("STATUS=ready"), 5)
        self.check("and systemd is told so", took is not None, self.texts[-3:])
        self.holds("the books balance, to the nano-dollar", check_books, self.daemon, self.entries, self.granted)

    # The parts.

    def part_load(self):
        """Records until the disk is full, and with room again; some rounds, each with less or more room left."""
        self.begin("load", 160)
        for number in range(self.options.rounds):
            left = [0, 200_000, 3_000_000, 40_000][number % 4]
            print("full under load, %d bytes left at first" % left)
            if number % 2:
                load = self.load()
                time.sleep(0.2)
                self.disk.fill(left)
                self.eventually(lambda: load.refused >= 200 or not load.is_alive(), 60)
                self.check("records are refused, and the daemon goes on", load.refused and self.daemon.process.poll() is None,
                           self.daemon.said()[-600:])
            else:
                self.disk.fill(left)
                load = self.until_refused()
            self.look_degraded()
            self.settle(load)
            self.look_steady()
            taken = [entry for entry in self.entries if entry.reply]
            self.holds("nothing that was refused is charged", check_books, self.daemon, taken, self.granted)
            self.disk.make_room()
            self.look_resumed(time.monotonic())
        self.end_well()
        self.end()

    def end_well(self):
        """A stop with room."""
        status = self.daemon.stop()
        self.check("a stop ends with 0", status == 0, "%s: %s" % (status, self.daemon.said()[-400:]))

    def part_watchdog(self):
        """A full disk under systemd's watchdog of 3 s: it is no reason to be killed, nor is a probe a sign of room."""
        print("a full disk under a watchdog")
        self.begin("watchdog", 160, watchdog=True)
        self.disk.fill()
        load = self.until_refused()
        self.daemon.words()
        fed, end = [time.monotonic()], time.monotonic() + 9
        while time.monotonic() < end:
            fed += [time.monotonic()] * sum("WATCHDOG=1" in text for text in self.daemon.words())
            time.sleep(0.02)
        fed.append(time.monotonic())
        longest = max(later - earlier for earlier, later in zip(fed, fed[1:]))
        self.check("while records are refused the watchdog is fed (%d times in 9 s)" % (len(fed) - 2), longest < 3,
                   "not for %.1f s: systemd would have killed it" % longest)
        self.settle(load)
        self.look_steady()
        self.disk.make_room()
        self.look_resumed(time.monotonic())
        self.end_well()
        self.end()

    def part_operator(self):
        """An operator's orders on a full disk, and the same ones again with room."""
        table = self.folder + "/prices.json"
        with gzip.open(os.path.join(ROOT, "Tests/oracle/prices.json.gz"), "rb") as source, open(table, "wb") as target:
            shutil.copyfileobj(source, target)
        orders = [
            ("credits grant", ["credits", "grant", "acme", "7.77", "--id", "g1"]),
            ("credits buy", ["credits", "buy", "acme", "100", "--id", "b1"]),
            ("org create", ["org", "create", "initech", "--id", "o1"]),
            ("rates import", ["rates", "import", table, "--id", "r1"]),
            ("member add", ["member", "add", "acme", "ana", "--id", "m1"]),
        ]
        print("an operator's orders on a full disk")
        self.begin("operator", 32)
        card = self.status()["rate_card"]
        self.disk.fill()
        self.settle(self.until_refused())
        for name, order in orders:
            done = self.daemon.meterctl(*order)
            self.check("%s says that the disk is full" % name, done.returncode == 1
                       and ("full" in done.stderr or "needs as much room" in done.stderr),
                       "%s %s %s" % (done.returncode, done.stdout, done.stderr))
        self.look_undone(card)
        backup = self.folder + "/operator/copy.db"
        done = self.daemon.meterctl("backup", backup)
        self.check("backup says how much room it takes", done.returncode == 1 and "make room" in done.stderr, done.stderr)
        self.check("and leaves no file", not glob.glob(backup + "*"), glob.glob(backup + "*"))
        target = self.disk.path + "/copy.db"
        done = self.daemon.meterctl("rates", "export", seconds=30)
        self.check("rates export answers", done.returncode == 0, done.stderr)
        print("room for a small commit, not for a table of rates")
        self.disk.make_room()
        self.eventually(lambda: self.status().get("state") == "ready", 10)
        self.daemon.meterctl("usage", "list", "acme")
        self.disk.fill(500_000)
        done = self.daemon.meterctl(*orders[3][1])
        self.check("rates import says that the disk is full, or is done", done.returncode == 0 or "full" in done.stderr,
                   done.stderr)
        self.check("the daemon goes on", self.daemon.process.poll() is None, self.daemon.said()[-400:])
        imported = done.returncode == 0
        self.check("the card in force is the one that is on record",
                   (self.status()["rate_card"] == card) != imported, (self.status(), imported))
        self.disk.make_room()
        self.eventually(lambda: self.status().get("state") == "ready", 10)
        print("the same orders with room")
        for name, order in orders:
            done = self.daemon.meterctl(*order)
            self.check("%s is done" % name, done.returncode == 0, done.stderr)
            again = self.daemon.meterctl(*order)
            same = again.stdout == done.stdout or name == "rates import"
            self.check("%s again changes nothing" % name, again.returncode == 0 and same,
                       (done.stdout, again.stdout, again.stderr))
        self.granted["acme"] += 7_770_000_000
        payments = self.daemon.ask("GET", "/v1/orgs/acme/payments")[2]["items"]
        self.check("there is one payment", len(payments) == 1, payments)
        self.holds("records are taken", resend, self.daemon.ingest, self.entries, self.journal)
        self.holds("the books balance", check_books, self.daemon, self.entries, self.granted)
        self.check("no copy was left on the disk", not os.path.exists(target))
        self.end_well()
        self.end()

    def look_undone(self, card):
        """Nothing of an order that was refused is there."""
        self.check("no card was recorded", self.status()["rate_card"] == card)
        status, _, view = self.daemon.ask("GET", "/v1/orgs/acme/payments")
        self.check("no payment was recorded", status == 200 and not view["items"], view)
        status, _, view = self.daemon.ask("GET", "/v1/orgs/initech")
        self.check("no org was founded", status == 404, view)
        self.holds("no credits were given", check_books, self.daemon, [entry for entry in self.entries if entry.reply],
                   self.granted)

    def part_start(self):
        """Stopped and killed on a full disk, and started there."""
        self.begin("start", 24)
        for end in ("stop", "kill -9"):
            print("a start on a full disk with a ledger, after %s" % end)
            self.disk.fill()
            self.settle(self.until_refused())
            if end == "stop":
                status = self.daemon.stop()
                self.check("a stop on a full disk ends with 0", status == 0, "%s: %s" % (status, self.daemon.said()[-400:]))
            else:
                self.daemon.kill()
            self.disk.fill()
            self.start_full()
            self.disk.make_room()
            if self.daemon.process.poll() is not None:
                self.daemon.start()
            self.look_resumed(time.monotonic())
        self.end_well()
        self.end()

    def start_full(self):
        """It starts and refuses, or says why it can't."""
        self.texts = []
        self.daemon.launch()
        if self.daemon.is_ready():
            self.check("it starts (free: %d bytes)" % self.disk.free(), True)
            replies = push(self.daemon.ingest, self.entries[:20])
            known = [reply for reply in replies if b'"ok":true' in reply or b"storage_unavailable" in reply]
            self.check("what is sent again is known, or refused as long as there is no room",
                       len(known) == 20, replies[:3])
            lost = [entry.id for entry, reply in zip(self.entries, replies)
                    if entry.reply and entry.kind != "release" and b'"ok":true' in reply and b'"duplicate":true' not in reply]
            self.check("what was acknowledged is known", not lost, lost)
            status, _, view = self.daemon.ask("GET", "/v1/orgs/acme/balance")
            self.check("balances are told", status == 200, view)
        else:
            self.look_failed_start()

    def look_failed_start(self):
        """The words and the status of a start that failed for want of room."""
        if self.daemon.is_waiting:
            self.check("it waits for room", True)
            self.daemon.kill()
        else:
            status = self.daemon.wait(5)
            self.check("it ends, and will be started again (status %s)" % status, status in (73, 74), self.daemon.said())
        said = self.daemon.said()
        self.check("it says that the disk is full", "full" in said or "No space" in said, said)
        self.check("it doesn't send anybody to a backup", "backup" not in said and "malformed" not in said, said)

    def part_empty(self):
        """The very first start, with no room or too little of it."""
        print("a first start on a full disk")
        folder = self.folder + "/empty"
        os.makedirs(folder)
        self.disk = Disk(folder, 24)
        self.disk.mount()
        started, failed = 0, 0
        for number, left in enumerate([0, 1024, 4096, 8192, *range(16384, 900_000, 16384)]):
            self.texts = []
            side = tempfile.mkdtemp(dir=folder)
            self.daemon = Daemon(self.options, side, "%s/state-%d" % (self.disk.path, number))
            self.disk.fill(left)
            self.daemon.launch()
            if self.daemon.is_ready():
                started += 1
                self.daemon.ask("GET", "/healthz")
                self.daemon.stop()
            else:
                failed += 1
                before = len(self.failed)
                print("  %d bytes left" % left)
                self.look_failed_start()
                if len(self.failed) > before:
                    print("    with %d bytes left" % left)
            self.disk.make_room()
            self.daemon.launch()
            if self.check("with room it starts (after %d bytes)" % left, self.daemon.is_ready(), self.daemon.said()):
                status, _, view = self.daemon.ask("POST", "/v1/orgs", {"org": "acme"}, "o")
                self.check("and works", status in (200, 201) and self.daemon.verify()["ok"], view)
                self.daemon.stop()
            self.daemon.close()
            shutil.rmtree(self.daemon.state)
        print("  %d starts in too little room failed, %d went well" % (failed, started))
        self.disk.remove()

    def part_backup(self):
        """The disk fills up while a copy is made; and a copy that is to lie on a full disk."""
        print("a backup while the disk fills up")
        self.begin("backup", 700, pages=8192)
        load = self.load()
        self.eventually(lambda: load.acknowledged >= 60_000, 60)
        self.settle(load)
        path = self.folder + "/backup/copy.db"
        met = 0
        for number in range(6):
            copying = self.daemon.begin("backup", path)
            state = self.daemon.state
            self.eventually(lambda: glob.glob(state + "/snapshot-*") or copying.poll() is not None, 10)
            time.sleep(self.chance.uniform(0, 0.02))
            self.disk.fill()
            _, words = copying.communicate(timeout=60)
            if copying.returncode == 0:
                proof = self.daemon.meterctl("ledger", "verify", "--database", path)
                self.check("the copy was made and is whole", proof.returncode == 0, proof.stdout + proof.stderr)
                os.unlink(path)
            else:
                met += 1
                self.check("backup says that there is no room", "full" in words or "needs as much room" in words, words)
                self.check("and leaves no file", not glob.glob(path + "*"), glob.glob(path + "*"))
            left = glob.glob(self.daemon.state + "/snapshot-*")
            self.check("no unfinished copy takes the daemon's room", not left, left)
            self.check("the daemon goes on", self.daemon.process.poll() is None, self.daemon.said()[-400:])
            self.disk.make_room()
        print("  %d of 6 copies met the full disk" % met)
        self.holds("the books balance", check_books, self.daemon, self.entries, self.granted)
        print("a backup onto a full disk")
        second = self.folder + "/other"
        os.makedirs(second)
        other = Disk(second, 8)
        other.mount()
        other.fill(100_000)
        done = self.daemon.meterctl("backup", other.path + "/copy.db")
        self.check("backup says that there is no room", done.returncode == 1 and "space" in done.stderr.lower(),
                   (done.returncode, done.stderr))
        self.check("and leaves no file there", not glob.glob(other.path + "/copy*"), os.listdir(other.path))
        done = self.daemon.meterctl("backup", path)
        self.check("the next backup is made", done.returncode == 0, done.stderr)
        other.remove()
        self.end_well()
        self.end()

    def abandon(self):
        """A part ends before its end: nothing is left running or mounted."""
        if self.load_now and self.load_now.is_alive():
            self.load_now.stopping = True
        self.daemon.close()
        if os.path.ismount(self.disk.path):
            self.disk.unmount()

    def run(self):
        """All parts; how many claims failed."""
        start = time.monotonic()
        for part in (self.part_load, self.part_watchdog, self.part_operator, self.part_start, self.part_empty, self.part_backup):
            if self.options.part and part.__name__ != "part_" + self.options.part:
                continue
            try:
                part()
            except Exception as error:
                self.check("%s comes to its end" % part.__name__, False, repr(error))
                self.abandon()
            except BaseException:
                self.abandon()
                raise
        print("full disk: seed %d, %d claims held, %d failed; %d acknowledged, %d refused; ready again after %s s; %.0f s" % (
            self.options.seed, self.passed, len(self.failed), self.acknowledged, self.refused,
            ", ".join("%.1f" % took for took in self.resumed), time.monotonic() - start))
        if self.failed:
            print("  left to look at: %s" % self.folder)
        else:
            shutil.rmtree(self.folder)
        return len(self.failed)


def main():
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=4, help="how often the disk fills up under load")
    parser.add_argument("--part", help="only one: load, watchdog, operator, start, empty or backup")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where images and journals lie")
    parser.add_argument("--meterd", default=os.path.join(ROOT, ".build/release/meterd"))
    parser.add_argument("--meterctl", default=os.path.join(ROOT, ".build/release/meterctl"))
    options = parser.parse_args()
    reason = hindrance()
    if reason:
        print("full disk: skipped, %s" % reason)
        return 0
    return 1 if Full(options).run() else 0


if __name__ == "__main__":
    sys.exit(main())
