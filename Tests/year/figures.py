"""Cents, days and months, as docs/billing.md has them; no floats."""

import datetime
import json
from fractions import Fraction

DAY, HOUR, MOMENT = datetime.timedelta(days=1), datetime.timedelta(hours=1), datetime.timedelta(milliseconds=1)


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
