#!/usr/bin/env python3
"""Derives every cent of a simulated year again, from docs/billing.md, the orders and the times alone.

    python3 Tests/year/check.py FOLDER

Reads journal.jsonl (what was asked, when, and what was answered) and export.json (what the ledger and the gateway have in the end).
Whether a payment succeeded, and when, is taken from the ledger and compared with the gateway; all else is derived. Money is in whole
cents or nano-dollars, or a Fraction; there are no floats.
"""

import collections
import sys

from books import Books
from figures import brief, cents
from world import World


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
            elif payment["state"] in ("pending", "refund_due") and not world.is_manual:
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
    by_hand = collections.Counter()
    for entry in world.journal:
        if entry["kind"] == "chargeback" and entry["way"] == "refund":
            by_hand[entry["payment"]] += entry["amount"]
    refunded = {n: refunded.get(n, 0) + by_hand[n] for n in set(refunded) | set(by_hand)}
    if world.is_manual:
        # What came is compared with what the operator said: check_transfers.
        paid, refunded = {}, {}
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
