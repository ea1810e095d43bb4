#!/usr/bin/env python3
"""A simulated year of bills, driven through the built programs with faults and SIGKILLs, then checked by check.py.

    python3 Tests/year/year.py --meterd PATH --meterctl PATH --stripe-python PATH
        [--orgs 50] [--days 365] [--seed 1] [--kills 60] [--faults 0.08] [--gateway manual] [--out FOLDER]

All that is done is drawn from the seed. Every request, its answer and the clock's time go to FOLDER/journal.jsonl; what the ledger and
the gateway have in the end goes to FOLDER/export.json. check.py knows these two files and nothing else.
"""

import argparse
import datetime
import json
import os
import random
import select
import sys
import tempfile
import time

import check
from banks import ASKS_ALWAYS, ASKS_ONCE, DECLINING, GOOD, RETURN_URL, Banks
from figures import cents, money
from peers import Connection, Daemon, Double, Gone
from transfers import Transfers

START = datetime.datetime(2027, 12, 31, 6, tzinfo=datetime.timezone.utc)

# What is sold, and for how much from which day of the year on. A price is no multiple of 28 to 31, and gives halves of a cent.
PRICES = [[0, "31.37"], [97, "29.31"], [201, "33.33"], [290, "18.05"]]

TAX = {
    "seller": "DE",
    "rates": [
        {"country": "DE", "name": "USt.", "percent": "19", "from": "2021-01-01"},
        {"country": "DE", "name": "USt.", "percent": "16.5", "from": "2028-07-01"},
        {"country": "DE", "name": "USt.", "percent": "20", "from": "2028-11-15"},
        {"country": "FR", "name": "TVA", "percent": "20", "from": "2014-01-01"},
        {"country": "FR", "name": "TVA", "percent": "5.5", "from": "2028-03-01", "on": ["credits"]},
        {"country": "IT", "name": "IVA", "percent": "22", "from": "2013-10-01"},
        {"country": "AT", "name": "USt.", "percent": "20", "from": "1984-01-01"},
        {"country": "GR", "name": "FPA", "percent": "24", "from": "2016-06-01"},
        {"country": "US", "region": "NY", "name": "Sales tax", "percent": "8.875", "from": "2020-01-01", "on": ["seats"],
         "inclusive": True},
        {"country": "CA", "name": "GST", "percent": "5", "from": "2008-01-01"},
        {"country": "CA", "region": "ON", "name": "HST", "percent": "13", "from": "2010-07-01", "on": ["seats"]},
        {"country": "CA", "region": "ON", "name": "HST", "percent": "12.5", "from": "2028-05-10", "on": ["seats"]},
        {"country": "CH", "name": "MWST", "percent": "8.1", "from": "2024-01-01", "on": ["seats"],
         "inclusive": True},
        {"country": "CH", "name": "MWST", "percent": "8.5", "from": "2028-08-20", "on": ["seats"],
         "inclusive": True},
        {"country": "CH", "name": "MWST", "percent": "8.1", "from": "2024-01-01", "on": ["credits"]},
        {"country": "GB", "name": "VAT", "percent": "2.5", "from": "2020-01-01"},
        {"country": "GB", "name": "VAT", "percent": "7.5", "from": "2028-06-01"},
        {"country": "NO", "name": "MVA", "percent": "25", "from": "2028-09-09"},
    ],
}

# Who buys: what the org is founded with, and what is said of the buyer.
BUYERS = [
    ({"country": "DE"}, None), ({"country": "FR"}, None), ({"country": "US", "region": "NY"}, None), ({"country": "JP"}, None),
    ({"country": "FR"}, {"vat_id": "FR12345678901"}), ({"country": "CH"}, None), ({"country": "CA", "region": "ON"}, None),
    ({"country": "CA", "region": "QC"}, None), ({"country": "GB"}, None), ({"country": "DE"}, {"exemption": "charity 501"}),
    ({"country": "DE"}, {"vat_id": "DE123456789"}), ({"country": "AT"}, {"vat_id": "ATU12345678"}),
    ({"country": "IT"}, {"vat_id": "FR12345678901"}), ({"country": "GR"}, {"vat_id": "EL123456789"}),
    ({"country": "US", "region": "CA"}, None), ({"country": "NO"}, None), ({"country": "DE"}, {"country": "FR"}),
]

# What becomes of an org; the others are well all year.
PROFILES = ["well", "grace", "well", "suspension", "well", "erasure", "well", "never", "credits", "late", "closed", "well",
            "suspension", "flaky", "well", "grace", "flaky", "well", "erasure", "closed", "asked once", "asked always"]


def stamp(moment):
    """RFC 3339, as the daemon takes and gives it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (moment.microsecond // 1000)


class Org:
    """What the driver has in mind for an org."""

    def __init__(self, number, chance, days):
        self.name = "org-%02d" % number
        self.profile = PROFILES[number % len(PROFILES)]
        self.founded, self.buyer = BUYERS[number % len(BUYERS)]
        self.signup = START + datetime.timedelta(days=number % 45)
        self.born = self.closed = False
        self.users = 0
        self.card = None
        latest = max(days * 3 // 5, 2)
        self.trouble = START + datetime.timedelta(days=chance.randint(min(34, latest - 1), latest))
        self.seats_from = self.signup + datetime.timedelta(days=chance.randint(40, 80))
        self.in_trouble = False
        self.recovers = None
        # Payments that were disputed, disputes that are open, and when what a bank took of an invoice is paid again.
        self.disputed, self.disputes, self.repaid = set(), [], None
        # Pages that the customer comes to later.
        self.pages = []
        # Whether a transfer of it ever came.
        self.paid_first = False


class Year(Banks, Transfers):
    """The driver."""

    def __init__(self, options):
        self.options = options
        self.is_manual = options.gateway == "manual"
        self.chance = random.Random(options.seed)
        # Another source, so that when it is killed does not change what is done.
        self.fate = random.Random(options.seed + 1000003)
        self.out = options.out or tempfile.mkdtemp(prefix="year-")
        os.makedirs(self.out, exist_ok=True)
        self.sockets = tempfile.mkdtemp(prefix="yr-")
        self.journal = open(os.path.join(self.out, "journal.jsonl"), "w")
        self.now = START
        self.keys = self.kills = self.downtimes = self.records = self.disputes = self.webhooks = 0
        self.price = None
        self.cursor, self.events = 0, []
        self.orgs = [Org(number, self.chance, options.days) for number in range(options.orgs)]
        self.note(kind="world", tax=TAX, start=stamp(START), seed=options.seed, orgs=options.orgs, days=options.days,
                  gateway=options.gateway)
        self.write_price(PRICES[0][1])
        self.write_tax()
        configuration = os.path.join(self.sockets, "meterd.yaml")
        with open(configuration, "w") as file:
            file.write('billing: {plans: %s/plans.yaml, tax: %s/tax.yaml, return_url: "%s"}\n' % (
                self.sockets, self.sockets, RETURN_URL))
        self.double = Double(options.stripe_python, self.sockets)
        self.daemon = Daemon(options.meterd, self.sockets, stamp(START), configuration, options.gateway, self.double.address)
        # How likely a request is to be the one it is killed in.
        expected = options.days * 1.3 + options.orgs * options.days * 0.12
        self.kill_rate = options.kills / expected

    # The journal and the configuration.

    def note(self, **entry):
        """A line in the journal."""
        entry.setdefault("now", stamp(self.now))
        self.journal.write(json.dumps(entry, sort_keys=True) + "\n")

    def write_price(self, price):
        """Another price for seats."""
        self.price = price
        with open(os.path.join(self.sockets, "plans.yaml"), "w") as file:
            file.write("format: meterd-plans/1\nseats: {price: %s}\n" % price)
        self.note(kind="price", price=price)

    def write_tax(self):
        """The tax table, in the daemon's form."""
        with open(os.path.join(self.sockets, "tax.yaml"), "w") as file:
            file.write("format: meterd-tax/1\nseller: {country: %s}\nrates:\n" % TAX["seller"])
            for rate in TAX["rates"]:
                parts = []
                for name, value in rate.items():
                    if isinstance(value, bool):
                        value = "true" if value else "false"
                    elif isinstance(value, list):
                        value = "[%s]" % ", ".join(value)
                    # NO is a truth value in YAML.
                    parts.append('%s: "%s"' % (name, value) if name in ("country", "region", "name") else
                                 "%s: %s" % (name, value))
                file.write("  - {%s}\n" % ", ".join(parts))

    # Requests, with kills.

    def restart(self):
        """SIGKILL, and a start."""
        self.daemon.kill()
        self.kills += 1
        self.daemon.start()

    def mutate(self, method, path, body=None, key=None, headers=None):
        """A mutation, which may be the one that the daemon dies in; it is repeated until it is answered."""
        if key is None and headers is None:
            self.keys += 1
            key = "k%06d" % self.keys
        killed = 0
        # What a move of the clock does has the most steps to die between.
        while killed < 4 and self.fate.random() < self.kill_rate * (0.5 if "test-clock" not in path else 2 if not killed else 9):
            killed += 1
            self.die_in(method, path, body, key, headers)
        while True:
            try:
                status, told, answer = self.daemon.ask(method, path, body, key, headers)
                break
            except Gone:
                raise SystemExit("the daemon is gone by itself; see %s/meterd.log" % self.sockets)
        replayed = told.get("idempotent-replayed") == "true"
        self.note(kind="request", method=method, path=path, body=body, key=key, status=status, answer=answer, killed=killed,
                  replayed=replayed)
        if status == 200 and isinstance(answer, dict):
            self.follow(answer)
        return status, answer

    def die_in(self, method, path, body, key, headers):
        """Kills it while it has a request: after some time, or when it has just answered."""
        connection = Connection(self.daemon.control)
        connection.send(method, path, body, key, headers)
        select.select([connection.socket], [], [], self.fate.choice([0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1]))
        self.restart()
        connection.close()

    def look(self, path):
        """A GET."""
        status, _, answer = self.daemon.ask("GET", path)
        return answer if status == 200 else None

    def pages(self, path, parameter="cursor"):
        """All items of a list."""
        items, cursor = [], None
        while True:
            query = "?limit=200" + ("&%s=%s" % (parameter, cursor) if cursor else "")
            page = self.look(path + query)
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    def collect(self):
        """The events since the last look: they are kept for 46 days only."""
        while True:
            page = self.look("/v1/events?after=%d&limit=500" % self.cursor)
            self.events += page["items"]
            for event in page["items"]:
                if event["kind"] == "invoice_issued":
                    # As it was at first: it is never changed.
                    path = "/v1/orgs/%s/invoices/%s" % (event["org"], event["data"]["invoice"])
                    self.note(kind="invoice", org=event["org"], invoice=self.look(path))
            if page["items"]:
                self.cursor = page["items"][-1]["number"]
            if len(page["items"]) < 500:
                return

    # Time.

    def move(self, moment):
        """Moves the clock; the answer comes when all is done that is due."""
        self.now = moment
        self.set_price()
        self.note(kind="tick")
        status, answer = self.mutate("POST", "/v1/test-clock", {"now": stamp(moment)})
        if status != 200:
            raise SystemExit("the clock does not move: %s" % answer)

    def set_price(self):
        """The price of the day, by a reload, before the clock goes there."""
        day = (self.now - START).days
        price = [price for since, price in PRICES if since <= day][-1]
        if price != self.price:
            self.write_price(price)
            if self.daemon.process.poll() is None:
                self.daemon.reload()

    def down(self, moment):
        """It is stopped, or dies, and starts again much later. The clock's file is moved meanwhile, or the clock afterwards."""
        self.collect()
        self.downtimes += 1
        self.note(kind="down", until=stamp(moment))
        if self.fate.random() < 0.5:
            self.daemon.stop()
        else:
            self.daemon.kill()
            self.kills += 1
        moved = self.chance.random() < 0.7
        if moved:
            with open(os.path.join(self.daemon.state, "test-clock"), "w") as file:
                file.write(stamp(moment))
            self.now = moment
            self.set_price()
        self.daemon.start()
        self.move(moment)
        self.collect()

    # What is done.

    def card(self, org, number, expiry=None):
        """Saves a card, where there is a gateway."""
        if self.is_manual:
            return
        year, month = expiry or (2090, 12)
        method = self.double.card(number, year, month)
        self.collect()
        before = self.cursor
        self.keys += 1
        key = "k%06d" % self.keys
        for _ in range(8):
            # A gateway that gives no answer is asked again, under the same key.
            status, _ = self.mutate("PUT", "/v1/orgs/%s/payment-method" % org.name, {"method": method}, key)
            if status != 503:
                break
        self.note(kind="card", org=org.name, number=number, year=year, month=month, status=status, before=before)
        if status == 200:
            org.card = number

    def found(self, org):
        """An org, its buyer, its card, and its first purchase."""
        org.born = True
        self.mutate("POST", "/v1/orgs", dict(org=org.name, **org.founded))
        if org.buyer:
            self.mutate("PUT", "/v1/orgs/%s/bill-to" % org.name, org.buyer)
        if self.chance.random() < 0.1:
            # Without a card it is refused.
            self.mutate("POST", "/v1/orgs/%s/purchases" % org.name, {"amount": "50"})
        expiry = (2028, self.chance.randint(3, 11)) if self.chance.random() < 0.3 else None
        self.card(org, {"asked once": ASKS_ONCE, "asked always": ASKS_ALWAYS}.get(org.profile, GOOD), expiry)
        if org.profile in ("credits", "late"):
            self.buy(org)
        else:
            self.mutate("POST", "/v1/orgs/%s/seats/add" % org.name, {"seats": self.chance.randint(1, 9)})
        if self.chance.random() < 0.5 and not self.is_manual:
            self.top_up(org)

    def buy(self, org):
        """Credits."""
        self.mutate("POST", "/v1/orgs/%s/purchases" % org.name, {"amount": self.chance.choice(
            ["50", "100", "250", "1000", "1234.56", "75", "2000.005"])})

    def top_up(self, org):
        """Credits by themselves, or no longer."""
        body = {} if self.chance.random() < 0.2 else {
            "threshold": self.chance.choice(["20", "49.999", "10.5"]), "amount": self.chance.choice(["50", "100"]),
            "per_day_max": self.chance.randint(1, 3)}
        self.mutate("PUT", "/v1/orgs/%s/top-up" % org.name, body)

    def use(self, org):
        """A usage record with a cost, resent where the reply was lost to a kill."""
        self.records += 1
        line = {"id": "r%06d" % self.records, "org": org.name, "model": "gpt-5", "provider": "openai", "at": stamp(self.now),
                "user": "user-1", "usage": {"prompt_tokens": self.chance.randint(1000, 50000000)}}
        if self.fate.random() < self.kill_rate:
            try:
                self.daemon.tell({"op": "ping"})
                self.daemon.lines.socket.sendall(json.dumps(line, sort_keys=True).encode() + b"\n")
            except Gone:
                pass
            self.restart()
        reply = self.daemon.tell(line)
        self.note(kind="usage", line=line, reply=reply)

    def reserve(self, org):
        """A hold, which only a suspension refuses; freed at once."""
        self.records += 1
        line = {"op": "authorize", "id": "h%06d" % self.records, "org": org.name, "amount": "0.01", "ttl": 1}
        reply = self.daemon.tell(line)
        self.note(kind="authorize", line=line, reply=reply)
        if reply.get("ok"):
            self.daemon.tell({"op": "release", "id": line["id"], "org": org.name})

    def member(self, org):
        """Somebody comes or goes."""
        if org.users and self.chance.random() < 0.35:
            user = "user-%d" % self.chance.randint(1, org.users)
            self.mutate("POST", "/v1/orgs/%s/members/%s/remove" % (org.name, user))
        else:
            org.users += 1
            self.mutate("POST", "/v1/orgs/%s/members" % org.name, {"user": "user-%d" % org.users})

    def act(self, org):
        """One thing that an org does."""
        path = "/v1/orgs/%s/" % org.name
        has_seats = org.profile != "credits" and (org.profile != "late" or self.now >= org.seats_from)
        deeds = ["use"] * 5 + ["reserve", "buy", "top-up", "member", "member", "bill-to", "again", "refund", "credit", "credit", "chargeback"]
        if has_seats:
            deeds += ["add", "add", "add", "remove", "remove", "keep"]
        if self.is_manual:
            by_hand = {"top-up": "deposit", "again": "deposit", "chargeback": "reverse"}
            deeds = [by_hand.get(deed, deed) for deed in deeds]
        deed = self.chance.choice(deeds)
        if deed == "use":
            self.use(org)
        elif deed == "reserve":
            self.reserve(org)
        elif deed == "buy":
            self.buy(org)
        elif deed == "top-up":
            self.top_up(org)
        elif deed == "member":
            self.member(org)
        elif deed == "bill-to":
            if "region" not in org.founded and self.chance.random() < 0.3:
                self.mutate("PUT", path + "bill-to", self.chance.choice(
                    [{}, {"country": "DE"}, {"country": "CH"}, {"country": "AT", "vat_id": "ATU12345678"}, {"exemption": "school"}]))
        elif deed == "add":
            self.mutate("POST", path + "seats/add", {"seats": self.chance.choice([1, 1, 2, 3, 7])})
        elif deed == "remove":
            self.mutate("POST", path + "seats/remove", {"seats": self.chance.choice([1, 1, 2, 3])})
        elif deed == "keep":
            self.mutate("POST", path + "seats/keep")
        elif deed == "again":
            self.mutate("POST", path + "payments/retry")
        elif deed == "refund":
            self.give_back(org)
        elif deed == "credit":
            self.credit(org)
        elif deed == "chargeback":
            self.charge_back(org)
        elif deed == "deposit":
            self.deposit(org)
        elif deed == "reverse":
            self.reverse(org)

    def give_back(self, org):
        """Unspent credits of a purchase, all of them or some."""
        path = "/v1/orgs/%s/payments" % org.name
        bought = [p for p in self.look(path + "?limit=100")["items"] if p["purpose"] == "credits" and p["state"] == "succeeded"]
        if bought:
            body = {"reason": "too many"}
            if self.chance.random() < 0.7:
                body["credits"] = self.chance.choice(["1", "7.77", "20", "33.33"])
            number = self.chance.choice(bought)["payment"]
            self.mutate("POST", "%s/%d/refund" % (path, number), body)

    def credit(self, org):
        """A credit note over a part of an invoice that is paid, or all of it."""
        path = "/v1/orgs/%s/invoices" % org.name
        left = lambda i: cents(i["due"]) - cents(i["credited"])
        paid = [i for i in self.look(path + "?limit=100")["items"] if i["kind"] == "invoice" and i["state"] == "paid"
                and "from_balance" not in i and "carried_in" not in i and "carried_out" not in i and left(i) > 0]
        if paid:
            invoice = self.chance.choice(paid)
            amount = self.chance.choice([left(invoice), self.chance.randint(1, left(invoice))])
            way = self.chance.choice(["refund", "balance", "balance", "credits"])
            if way == "balance" and self.look("/v1/orgs/%s/subscription" % org.name)["owed"]:
                # It would pay a part of what is owed at once: `swift test` tries that.
                way = "refund"
            self.mutate("POST", "%s/%s/credit" % (path, invoice["number"]), {
                "amount": money(amount), "reason": "unused", "as": way})

    def tend(self, org):
        """What becomes of an org by its profile."""
        kind = org.profile
        if self.is_manual:
            self.transfer(org)
        self.confirm_later(org)
        self.decide(org)
        self.repay(org)
        if kind.startswith("asked") and self.chance.random() < 0.2 and (
                self.look("/v1/orgs/%s/subscription" % org.name) or {}).get("owed"):
            self.mutate("POST", "/v1/orgs/%s/payments/retry" % org.name)
        if kind == "flaky" and self.chance.random() < 0.03:
            self.card(org, GOOD if org.card == DECLINING else DECLINING)
        if kind == "closed" and self.now >= org.trouble + datetime.timedelta(days=60) and not org.closed:
            if self.chance.random() < 0.5:
                # What became of it is not known when the org closes.
                self.double.ask(cmd="fault", path="/v1/payment_intents", kind="drop_after")
            if self.chance.random() < 0.5:
                self.mutate("POST", "/v1/orgs/%s/seats/add" % org.name, {"seats": 1})
            else:
                self.buy(org)
            self.mutate("POST", "/v1/orgs/%s/close" % org.name)
            org.closed = True
        if kind not in ("grace", "suspension", "erasure", "never"):
            return
        if not org.in_trouble and org.trouble and self.now >= org.trouble:
            org.in_trouble = True
            self.card(org, DECLINING)
        if self.is_manual:
            return
        if org.in_trouble and org.recovers is None and kind != "never":
            standing = self.look("/v1/orgs/%s/subscription" % org.name)["standing"]
            if standing in ("grace", "suspended", "erased"):
                low, high = {"grace": (0, 2), "suspension": (4, 32), "erasure": (35, 70)}[kind]
                org.recovers = self.now + datetime.timedelta(days=self.chance.randint(low, high))
        if org.recovers and self.now >= org.recovers:
            self.card(org, GOOD)
            if kind == "erasure" or self.chance.random() < 0.6:
                self.mutate("POST", "/v1/orgs/%s/payments/retry" % org.name)
            # And once more, later.
            org.in_trouble, org.recovers = False, None
            org.trouble = self.now + datetime.timedelta(days=self.chance.randint(20, 60))

    def day(self):
        """What is done at one time of the clock."""
        for org in self.orgs:
            if not org.born:
                if self.now >= org.signup:
                    self.found(org)
                continue
            self.tend(org)
            if self.chance.random() < 0.09:
                self.act(org)

    def next_time(self):
        """When the clock is next looked at."""
        midnight = (self.now + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.chance.random() < 0.15:
            later = self.now + datetime.timedelta(hours=self.chance.randint(1, 11), minutes=self.chance.randint(0, 59),
                                                  milliseconds=self.chance.randint(0, 999))
            return min(later, midnight)
        if self.chance.random() < 0.3:
            return midnight + datetime.timedelta(hours=self.chance.randint(0, 23), minutes=self.chance.randint(0, 59))
        return midnight

    def run(self):
        """The year, and what is left to do after it."""
        began = time.monotonic()
        self.daemon.start()
        self.double.ask(cmd="random", seed=self.options.seed, rate=self.options.faults)
        end = START + datetime.timedelta(days=self.options.days)
        self.day()
        while self.now < end:
            if self.now > START + datetime.timedelta(days=20) and self.chance.random() < 0.02:
                self.down(min(end, self.now + datetime.timedelta(
                    days=self.chance.choice([2, 3, 5, 8, 13, 20, 34]), minutes=self.chance.randint(0, 1439))))
            else:
                self.move(min(end, self.next_time()))
            self.day()
            if self.now.day % 10 == 0:
                self.collect()
        self.finish()
        return time.monotonic() - began

    def finish(self):
        """Faults end; the clock goes on until nothing is pending; everything is exported."""
        self.double.ask(cmd="random", seed=0, rate=0.0)
        self.kill_rate = 0
        for _ in range(14):
            self.move(self.now + datetime.timedelta(days=1))
        self.collect()
        if self.is_manual:
            for org in self.orgs:
                self.give_all_back(org)
            self.collect()
        verify = self.daemon.meterctl(self.options.meterctl, "ledger", "verify")
        export = {
            "end": stamp(self.now), "verify": [verify.returncode, verify.stdout, verify.stderr], "events": self.events,
            "captured": self.double.captured(), "faults": self.double.ask(cmd="count")["faults"], "kills": self.kills, "downtimes": self.downtimes, "orgs": {},
        }
        for org in self.orgs:
            if not org.born:
                continue
            path = "/v1/orgs/%s" % org.name
            export["orgs"][org.name] = {
                "profile": org.profile, "org": self.look(path), "subscription": self.look(path + "/subscription"),
                "top_up": self.look(path + "/top-up"), "bill_to": self.look(path + "/bill-to"),
                "payments": self.pages(path + "/payments"), "refunds": self.pages(path + "/refunds"), "invoices": self.pages(path + "/invoices"),
                "grants": self.pages(path + "/grants"), "members": self.pages(path + "/members"),
                "transfers": self.pages(path + "/transfers"), "usage": self.pages(path + "/usage"),
            }
        with open(os.path.join(self.out, "export.json"), "w") as file:
            json.dump(export, file, indent=1, sort_keys=True)
        self.journal.close()

    def stop(self):
        """Ends what was started."""
        if self.daemon.process and self.daemon.process.poll() is None:
            self.daemon.stop()
        self.double.stop()


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--meterd", required=True)
    parser.add_argument("--meterctl", required=True)
    parser.add_argument("--stripe-python", required=True)
    parser.add_argument("--orgs", type=int, default=50)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--faults", type=float, default=0.08)
    parser.add_argument("--gateway", choices=["stripe", "manual"], default="stripe")
    parser.add_argument("--out")
    return parser.parse_args()


def main():
    """Drives the year, and has it checked."""
    year = Year(arguments())
    try:
        seconds = year.run()
    finally:
        year.stop()
    print("seed %d: driven in %.1f s; journal and export in %s, log in %s" % (
        year.options.seed, seconds, year.out, year.sockets))
    return check.report(year.out)


if __name__ == "__main__":
    sys.exit(main())
