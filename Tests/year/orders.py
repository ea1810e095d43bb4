"""Orders of seats and credits."""

import collections
from fractions import Fraction

from figures import cents, day, half_even, money, period_of


class Orders:
    """What an org ordered."""

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
            if entry["kind"] == "request" and entry["status"] == 200 and entry["what"] in ("POST seats/add", "POST purchases") and (
                    entry["answer"].get("payment") == payment["payment"]):
                return entry["index"]
        # By itself with a move of the clock, with what was asked for at that time, or after a start.
        indices = [self.index_at(payment["t0"])] + [
            e["index"] for e in self.world.journal if e["time"] == payment["t0"] and (
                e["kind"] == "request" and e["killed"] or e in self.entries)]
        said = payment["lines"][0]["tax_rule"].lower()
        fitting = [i for i in indices if self.world.rate(
            self.buyer(i), payment["lines"][0]["product"], payment["t0"].date())[0].lower() in said]
        return (fitting or indices)[0]

    def check_orders(self):
        """Each order's line: days left of days of the period, price, tax."""
        for payment in self.payments:
            if payment["purpose"] in ("invoice", "balance"):
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
                if p["purpose"] not in ("invoice", "balance") and not p["is_top_up"] and not self.is_resold(p)}
        for number in sorted(set(ordered) | made):
            if ordered[number] != 1 or number not in made:
                self.wrong("payment %d was ordered %d times" % (number, ordered[number]), self.number.get(number, "no payment"))

    def order_period(self, payment):
        """The period that an order was made in; where there is none yet, the one that it begins."""
        on = payment["t0"].date()
        known = [p for p in self.succeeded("seats", "credits") if p["t1"] <= payment["t0"] and p["payment"] < payment["payment"]]
        if not known or self.signup is None or on < self.signup:
            # The first of the orders that were open then began it.
            begun = payment["t0"]
            for order in reversed(self.payments):
                if order["purpose"] in ("seats", "credits") and order["payment"] < payment["payment"] and (
                        order["t1"] is None or order["t1"] > begun):
                    begun = order["t0"]
            return period_of(begun.date(), on)
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
