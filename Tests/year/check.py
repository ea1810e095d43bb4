#!/usr/bin/env python3
"""Derives every cent of a simulated year again, from docs/billing.md, the orders and the times alone.

    python3 Tests/year/check.py FOLDER

Reads journal.jsonl (what was asked, when, and what was answered) and export.json (what the ledger and the gateway have in the end).
Whether a payment succeeded, and when, is taken from the ledger and compared with the gateway; all else is derived. Money is in whole
cents or nano-dollars, or a Fraction; there are no floats.
"""

import bisect
import collections
import datetime
import json
import os
import sys
from fractions import Fraction

DAY, HOUR = datetime.timedelta(days=1), datetime.timedelta(hours=1)
GRACE, RETENTION, ANNOUNCED, RETRIES = 3, 30, (7, 1), (1, 2, 3, 5, 7, 14, 21, 28)
BACKOFF = [1, 6, 24]
EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()


def instant(text):
    """A time."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def day(text):
    """A day."""
    return datetime.date.fromisoformat(text[:10])


def cents(text):
    """Whole cents; an error where there are parts of one."""
    value = Fraction(text) * 100
    if value.denominator != 1:
        raise ValueError("%s is not in whole cents" % text)
    return int(value)


def half_even(value):
    """A fraction, to the nearest whole number; a half to the even one."""
    whole, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest
    return whole + (twice > value.denominator or twice == value.denominator and whole % 2)


def money(value):
    """Cents, as people write them."""
    return "%s%d.%02d" % ("-" if value < 0 else "", abs(value) // 100, abs(value) % 100)


def month_after(signup, months):
    """The signup's day so many months later, or the last day of a shorter month."""
    year, month = divmod(signup.month - 1 + months, 12)
    year, month = signup.year + year, month + 1
    last = (datetime.date(year + month // 12, month % 12 + 1, 1) - DAY).day
    return datetime.date(year, month, min(signup.day, last))


def period_of(signup, at):
    """The period that a day lies in: its first day, and the first of the next."""
    months = 0
    while month_after(signup, months + 1) <= at:
        months += 1
    return month_after(signup, months), month_after(signup, months + 1)


class World:
    """The journal, and what is there in the end."""

    def __init__(self, folder):
        with open(os.path.join(folder, "journal.jsonl")) as file:
            self.journal = [json.loads(line) for line in file]
        with open(os.path.join(folder, "export.json")) as file:
            self.export = json.load(file)
        for index, entry in enumerate(self.journal):
            entry["index"], entry["time"] = index, instant(entry["now"])
        self.times = [entry["time"] for entry in self.journal]
        first = self.journal[0]
        self.tax, self.seed = first["tax"], first["seed"]
        self.ticks = sorted({instant(first["start"])} | {e["time"] for e in self.journal if e["kind"] == "tick"})
        self.prices = [(e["time"], cents(e["price"])) for e in self.journal if e["kind"] == "price"]
        self.by_org = collections.defaultdict(list)
        for entry in self.journal:
            if entry["kind"] == "request" and entry["path"].startswith("/v1/orgs"):
                parts = entry["path"].split("/")
                name = parts[3] if len(parts) > 3 else entry["body"]["org"]
                entry["what"] = entry["method"] + " " + "/".join(parts[4:])
                self.by_org[name].append(entry)
            elif entry["kind"] == "request":
                entry["what"] = ""
            elif entry["kind"] in ("usage", "authorize"):
                self.by_org[entry["line"]["org"]].append(entry)
            elif entry["kind"] in ("card", "invoice"):
                self.by_org[entry["org"]].append(entry)
        self.problems = []
        self.counts = collections.Counter()

    def tick(self, moment):
        """When what is due at a moment is done: the clock's first time that isn't before it; none where it isn't reached."""
        index = bisect.bisect_left(self.ticks, moment)
        return self.ticks[index] if index < len(self.ticks) else None

    def price(self, moment):
        """The price of a seat."""
        return [price for since, price in self.prices if since <= moment][-1]

    def rate(self, buyer, product, on):
        """The tax of a line: what the rule says, the percentage, and whether it is in the price."""
        if buyer.get("exemption"):
            return "exempt", Fraction(0), False
        country = buyer.get("country")
        if not country:
            return "No tax", Fraction(0), False
        vat, own = buyer.get("vat_id"), "EL" if country == "GR" else country
        if self.tax.get("seller") and vat and vat.startswith(own) and country in EU and country != self.tax["seller"]:
            return "Reverse charge", Fraction(0), False
        for region in [buyer.get("region"), None] if buyer.get("region") else [None]:
            found = [r for r in self.tax["rates"] if r["country"] == country and r.get("region") == region
                     and product in r.get("on", ["seats", "credits"]) and day(r["from"]) <= on]
            if found:
                best = max(found, key=lambda r: r["from"])
                place = country + ("-" + region if region else "")
                words = "%s %% %s (%s)" % (best["percent"], best["name"], place)
                inclusive = bool(best.get("inclusive"))
                return words + (", included" if inclusive else ""), Fraction(best["percent"]), inclusive
        return "No tax", Fraction(0), False

    def line(self, buyer, product, amount, on):
        """Net, tax and gross of a line in cents, with its rule."""
        rule, percent, inclusive = self.rate(buyer, product, on)
        if inclusive:
            tax = half_even(amount * percent / (100 + percent))
            return amount - tax, tax, amount, rule
        tax = half_even(amount * percent / 100)
        return amount, tax, amount + tax, rule


class Books:
    """One org."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.entries = world.by_org[name]
        self.data = world.export["orgs"][name]
        self.events = [e for e in world.export["events"] if e["org"] == name]
        for event in self.events:
            event["time"] = instant(event["at"])
        self.payments = sorted(self.data["payments"], key=lambda p: p["payment"])
        for payment in self.payments:
            payment["t0"] = instant(payment["created"])
            payment["t1"] = instant(payment["settled"]) if payment.get("settled") else None
            payment["cents"] = cents(payment["amount"])
        self.number = {p["payment"]: p for p in self.payments}
        documents = sorted(self.data["invoices"], key=lambda i: i["number"])
        self.invoices = [i for i in documents if i["kind"] == "invoice"]
        self.notes = [i for i in documents if i["kind"] == "credit_note"]
        for invoice in documents:
            invoice["t0"] = instant(invoice["issued"])
            invoice["t1"] = instant(invoice["paid_at"]) if invoice.get("paid_at") else None
            invoice["cents"] = cents(invoice["due"])
        self.founded = next(e["body"] for e in self.entries if e["kind"] == "request" and e["what"] == "POST ")
        self.closed = instant(self.data["org"]["closed"]) if self.data["org"].get("closed") else None
        self.signup = None

    def wrong(self, what, *context):
        """A disagreement."""
        self.world.problems.append("%s (%s): %s%s" % (
            self.name, self.data["profile"], what, "".join("\n      " + (c if isinstance(c, str) else brief(c)) for c in context)))

    def event(self, kind, **data):
        """The events of a kind, with such data."""
        return [e for e in self.events if e["kind"] == kind and all(e["data"].get(k) == v for k, v in data.items())]

    def buyer(self, before):
        """Who buys, as it was said before a line of the journal."""
        known = {k: self.founded[k] for k in ("country", "region") if k in self.founded}
        said = [e for e in self.entries if e["kind"] == "request" and e["what"] == "PUT bill-to" and e["status"] == 200
                and e["index"] < before]
        return dict(known, **said[-1]["body"]) if said else known

    def index_at(self, moment, tick=True):
        """The line of the journal after which something at that time was done: what a move of the clock does comes before what is
        asked for then."""
        find = bisect.bisect_left if tick else bisect.bisect_right
        return find(self.world.times, moment)

    def succeeded(self, *purposes):
        """Payments that are what they were for."""
        return [p for p in self.payments if p["state"] == "succeeded" and p["purpose"] in purposes]

    # Orders.

    def check_signup(self):
        """The period begins on the day of the first order; first orders that were all declined don't count."""
        bought = self.succeeded("seats", "credits")
        said = self.data["subscription"].get("signup")
        if not bought:
            if said:
                self.wrong("has a signup day without a purchase")
            return
        begun = min(p["t0"] for p in bought)
        for order in sorted((p for p in self.payments if p["purpose"] in ("seats", "credits")),
                            key=lambda p: p["t0"], reverse=True):
            # One that was still open when the next was ordered.
            if order["t0"] < begun and (order["t1"] is None or order["t1"] > begun):
                begun = order["t0"]
        expected = begun.date()
        self.signup = day(said) if said else expected
        if self.signup != expected:
            self.wrong("signup is %s, the first order that counts was made on %s" % (said, expected),
                       *[p for p in bought[:2]])

    def order_index(self, payment):
        """The line of the journal that ordered it; for what is bought by itself, the move of the clock."""
        for entry in self.entries:
            if entry["kind"] == "request" and entry["status"] == 200 and (entry["answer"] or {}).get("payment") == payment["payment"]:
                return entry["index"]
        # By itself with a move of the clock, with a setting, or after a start.
        indices = [self.index_at(payment["t0"])] + [
            e["index"] for e in self.world.journal if e["time"] == payment["t0"] and e["kind"] == "request" and (
                e["killed"] or (e["what"] == "PUT top-up" or e["what"].endswith("/credit")) and e in self.entries)]
        said = payment["lines"][0]["tax_rule"].lower()
        fitting = [i for i in indices if self.world.rate(
            self.buyer(i), payment["lines"][0]["product"], payment["t0"].date())[0].lower() in said]
        return (fitting or indices)[0]

    def check_orders(self):
        """Each order's line: days left of days of the period, price, tax."""
        for payment in self.payments:
            if payment["purpose"] == "invoice":
                continue
            line, on = payment["lines"][0], payment["t0"].date()
            buyer = self.buyer(self.order_index(payment))
            if payment["purpose"] == "credits":
                amount = cents(line["net"])
                if line["quantity"] * cents(line["unit_price"]) != amount:
                    self.wrong("credits are not sold at their face value", payment)
            else:
                start, end = self.order_period(payment)
                left, of = (end - on).days, (end - start).days
                amount = half_even(Fraction(self.world.price(payment["t0"]) * line["quantity"] * left, of))
                got = (line["from"], line["until"], line["days"], line["of_days"])
                if got != (str(on), str(end), left, of):
                    self.wrong("a seat order is for %s, expected %s" % (got, (str(on), str(end), left, of)), payment)
            if self.is_resold(payment):
                self.check_resold(line, buyer, payment)
            else:
                self.check_line(line, buyer, amount, on, "payment %d" % payment["payment"])
            if len(payment["lines"]) != 1 or payment["cents"] != cents(line["gross"]):
                self.wrong("a payment is not its line", payment)
        for entry in self.entries:
            if entry["kind"] == "request" and entry["what"] == "POST seats/add" and entry["status"] == 200:
                self.world.counts["seat orders"] += 1
                if "payment" not in entry["answer"]:
                    self.world.counts["seat orders for nothing"] += 1
                    continue
                payment = self.number.get(entry["answer"]["payment"])
                if not payment or payment["lines"][0]["quantity"] > entry["body"]["seats"]:
                    self.wrong("an order and its payment differ", entry)

    @staticmethod
    def is_resold(payment):
        """Whether it is what a credit note took back, sold again as credits."""
        return payment["purpose"] == "credits" and payment["gateway"] == "balance"

    def check_resold(self, line, buyer, payment):
        """The same gross amount, with its tax."""
        rule, percent, _ = self.world.rate(buyer, "credits", payment["t0"].date())
        gross = cents(line["gross"])
        net = half_even(gross * 100 / (100 + percent))
        if (cents(line["net"]), cents(line["tax"])) != (net, gross - net) or rule.lower() not in line["tax_rule"].lower():
            self.wrong("credits are sold again at %s and %s tax, expected %s and %s by %s" % (
                line["net"], line["tax"], money(net), money(gross - net), rule), payment)

    def check_once(self):
        """Each order is one payment, however often it was sent, and no payment is without an order."""
        ordered = collections.Counter(
            e["answer"]["payment"] for e in self.entries if e["kind"] == "request" and e["status"] == 200
            and e["what"] in ("POST seats/add", "POST purchases") and "payment" in e["answer"])
        made = {p["payment"] for p in self.payments
                if p["purpose"] != "invoice" and not p["is_top_up"] and not self.is_resold(p)}
        for number in sorted(set(ordered) | made):
            if ordered[number] != 1 or number not in made:
                self.wrong("payment %d was ordered %d times" % (number, ordered[number]), self.number.get(number, "no payment"))

    def order_period(self, payment):
        """The period that an order was made in; where there is none yet, the one that it begins."""
        on = payment["t0"].date()
        known = [p for p in self.succeeded("seats", "credits") if p["t1"] <= payment["t0"] and p["payment"] < payment["payment"]]
        if not known or self.signup is None or on < self.signup:
            return on, month_after(on, 1)
        return period_of(self.signup, on)

    def check_line(self, line, buyer, amount, on, where):
        """Net, tax, gross and rule."""
        net, tax, gross, rule = self.world.line(buyer, line["product"], amount, on)
        got = cents(line["net"]), cents(line["tax"]), cents(line["gross"])
        if got != (net, tax, gross):
            self.wrong("%s: net, tax, gross are %s, expected %s by %s" % (
                where, [money(v) for v in got], [money(v) for v in (net, tax, gross)], rule), line, str(buyer))
        if rule.lower() not in line["tax_rule"].lower():
            self.wrong("%s: the rule is %r, expected %r" % (where, line["tax_rule"], rule), str(buyer))
        self.world.counts["lines"] += 1

    # Invoices.

    def owing(self, moment):
        """The invoice that is open when the clock comes to a time, before what is done then."""
        return [i for i in self.invoices if i["t0"] < moment and i["cents"] > 0 and (i["t1"] is None or i["t1"] >= moment)]

    def suspended_since(self, invoice):
        """When an invoice had its org suspended."""
        return next((e["time"] for e in self.event("org_suspended", invoice=invoice["number"])), None)

    def expect_invoices(self):
        """The periods to be billed: first day to (the time when, the first day that is billed)."""
        expected = {}
        if self.signup is None:
            return expected
        months = 1
        while True:
            start = month_after(self.signup, months)
            due = datetime.datetime.combine(start, datetime.time(), datetime.timezone.utc)
            at = self.world.tick(due)
            if at is None or self.closed and self.closed < at:
                return expected
            end = month_after(self.signup, months + 1)
            months += 1
            # An invoice of the same time that was not paid at once stands in the way, too.
            owed = self.owing(at) + [i for i in self.invoices if i["t0"] == at and i["cents"] > 0 and i["t1"] != at
                                     and i.get("period_start", "9") < str(start)]
            if not owed:
                expected[start] = (at, start, end)
                continue
            paid = owed[-1]["t1"]
            if paid is None or not paid.date() < end or self.closed and self.closed <= paid:
                continue
            suspended = self.suspended_since(owed[-1])
            # Days in suspension are not billed; those in grace are.
            expected[start] = (max(paid, at), max(start, paid.date()) if suspended and suspended <= paid else start, end)

    def check_periods(self):
        """Each period is billed once, when and as it should be."""
        expected = self.expect_invoices()
        self.world.counts["periods"] += len(expected)
        seen = collections.Counter(i.get("period_start") for i in self.invoices if i.get("period_start"))
        for start, count in seen.items():
            if count > 1:
                self.wrong("the period of %s was billed %d times" % (start, count), *self.invoices)
            if day(start) not in expected:
                self.wrong("the period of %s should not have been billed" % start,
                           *[i for i in self.invoices if i.get("period_start") == start])
        placed = {l["payment"] for i in self.invoices if not i.get("period_start") for l in i["lines"] if "payment" in l}
        for start, (at, first, end) in sorted(expected.items()):
            invoice = next((i for i in self.invoices if i.get("period_start") == str(start)), None)
            seats = self.seats_at.get(start, 0)
            if invoice is None:
                sales = [p for p in self.succeeded("seats", "credits") if p["t1"] < at and p["payment"] not in placed]
                if seats or sales:
                    self.wrong("the period of %s was not billed; expected at %s for %d seats" % (start, at, seats), *sales)
                continue
            placed |= {l["payment"] for l in invoice["lines"] if "payment" in l}
            if invoice["t0"] != at or invoice["period_end"] != str(end):
                self.wrong("the period of %s was billed at %s to %s, expected %s to %s" % (
                    start, invoice["issued"], invoice["period_end"], at, end), invoice)
            self.check_seat_line(invoice, seats, first, start, end)
        self.check_sales()

    def check_seat_line(self, invoice, seats, first, start, end):
        """What a period's invoice asks for."""
        lines = [l for l in invoice["lines"] if "payment" not in l]
        if not seats:
            if lines:
                self.wrong("an invoice asks for seats that there are not", invoice)
            return
        if len(lines) != 1:
            self.wrong("an invoice should ask for %d seats in one line" % seats, invoice, *lines)
            return
        line, days, of = lines[0], (end - first).days, (end - start).days
        got = line["quantity"], line["from"], line["until"], line["days"], line["of_days"]
        want = seats, str(first), str(end), days, of
        if got != want:
            self.wrong("%s asks for (seats, from, until, days, of) %s, expected %s" % (invoice["number"], got, want), invoice)
            return
        amount = half_even(Fraction(self.world.price(invoice["t0"]) * seats * days, of))
        self.check_line(line, self.buyer(self.invoice_index(invoice)), amount, invoice["t0"].date(), invoice["number"])

    def invoice_index(self, invoice):
        """The line of the journal that an invoice came with."""
        for entry in self.entries:
            if entry["kind"] == "request" and entry["time"] == invoice["t0"] and entry["what"] in (
                    "POST payments/retry", "PUT payment-method", "POST close") and entry["status"] == 200 and invoice["t0"] in self.paid_by_request:
                return entry["index"]
        return self.index_at(invoice["t0"])

    def check_sales(self):
        """What was paid is on the first invoice after it, once; and the sums."""
        issued = {e["data"]["invoice"]: e["number"] for e in self.event("invoice_issued")}
        paid = {int(e["data"]["payment"]): e["number"] for e in self.event("payment_succeeded")}
        left = {p["payment"] for p in self.succeeded("seats", "credits")}
        for number in list(left):
            if number not in paid:
                self.wrong("payment %d succeeded without an event" % number)
                paid[number] = 0
        for invoice in self.invoices:
            if invoice["number"] not in issued:
                self.wrong("an invoice has no event", invoice)
                continue
            want = {n for n in left if paid[n] < issued[invoice["number"]]}
            lines = [l for l in invoice["lines"] if "payment" in l]
            if sorted(l["payment"] for l in lines) != sorted(want):
                self.wrong("%s shows the payments %s, expected %s" % (
                    invoice["number"], sorted(l["payment"] for l in lines), sorted(want)), invoice)
            left -= {l["payment"] for l in lines}
            for line in lines:
                payment = self.number.get(line["payment"])
                sold = payment["lines"][0] if payment else {}
                if {k: v for k, v in line.items() if k not in ("payment", "paid_on", "paid_with")} != sold:
                    self.wrong("a line is not what was sold", line, payment or "no payment")
                elif day(line["paid_on"]) != payment["t1"].date():
                    self.wrong("a line says it was paid on %s" % line["paid_on"], payment)
            self.check_sums(invoice, lines)
        if self.closed and left and any(paid[n] for n in left):
            self.wrong("closed, and the payments %s are on no invoice" % sorted(left), *[self.number[n] for n in sorted(left)])

    def check_sums(self, invoice, paid):
        """Sums are sums of lines."""
        for name in ("net", "tax"):
            if cents(invoice[name]) != sum(cents(l[name]) for l in invoice["lines"]):
                self.wrong("%s: %s is not the sum of its lines" % (invoice["number"], name), invoice)
        total, before = sum(cents(l["gross"]) for l in invoice["lines"]), sum(cents(l["gross"]) for l in paid)
        got = tuple(cents(invoice[n]) for n in ("total", "paid_before", "due", "open"))
        due = total - before - applied(invoice)
        want = total, before, due, 0 if invoice["state"] == "paid" else due
        if got != want:
            self.wrong("%s: total, paid, due, open are %s, expected %s" % (invoice["number"], got, want), invoice)
        taxes = collections.defaultdict(lambda: [0, 0])
        for line in invoice["lines"]:
            taxes[line["tax_rule"]][0] += cents(line["net"])
            taxes[line["tax_rule"]][1] += cents(line["tax"])
        if {t["rule"]: [cents(t["net"]), cents(t["tax"])] for t in invoice["taxes"]} != taxes:
            self.wrong("%s: taxes are not the sums of lines" % invoice["number"], invoice)
        first = next((e["invoice"] for e in self.entries if e["kind"] == "invoice" and e["invoice"]["number"] == invoice["number"]), None)
        changing = ("credited", "notes", "paid_with", "state", "open", "paid", "paid_at", "payment", "method", "t0", "t1", "cents")
        strip = lambda i: {k: v for k, v in i.items() if k not in changing}
        if first and strip(first) != strip(invoice):
            self.wrong("%s was changed after it was issued" % invoice["number"], first, invoice)

    # Seats and members.

    def replay(self):
        """Seats, members and what is refused, through the year, move by move of the clock."""
        self.seats = self.next_seats = 0
        self.seats_at, self.members = {}, set()
        self.paid_by_request = {p["t1"] for p in self.succeeded("invoice") if any(
            e["kind"] == "request" and e["status"] == 200 and e["time"] == p["t1"] and self.is_paid_by(e, p)
            for e in self.entries)}
        entries = collections.defaultdict(list)
        for entry in self.entries:
            entries[entry["time"]].append(entry)
        settled = collections.defaultdict(list)
        for payment in self.payments:
            if payment["purpose"] == "seats" and payment["state"] == "succeeded":
                settled[payment["t1"]].append(payment)
        erased = {e["time"] for e in self.event("org_erased")}
        boundary = 1
        counted = set()
        for at in self.world.ticks:
            for payment in settled[at]:
                if payment["t0"] < at:
                    self.gain(payment, counted)
            boundary = self.roll(at, boundary, asked=False)
            if at in erased:
                self.members = set()
            for entry in entries[at]:
                if entry["kind"] == "request":
                    self.take(entry, at, counted)
                    if entry["what"] in ("POST payments/retry", "PUT payment-method"):
                        # What was owed is paid: the period goes on at once.
                        boundary = self.roll(at, boundary, asked=True)

    @staticmethod
    def is_paid_by(entry, payment):
        """Whether a request paid an invoice. The answer to one that the daemon died in may not say so."""
        if entry["what"] == "POST payments/retry":
            return entry["answer"]["payment"] == payment["payment"]
        return entry["what"] == "PUT payment-method" and (
            (entry["answer"].get("tried") or {}).get("payment") == payment["payment"]
            or entry["killed"] and payment["t0"] == payment["t1"])

    def roll(self, at, boundary, asked):
        """The periods that begin by then, as far as they do: while an invoice is owed, and in an org that is closed, none does."""
        while self.signup:
            start = month_after(self.signup, boundary)
            due = datetime.datetime.combine(start, datetime.time(), datetime.timezone.utc)
            stuck = [i for i in self.owing(at) if i["t1"] != at or at in self.paid_by_request and not asked]
            stuck += [i for i in self.invoices if i["t0"] == at != i["t1"] and i["cents"] > 0 and i["period_start"] < str(start)]
            if due > at or stuck or self.closed and self.closed < at:
                return boundary
            self.seats = self.next_seats
            self.seats_at[start] = self.seats
            boundary += 1
        return boundary

    def gain(self, payment, counted):
        """Seats that are paid."""
        if payment["payment"] not in counted:
            counted.add(payment["payment"])
            self.seats += payment["lines"][0]["quantity"]
            self.next_seats += payment["lines"][0]["quantity"]

    def take(self, entry, at, counted):
        """One request of the journal."""
        what, done, answer = entry["what"], entry["status"] == 200, entry["answer"] or {}
        if what == "POST seats/add" and done:
            # Seats that were about to go stay for nothing, before any are bought.
            wanted = entry["body"]["seats"]
            kept = min(wanted, self.seats - self.next_seats)
            self.next_seats += kept
            payment = self.number.get(answer.get("payment"))
            if (payment["lines"][0]["quantity"] if payment else 0) != wanted - kept:
                self.wrong("%d seats were wanted, %d of %d were to go, and %s were bought" % (
                    wanted, self.seats - self.next_seats + kept, self.seats,
                    payment["lines"][0]["quantity"] if payment else "none"), entry)
            self.world.counts["seats kept by an order"] += kept
            if payment and payment["state"] == "succeeded" and payment["t1"] == at:
                self.gain(payment, counted)
        elif what == "POST seats/remove":
            count = entry["body"]["seats"]
            may = self.next_seats - count >= max(1, len(self.members)) and not (self.closed and self.closed <= at)
            if done != may and not self.is_halted(at):
                self.wrong("a removal of %d seats of %d, %d next, with %d members was answered with %d" % (
                    count, self.seats, self.next_seats, len(self.members), entry["status"]), entry)
            if done:
                self.next_seats -= count
        elif what == "POST seats/keep" and done:
            self.next_seats = self.seats
        elif what == "POST members":
            may = not self.seats or len(self.members) < min(self.seats, self.next_seats)
            if done != may and not self.is_halted(at):
                self.wrong("a member beside %d of %d seats, %d next, was answered with %d" % (
                    len(self.members), self.seats, self.next_seats, entry["status"]), entry)
            if done:
                self.members.add(entry["body"]["user"])
        elif what.startswith("POST members/") and done:
            self.members.discard(what.split("/")[1])
        if what in ("POST seats/remove", "POST seats/keep") and done:
            if (answer["seats"], answer["next_seats"]) != (self.seats, self.next_seats):
                self.wrong("seats, next are %s, expected %s" % (
                    (answer["seats"], answer["next_seats"]), (self.seats, self.next_seats)), entry)
                self.seats, self.next_seats = answer["seats"], answer["next_seats"]

    def is_halted(self, at):
        """Whether it is closed or suspended, where the documentation leaves open what is refused."""
        return bool(self.closed and self.closed <= at) or self.standing(at) in ("suspended", "erased")

    def standing(self, at, number=1 << 60):
        """The standing by its events up to a time."""
        names = {"grace_started": "grace", "org_suspended": "suspended", "org_erased": "erased", "org_restored": "current"}
        steps = [names[e["kind"]] for e in self.events if e["kind"] in names and e["time"] <= at and e["number"] < number]
        return steps[-1] if steps else "current"

    # Dunning.

    def check_dunning(self):
        """The steps of each invoice that was not paid at once, and that there are no others."""
        steps = ("grace_started", "org_suspended", "erasure_announced", "org_erased", "org_restored")
        allowed = set()
        for invoice in self.invoices:
            if invoice["cents"] > 0:
                allowed |= self.check_invoice_dunning(invoice)
        for event in self.events:
            if event["kind"] in steps and event["number"] not in allowed:
                self.wrong("an event that should not be", event)

    def check_invoice_dunning(self, invoice):
        """One invoice's steps; the numbers of the events that are right."""
        tries = [p for p in self.payments if p["purpose"] == "invoice" and p["t0"] >= invoice["t0"]
                 and (invoice["t1"] is None or p["payment"] <= invoice.get("payment", 0))]
        tries = [p for p in tries if p["cents"] == invoice["cents"]]
        # What never arrived at a bank is no decline.
        declined = next((p for p in tries if p["state"] == "declined" and p["reason"] != "never_arrived"), None)
        if not tries or tries[0]["t0"] != invoice["t0"]:
            self.wrong("%s was not asked for when it was issued" % invoice["number"], invoice, *tries[:1])
        if declined is None or invoice["t1"] and invoice["t1"] < declined["t1"]:
            return set()
        first, paid = declined["t1"], invoice["t1"]
        # What a closed org owes it owes still, with all that follows.
        stop = paid
        due, erasure = [("grace_started", first)], None
        suspend = first + GRACE * DAY
        due.append(("org_suspended", self.world.tick(suspend)))
        # The retention counts from when the suspension was told.
        erase = (due[-1][1] or suspend) + RETENTION * DAY
        for days in ANNOUNCED:
            told = self.world.tick(erase - days * DAY)
            due.append(("erasure_announced", told))
            if told is None:
                break
            erase = max(erase, told + days * DAY)
        else:
            erasure = self.world.tick(erase)
            # It waits until the bank has answered to the attempt before it.
            answered = [p["t1"] for p in tries if erasure and p["t1"] and p["t1"] >= erasure - HOUR
                        and p.get("reason") != "never_arrived"]
            due.append(("org_erased", max([erasure] + answered[:1]) if erasure else None))
        allowed, before = set(), 0
        used = collections.Counter()
        for kind, at in due:
            found = [e for e in self.event(kind) if e["data"].get("invoice", invoice["number"]) == invoice["number"]
                     and e["time"] >= first and not (paid and e["time"] > paid)]
            event = found[used[kind]] if len(found) > used[kind] else None
            used[kind] += 1
            if at is None or stop and at > stop:
                continue
            if event is None:
                if not (stop and at == stop):
                    self.wrong("%s: no %s, expected at %s" % (invoice["number"], kind, at), invoice, *self.steps(invoice))
                continue
            if event["time"] != at or event["number"] < before:
                self.wrong("%s: %s at %s, expected at %s after event %d" % (invoice["number"], kind, event["at"], at, before),
                           invoice, *self.steps(invoice))
            before = event["number"]
            allowed.add(event["number"])
            if kind == "grace_started" and instant(event["data"]["until"]) != suspend:
                self.wrong("%s: grace until %s, expected %s" % (invoice["number"], event["data"]["until"], suspend), event)
            self.world.counts[kind] += 1
        if paid:
            restored = [e for e in self.event("org_restored") if e["time"] == paid]
            if len(restored) != 1:
                self.wrong("%s was paid at %s; restored %d times" % (invoice["number"], paid, len(restored)), *self.steps(invoice))
            allowed |= {e["number"] for e in restored}
            self.world.counts["restored"] += 1
        self.check_retries(invoice, tries, first, stop, erasure)
        return allowed

    def steps(self, invoice):
        """The events that are about an invoice, and its payments, for a message."""
        return [e for e in self.events if e["time"] >= invoice["t0"] and e["kind"] != "seats_changed"][:24]

    def check_retries(self, invoice, tries, first, stop, erasure):
        """It is tried again on the days that are said, when somebody says so, and before an erasure."""
        planned = {self.world.tick(first + days * DAY) for days in RETRIES} - {None}
        asked = {e["time"] for e in self.entries if e["kind"] == "request" and e["status"] == 200
                 and e["what"] in ("POST payments/retry", "PUT payment-method")}
        if erasure and not (stop and stop < erasure) and not any(
                erasure - HOUR <= p["t0"] <= erasure or p["t0"] < erasure <= (p["t1"] or erasure) for p in tries):
            self.wrong("%s was not tried before the erasure at %s" % (invoice["number"], erasure), invoice, *tries[-2:])
        asked.add(erasure)
        for payment in tries:
            if payment["t0"] > first and payment["t0"] not in planned | asked and not self.is_anew(payment, tries):
                self.wrong("%s was tried at %s, on no day of the plan" % (invoice["number"], payment["created"]), invoice, payment)
        # Another card is tried at once, unless a payment is under way.
        for entry in self.entries:
            if entry["kind"] == "request" and entry["what"] == "PUT payment-method" and entry["status"] == 200 and not entry["replayed"]:
                at = entry["time"]
                if at < first or stop and at >= stop or any(p["t0"] <= at <= (p["t1"] or at) for p in tries):
                    continue
                if not any(at <= p["t0"] <= at + HOUR for p in tries):
                    self.wrong("%s was not tried with the card that was saved at %s" % (invoice["number"], at), invoice, *tries)
                self.world.counts["cards that were saved while an invoice was owed"] += 1
        for at in sorted(planned):
            if stop and at >= stop:
                continue
            # At most one attempt per hour that nobody asked for.
            if not any(at - HOUR < p["t0"] <= at or p["t0"] < at <= (p["t1"] or at) for p in tries):
                self.wrong("%s was not tried at %s" % (invoice["number"], at), invoice, "first declined %s" % first, *tries)

    def is_anew(self, payment, tries):
        """Whether it is an attempt in place of one that never reached the bank (within the hour, or when the clock comes to it), or
        with a card that was saved while another attempt was under way."""
        earlier = [p for p in tries if p["payment"] < payment["payment"] and p["t1"] and p["t1"] <= payment["t0"]]
        saved = [e["time"] for e in self.entries
                 if e["kind"] == "request" and e["what"] == "PUT payment-method" and e["status"] == 200]
        return any(p.get("reason") == "never_arrived" and payment["t0"] <= self.world.tick(p["t1"] + HOUR)
                   for p in earlier) or any(p["t0"] <= at <= p["t1"] == payment["t0"] for p in earlier for at in saved)

    # Money that goes back, and the balance for invoices and seats.

    def check_notes(self):
        """Each credit note: what was asked for, and the tax in it, so that parts add up."""
        asked = {e["answer"]["number"]: e for e in self.entries
                 if e["kind"] == "request" and e["status"] == 200 and e["what"].endswith("/credit")}
        refunds = collections.defaultdict(list)
        for refund in self.data["refunds"]:
            refunds[instant(refund["created"])].append(refund)
        before, given = collections.Counter(), collections.Counter()
        invoices = {i["number"]: i for i in self.invoices}
        self.went = {}
        for note in self.notes:
            invoice = invoices.get(note["corrects"])
            gross, tax = cents(note["total"]), cents(note["tax"])
            if note["number"] in asked:
                entry = asked[note["number"]]
                lines = [l for l in invoice["lines"] if "payment" not in l]
                whole, all_tax = sum(cents(l["gross"]) for l in lines), sum(cents(l["tax"]) for l in lines)
                name = invoice["number"]
                want = half_even(Fraction((before[name] + gross) * all_tax, whole)) - given[name]
                before[name] += gross
                given[name] += tax
                if gross != cents(entry["body"]["amount"]):
                    self.wrong("a credit note is not what was asked for", entry, note)
                self.went[note["number"]] = entry["body"]["as"]
                self.world.counts["credit notes as " + entry["body"]["as"]] += 1
            else:
                # Of a purchase: credits that were not spent.
                refund = next((r for r in refunds[note["t0"]] if r["cause"] == "credits" and cents(r["amount"]) == gross), None)
                if refund is None:
                    self.wrong("a credit note that nobody asked for", note)
                    continue
                line = self.number[refund["payment"]]["lines"][0]
                name, net = refund["payment"], gross - tax
                want = half_even(Fraction((before[name] + net) * cents(line["tax"]), cents(line["net"]))) - given[name]
                before[name] += net
                given[name] += tax
                self.went[note["number"]] = "credits of a purchase"
                self.world.counts["purchases given back"] += 1
            if tax != want:
                self.wrong("a credit note has %s tax, expected %s" % (note["tax"], money(want)), note, invoice)
        for invoice in self.invoices:
            if cents(invoice["credited"]) != before[invoice["number"]]:
                self.wrong("%s has %s credited, expected %s" % (
                    invoice["number"], invoice["credited"], money(before[invoice["number"]])), invoice)

    def check_balance(self):
        """What credit notes brought to the balance, and what invoices and seats took of it."""
        issued = {e["data"]["invoice"]: e["number"] for e in self.events if e["kind"] in ("invoice_issued", "credit_note_issued")}
        paid = {int(e["data"]["payment"]): e["number"] for e in self.event("payment_succeeded")}
        steps = [(issued.get(n["number"], 0), n["t0"], cents(n["total"])) for n in self.notes if self.went.get(n["number"]) == "balance"]
        steps += [(issued.get(i["number"], 0), i["t0"], -applied(i)) for i in self.invoices]
        steps += [(paid.get(p["payment"], 0), p["t1"], -cents(p.get("from_balance", "0"))) for p in self.succeeded("seats")]
        steps += [(1 << 60, instant(r["created"]), -cents(r["amount"])) for r in self.data["refunds"] if r["cause"] == "balance"]
        steps.sort(key=lambda s: s[0])
        for invoice in self.invoices:
            asked = cents(invoice["total"]) - cents(invoice["paid_before"])
            if asked:
                self.check_share(invoice, asked, applied(invoice), invoice["t0"], steps)
        for payment in self.payments:
            if payment["purpose"] == "seats":
                self.check_share(payment, payment["cents"], cents(payment.get("from_balance", "0")), payment["t0"], steps)
        total = sum(s[2] for s in steps)
        if total != cents(self.data["subscription"].get("balance", "0")):
            self.wrong("the balance for invoices and seats is %s, expected %s" % (
                self.data["subscription"].get("balance"), money(total)), str(steps))

    def check_share(self, thing, asked, took, at, steps):
        """Of a sum the balance pays what it has; all of it if what is left is under 0.50; and less than nothing if it is owed."""
        balance = sum(s[2] for s in steps if s[1] < at)
        claimed = sum(cents(p.get("from_balance", "0")) for p in self.payments if p["purpose"] == "seats" and p is not thing
                      and p["t0"] < at and (p["t1"] is None or p["t1"] > at))
        candidates = [balance]
        for step in steps:
            # What is done at the same time may come before or after.
            if step[1] == at:
                candidates.append(candidates[-1] + step[2])
        wants = {min(asked, b) if asked - b >= 50 or b >= asked else asked for b in (c - claimed for c in candidates)}
        if took not in wants:
            self.wrong("the balance of %s paid %s of %s" % (
                [money(c) for c in candidates], money(took), money(asked)), thing)
        self.world.counts["paid from a balance"] += took > 0

    # Credits.

    def check_credits(self):
        """A grant for each purchase that was paid, once; and the balance."""
        want = {p["payment"]: Fraction(p["lines"][0]["net"]) for p in self.succeeded("credits")}
        got = collections.Counter()
        for grant in self.data["grants"]:
            number = int(grant["key"].rsplit("-", 1)[1])
            got[number] += 1
            if Fraction(grant["amount"]) != want.get(number):
                self.wrong("a grant that nobody bought", grant)
        for number in want:
            if got[number] != 1:
                self.wrong("payment %d has %d grants" % (number, got[number]), self.number[number])
        spent = Fraction(0)
        for entry in self.entries:
            if entry["kind"] != "usage":
                continue
            cost = Fraction(125 * entry["line"]["usage"]["prompt_tokens"], 100000000)
            if not entry["reply"].get("ok") or abs(Fraction(entry["reply"]["cost"]) - cost) > Fraction(1, 10 ** 9):
                self.wrong("a record should have cost %s" % cost, entry)
            spent += Fraction(entry["reply"].get("cost", 0))
        back = sum(Fraction(r["amount"]) - Fraction(r["tax"]) for r in self.data["refunds"] if r["cause"] == "credits")
        if sum(want.values()) - spent - back != Fraction(self.data["org"]["balance"]):
            self.wrong("the balance is %s, expected %s" % (self.data["org"]["balance"], sum(want.values()) - spent - back))

    def check_top_ups(self):
        """What is bought by itself: where, how much, how often."""
        bought = [p for p in self.payments if p["is_top_up"]]
        self.world.counts["top-ups"] += len(bought)
        for payment in bought:
            before = [p for p in bought if p["payment"] < payment["payment"]]
            # What was bought when the clock moved to a time may come before or after what was set at that time.
            earlier = [e for e in self.wishes() if e["time"] < payment["t0"]]
            wishes = [e["body"] for e in earlier[-1:] + [e for e in self.wishes() if e["time"] == payment["t0"]]]
            reasons = [self.against(payment, before, wish) for wish in wishes] or ["nobody wished for it"]
            if all(reasons):
                self.wrong(reasons[-1], payment)
                continue
            row = 0
            settled = sorted((p for p in before if p["t1"] and p["t1"] < payment["t0"]), key=lambda p: (p["t1"], p["payment"]))
            settled = [p for p in settled if p.get("reason") != "never_arrived"]
            for p in reversed(settled):
                if p["state"] != "declined" or self.set_anew(p["t1"], payment["t0"]):
                    break
                row += 1
            last = [p for p in settled if p["state"] == "declined"]
            if row and not self.set_anew(last[-1]["t1"], payment["t0"]) and payment["t0"] < last[-1]["t1"] + datetime.timedelta(hours=BACKOFF[min(row, 3) - 1]):
                self.wrong("bought again %s after decline %d in a row" % (payment["t0"] - last[-1]["t1"], row), payment, *last[-row:])
        self.check_top_ups_missed(bought)

    def wishes(self):
        """The settings of what is bought by itself, in order."""
        return [e for e in self.entries
                if e["kind"] == "request" and e["what"] == "PUT top-up" and e["status"] == 200]

    def against(self, payment, before, wish):
        """Why a purchase is not what was wished for; None where it is."""
        if not self.matches(payment, wish):
            return "bought by itself against the settings %s" % wish
        recent = [p for p in before if p["t0"] > payment["t0"] - DAY and p["state"] in ("succeeded", "pending")]
        if packs(recent) + packs([payment]) > wish.get("per_day_max", 1):
            return "bought more than %s packs in 24 hours" % wish.get("per_day_max", 1)
        if self.least(payment) + (packs([payment]) - 1) * Fraction(wish["amount"]) >= Fraction(wish["threshold"]):
            return "bought by itself at a balance of %s with %s" % (self.least(payment), wish)
        return None

    def set_anew(self, since, until):
        """Whether another card or another wish was saved meanwhile: the count of declines begins anew."""
        return any(e["kind"] == "request" and e["what"] in ("PUT payment-method", "PUT top-up") and e["status"] == 200
                   and since <= e["time"] <= until for e in self.entries)

    def matches(self, payment, settings):
        """Whether the amount is what the settings say."""
        line = payment["lines"][0]
        return bool(settings) and Fraction(line["net"]) == line["quantity"] * Fraction(settings["amount"]) and \
            Fraction(line["unit_price"]) == Fraction(settings["amount"])

    def least(self, payment):
        """The smallest balance, with what was under way, that there can have been when a top-up was made."""
        had = sum(Fraction(p["lines"][0]["net"]) for p in self.payments if p["purpose"] == "credits" and p["payment"] < payment["payment"]
                  and (p["state"] == "succeeded" or p["t1"] and p["t1"] > payment["t0"]))
        had -= self.given_back(payment["t0"])
        return had - sum(Fraction(e["reply"]["cost"]) for e in self.entries if e["kind"] == "usage" and e["time"] <= payment["t0"])

    def given_back(self, at):
        """Credits that went back by refunds up to a time."""
        return sum(Fraction(r["amount"]) - Fraction(r["tax"]) for r in self.data["refunds"]
                   if r["cause"] == "credits" and instant(r["created"]) <= at)

    def check_top_ups_missed(self, bought):
        """After a move of the clock, nothing is left to be bought by itself."""
        for at in self.world.ticks:
            index = self.index_at(at)
            settings = [e["body"] for e in self.entries if e["kind"] == "request" and e["what"] == "PUT top-up"
                        and e["status"] == 200 and e["index"] < index]
            if not settings or not settings[-1] or self.closed and self.closed <= at or self.standing(at) in ("suspended", "erased"):
                continue
            settings = settings[-1]
            asked = {e["answer"]["payment"] for e in self.entries if e["kind"] == "request" and e["what"] == "POST purchases"
                     and e["status"] == 200 and e["index"] > index}
            had = sum(Fraction(p["lines"][0]["net"]) for p in self.payments if p["purpose"] == "credits" and p["t0"] <= at
                      and p["payment"] not in asked and (p["state"] == "succeeded" or p["t1"] and p["t1"] > at))
            had -= sum(Fraction(e["reply"]["cost"]) for e in self.entries if e["kind"] == "usage" and e["index"] < index)
            # What was given back at this time may have come after.
            if any(instant(r["created"]) == at for r in self.data["refunds"]):
                continue
            had -= self.given_back(at)
            recent = [p for p in bought if at - DAY < p["t0"] <= at and (p["state"] == "succeeded" or p["t1"] > at)]
            row = 0
            done = sorted((p for p in bought if p["t1"] <= at and p.get("reason") != "never_arrived"),
                          key=lambda p: (p["t1"], p["payment"]))
            for p in reversed(done):
                if p["state"] != "declined":
                    break
                row += 1
            waits = row and at < done[-1]["t1"] + datetime.timedelta(hours=BACKOFF[min(row, 3) - 1])
            if had < Fraction(settings["threshold"]) and packs(recent) < settings.get("per_day_max", 1) and not waits:
                self.wrong("nothing was bought by itself at %s with a balance of %s and %s" % (at, had, settings), *done[-3:])
                return

    # The rest.

    def check_erasure(self):
        """What is gone after an erasure, and that a suspended org can't reserve."""
        for event in self.event("org_erased"):
            for record in self.data["usage"]:
                if instant(record["received"]) < event["time"] and (
                        record["usage"] or record["lines"] or record.get("user") or record.get("tags")):
                    self.wrong("detail of a record is left after the erasure of %s" % event["at"], record)
                    break
            for member in self.data["members"]:
                if instant(member["added"]) < event["time"]:
                    self.wrong("a member is left after the erasure of %s" % event["at"], member)
                    break
        for entry in self.entries:
            if entry["kind"] == "authorize":
                code = (entry["reply"].get("error") or {}).get("code")
                refused, since = code == "org_suspended", self.standing(entry["time"])
                # A retry that was asked for at this time may have come before or after.
                if refused != (since in ("suspended", "erased")) and entry["time"] not in self.paid_by_request and not self.closed:
                    self.wrong("authorize was answered with %s while the org is %s" % (code or "a hold", since), entry)

    def check(self):
        """All of it."""
        self.check_signup()
        self.replay()
        self.check_orders()
        self.check_once()
        self.check_periods()
        self.check_dunning()
        self.check_notes()
        self.check_balance()
        self.check_credits()
        self.check_top_ups()
        self.check_erasure()


def applied(invoice):
    """What the balance pays of an invoice; below zero, what is collected with it."""
    return sum(cents(invoice.get(n, "0")) for n in ("from_balance", "carried_out")) - cents(invoice.get("carried_in", "0"))


def packs(bought):
    """How many packs some purchases come to."""
    return sum(p["lines"][0]["quantity"] for p in bought)


def brief(thing):
    """A document for a message, without what was added to it."""
    if isinstance(thing, dict):
        thing = {k: v for k, v in thing.items() if k not in ("t0", "t1", "cents", "time", "index", "seller", "taxes")}
        for name in ("lines",):
            if name in thing:
                thing[name] = ["%s %s x%s %s+%s %s %s" % (
                    l["product"], l.get("payment", ""), l["quantity"], l["net"], l["tax"], l.get("from", ""), l.get("until", ""))
                    for l in thing[name]]
        if "answer" in thing and isinstance(thing["answer"], dict):
            thing["answer"] = brief(thing["answer"])
    return json.dumps(thing, sort_keys=True, default=str, ensure_ascii=False)[:900]


def check_gateway(world):
    """What the gateway took and did not give back is what the ledger has, payment by payment."""
    paid, refunded = {}, {}
    for name, org in world.export["orgs"].items():
        for payment in org["payments"]:
            asked = cents(payment["amount"]) - cents(payment.get("from_balance", "0"))
            if payment["state"] in ("succeeded", "refunded") and asked:
                paid[payment["payment"]] = asked
                if "refunded" in payment:
                    refunded[payment["payment"]] = cents(payment["refunded"])
            elif payment["state"] in ("pending", "refund_due"):
                world.problems.append("%s: a payment is not settled: %s" % (name, brief(payment)))
    taken, returned, marks = collections.Counter(), {}, set()
    for item in world.export["captured"]:
        ledger, _, number = (item["mark"] or "").rpartition("-payment-")
        marks.add(ledger)
        number = int(number or -1)
        if number in taken:
            world.problems.append("the gateway took payment %d twice: %s" % (number, item))
        taken[number] += item["amount"]
        if item["refunded"]:
            returned[number] = item["refunded"]
    for what, ledger, gateway in (("taken", paid, taken), ("given back", refunded, returned)):
        for number in sorted(set(ledger) | set(gateway)):
            if ledger.get(number) != gateway.get(number):
                world.problems.append("payment %d, %s: the ledger has %s, the gateway %s" % (
                    number, what, ledger.get(number), gateway.get(number)))
    if len(marks) > 1:
        world.problems.append("the gateway has marks of several ledgers: %s" % marks)
    for name, org in world.export["orgs"].items():
        world.counts["refunds"] += len(org["refunds"])
        for refund in org["refunds"]:
            if refund["state"] != "succeeded":
                world.problems.append("%s: a refund is not settled: %s" % (name, brief(refund)))


def check_numbers(world):
    """Invoice numbers are gapless and unique over all orgs; so are payments and events."""
    for series, kind in (("CN-", "credit_note"), ("INV-", "invoice")):
        invoices = sorted((i["number"], i["issued"]) for o in world.export["orgs"].values() for i in o["invoices"]
                          if i["kind"] == kind)
        if [n for n, _ in invoices] != ["%s%06d" % (series, n + 1) for n in range(len(invoices))]:
            world.problems.append("numbers of %s have gaps or repeat" % series)
        if [t for _, t in invoices] != sorted(t for _, t in invoices):
            world.problems.append("those of %s were not issued in the order of their numbers" % series)
    payments = sorted(p["payment"] for o in world.export["orgs"].values() for p in o["payments"])
    if payments != list(range(1, len(payments) + 1)):
        world.problems.append("payment numbers have gaps or repeat")
    events = [e["number"] for e in world.export["events"]]
    if events != list(range(1, len(events) + 1)):
        world.problems.append("event numbers have gaps or repeat")
    if [e["at"] for e in world.export["events"]] != sorted(e["at"] for e in world.export["events"]):
        world.problems.append("events are not in the order of their times")
    world.counts.update({"invoices": len(invoices), "payments": len(payments), "events": len(events)})


def check(folder):
    """All disagreements."""
    world = World(folder)
    if world.export["verify"][0] != 0:
        world.problems.append("the books do not balance: %s" % world.export["verify"])
    check_numbers(world)
    check_gateway(world)
    for name in sorted(world.export["orgs"]):
        Books(world, name).check()
    orgs = world.export["orgs"].values()
    world.counts.update({
        "orgs": len(orgs), "kills": world.export["kills"], "downtimes": world.export["downtimes"],
        "records": sum(e["kind"] == "usage" for e in world.journal), "moves": len(world.ticks),
        "requests": sum(e["kind"] == "request" for e in world.journal),
        "declines": sum(p["state"] == "declined" for o in orgs for p in o["payments"]),
        "faults": world.export.get("faults", 0)})
    return world


def report(folder):
    """Prints what was covered and each disagreement; 1 if there is any."""
    world = check(folder)
    for problem in world.problems:
        print("  * " + problem)
    print(", ".join("%s %d" % item for item in sorted(world.counts.items())))
    print("seed %d: %s" % (world.seed, "%d disagreements" % len(world.problems) if world.problems else "every cent agrees"))
    return 1 if world.problems else 0


if __name__ == "__main__":
    sys.exit(report(sys.argv[1]))
