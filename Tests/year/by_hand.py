"""Payments that an operator records: parts, overpayments, deposits, and orders that nobody pays."""

import collections

from figures import DAY, cents, money

ORDER_DAYS = 30


class ByHand:
    """What came for an org by transfer, as the operator said it."""

    def read_transfers(self):
        """What each record brought, and how that changed what an invoice asks for."""
        self.brought, self.excess = collections.Counter(), collections.Counter()
        self.applied = []
        if not self.world.is_manual:
            return
        for entry in self.entries:
            if entry["kind"] != "request" or entry["status"] != 200:
                continue
            if entry["what"] == "POST payments/deposit":
                self.brought[entry["answer"]["payment"]] += cents(entry["body"]["amount"])
            elif entry["what"].endswith("/record") and "payments/" in entry["what"] and entry["body"]["state"] == "paid":
                payment = self.number[entry["answer"]["payment"]]
                asked = payment["cents"] - cents(payment.get("from_balance", "0"))
                came = cents(entry["body"]["amount"]) if "amount" in entry["body"] else asked
                self.brought[payment["payment"]] += min(came, asked)
                if came > asked:
                    self.excess[came - asked] += 1
        numbers = {int(e["data"]["payment"]): e["number"] for e in self.event("payment_succeeded")}
        for payment in self.succeeded("invoice"):
            span = self.span_at(self.invoice_of(payment), numbers[payment["payment"]]) if self.invoice_of(payment) else None
            if span is None:
                self.wrong("a payment of an invoice pays none", payment)
            elif span["payment"] != payment["payment"]:
                span["open"].append((numbers[payment["payment"]], -payment["cents"]))
        self.read_balance(numbers)
        for span in self.spans:
            # What came step by step: from here on it is what is open after each.
            open_, total = [], 0
            for number, amount in sorted(span["open"]):
                total += amount
                open_.append((number, total))
            span["open"] = open_

    def read_balance(self, numbers):
        """What the balance paid of invoices that were owed: as much as it had, at once."""
        steps = self.balance_steps(numbers)
        for payment in self.payments:
            claimed = cents(payment.get("from_balance", "0"))
            if payment["purpose"] == "seats" and claimed:
                # An order claims its part of the balance until somebody pays it, or nobody does.
                steps.append((self.world.first_event(payment["t0"]) - 0.4, payment["t0"], -claimed))
                if payment["t1"] and payment["state"] != "succeeded":
                    steps.append((self.world.first_event(payment["t1"]) - 0.4, payment["t1"], claimed))
                elif payment["t1"]:
                    steps.append((numbers[payment["payment"]], payment["t1"], claimed))
        free = 0
        for number, time, amount in sorted(steps, key=lambda s: (s[1], s[0])):
            free += amount
            span = next((s for s in self.spans if s["event"] < number and (s["end_event"] is None or s["end_event"] > number)), None)
            if free > 0 and span:
                part = min(free, sum(a for _, a in span["open"]))
                span["open"].append((number + 0.1, -part))
                self.applied.append((number + 0.1, time, -part))
                free -= part

    def check_transfers(self):
        """Each payment is what an operator said came of it, and each order that nobody paid lapsed in time."""
        if not self.world.is_manual:
            return
        deposits = self.excess
        end = self.world.ticks[-1]
        for payment in self.payments:
            asked = payment["cents"] - cents(payment.get("from_balance", "0"))
            came = self.brought[payment["payment"]]
            if payment["purpose"] == "balance" and not came:
                deposits[payment["cents"]] -= 1
                continue
            if payment["gateway"] != "manual":
                continue
            want = asked if payment["state"] in ("succeeded", "refund_due", "refunded") else 0
            if came != want:
                self.wrong("of a payment %s came, and it is %s" % (money(came), payment["state"]), payment)
            if payment["purpose"] == "invoice" or came:
                continue
            lapses = self.world.tick(payment["t0"] + ORDER_DAYS * DAY)
            if payment["state"] == "pending" and lapses and lapses <= end or (
                    payment.get("reason") or "").startswith("nobody paid") and payment["t1"] != lapses:
                self.wrong("an order should lapse at %s" % lapses, payment)
            self.world.counts["orders that nobody paid"] += payment["state"] == "canceled"
        if any(deposits.values()):
            self.wrong("what was too much is not what was deposited: %s" % dict(deposits))
        for span in self.spans:
            waiting = [p for p in self.payments if p["purpose"] == "invoice" and p["state"] == "pending"]
            if span["end"] is None and [p["cents"] for p in waiting] != [span["open"][-1][1]]:
                self.wrong("what is waited for is not what is owed: %s" % money(span["open"][-1][1]), span["invoice"], *waiting)
            elif span["end"] and span["open"][-1][1] != self.last_part(span):
                self.wrong("an invoice is paid, and its payments are not what it asked for", span["invoice"], str(span["open"]))
            self.world.counts["parts of invoices that came"] += len(span["open"]) - 1

    def last_part(self, span):
        """What the payment that settled an invoice brought; nothing where the balance did."""
        payment = self.number.get(span["payment"])
        return payment["cents"] if payment and payment["purpose"] == "invoice" else 0
