"""Seats and members."""

import collections
import datetime

from figures import month_after


class Seats:
    """Seats and members of an org, through the year."""

    def replay(self):
        """Seats, members and what is refused, through the year, move by move of the clock."""
        self.seats = self.next_seats = 0
        self.seats_at, self.members = {}, set()
        self.paid_by_request = {p["t1"] for p in self.succeeded("invoice") if any(
            e["kind"] == "request" and e["status"] == 200 and e["time"] == p["t1"] and self.is_paid_by(e, p)
            for e in self.entries)} | {s["end"] for s in self.spans if self.world.is_manual} | {r["time"] for r in self.returns if not r["taken"]}
        entries = collections.defaultdict(list)
        for entry in self.entries:
            entries[entry["time"]].append(entry)
        settled = collections.defaultdict(list)
        for payment in self.payments:
            if payment["purpose"] == "seats" and payment["state"] == "succeeded":
                settled[payment["t1"]].append(payment)
        erased = {e["time"] for e in self.event("org_erased")}
        boundary = 1
        counted = set()
        for at in self.world.ticks:
            said = {self.number[e["answer"]["payment"]]["payment"] for e in entries[at] if self.settles(e)}
            for payment in settled[at]:
                if payment["t0"] < at and payment["payment"] not in said:
                    self.gain(payment, counted)
            boundary = self.roll(at, boundary, asked=False)
            if at in erased:
                self.members = set()
            for entry in entries[at]:
                if entry["kind"] == "request":
                    if self.settles(entry):
                        self.gain(self.number[entry["answer"]["payment"]], counted)
                    self.take(entry, at, counted)
                if entry["kind"] == "chargeback" or entry["kind"] == "request" and self.may_pay(entry):
                    # What was owed is paid: the period goes on at once.
                    boundary = self.roll(at, boundary, asked=True)

    def settles(self, entry):
        """Whether a request found out, or said, that a payment of seats succeeded."""
        if entry["kind"] != "request" or entry["status"] != 200 or not entry["what"].endswith(("/check", "/record")):
            return False
        payment = self.number.get((entry["answer"] or {}).get("payment"))
        return bool(payment) and payment["purpose"] == "seats" and payment["state"] == "succeeded" and payment["t1"] == entry["time"]

    @staticmethod
    def may_pay(entry):
        """Whether an invoice may be paid by a request."""
        return entry["what"] in ("POST payments/retry", "PUT payment-method") or entry["what"].endswith(("/check", "/record", "/deposit"))

    @staticmethod
    def is_paid_by(entry, payment):
        """Whether a request paid an invoice. The answer to one that the daemon died in may not say so."""
        if entry["what"] == "POST payments/retry" or entry["what"].endswith(("/check", "/record")):
            return entry["answer"]["payment"] == payment["payment"]
        return entry["what"] == "PUT payment-method" and (
            (entry["answer"].get("tried") or {}).get("payment") == payment["payment"]
            or entry["killed"] and payment["t0"] == payment["t1"])

    def roll(self, at, boundary, asked):
        """The periods that begin by then, as far as they do: while an invoice is owed, and in an org that is closed, none does."""
        while self.signup:
            start = month_after(self.signup, boundary)
            due = datetime.datetime.combine(start, datetime.time(), datetime.timezone.utc)
            stuck = [s for s in self.owed_at(at) if s["end"] != at or at in self.paid_by_request and not asked]
            stuck += [s for s in self.spans if s["start"] == at != s["end"] and not s["return"]
                      and s["invoice"]["period_start"] < str(start)]
            if due > at or stuck or self.closed and self.closed < at:
                return boundary
            self.seats = self.next_seats
            self.seats_at[start] = self.seats
            boundary += 1
        return boundary

    def gain(self, payment, counted):
        """Seats that are paid."""
        if payment["payment"] not in counted:
            counted.add(payment["payment"])
            self.seats += payment["lines"][0]["quantity"]
            self.next_seats += payment["lines"][0]["quantity"]

    def take(self, entry, at, counted):
        """One request of the journal."""
        what, done, answer = entry["what"], entry["status"] == 200, entry["answer"] or {}
        if what == "POST seats/add" and done:
            # Seats that were about to go stay for nothing, before any are bought.
            wanted = entry["body"]["seats"]
            kept = min(wanted, self.seats - self.next_seats)
            self.next_seats += kept
            payment = self.number.get(answer.get("payment"))
            if (payment["lines"][0]["quantity"] if payment else 0) != wanted - kept:
                self.wrong("%d seats were wanted, %d of %d were to go, and %s were bought" % (
                    wanted, self.seats - self.next_seats + kept, self.seats,
                    payment["lines"][0]["quantity"] if payment else "none"), entry)
            self.world.counts["seats kept by an order"] += kept
            if payment and payment["state"] == "succeeded" and payment["t1"] == at:
                self.gain(payment, counted)
        elif what == "POST seats/remove":
            count = entry["body"]["seats"]
            may = self.next_seats - count >= max(1, len(self.members)) and not (self.closed and self.closed <= at)
            if done != may and not self.is_halted(at):
                self.wrong("a removal of %d seats of %d, %d next, with %d members was answered with %d" % (
                    count, self.seats, self.next_seats, len(self.members), entry["status"]), entry)
            if done:
                self.next_seats -= count
        elif what == "POST seats/keep" and done:
            self.next_seats = self.seats
        elif what == "POST members":
            may = not self.seats or len(self.members) < min(self.seats, self.next_seats)
            if done != may and not self.is_halted(at):
                self.wrong("a member beside %d of %d seats, %d next, was answered with %d" % (
                    len(self.members), self.seats, self.next_seats, entry["status"]), entry)
            if done:
                self.members.add(entry["body"]["user"])
        elif what.startswith("POST members/") and done:
            self.members.discard(what.split("/")[1])
        if what in ("POST seats/remove", "POST seats/keep") and done:
            if (answer["seats"], answer["next_seats"]) != (self.seats, self.next_seats):
                self.wrong("seats, next are %s, expected %s" % (
                    (answer["seats"], answer["next_seats"]), (self.seats, self.next_seats)), entry)
                self.seats, self.next_seats = answer["seats"], answer["next_seats"]

    def is_halted(self, at):
        """Whether it is closed or suspended, where the documentation leaves open what is refused."""
        return bool(self.closed and self.closed <= at) or self.standing(at) in ("suspended", "erased")

    def standing(self, at, number=1 << 60):
        """The standing by its events up to a time."""
        names = {"grace_started": "grace", "org_suspended": "suspended", "org_erased": "erased", "org_restored": "current"}
        steps = [names[e["kind"]] for e in self.events if e["kind"] in names and e["time"] <= at and e["number"] < number]
        return steps[-1] if steps else "current"
