"""Clients that push records and holds, and remember what they were told.

Faults: the daemon ends, hangs up or refuses at any moment. A reply counts as an acknowledgement only once it is synced in the
client's own journal, which lies on a healthy filesystem.
"""

import collections
import json
import os
import selectors
import socket
import threading
import time

from daemon import Connection, Failed, Gone

DUPLICATE = b',"duplicate":true'
MODEL = '"model":"claude-sonnet-4-5","provider":"anthropic"'
INPUT, OUTPUT = 3000, 15000                 # nano-dollars a token in config/rates.yaml: 3 and 15 dollars a million


class Entry:
    """A line that was sent, or is about to be, and what came back."""

    __slots__ = ("kind", "id", "org", "line", "cost", "reply", "closes", "closed_by", "refused", "at")

    def __init__(self, kind, id, org, line, cost=0, closes=None):
        self.kind, self.id, self.org, self.line, self.cost = kind, id, org, line.encode() + b"\n", cost
        self.reply = self.closed_by = None
        self.closes = closes
        self.refused, self.at = 0, None
        if closes:
            closes.closed_by = self


class Maker:
    """Makes records and holds, by chance."""

    def __init__(self, chance, orgs, prefix, holds=0.15, wide=0.1, careful=False):
        self.chance, self.orgs, self.prefix, self.holds, self.wide = chance, orgs, prefix, holds, wide
        self.careful = careful              # settles and releases only what it knows to be held
        self.number = 0
        self.open = []

    def next(self):
        """The next line: a record, a hold, or what settles or releases one."""
        self.number += 1
        id = "%s-%d" % (self.prefix, self.number)
        draw = self.chance.random()
        if draw < self.holds and len(self.open) < 200:
            org = self.chance.choice(self.orgs)
            hold = Entry("hold", id, org,
                         '{"op":"authorize","id":"%s","org":"%s","amount":"0.25","ttl":86400}' % (id, org))
            self.open.append(hold)
            return hold
        if self.open and draw < self.holds * 1.8:
            place = self.chance.randrange(len(self.open))
            if self.careful and not self.open[place].reply:
                return self.record(id, self.chance.choice(self.orgs), None)
            hold = self.open.pop(place)
            if self.chance.random() < 0.4:
                return Entry("release", hold.id, hold.org,
                             '{"op":"release","id":"%s","org":"%s"}' % (hold.id, hold.org), closes=hold)
            return self.record(id, hold.org, hold)
        return self.record(id, self.chance.choice(self.orgs), None)

    def record(self, id, org, hold):
        """A usage record, now and then a long one."""
        read, written = self.chance.randint(1, 9999), self.chance.randint(1, 999)
        more = ',"hold":"%s"' % hold.id if hold else ""
        if self.chance.random() < self.wide:
            more += ',"tags":{%s}' % ",".join('"tag%d":"%s"' % (n, "x" * self.chance.randint(1, 99)) for n in range(16))
        line = '{"id":"%s","org":"%s","user":"u%d",%s%s,"usage":{"input_tokens":%d,"output_tokens":%d}}' % (
            id, org, self.chance.randrange(9), MODEL, more, read, written)
        return Entry("usage", id, org, line, read * INPUT + written * OUTPUT, closes=hold)


class Journal:
    """Replies, synced before they count."""

    def __init__(self, path):
        self.file = open(path, "ab", buffering=0)

    def write(self, pairs):
        """Entries with their replies; they count when this returns."""
        self.file.write(b"".join(b"%s %s %s\n" % (entry.kind.encode(), entry.id.encode(), reply) for entry, reply in pairs))
        os.fsync(self.file.fileno())
        for entry, reply in pairs:
            entry.reply = reply

    def close(self):
        """Lets go of it."""
        self.file.close()


class Channel:
    """One connection to the ingest socket, with lines in flight."""

    def __init__(self, path, maker):
        self.maker, self.open, self.rest = maker, collections.deque(), b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)

    def fill(self, window, sent):
        """Sends until as many are in flight; False where the daemon is gone."""
        lines = []
        while len(self.open) < window:
            entry = self.maker.next()
            sent.append(entry)
            self.open.append(entry)
            lines.append(entry.line)
        try:
            self.socket.sendall(b"".join(lines))
            return True
        except OSError:
            return False

    def receive(self):
        """The replies that have come, each with its entry; None at the end."""
        try:
            data = self.socket.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            return None
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [(self.open.popleft(), line) for line in lines]


class Load(threading.Thread):
    """Several connections, each with a window of lines in flight, until the daemon is gone or the load is stopped."""

    def __init__(self, path, journal, makers, window):
        super().__init__(daemon=True)
        self.path, self.journal, self.makers, self.window = path, journal, makers, window
        self.sent, self.strange = [], []
        self.acknowledged = self.refused = 0
        self.stopping = False

    def run(self):
        """All connections in one loop."""
        chooser = selectors.DefaultSelector()
        for maker in self.makers:
            try:
                channel = Channel(self.path, maker)
            except OSError:
                continue
            if channel.fill(self.window, self.sent):
                chooser.register(channel.socket, selectors.EVENT_READ, channel)
        while chooser.get_map():
            answered, alive = [], []
            for key, _ in chooser.select(0.5):
                channel = key.data
                replies = channel.receive()
                if replies is None:
                    chooser.unregister(channel.socket)
                    channel.socket.close()
                    continue
                answered += replies
                alive.append(channel)
            if self.take(answered):
                # Who is refused waits a little.
                time.sleep(0.05)
            for channel in alive:
                if self.stopping:
                    if not channel.open:
                        chooser.unregister(channel.socket)
                        channel.socket.close()
                else:
                    # It may be gone and have left replies to read: the next receive says when that is all.
                    channel.fill(self.window, self.sent)

    def take(self, answered):
        """Replies: yes is journalled, no is counted. How often it was no for want of room."""
        good, now, before = [], time.monotonic(), self.refused
        for entry, reply in answered:
            entry.at = now
            if b'"ok":true' in reply:
                good.append((entry, reply))
            elif b'"storage_unavailable"' in reply:
                entry.refused += 1
                self.refused += 1
            else:
                self.strange.append(reply.decode())
        if good:
            self.journal.write(good)
            self.acknowledged += len(good)
        return self.refused - before

    def stop(self, seconds=30):
        """Sends no more and waits for what is open."""
        self.stopping = True
        self.join(seconds)
        if self.is_alive():
            raise Failed("records are not answered within %d s" % seconds)


class Granter(threading.Thread):
    """An operator who gives credits meanwhile, each grant under a key of its own."""

    def __init__(self, daemon, chance, orgs, prefix):
        super().__init__(daemon=True)
        self.path, self.chance, self.orgs, self.prefix = daemon.control, chance, orgs, prefix
        self.grants = []                    # [key, org, cents, answer, when]
        self.stopping = False

    def run(self):
        """One grant after the other until the daemon is gone."""
        try:
            connection = Connection(self.path)
            connection.socket.settimeout(30)
            while not self.stopping:
                grant = ["%s-g%d" % (self.prefix, len(self.grants)), self.chance.choice(self.orgs),
                         self.chance.randint(1, 999), None, 0]
                self.grants.append(grant)
                connection.send("POST", "/v1/orgs/%s/grants" % grant[1], amount(grant[2]), grant[0])
                status, _, answer = connection.receive()
                if status != 200:
                    return
                grant[3:] = answer, time.monotonic()
                time.sleep(self.chance.random() * 0.02)
        except (Gone, OSError):
            return

    def repeat(self, daemon, granted):
        """Gives everything again under its key: what was answered is known, the rest is done once."""
        for key, org, cents, first, _ in self.grants:
            status, headers, answer = daemon.ask("POST", "/v1/orgs/%s/grants" % org, amount(cents), key)
            if status != 200:
                raise Failed("grant %s again: %s" % (key, answer))
            if first is not None and (headers.get("idempotent-replayed") != "true" or answer != first):
                raise Failed("grant %s was acknowledged, and again: %s, first %s" % (key, answer, first))
            granted[org] += cents * 10 ** 7


def amount(cents):
    """A grant's body."""
    return {"amount": "%d.%02d" % divmod(cents, 100)}


def push(path, entries, window=512):
    """Sends lines in their order and gives their replies, in that order."""
    replies = []
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(path)
            file = connection.makefile("rb")
            for start in range(0, len(entries), window):
                some = entries[start:start + window]
                connection.sendall(b"".join(entry.line for entry in some))
                for entry in some:
                    reply = file.readline()
                    if not reply.endswith(b"\n"):
                        raise Failed("the daemon went away while lines were sent again")
                    replies.append(reply[:-1])
    except OSError as error:
        raise Failed("the daemon can't be asked again: %s" % error)
    return replies


def resend(path, entries, journal, cut_at=None):
    """Sends everything again and looks whether what was acknowledged is there, and whether the rest is taken."""
    fresh, wrong = [], []
    for entry, again in zip(entries, push(path, entries)):
        words = objection(entry, again)
        if words:
            wrong.append((entry, words))
        elif entry.reply is None:
            # What it gets the next time is this reply without what says that it is the second.
            fresh.append((entry, plain(again, entry.kind)))
    if wrong:
        times = [entry.at - cut_at for entry, _ in wrong if entry.at and cut_at]
        raise Failed("%s%s" % (wrong[0][1], "; %d of %d are wrong%s" % (
            len(wrong), len(entries), ", read %.2f to %.2f ms after the cut began" % (
                min(times) * 1000, max(times) * 1000) if times else "")))
    if fresh:
        journal.write(fresh)


def objection(entry, again):
    """What is wrong with the reply to a line that is sent again; None where nothing is."""
    if b'"ok":true' not in again:
        return "%s %s is refused when it is sent again: %s" % (entry.kind, entry.id, again.decode())
    answer = json.loads(again)
    if entry.kind == "usage" and nanos(answer["cost"]) != entry.cost:
        return "%s costs %s, not %d nano-dollars" % (entry.id, answer["cost"], entry.cost)
    if entry.reply is None:
        return None
    if entry.kind == "release":
        if answer["status"] != "released" or answer.get("hold_state") != "released":
            return "release %s was acknowledged, and again: %s" % (entry.id, again.decode())
        return None
    if DUPLICATE not in again:
        return "%s %s was acknowledged and lost: %s" % (entry.kind, entry.id, again.decode())
    if plain(again, entry.kind) != plain(entry.reply, entry.kind):
        return "%s %s has another reply: %s, first %s" % (entry.kind, entry.id, again.decode(), entry.reply.decode())
    if entry.kind == "hold":
        closer = entry.closed_by
        expected = None if closer is None else "settled" if closer.kind == "usage" else "released"
        wanted = {expected or "open"} if not closer or closer.reply else {"open", expected}
        if answer.get("hold_state") not in wanted:
            return "hold %s is %s, not %s" % (entry.id, answer.get("hold_state"), expected or "open")
    return None


def plain(reply, kind):
    """A reply without what only the second one says."""
    reply = reply.replace(DUPLICATE, b"")
    start = reply.find(b',"hold_state":"') if kind == "hold" else -1
    if start >= 0:
        reply = reply[:start] + reply[reply.index(b'"', start + 15) + 1:]
    return reply


def nanos(text):
    """A decimal string of dollars in nano-dollars."""
    whole, _, part = text.partition(".")
    value = abs(int(whole)) * 10 ** 9 + int(part.ljust(9, "0"))
    return -value if text.startswith("-") else value


def check_books(daemon, entries, granted):
    """Every balance is what was granted less what all records cost; nothing is there twice, nothing is missing."""
    report = daemon.verify()
    if not report["ok"]:
        raise Failed("the books do not balance: %s" % "; ".join(report["problems"][:3]))
    counts = {"records": 0, "holds": 0}
    spent, reserved = collections.Counter(), collections.Counter()
    for entry in entries:
        if entry.kind == "usage":
            counts["records"] += 1
            spent[entry.org] += entry.cost
        if entry.kind == "hold":
            counts["holds"] += 1
            if entry.closed_by is None or entry.closed_by.reply is None:
                reserved[entry.org] += 250_000_000
    for name, count in counts.items():
        if report[name] != count:
            raise Failed("%d %s are in the ledger, %d were sent" % (report[name], name, count))
    for org, amount in granted.items():
        status, _, view = daemon.ask("GET", "/v1/orgs/%s/balance" % org)
        expected = amount - spent[org]
        if status != 200 or nanos(view["balance"]) != expected:
            raise Failed("the balance of %s is %s, not %d nano-dollars" % (org, view, expected))
        if nanos(view["available"]) != expected - reserved[org]:
            raise Failed("available to %s is %s, not %d nano-dollars" % (org, view, expected - reserved[org]))
