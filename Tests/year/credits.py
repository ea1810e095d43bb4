"""Credits: grants, the balance, and what is bought by itself."""

import collections
import datetime
from fractions import Fraction

from figures import DAY, instant, packs

BACKOFF = [1, 6, 24]


class Credits:
    """The credits of an org."""

    def check_credits(self):
        """A grant for each purchase that was paid, once; and the balance."""
        want = {p["payment"]: Fraction(p["lines"][0]["net"]) for p in self.succeeded("credits")}
        got = collections.Counter()
        for grant in self.data["grants"]:
            if grant["key"].startswith("return-"):
                # What came again after a bank had taken it: check_returns.
                continue
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
        back += sum(Fraction(r["credits"], 100) for r in self.returns)
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
        """Whether another card or another wish was saved meanwhile, or a refused card was good for a payment: the count of declines
        begins anew."""
        return any(since <= at <= until for at in self.cleared) or any(e["kind"] == "request" and e["what"] in ("PUT payment-method", "PUT top-up") and e["status"] == 200
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
        had -= self.given_back(payment["t0"]) + sum(Fraction(r["credits"], 100) for r in self.returns if (
            r["time"] <= payment["t0"] if r["taken"] else r["time"] < payment["t0"]))
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
            if self.is_refused_at(at) or self.refused_during(at):
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
            had -= self.given_back(at) + sum(Fraction(r["credits"], 100) for r in self.returns if r["time"] < at)
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
