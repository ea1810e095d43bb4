"""Money that goes back, and the balance for invoices and seats."""

import collections
from fractions import Fraction

from figures import applied, cents, half_even, instant, money


class MoneyBack:
    """Credit notes, and the customer's balance."""

    def check_notes(self):
        """Each credit note: what was asked for, and the tax in it, so that parts add up."""
        asked = {e["answer"]["number"]: e for e in self.entries
                 if e["kind"] == "request" and e["status"] == 200 and e["what"].endswith("/credit")}
        refunds = collections.defaultdict(list)
        for refund in self.data["refunds"]:
            refunds[instant(refund["created"])].append(refund)
        before, given = collections.Counter(), collections.Counter()
        invoices = {i["number"]: i for i in self.invoices}
        self.went, self.kept = {}, {}
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
                if entry["body"]["as"] == "refund":
                    self.check_refunds_of(note, invoice, gross)
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
                left = self.left_of(refund["payment"], note["t0"], [refund])
                want = min(want, cents(line["tax"]) - given[name], left - net)
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

    def check_refunds_of(self, note, invoice, gross):
        """Money goes back by the payments that brought it; what the balance had paid goes back to the balance."""
        made = [r for r in self.data["refunds"] if r["cause"] == "credit_note" and instant(r["created"]) == note["t0"]]
        back = sum(cents(r["amount"]) for r in made)
        left = sum(self.left_of(p["payment"], note["t0"], made) for p in self.succeeded("invoice") if self.invoice_of(p) is invoice
                   and p["t1"] <= note["t0"])
        if back != min(gross, left):
            self.wrong("a credit note of %s gives back %s, expected %s" % (money(gross), money(back), money(min(gross, left))),
                       note, *made)
        self.kept[note["number"]] = gross - back

    def left_of(self, number, at, made):
        """What of a payment had not gone back at a time, before some refunds were made."""
        payment, first = self.number[number], min([r["refund"] for r in made] + [1 << 60])
        gone = sum(cents(r["amount"]) for r in self.data["refunds"] if r["payment"] == number and r["refund"] < first
                   and instant(r["created"]) <= at)
        gone += sum(r["gone"] for r in self.returns if r["payment"] == number and r["time"] < at)
        return payment["cents"] - cents(payment.get("from_balance", "0")) - gone

    def check_balance(self):
        """What credit notes brought to the balance, and what invoices and seats took of it."""
        steps = self.balance_steps({int(e["data"]["payment"]): e["number"] for e in self.event("payment_succeeded")}) + self.applied
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

    def balance_steps(self, paid):
        """What changed the balance, but for what it paid of invoices that were owed: event, time and amount."""
        issued = {e["data"]["invoice"]: e["number"] for e in self.events if e["kind"] in ("invoice_issued", "credit_note_issued")}
        steps = [(issued.get(n["number"], 0), n["t0"], cents(n["total"])) for n in self.notes if self.went.get(n["number"]) == "balance"]
        steps += [(issued.get(n["number"], 0), n["t0"], self.kept.get(n["number"], 0)) for n in self.notes]
        steps += [(issued.get(i["number"], 0), i["t0"], -applied(i)) for i in self.invoices]
        steps += [(paid.get(p["payment"], 0), p["t1"], -cents(p.get("from_balance", "0"))) for p in self.succeeded("seats")]
        steps += [(1 << 60, instant(r["created"]), -cents(r["amount"])) for r in self.data["refunds"] if r["cause"] == "balance"]
        steps += [(r["event"], r["time"], -r["carried"]) for r in self.returns]
        return steps + [(paid[p["payment"]], p["t1"], p["cents"]) for p in self.succeeded("balance") if p["payment"] in paid]

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
        least = 0 if self.world.is_manual else 50
        wants = {min(asked, b) if asked - b >= least or b >= asked else asked for b in (c - claimed for c in candidates)}
        if took not in wants:
            self.wrong("the balance of %s paid %s of %s" % (
                [money(c) for c in candidates], money(took), money(asked)), thing)
        self.world.counts["paid from a balance"] += took > 0
