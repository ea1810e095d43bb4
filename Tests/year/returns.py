"""Money that went back without a refund of ours: chargebacks, and refunds that somebody made at the gateway."""

import bisect
import collections
from fractions import Fraction

from figures import MOMENT, cents, half_even, instant, money

# Reasons after which a card is not tried again unless somebody asks for it.
FOR_GOOD = ("authentication_required", "not_confirmed", "card_blocked", "not_allowed")


class Returns:
    """What banks took of an org's payments, and which card is refused for good."""

    def read_returns(self):
        """What each return took and gave again, step by step, from what the bank said alone."""
        self.returns = []
        for entry in self.entries:
            if entry["kind"] != "chargeback" or entry["step"] not in ("taken", "again"):
                continue
            kind = "payment_returned" if entry["step"] == "taken" else "payment_reinstated"
            events = [e for e in self.event(kind, payment=str(entry["payment"])) if entry["before"] < e["number"] <= entry["after"]]
            if len(events) != 1 or cents(events[0]["data"]["amount"]) != entry["amount"]:
                self.wrong("a return has %d events of its amount" % len(events), str(entry), *events)
                continue
            payment = self.number[entry["payment"]]
            known = [r for r in self.returns if r["payment"] == entry["payment"]]
            step = {"entry": entry, "time": entry["time"], "event": events[0]["number"], "payment": entry["payment"],
                    "way": entry["way"], "taken": entry["step"] == "taken", "reference": entry["reference"],
                    "purpose": payment["purpose"], "credits": 0, "tax": 0, "carried": 0, "owed": 0}
            (self.read_taken if step["taken"] else self.read_again)(step, payment, known)
            self.returns.append(step)
            self.take_return(step)
            self.world.counts["%s %s" % (entry["way"] + "s", "of " + payment["purpose"] if step["taken"] else "given again")] += 1

    def read_taken(self, step, payment, known):
        """What a bank took: of credits net and tax, of an invoice what is owed again, of seats what the next invoice collects."""
        back = [r for r in self.data["refunds"] if r["payment"] == payment["payment"] and instant(r["created"]) <= step["time"]]
        refunded = sum(cents(r["amount"]) for r in back)
        returned = sum(r["gone"] for r in known)
        took = payment["cents"] - cents(payment.get("from_balance", "0"))
        step["gone"] = gone = min(step["entry"]["amount"], took - refunded - returned)
        if payment["purpose"] == "credits":
            whole = cents(payment["lines"][0]["tax"])
            before = sum(cents(r["tax"]) for r in back if r["cause"] == "credits") + sum(r["tax"] for r in known)
            share = half_even(self.part(refunded + returned + gone, whole, payment["cents"]))
            step["tax"] = max(0, min(share - before, gone))
            step["credits"] = gone - step["tax"]
        elif payment["purpose"] in ("seats", "balance"):
            step["carried"] = gone
        else:
            step["owed"] = gone

    def read_again(self, step, payment, known):
        """What came again, in the proportions in which it was taken; all amounts below zero."""
        own = [r for r in known if r["reference"] == step["reference"]]
        taken = {n: sum(r[n] for r in own if r["taken"]) for n in ("gone", "credits", "tax", "carried", "owed")}
        before = {n: -sum(r[n] for r in own if not r["taken"]) for n in taken}
        given = min(step["entry"]["amount"], taken["gone"] - before["gone"])
        step["gone"] = -given
        for name in ("credits", "tax", "owed"):
            upto = half_even(self.part(before["gone"] + given, taken[name], taken["gone"])) if taken["gone"] else 0
            step[name] = -(upto - before[name])
        # What the invoice doesn't need any more is added to the balance.
        invoice = self.invoice_of(payment) if step["owed"] else None
        left = self.open_before(invoice, step["event"]) if invoice else 0
        step["owed"] = -min(-step["owed"], left)
        step["carried"] = -(given + step["credits"] + step["tax"] + step["owed"])

    @staticmethod
    def part(of, whole, all_of):
        """A share of a whole, as a fraction."""
        return Fraction(of * whole, all_of)

    def check_returns(self):
        """What the ledger says went back, the events of chargebacks, and the grants of what came again."""
        for payment in self.payments:
            want = sum(r["gone"] for r in self.returns if r["payment"] == payment["payment"])
            if cents(payment.get("returned", "0")) != want:
                self.wrong("of a payment %s is returned, expected %s" % (payment.get("returned"), money(want)), payment)
        for kind, taken in (("payment_returned", True), ("payment_reinstated", False)):
            if len(self.event(kind)) != sum(r["taken"] == taken for r in self.returns):
                self.wrong("%d events %s" % (len(self.event(kind)), kind), *self.event(kind))
        want, decided = collections.Counter(), collections.Counter()
        for entry in self.entries:
            if entry["kind"] == "chargeback" and entry["way"] in ("chargeback", "inquiry"):
                want[entry["reference"]] += entry["step"] in ("taken", "asked")
                decided[entry["reference"]] += entry["step"] in ("again", "decided")
        for kind, count in (("chargeback_opened", want), ("chargeback_closed", decided)):
            told = collections.Counter(e["data"]["reference"] for e in self.event(kind))
            if told != +count:
                self.wrong("%s was told of %s, expected %s" % (kind, dict(told), dict(+count)))
        again = sorted(-r["credits"] for r in self.returns if not r["taken"] and r["credits"])
        grants = sorted(cents(g["amount"]) for g in self.data["grants"] if g["key"].startswith("return-"))
        if again != grants:
            self.wrong("credits that came again are %s, expected %s" % (grants, again))

    # Invoices and the time for which they are owed.

    def read_spans(self):
        """From when to when each invoice is owed: since it was issued, and again since a bank took its payment."""
        issued = {e["data"]["invoice"]: e["number"] for e in self.event("invoice_issued")}
        self.spans = []
        for invoice in self.invoices:
            if invoice["cents"] > 0 and invoice["number"] in issued:
                self.spans.append(self.span(invoice, invoice["t0"], issued[invoice["number"]], invoice["cents"], None))

    def span(self, invoice, start, event, amount, step):
        """A time for which an invoice is owed; it ends with the next event that says it is paid."""
        paid = next((e for e in self.event("invoice_paid", invoice=invoice["number"]) if e["number"] > event), None)
        by = next((e for e in self.event("payment_succeeded") if paid and e["number"] == paid["number"] - 1), None)
        return {"invoice": invoice, "start": start, "event": event, "end": paid["time"] if paid else None,
                "end_event": paid["number"] if paid else None, "payment": int(by["data"]["payment"]) if by else None,
                "open": [(event, amount)], "return": step}

    def take_return(self, step):
        """A return's part in the times for which invoices are owed."""
        if not step["owed"]:
            return
        invoice = self.invoice_of(self.number[step["payment"]])
        span = self.span_at(invoice, step["event"])
        if span:
            span["open"].append((step["event"], span["open"][-1][1] + step["owed"]))
        elif step["taken"]:
            self.spans.append(self.span(invoice, step["time"], step["event"], step["owed"], step))
            self.spans.sort(key=lambda s: s["event"])
        else:
            self.wrong("money came again for an invoice that is not owed", str(step))

    def span_at(self, invoice, event):
        """The time for which an invoice is owed when an event comes; None if it is not."""
        return next((s for s in self.spans if s["invoice"] is invoice and s["event"] < event
                     and (s["end_event"] is None or s["end_event"] >= event)), None)

    def open_before(self, invoice, event):
        """What of an invoice is open before an event."""
        span = self.span_at(invoice, event)
        return [amount for number, amount in span["open"] if number < event][-1] if span else 0

    def invoice_of(self, payment):
        """The invoice that a payment paid, all of it or a part: the one that was owed when it succeeded."""
        paid = next((e["number"] for e in self.event("payment_succeeded", payment=str(payment["payment"]))), None)
        return next((s["invoice"] for s in self.spans if paid and s["event"] < paid and (
            s["end_event"] is None or paid < s["end_event"])), None)

    def owed_at(self, moment):
        """The times for which an invoice is owed that have begun when the clock comes to a time, before what is done then."""
        return [s for s in self.spans if s["start"] < moment and (s["end"] is None or s["end"] >= moment)]

    # Cards that are refused for good.

    def read_refusals(self):
        """Which card is saved and which is refused, by the numbers of events."""
        steps = []
        for entry in self.entries:
            if entry["kind"] == "card" and entry["status"] == 200:
                steps.append((entry["before"] + 0.5, "saved", entry["number"][-4:]))
        for step in self.returns:
            if step["way"] == "chargeback":
                steps.append((step["event"], "charged back" if step["taken"] else "given again", self.card_of(step["payment"])))
        for event in self.event("payment_declined"):
            if "payment" in event["data"] and event["data"]["reason"] in FOR_GOOD:
                steps.append((event["number"], "refused", self.card_of(int(event["data"]["payment"]))))
        for event in self.event("payment_succeeded"):
            steps.append((event["number"], "paid", self.card_of(int(event["data"]["payment"]))))
        saved = refused = reason = None
        self.refusals, self.cleared = [(0, False)], set()
        times = {e["number"]: e["time"] for e in self.events}
        for number, what, card in sorted(steps, key=lambda s: s[0]):
            was = refused
            if what == "saved":
                saved = card
                refused = refused if card == refused else None
            elif what in ("charged back", "refused"):
                refused, reason = card, what
            elif card == refused and card and (what == "paid" or reason == "charged back"):
                refused = None
            if was and not refused and number in times:
                self.cleared.add(times[number])
            self.refusals.append((number, saved is not None and saved == refused))

    def card_of(self, number):
        """The last digits of the card that a payment is made with."""
        return (self.number[number].get("method") or "")[-4:] or None

    def is_refused(self, before):
        """Whether the saved card is refused before an event."""
        return self.refusals[bisect.bisect_left(self.refusals, (before, False)) - 1][1]

    def is_refused_at(self, moment):
        """Whether the saved card is refused when the clock comes to a time."""
        return self.is_refused(self.world.first_event(moment) - 0.1)

    def refused_during(self, moment):
        """Whether the saved card was refused by something that was done at a time."""
        first, after = self.world.first_event(moment), self.world.first_event(moment + MOMENT)
        return any(refused and first <= number < after for number, refused in self.refusals)
