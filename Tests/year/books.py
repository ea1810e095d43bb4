"""One org: what is on record of it, and all that is derived again."""

import bisect

from by_hand import ByHand
from credits import Credits
from dunning import Dunning
from figures import brief, cents, instant
from invoices import Invoices
from money_back import MoneyBack
from orders import Orders
from returns import Returns
from seats import Seats


class Books(Orders, Invoices, Seats, Dunning, MoneyBack, Returns, ByHand, Credits):
    """One org."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.entries = world.by_org[name]
        self.data = world.export["orgs"][name]
        self.events = [e for e in world.export["events"] if e["org"] == name]
        for event in self.events:
            event["time"] = instant(event["at"])
        self.payments = sorted(self.data["payments"], key=lambda p: p["payment"])
        for payment in self.payments:
            payment["t0"] = instant(payment["created"])
            payment["t1"] = instant(payment["settled"]) if payment.get("settled") else None
            payment["cents"] = cents(payment["amount"])
        self.number = {p["payment"]: p for p in self.payments}
        documents = sorted(self.data["invoices"], key=lambda i: i["number"])
        self.invoices = [i for i in documents if i["kind"] == "invoice"]
        self.notes = [i for i in documents if i["kind"] == "credit_note"]
        for invoice in documents:
            invoice["t0"] = instant(invoice["issued"])
            invoice["t1"] = instant(invoice["paid_at"]) if invoice.get("paid_at") else None
            invoice["cents"] = cents(invoice["due"])
        self.founded = next(e["body"] for e in self.entries if e["kind"] == "request" and e["what"] == "POST ")
        self.closed = instant(self.data["org"]["closed"]) if self.data["org"].get("closed") else None
        self.signup = None
        self.read_spans()
        self.read_returns()
        self.read_refusals()

    def wrong(self, what, *context):
        """A disagreement."""
        self.world.problems.append("%s (%s): %s%s" % (
            self.name, self.data["profile"], what, "".join("\n      " + (c if isinstance(c, str) else brief(c)) for c in context)))

    def event(self, kind, **data):
        """The events of a kind, with such data."""
        return [e for e in self.events if e["kind"] == kind and all(e["data"].get(k) == v for k, v in data.items())]

    def buyer(self, before):
        """Who buys, as it was said before a line of the journal."""
        known = {k: self.founded[k] for k in ("country", "region") if k in self.founded}
        said = [e for e in self.entries if e["kind"] == "request" and e["what"] == "PUT bill-to" and e["status"] == 200
                and e["index"] < before]
        return dict(known, **said[-1]["body"]) if said else known

    def index_at(self, moment, tick=True):
        """The line of the journal after which something at that time was done: what a move of the clock does comes before what is
        asked for then."""
        find = bisect.bisect_left if tick else bisect.bisect_right
        return find(self.world.times, moment)

    def succeeded(self, *purposes):
        """Payments that are what they were for."""
        return [p for p in self.payments if p["state"] == "succeeded" and p["purpose"] in purposes]

    def check_erasure(self):
        """What is gone after an erasure, and that a suspended org can't reserve."""
        for event in self.event("org_erased"):
            for record in self.data["usage"]:
                if instant(record["received"]) < event["time"] and (
                        record["usage"] or record["lines"] or record.get("user") or record.get("tags")):
                    self.wrong("detail of a record is left after the erasure of %s" % event["at"], record)
                    break
            for member in self.data["members"]:
                if instant(member["added"]) < event["time"]:
                    self.wrong("a member is left after the erasure of %s" % event["at"], member)
                    break
        for entry in self.entries:
            if entry["kind"] == "authorize":
                code = (entry["reply"].get("error") or {}).get("code")
                refused, since = code == "org_suspended", self.standing(entry["time"])
                # A retry that was asked for at this time may have come before or after.
                if refused != (since in ("suspended", "erased")) and entry["time"] not in self.paid_by_request and not self.closed:
                    self.wrong("authorize was answered with %s while the org is %s" % (code or "a hold", since), entry)

    def check(self):
        """All of it."""
        self.check_notes()
        self.read_transfers()
        self.check_signup()
        self.replay()
        self.check_orders()
        self.check_once()
        self.check_periods()
        self.check_dunning()
        self.check_returns()
        self.check_transfers()
        self.check_balance()
        self.check_credits()
        self.check_top_ups()
        self.check_erasure()
