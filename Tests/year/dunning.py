"""What follows if an invoice is not paid."""

import collections

from figures import DAY, HOUR, instant

DUE = 14
GRACE, RETENTION, ANNOUNCED, RETRIES = 3, 30, (7, 1), (1, 2, 3, 5, 7, 14, 21, 28)


class Dunning:
    """The steps of dunning of an org."""

    def check_dunning(self):
        """The steps of each time for which an invoice is owed, and that there are no others."""
        steps = ("grace_started", "org_suspended", "erasure_announced", "org_erased", "org_restored")
        allowed = set()
        before = 0
        for span in self.spans:
            tries = self.tries(span, before)
            before = max([before] + [p["payment"] for p in tries])
            allowed |= self.check_span(span, tries)
        for event in self.events:
            if event["kind"] in steps and event["number"] not in allowed:
                self.wrong("an event that should not be", event)

    def tries(self, span, before):
        """The payments by which an invoice was asked for while it was owed: those after a number."""
        tries = [p for p in self.payments if p["purpose"] == "invoice" and p["payment"] > before and p["t0"] >= span["start"]]
        if span["payment"]:
            return [p for p in tries if p["payment"] <= span["payment"]]
        return [p for p in tries if span["end"] is None or p["t0"] < span["end"]]

    def first_decline(self, span, tries):
        """When it was first declined: by a bank, by its taking the money back, or by a card that is refused for good; None for not."""
        number = span["invoice"]["number"]
        if span["return"]:
            return span["start"]
        if self.world.is_manual:
            due = self.world.tick(span["start"] + DUE * DAY)
            return due if due and not (span["end"] and span["end"] < due) else None
        if self.is_refused(span["event"]):
            told = self.event("payment_declined", invoice=number)
            if len(told) != 1 or told[0]["time"] != span["start"] or tries and tries[0]["t0"] == span["start"] and (
                    not self.is_asked_for(tries[0])):
                self.wrong("%s was asked for with a card that is refused" % number, *told, *tries[:1])
            return span["start"]
        if not tries or tries[0]["t0"] != span["start"]:
            self.wrong("%s was not asked for when it was issued" % number, span["invoice"], *tries[:1])
        # What never arrived at a bank is no decline.
        declined = next((p for p in tries if p["state"] == "declined" and p["reason"] != "never_arrived"), None)
        return declined["t1"] if declined else None

    def is_asked_for(self, payment):
        """Whether somebody asked for a payment of what is owed."""
        return any(e["kind"] == "request" and e["what"] == "POST payments/retry" and e["status"] == 200
                   and e["answer"]["payment"] == payment["payment"] for e in self.entries)

    def check_span(self, span, tries):
        """One time's steps; the numbers of the events that are right."""
        invoice, paid = span["invoice"], span["end"]
        first = self.first_decline(span, tries)
        for payment in tries if not self.world.is_manual else []:
            # A part may have come again at the same time.
            amounts = [a for n, a in span["open"] if n < self.world.first_event(payment["t0"])][-1:] + [
                a for n, a in span["open"] if self.world.event_times[n - 1] == payment["t0"]]
            if payment["cents"] not in amounts:
                self.wrong("%s was asked for %s" % (invoice["number"], payment["amount"]), invoice, payment)
        if first is None or paid and paid < first:
            return set()
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
            # It waits until the bank has answered to the attempt before it, if there is one.
            answered = [p["t1"] for p in tries if erasure and not self.world.is_manual and not self.is_refused_at(erasure) and p["t1"] and p["t1"] >= erasure - HOUR
                        and p.get("reason") != "never_arrived"]
            due.append(("org_erased", max([erasure] + answered[:1]) if erasure else None))
        allowed, before = set(), 0
        used = collections.Counter()
        for kind, at in due:
            found = [e for e in self.event(kind) if e["data"].get("invoice", invoice["number"]) == invoice["number"]
                     and e["time"] >= first and e["number"] > span["event"]
                     and not (span["end_event"] and e["number"] > span["end_event"])]
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
        if not self.world.is_manual:
            self.check_retries(span, tries, first, stop, erasure)
        return allowed

    def steps(self, invoice):
        """The events that are about an invoice, and its payments, for a message."""
        return [e for e in self.events if e["time"] >= invoice["t0"] and e["kind"] != "seats_changed"][:24]

    def check_retries(self, span, tries, first, stop, erasure):
        """It is tried again on the days that are said, when somebody says so, and before an erasure."""
        invoice = span["invoice"]
        planned = {self.world.tick(first + days * DAY) for days in RETRIES} - {None}
        asked = {e["time"] for e in self.entries if e["kind"] == "request" and e["status"] == 200
                 and e["what"] in ("POST payments/retry", "PUT payment-method")}
        if erasure and not (stop and stop < erasure) and not self.is_refused_at(erasure) and not any(
                erasure - HOUR <= p["t0"] <= erasure or p["t0"] < erasure <= (p["t1"] or erasure) for p in tries):
            self.wrong("%s was not tried before the erasure at %s" % (invoice["number"], erasure), invoice, *tries[-2:])
        # A card that was refused is tried when it was good for something else.
        asked |= {erasure} | self.cleared
        for payment in tries:
            if payment["t0"] > first and payment["t0"] not in planned | asked and not self.is_anew(payment, tries):
                self.wrong("%s was tried at %s, on no day of the plan" % (invoice["number"], payment["created"]), invoice, payment)
        # Another card is tried at once, unless a payment is under way.
        for entry in self.entries:
            if entry["kind"] == "card" and entry["status"] == 200 and entry["before"] >= span["event"]:
                at = entry["time"]
                if at < first or stop and at >= stop or any(p["t0"] <= at <= (p["t1"] or at) for p in tries):
                    continue
                if self.is_refused(entry["before"] + 0.6):
                    continue
                if not any(at <= p["t0"] <= at + HOUR for p in tries):
                    self.wrong("%s was not tried with the card that was saved at %s" % (invoice["number"], at), invoice, *tries)
                self.world.counts["cards that were saved while an invoice was owed"] += 1
        for at in sorted(planned):
            if stop and at >= stop or self.is_refused_at(at):
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
