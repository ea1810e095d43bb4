"""Invoices of periods, and what they show."""

import collections
import datetime
from fractions import Fraction

from figures import applied, cents, day, half_even, month_after


class Invoices:
    """The invoices of an org."""

    def suspended_since(self, span):
        """When an invoice that is owed had its org suspended."""
        return next((e["time"] for e in self.event("org_suspended", invoice=span["invoice"]["number"])
                     if e["number"] > span["event"] and not (span["end_event"] and e["number"] > span["end_event"])), None)

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
            owed = self.owed_at(at) + [s for s in self.spans if s["start"] == at and not s["return"] and s["end"] != at
                                       and s["invoice"].get("period_start", "9") < str(start)]
            if not owed:
                expected[start] = (at, start, end)
                continue
            paid = owed[-1]["end"]
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
            if entry["kind"] == "request" and entry["time"] == invoice["t0"] and (
                    self.may_pay(entry) or entry["what"] == "POST close") and entry["status"] == 200 and invoice["t0"] in self.paid_by_request:
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
        span = self.span_at(invoice, 1 << 60)
        want = total, before, due, span["open"][-1][1] if span else 0
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
