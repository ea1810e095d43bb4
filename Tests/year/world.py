"""What was asked, when, and what was answered; and what the ledger and the gateway have in the end."""

import bisect
import collections
import json
import os
from fractions import Fraction

from figures import cents, day, half_even, instant

EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()


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
        self.tax, self.seed, self.is_manual = first["tax"], first["seed"], first.get("gateway") == "manual"
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
            elif entry["kind"] in ("card", "invoice", "chargeback", "confirm"):
                self.by_org[entry["org"]].append(entry)
        self.event_times = [instant(e["at"]) for e in self.export["events"]]
        self.problems = []
        self.counts = collections.Counter()

    def tick(self, moment):
        """When what is due at a moment is done: the clock's first time that isn't before it; none where it isn't reached."""
        index = bisect.bisect_left(self.ticks, moment)
        return self.ticks[index] if index < len(self.ticks) else None

    def first_event(self, moment):
        """The number of the first event that is not before a time, over all orgs."""
        return bisect.bisect_left(self.event_times, moment) + 1

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
