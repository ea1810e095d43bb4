#!/usr/bin/env python3
"""The real system clock, moved under the running daemon by libfaketime.

    python3 Tests/hostile/clock.py --meterd PATH --meterctl PATH [--quick] [--only NAME,...] [--list]

lie_works        the daemon sees the clock that it is given
steps            back an hour and a day, ahead a day and a month while records flow
expiry           holds and grants that expire around a step
windows          daily and monthly limits, the budget and the books when the clock oscillates over midnight and the month's end
times_of_records `at` at the edges: 15 minutes ahead, 45 days back, leap days and seconds, years 1969 to 9999
far_clocks       a daemon in 1970, 2038, 2100 and 9999
zones            the same script under TZ=UTC and others around changes of DST: the same bytes
periods          months of signups on the 31st and on 29 February
closing          the same commands and moves twice, also with a downtime over the period's end: the same invoices
back_over_end    the clock goes back over a period's end after the invoice; no second one, no negative period
ahead_at_boot    a machine that begins four years ahead, and is put right seconds later: nothing is billed, expires or is erased
noticed          a step of the clock is noticed by itself within about a minute (not with --quick)
"""

import calendar
import datetime
import json
import os
import re
import sys
import threading
import time

from faked import LIBRARY, UTC, Faked, moment
from target import Claims, Daemon, options

DAY = datetime.timedelta(days=1)


def record(number, **members):
    """A good record."""
    return dict({"id": number, "org": "acme", "user": "ana", "model": "gpt-5", "provider": "openai",
                 "usage": {"prompt_tokens": 1000, "completion_tokens": 10}}, **members)


def stamp(at):
    """RFC 3339."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (at.microsecond // 1000)


def lie_works(given, claims):
    """Everything else stands on it."""
    daemon = Faked(given).freeze("2028-02-29T12:34:56").start()
    created = daemon.must("POST", "/v1/orgs", {"org": "acme"})["created"]
    claims.check(created == "2028-02-29T12:34:56.000Z", "libfaketime moves the clock of the real binary", created)
    daemon.freeze("2031-01-01T00:00:00")
    created = daemon.must("POST", "/v1/orgs", {"org": "later"})["created"]
    claims.check(created == "2031-01-01T00:00:00.000Z", "also while it runs", created)
    # Something to wait for.
    daemon.must("POST", "/v1/orgs/acme/grants", {"amount": "1", "expires": "2031-01-01T00:10:00Z"})
    before = daemon.figures()["cpu"]
    time.sleep(1)
    busy = daemon.figures()["cpu"] - before
    claims.check(busy < 0.3, "a clock that stands still doesn't make it spin", "%.0f %% of a core" % (busy * 100))
    claims.check(daemon.stop() == 0, "it stops as told")
    daemon.remove()


def steps(given, claims):
    """Records flow, the clock jumps."""
    daemon = Faked(given).shift(seconds=0).start()
    daemon.found("acme")
    stop, sent, wrong, worst = threading.Event(), [], [], [0.0]

    def flow(name):
        count = 0
        with daemon.connect(60) as connection:
            replies = connection.makefile("rb")
            while not stop.is_set():
                began = time.monotonic()
                connection.sendall(json.dumps(record("%s-%d" % (name, count))).encode() + b"\n")
                reply = json.loads(replies.readline())
                worst[0] = max(worst[0], time.monotonic() - began)
                if reply.get("status") != "charged" or "duplicate" in reply:
                    wrong.append(reply)
                count += 1
                time.sleep(0.003)
        sent.append((name, count))
    flows = [threading.Thread(target=flow, args=(name,)) for name in ("a", "b")]
    for each in flows:
        each.start()
    pause = 0.4 if given.quick else 2
    for span in ({"hours": -1}, {"seconds": 0}, {"days": -1}, {"days": 1}, {"days": 31}, {"seconds": 0}, {"days": -40},
                 {"seconds": 0}):
        daemon.shift(**span)
        time.sleep(pause)
    stop.set()
    for each in flows:
        each.join()
    total = sum(count for _, count in sent)
    claims.check(not wrong, "every record is charged while the clock jumps", "%d records, worst %.0f ms %s" % (
        total, worst[0] * 1e3, wrong[:2] or ""))
    items, cursor = [], None
    while True:
        page = daemon.must("GET", "/v1/orgs/acme/usage?limit=1000" + ("&cursor=%s" % cursor if cursor else ""))
        items += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            break
    numbers = [item["sequence"] for item in items]
    claims.check(len(items) == total and numbers == sorted(numbers, reverse=True) and len(set(numbers)) == total,
                 "all are listed once, by sequence, whatever their times", "%d" % len(items))
    in_order = all([int(item["id"].split("-")[1]) for item in reversed(items)
                    if item["id"].startswith(name)] == list(range(count))
                   for name, count in sent)
    claims.check(in_order, "each connection's records have the order in which they were sent")
    backwards = sum(1 for newer, older in zip(items, items[1:]) if newer["received"] < older["received"])
    claims.check(backwards >= 3, "the times did go back", "%d times" % backwards)
    balance = daemon.must("GET", "/v1/orgs/acme/balance")["balance"]
    claims.check(int(balance.replace(".", "")) == 10 ** 15 - total * 1_350_000, "the balance is what they leave", balance)
    events = daemon.must("GET", "/v1/events?limit=1000")["items"]
    claims.check([event["number"] for event in events] == sorted(event["number"] for event in events), "events are in order")
    daemon.verify(claims, "after steps of the clock")
    status, out, complaint = daemon.ctl("doctor")
    claims.note("doctor says: %s" % "; ".join(line for line in out.decode().splitlines() if "clock" in line.lower()))
    daemon.kill()
    daemon.start()
    daemon.verify(claims, "after a kill too")
    daemon.stop()
    daemon.remove()


def state_of(daemon, hold):
    """Whether a hold is open, asked by the same authorize again."""
    return daemon.send({"op": "authorize", "id": hold, "org": "acme", "amount": "1", "ttl": 600})[0]


def expiry(given, claims):
    """Holds and grants around steps."""
    noon = moment("2028-05-10T12:00:00")
    daemon = Faked(given).freeze(noon).start()
    daemon.found("acme", "10")
    first = daemon.send({"op": "authorize", "id": "h1", "org": "acme", "amount": "1", "ttl": 600})[0]
    claims.check(first["expires"] == "2028-05-10T12:10:00.000Z", "a hold expires at its ttl", first["expires"])
    daemon.freeze(noon - 12 * 3600 * datetime.timedelta(seconds=1))
    reply = state_of(daemon, "h1")
    claims.check(reply.get("duplicate") and reply["hold_state"] == "open", "back by half a day: it is open")
    second = daemon.send({"op": "authorize", "id": "h2", "org": "acme", "amount": "1", "ttl": 600})[0]
    daemon.freeze(noon + datetime.timedelta(minutes=9, seconds=59))
    claims.check(daemon.send({"op": "release", "id": "h2", "org": "acme"})[0]["hold_state"] == "expired",
                 "ahead over a hold's time: it is expired at once", second["expires"])
    claims.check(state_of(daemon, "h1")["hold_state"] == "open", "one whose time has not come is open")
    daemon.freeze(noon + datetime.timedelta(minutes=10))
    claims.check(state_of(daemon, "h1")["hold_state"] == "expired", "at its very moment it is expired")
    daemon.freeze(noon - DAY)
    claims.check(state_of(daemon, "h1")["hold_state"] == "expired", "back by a day: what has expired stays expired")
    balance = daemon.send({"op": "balance", "org": "acme"})[0]
    claims.check(balance["available"] == balance["balance"] == "10.000000000", "all is free again", str(balance))
    reply = daemon.send(dict(record("late-for-hold"), hold="h1"))[0]
    claims.check(reply["status"] == "charged" and reply["hold_state"] == "expired", "usage that names it is charged")

    daemon.freeze(noon)
    daemon.must("POST", "/v1/orgs/acme/grants", {"amount": "5", "source": "promotion", "expires": "2028-05-10T13:00:00Z"})
    daemon.freeze(noon + datetime.timedelta(hours=2))
    left = daemon.send({"op": "balance", "org": "acme"})[0]["balance"]
    claims.check(left == "9.998650000", "ahead over a grant's end: its credits are gone at once", left)
    transfers = daemon.must("GET", "/v1/orgs/acme/transfers?limit=5")["items"]
    claims.check(transfers[0]["code"] == "credits_expired" and transfers[0]["at"] == "2028-05-10T13:00:00.000Z",
                 "the transfer bears the time of expiry", transfers[0]["at"])
    daemon.freeze(noon)
    left = daemon.send({"op": "balance", "org": "acme"})[0]["balance"]
    claims.check(left == "9.998650000", "back before its end: they stay gone", left)
    for text, taken in (("2028-05-10T12:00:00Z", False), ("2028-05-10T11:59:59Z", False), ("2028-05-10T12:00:01Z", True),
                        ("9999-12-31T23:59:59Z", True), ("9999-12-31T23:59:59-23:59", None), ("2028-02-30T00:00:00Z", False)):
        answer = daemon.ask("POST", "/v1/orgs/acme/grants", {"amount": "1", "expires": text}, True)
        if taken is None:
            shown = answer.document.get("expires") if answer.status == 200 else answer.code
            claims.check(answer.status != 200 or shown[:4] != "0000",
                         "a grant that expires in the year 10000 is refused or shown right",
                         "%s: %s" % (text, shown))
        else:
            claims.check((answer.status == 200) == taken, "a grant that expires %s is %s"
                         % (text, "taken" if taken else "refused"),
                         "%d" % answer.status)
    # The same over a restart.
    daemon.stop()
    daemon.freeze(noon - DAY).start()
    claims.check(state_of(daemon, "h1")["hold_state"] == "expired", "a restart with the clock back changes nothing of it")
    daemon.verify(claims, "after expiries around steps")
    daemon.stop()
    daemon.remove()


def windows(given, claims):
    """Limits count by day and month; the clock goes to and fro over their ends."""
    for name, near, far in (("midnight", "2028-05-10T23:59:00", "2028-05-11T00:01:00"),
                            ("the month's end", "2028-05-31T23:59:00", "2028-06-01T00:01:00")):
        daemon = Faked(given).freeze(far).start()
        daemon.found("acme", "100")
        daemon.must("POST", "/v1/orgs/acme/members", {"user": "ana"})
        # Over midnight the day's limit alone, over the month's end the month's.
        limits, budget = ({"daily": "2"}, {}) if name == "midnight" else ({"monthly": "2"}, {"monthly": "2"})
        answer = daemon.ask("PUT", "/v1/orgs/acme/members/ana/limits", limits, True)
        budget = daemon.ask("PUT", "/v1/orgs/acme/budget", budget, True)
        claims.check(answer.status == 200 and budget.status == 200, "%s: limits are set" % name, "%d %d"
                     % (answer.status, budget.status))

        def spend(number, dollars, at=None):
            members = {"at": at} if at else {}
            tokens = int(dollars * 800000)
            return daemon.send(dict(record(number, **members), usage={"prompt_tokens": tokens, "completion_tokens": 0}))[0]
        claims.check(spend("w1", 1.5)["cost"] == "1.500000000", "%s: 1.50 of 2.00 is spent behind it" % name)

        def refused(number):
            reply = daemon.send({"op": "authorize", "id": number, "org": "acme", "user": "ana", "amount": "1"})[0]
            if reply["ok"]:
                daemon.send({"op": "release", "id": number, "org": "acme"})
            return not reply["ok"] and reply["error"]["code"] in ("member_limit", "org_budget")
        claims.check(refused("r1"), "%s: 1.00 more is refused" % name)
        daemon.freeze(near)
        spend("w2", 0.1)
        daemon.freeze(far)
        spend("w3", 0.1)
        claims.check(refused("r2"), "%s: the clock went back over it and came again: 1.00 more is refused still" % name)
        shown = [item for item in daemon.must("GET", "/v1/orgs/acme/members")["items"]][0]
        month = daemon.must("GET", "/v1/orgs/acme/budget")
        claims.note("%s: shown as spent: %s today, %s this month; the org %s this month" % (
            name, shown["spent_today"], shown["spent_this_month"], month["spent_this_month"]))
        daemon.verify(claims, "%s, to and fro" % name)
        daemon.stop()
        daemon.start()
        claims.check(refused("r3"), "%s: and after a restart" % name)
        daemon.verify(claims, "%s, after a restart" % name)
        daemon.stop()
        daemon.remove()


def times_of_records(given, claims):
    """What `at` may be."""
    def ask(cases, now):
        daemon.freeze(now)
        for text, expected, shown in cases:
            ask.count += 1
            number = "t%d" % ask.count
            reply = daemon.send(record(number, at=text))[0]
            got = reply.get("status") or reply["error"]["code"]
            kept = daemon.must("GET", "/v1/orgs/acme/usage/%s" % number)["at"] if reply["ok"] else None
            claims.check(got == expected and (shown is None or kept == shown), "at %s, when it is %s: %s" % (text, now, expected),
                         "%s%s" % (got, ", kept as %s" % kept if kept else ""))
    ask.count = 0
    daemon = Faked(given).freeze("2028-02-29T12:00:00").start()
    daemon.found("acme")
    late, wrong, fine = "time_out_of_range", "malformed", "charged"
    ask([("2028-02-29T12:15:00Z", fine, None), ("2028-02-29T12:15:00.001Z", late, None), ("2028-02-29T12:15:01Z", late, None),
         ("2028-01-15T12:00:00Z", fine, None), ("2028-01-15T11:59:59.999Z", late, None), ("2028-02-29T00:00:00Z", fine, None),
         ("2028-02-30T00:00:00Z", wrong, None), ("2027-02-29T00:00:00Z", wrong, None), ("2100-02-29T00:00:00Z", wrong, None),
         ("1969-12-31T23:59:59Z", wrong, None), ("1970-01-01T00:00:00Z", late, None), ("2038-01-19T03:14:08Z", late, None),
         ("9999-12-31T23:59:59Z", late, None), ("10000-01-01T00:00:00Z", wrong, None), ("0000-01-01T00:00:00Z", wrong, None),
         ("-2028-02-29T00:00:00Z", wrong, None), ("2028-02-29T24:00:00Z", wrong, None), ("2028-02-29T12:00:61Z", wrong, None),
         ("2028-02-29T12:00:00", wrong, None), ("2028-02-29", wrong, None), ("1835438400", fine, "2028-02-29T12:00:00.000Z"),
         ("2028-02-29T12:00:00+25:00", wrong, None), ("2028-02-29T12:00:00.Z", wrong, None),
         ("2028-02-29T12:00:00,5Z", wrong, None),
         ("2028-02-29T13:00:00+01:00", fine, "2028-02-29T12:00:00.000Z"),
         ("2028-02-29T11:59:60Z", fine, "2028-02-29T12:00:00.000Z"),
         ("2028-02-29t12:00:00z", fine, "2028-02-29T12:00:00.000Z"), ("2028-02-29T12:00:00-00:00", fine,
                                                                      "2028-02-29T12:00:00.000Z"),
         ("2028-03-01T11:59:00+23:59", fine, "2028-02-29T12:00:00.000Z"),
         ("2028-02-29T11:59:59.9999999999999999999Z", fine, "2028-02-29T11:59:59.999Z"),
         ("2028-02-29T11:59:59." + "9" * 5000 + "Z", fine, "2028-02-29T11:59:59.999Z"),
         ("9999-12-31T23:59:59-23:59", wrong, None), ("1970-01-01T00:00:00+23:59", late, None)], "2028-02-29T12:00:00")
    ask([("2028-12-31T23:59:59.999Z", fine, "2028-12-31T23:59:59.999Z"),
         ("2028-12-31T23:59:60Z", fine, "2029-01-01T00:00:00.000Z"),
         ("2029-01-01T00:00:00Z", fine, "2029-01-01T00:00:00.000Z"), ("2028-12-31T23:59:60.999Z", fine,
                                                                      "2029-01-01T00:00:00.999Z")],
        "2028-12-31T23:59:59")
    days = {item["key"][0]: item["records"] for item in
            daemon.must("GET", "/v1/orgs/acme/summary?by=day&since=2028-12-01&until=2029-02-01")["items"]}
    claims.check(days == {"2028-12-31": 1, "2029-01-01": 3}, "a day and a year end at 23:59:59.999", str(days))
    daemon.verify(claims, "with such times")
    daemon.stop()
    daemon.remove()


def far_clocks(given, claims):
    """Machines whose clock is far off."""
    for now in ("1970-01-01T00:00:05", "2038-01-19T03:14:08", "2100-02-28T23:59:59", "9999-12-30T00:00:00"):
        daemon = Faked(given).freeze(now)
        try:
            daemon.start(15)
            daemon.found("acme", "100")
            text = stamp(daemon.frozen)
            reply = daemon.send(record("far"), record("far-at", at=text))
            claims.check([answer.get("status") for answer in reply] in (["charged"] * 2, ["unpriced"] * 2),
                         "in %s records are taken" % now[:4], "%s %s" % (reply[0].get("status"), reply[0].get("error", "")))
            hold = daemon.send({"op": "authorize", "id": "h", "org": "acme", "amount": "1", "ttl": 86400})[0]
            claims.check(hold["ok"] and hold["expires"][:4] >= now[:4], "in %s holds are given" % now[:4], str(hold)[:160])
            shown = daemon.must("GET", "/v1/orgs/acme/usage/far")["received"]
            claims.check(shown == text, "in %s times are shown right" % now[:4], shown)
            order = daemon.ask("POST", "/v1/orgs/acme/seats/add", {"seats": 1}, True)
            claims.note("in %s seats: %d %s" % (now[:4], order.status, order.body[:160].decode()))
            if now.startswith("2100"):
                daemon.freeze("2100-03-01T00:00:00")
                reply = daemon.send(record("march", at="2100-02-28T23:59:60Z"))[0]
                kept = daemon.must("GET", "/v1/orgs/acme/usage/march")["at"]
                claims.check(kept == "2100-03-01T00:00:00.000Z", "behind 2100-02-28 comes 2100-03-01", kept)
            daemon.verify(claims, "in %s" % now[:4])
            daemon.stop()
        except SystemExit as error:
            claims.check(False, "a daemon in %s works" % now[:4], str(error))
            if daemon.is_alive:
                daemon.kill()
        daemon.remove()


def script(daemon, keys="z"):
    """A fixed script around changes of DST; everything that it can be asked for, as bytes."""
    count = 0

    def post(path, body):
        nonlocal count
        count += 1
        answer = daemon.ask("POST", path, body, "%s-%d" % (keys, count))
        if answer.status >= 300:
            raise AssertionError("%s: %d %s" % (path, answer.status, answer.body))
        return answer.document
    post("/v1/orgs", {"org": "acme", "country": "DE"})
    post("/v1/orgs/acme/grants", {"amount": "100"})
    post("/v1/orgs/acme/grants", {"amount": "5", "source": "promotion", "expires": "2028-03-26T01:30:00Z"})
    number = 0
    daemon.move("2028-02-26T00:30:00")
    payment = post("/v1/orgs/acme/seats/add", {"seats": 3})["payment"]
    post("/v1/orgs/acme/payments/%d/record" % payment, {"state": "paid", "reference": "w1"})
    for at in ("2028-03-12T06:59:59", "2028-03-12T07:00:00", "2028-03-25T22:59:59", "2028-03-25T23:30:00", "2028-03-26T00:59:59",
               "2028-03-26T01:00:00", "2028-03-26T02:30:00", "2028-10-28T23:30:00", "2028-10-29T00:30:00", "2028-10-29T01:00:00",
               "2028-11-05T05:59:59", "2028-11-05T06:30:00", "2028-12-31T23:59:59"):
        if daemon.given.quick and (at.startswith("2028-1") or at < "2028-03-25"):
            continue
        daemon.move(at)
        for _ in range(2):
            number += 1
            reply = daemon.send(record("z%d" % number, tags={"p": "x"}), record("z%d-at" % number, at=at[:10] + "T00:00:00Z"))
            if not all(answer["ok"] for answer in reply):
                raise AssertionError(str(reply))
        for payment in daemon.must("GET", "/v1/orgs/acme/payments?limit=50")["items"]:
            if payment["state"] == "pending":
                post("/v1/orgs/acme/payments/%d/record" % payment["payment"], {"state": "paid", "reference": "w"})
    found = {}
    for arguments in (["ledger", "export"], ["invoice", "export", "acme"], ["invoice", "list", "acme"], ["usage", "list", "acme"],
                      ["usage", "summary", "acme", "--by", "day", "--since", "2028-01-01", "--until", "2029-01-02", "--csv"],
                      ["usage", "summary", "acme", "--by", "day"], ["usage", "statement", "acme", "--invoice", "INV-000002"],
                      ["usage", "forecast", "acme"], ["events"], ["subscription", "show", "acme"], ["payments", "list", "acme"],
                      ["credits", "list", "acme"], ["ledger", "list", "acme"], ["explain", "acme", "z1"], ["rates", "list"],
                      ["invoice", "explain", "acme", "INV-000002"], ["org", "show", "acme"]):
        status, out, complaint = daemon.ctl(*arguments)
        found[" ".join(arguments)] = b"%d\n" % status + out + complaint
    for form in ("csv", "jsonl"):
        daemon.ctl("export", "acme", "--format", form, "--out", daemon.folder + "/" + form)
        for name in sorted(os.listdir(daemon.folder + "/" + form)):
            with open(os.path.join(daemon.folder, form, name), "rb") as file:
                found["export %s/%s" % (form, name)] = file.read()
    status, _, complaint = daemon.ctl("invoice", "pdf", "acme", "INV-000002", "--out", daemon.folder + "/invoice.pdf")
    if status == 0:
        with open(daemon.folder + "/invoice.pdf", "rb") as file:
            found["invoice pdf"] = file.read()
    return found


def zones(given, claims):
    """The machine's time zone."""
    results = {}
    names = ["UTC", "UTC", "Europe/Berlin", "America/New_York"] + ([] if given.quick else ["Pacific/Apia", "Asia/Kathmandu"])
    if given.quick:
        names = ["UTC", "Europe/Berlin"]
    for place, zone in enumerate(names):
        daemon = Faked(given, zone=zone).freeze("2028-01-31T23:30:00").start()
        found = script(daemon)
        daemon.verify(claims, "under TZ=%s" % zone)
        daemon.stop()
        daemon.remove()
        if place == 0:
            results = found
            claims.note("%d documents, %d bytes" % (len(found), sum(len(data) for data in found.values())))
            continue
        different = [name for name in results if results[name] != found.get(name)]
        words = "the same script %s gives the same bytes" % ("twice" if zone == "UTC" else "under TZ=%s" % zone)
        claims.check(not different and set(found) == set(results), words,
                     "%s" % ", ".join(different[:8]) if different else "%d documents" % len(found))
        for name in different[:3]:
            for left, right in zip(results[name].splitlines(), found[name].splitlines()):
                if left != right:
                    claims.note("%s: %r / %r" % (name, left[:150], right[:150]))
                    break


def months_later(day, months):
    """The same day so many months later, or the last one of that month."""
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def pay(daemon, org="acme"):
    """Takes note that all that is asked for was paid."""
    for payment in daemon.must("GET", "/v1/orgs/%s/payments?limit=200" % org)["items"]:
        if payment["state"] == "pending":
            daemon.must("POST", "/v1/orgs/%s/payments/%d/record" % (org, payment["payment"]), {"state": "paid"})


def invoices(daemon, org="acme"):
    """All invoices, the oldest first."""
    return list(reversed(daemon.must("GET", "/v1/orgs/%s/invoices?limit=1000" % org)["items"]))


def spans(found):
    """Their periods."""
    return [(invoice.get("period_start"), invoice.get("period_end")) for invoice in found]


def periods(given, claims):
    """Signups on days that not every month has."""
    for signup in ("2028-01-31", "2028-02-29") if not given.quick else ("2028-01-31",):
        first = datetime.date.fromisoformat(signup)
        daemon = Faked(given).freeze(signup + "T23:59:59").start()
        daemon.found("acme", None)
        daemon.must("POST", "/v1/orgs/acme/seats/add", {"seats": 2})
        pay(daemon)
        count = 3 if given.quick else 14
        for number in range(1, count + 1):
            start = months_later(first, number)
            daemon.move("%sT23:59:59" % (start - DAY))
            early = len(invoices(daemon))
            daemon.move("%sT00:00:00" % start)
            if early != number - 1 or len(invoices(daemon)) != number:
                claims.check(False, "signup %s: invoice %d comes at midnight of %s" % (signup, number, start),
                             "%d the second before, %d then" % (early, len(invoices(daemon))))
            pay(daemon)
        expected = [(str(months_later(first, number)), str(months_later(first, number + 1))) for number in range(1, count + 1)]
        got = spans(invoices(daemon))
        claims.check(got == expected, "signup on %s: %d periods from midnight to midnight, each from the signup's day"
                     % (signup, count),
                     " ".join(start for start, _ in got) if got == expected else "%s, expected %s" % (got, expected))
        daemon.verify(claims, "signup on %s" % signup)
        daemon.stop()
        daemon.remove()


def a_bill(given, down, test_clock=False):
    """Commands and moves of the clock; what invoices there are in the end. `down`: not running over the period's end."""
    if test_clock:
        daemon = Daemon(given, arguments=["--test-clock", "2028-01-31T10:00:00Z"]).start()

        def move(at):
            if daemon.ctl("clock", at + "Z")[0]:
                raise AssertionError("the clock can't be moved to %s" % at)
    else:
        daemon = Faked(given).freeze("2028-01-31T10:00:00").start()
        move = daemon.move
    daemon.found("acme", "20")
    daemon.must("POST", "/v1/orgs/acme/seats/add", {"seats": 3}, "s1")
    pay(daemon)
    move("2028-02-10T08:00:00")
    daemon.must("POST", "/v1/orgs/acme/seats/add", {"seats": 2}, "s2")
    daemon.must("POST", "/v1/orgs/acme/purchases", {"amount": "100"}, "c1")
    pay(daemon)
    daemon.send(*[record("b%d" % number) for number in range(5)])
    move("2028-02-20T08:00:00")
    daemon.must("POST", "/v1/orgs/acme/seats/remove", {"seats": 1}, "r1")
    # Over the end of February; where it was down, it starts days later.
    move("2028-03-04T12:00:00" if down else "2028-02-29T00:00:00")
    if not down:
        move("2028-03-04T12:00:00")
    pay(daemon)
    move("2028-03-31T12:00:00")
    pay(daemon)
    # Three months at once.
    move("2028-06-30T12:00:00")
    for _ in range(6):
        pay(daemon)
        if test_clock:
            move("2028-06-30T12:00:00")
        else:
            daemon.settle()
    found = invoices(daemon)
    return daemon, found


def without_times(found):
    """Invoices without the moments at which things were done."""
    def strip(value):
        if isinstance(value, dict):
            return {name: strip(inner) for name, inner in value.items()
                    if name not in ("issued", "paid_at", "paid_on", "created", "settled", "notes", "due_on")}
        return [strip(inner) for inner in value] if isinstance(value, list) else value
    return strip(found)


def closing(given, claims):
    """The same twice."""
    kept = {}
    for name, down, test_clock in (("running", False, False), ("running again", False, False), ("down over the end", True, False),
                                   ("down again", True, False), ("by its test clock", False, True)):
        if given.quick and name in ("running again", "down again"):
            continue
        daemon, kept[name] = a_bill(given, down, test_clock)
        daemon.verify(claims, "a bill, " + name)
        daemon.stop()
        daemon.remove()
    claims.note("invoices: " + "; ".join("%s %s to %s, total %s, due %s" % (
        invoice["number"], invoice.get("period_start"), invoice.get("period_end"), invoice["total"], invoice["due"])
        for invoice in kept["running"]))

    def same(left, right, words, strip=False):
        one, two = (without_times(kept[left]), without_times(kept[right])) if strip else (kept[left], kept[right])
        difference = next(("%s / %s" % (json.dumps(a, sort_keys=True)[:300], json.dumps(b, sort_keys=True)[:300])
                           for a, b in zip(one, two) if a != b), "%d / %d invoices" % (len(one), len(two)))
        claims.check(one == two and one, words, "%d invoices" % len(one) if one == two else difference)
    if "running again" in kept:
        same("running", "running again", "the same commands and moves give the same invoices, to the millisecond")
    if "down again" in kept:
        same("down over the end", "down again", "the same with a downtime over the period's end")
    same("running", "down over the end", "a downtime over the period's end changes no line, sum or period", True)
    same("running", "by its test clock", "the test's clock gives the same invoices", True)
    starts = [span for span in spans(kept["running"]) if span[0]]
    claims.check(len(set(starts)) == len(starts) and all(start < end for start, end in starts), "no period twice, none negative",
                 str(starts))


def back_over_end(given, claims):
    """The clock goes back behind an invoice."""
    daemon = Faked(given).freeze("2028-01-31T10:00:00").start()
    daemon.found("acme", "20")
    price = daemon.must("POST", "/v1/orgs/acme/seats/add", {"seats": 1, "dry_run": True})
    daemon.must("POST", "/v1/orgs/acme/seats/add", {"seats": 3})
    pay(daemon)
    daemon.move("2028-02-29T00:00:05")
    pay(daemon)
    claims.check(len(invoices(daemon)) == 1, "the invoice of 29 February is issued")
    total = invoices(daemon)[0]["total"]
    for at in ("2028-02-28T23:00:00", "2028-02-01T00:00:00", "2028-01-15T00:00:00", "2028-02-28T23:59:59", "2028-02-29T00:00:05"):
        daemon.move(at)
        claims.check(len(invoices(daemon)) == 1, "back to %s: no second invoice" % at, "%d" % len(invoices(daemon)))
        offer = daemon.ask("POST", "/v1/orgs/acme/seats/add", {"seats": 1, "dry_run": True}, True)
        claims.note("a seat then: %d %s" % (offer.status, offer.body[:300].decode()))
        if offer.status == 200:
            asked = float(offer.document.get("gross") or offer.document.get("total") or offer.document.get("amount") or 0)
            claims.check(0 <= asked <= 29, "back to %s: a seat costs a month's price at most, and nothing negative" % at, "%s"
                         % asked)
            days = [offer.document.get("line", offer.document).get(name) for name in ("from", "until")]
            claims.note("for %s" % (days,))
    daemon.move("2028-02-20T00:00:00")
    order = daemon.ask("POST", "/v1/orgs/acme/seats/add", {"seats": 1}, True)
    removal = daemon.ask("POST", "/v1/orgs/acme/seats/remove", {"seats": 1}, True)
    bought = daemon.ask("POST", "/v1/orgs/acme/purchases", {"amount": "50"}, True)
    pay(daemon)
    claims.note("orders meanwhile: %d, %d, %d" % (order.status, removal.status, bought.status))
    for at in ("2028-02-29T00:00:05", "2028-03-15T00:00:00", "2028-03-31T00:00:00", "2028-03-30T00:00:00", "2028-03-31T00:00:01",
               "2028-04-30T00:00:00"):
        daemon.move(at)
        pay(daemon)
    found = invoices(daemon)
    claims.check(spans(found) == [("2028-02-29", "2028-03-31"), ("2028-03-31", "2028-04-30"), ("2028-04-30", "2028-05-31")],
                 "to and fro over three ends: three invoices, each period once", str(spans(found)))
    claims.check(found[0]["total"] == total, "the first is as it was")
    claims.check([invoice["number"] for invoice in found] == ["INV-%06d" % number for number in range(1, len(found) + 1)],
                 "their numbers have no gap")
    claims.check(all(float(line["net"]) >= 0 for invoice in found for line in invoice["lines"]), "no line is negative",
                 "; ".join("%s %s %s..%s" % (line["text"], line["net"], line.get("from"), line.get("until"))
                           for invoice in found for line in invoice["lines"]))
    daemon.verify(claims, "to and fro over a period's end")
    # An invoice that isn't paid: grace and suspension by a clock that goes back.
    daemon.move("2028-05-31T00:00:00")
    for at in ("2028-06-14T00:00:01", "2028-06-10T00:00:00", "2028-06-14T00:00:02", "2028-06-17T00:00:03", "2028-06-01T00:00:00",
               "2028-06-17T00:00:04"):
        if given.quick and at == "2028-06-14T00:00:02":
            continue
        daemon.move(at)
        shown = daemon.must("GET", "/v1/orgs/acme/subscription")
        claims.note("%s: %s" % (at, json.dumps(shown)[:260]))
    kinds = [event["kind"] for event in daemon.must("GET", "/v1/events?limit=1000")["items"]]
    claims.check(kinds.count("org_suspended") == 1 and kinds.count("grace_started") == 1 and len(invoices(daemon)) == 4,
                 "each step of dunning is taken once", ", ".join(kinds[-8:]))
    pay(daemon)
    daemon.verify(claims, "grace to and fro")
    claims.note(str(price)[:200])
    daemon.stop()
    daemon.remove()


def noticed(given, claims):
    """Nobody restarts it, nobody asks."""
    if given.quick:
        return
    daemon = Faked(given).freeze("2028-01-31T10:00:00").start()
    daemon.found("acme", "20")
    daemon.must("POST", "/v1/orgs/acme/seats/add", {"seats": 1})
    pay(daemon)
    daemon.must("POST", "/v1/orgs/acme/grants", {"amount": "5", "source": "promotion", "expires": "2028-02-15T00:00:00Z"})
    daemon.settle()
    daemon.freeze("2028-02-29T12:00:00")
    began, issued, expired = time.monotonic(), None, None
    while time.monotonic() - began < 90 and not (issued and expired):
        if not issued and invoices(daemon):
            issued = time.monotonic() - began
        kinds = [event["kind"] for event in daemon.must("GET", "/v1/events?limit=1000")["items"]]
        if not expired and "credits_expired" in kinds:
            expired = time.monotonic() - began
        time.sleep(0.5)
    claims.check(issued and issued < 65, "a step ahead over a period's end is noticed within a minute", "%s s" % issued)
    claims.check(expired and expired < 65, "and one over a grant's end, without traffic", "%s s" % expired)
    daemon.verify(claims, "after a step that it noticed by itself")
    daemon.stop()
    daemon.remove()


def ahead_at_boot(given, claims):
    """A clock that is years ahead at a start, and put right."""
    daemon = Faked(given).freeze("2028-01-31T10:00:00").start()
    daemon.found("acme", "20")
    daemon.must("POST", "/v1/orgs/acme/seats/add", {"seats": 3})
    pay(daemon)
    daemon.must("POST", "/v1/orgs/acme/grants", {"amount": "5", "expires": "2028-06-01T00:00:00Z"}, "kept")
    before = daemon.must("GET", "/v1/orgs/acme/subscription")
    daemon.stop()
    daemon.is_confirmed = False
    daemon.freeze("2032-01-31T10:00:00").start()
    status = daemon.must("GET", "/v1/status")
    claims.check(status.get("clock_jump_seconds", 0) > 1400 * 86400, "four years ahead at a start are doubted", "%s" % status.get(
        "clock_jump_seconds"))
    metrics = daemon.ask("GET", "/metrics").body.decode()
    claims.check("meterd_clock_in_doubt 1" in metrics, "metrics say so")
    doctor = daemon.ctl("doctor")
    claims.check(doctor[0] == 1 and re.search(b"146[01] days ahead of the time", doctor[1]), "doctor says so", doctor[1].decode())
    reply = daemon.send(record("now"), record("right", at="2028-01-31T10:01:00Z"))
    claims.check(reply[0].get("ok"), "usage is taken", "%s" % reply[0])
    claims.check(reply[1].get("error", {}).get("code") == "clock_unconfirmed" and reply[1]["error"]["retryable"],
                 "the usage of a proxy whose clock is right is to be sent again", "%s" % reply[1])
    order = daemon.ask("POST", "/v1/orgs/acme/seats/add", {"seats": 1}, True)
    claims.check(order.status == 503, "orders wait", "%d" % order.status)
    time.sleep(3)
    claims.check(not invoices(daemon), "nothing is billed", "%s" % invoices(daemon))
    busy = daemon.figures()["cpu"]
    time.sleep(1)
    claims.check(daemon.figures()["cpu"] - busy < 0.3, "what would expire doesn't make it spin")
    # Put right while it runs: what is due then is done, and nothing else.
    daemon.freeze("2028-01-31T10:05:00")
    end = time.monotonic() + 10
    while daemon.must("GET", "/v1/status").get("clock_jump_seconds") and time.monotonic() < end:
        time.sleep(0.1)
    while b"believed again" not in daemon.log and time.monotonic() < end:
        time.sleep(0.1)
    claims.check(b"believed again" in daemon.log, "the clock is believed when it is put right")
    claims.check(daemon.must("GET", "/v1/orgs/acme/subscription") == before, "the period is as it was")
    again = daemon.ask("POST", "/v1/orgs/acme/grants", {"amount": "5", "expires": "2028-06-01T00:00:00Z"}, "kept")
    claims.check(again.headers.get("idempotent-replayed") == "true", "keys are not forgotten")
    claims.check(not any(e["kind"] == "credits_expired" for e in daemon.must("GET", "/v1/events?limit=1000")["items"]),
                 "nothing expired")
    claims.check(daemon.send(record("right", at="2028-01-31T10:01:00Z"))[0].get("ok"), "and what was refused is taken")
    # A jump while it runs: what is asked for in the same moment expires nothing.
    daemon.freeze("2032-01-31T10:00:00")
    replies = daemon.send(*[record("jump-%d" % number) for number in range(50)])
    claims.check(all(reply.get("ok") for reply in replies), "usage is taken in the moment of a jump")
    daemon.freeze("2028-01-31T10:06:00")
    claims.check(not any(e["kind"] == "credits_expired" for e in daemon.must("GET", "/v1/events?limit=1000")["items"]),
                 "a jump under a busy daemon expires nothing, however soon")
    # A machine that stood still for weeks, and whose clock is right: somebody says so.
    daemon.stop()
    daemon.freeze("2028-03-01T10:00:00").start()
    claims.check(not invoices(daemon), "after weeks nothing is billed by itself")
    confirmed = daemon.ctl("clock", "confirm")
    claims.check(confirmed[0] == 0 and b"2028-03-01" in confirmed[1], "meterctl clock confirm", "%s" % (confirmed,))
    end = time.monotonic() + 20
    while not invoices(daemon) and time.monotonic() < end:
        time.sleep(0.1)
    claims.check(len(invoices(daemon)) == 1, "has it billed", "%d" % len(invoices(daemon)))
    daemon.stop()
    daemon.start()
    claims.check(not daemon.must("GET", "/v1/status").get("clock_jump_seconds"), "and the next start knows of it")
    daemon.verify(claims, "after a clock that was ahead")
    daemon.stop()
    daemon.remove()


TESTS = [lie_works, steps, expiry, windows, times_of_records, far_clocks, zones, periods, closing, back_over_end, ahead_at_boot, noticed]


def main():
    """All, or those that were asked for."""
    given = options(__doc__)
    if given.list:
        print("\n".join(test.__name__ for test in TESTS))
        return 0
    claims = Claims()
    if not os.path.exists(LIBRARY):
        claims.note("left out: %s is not there (apt install faketime)" % LIBRARY)
        return 0
    chosen = given.only.split(",") if given.only else None
    for test in TESTS:
        if chosen is None or test.__name__ in chosen:
            print("\n== %s: %s" % (test.__name__, test.__doc__.splitlines()[0]), flush=True)
            began = time.monotonic()
            try:
                test(given, claims)
            except (AssertionError, OSError, KeyError, ValueError) as error:
                claims.check(False, "%s went as planned" % test.__name__, "%s: %s" % (type(error).__name__, error))
            claims.note("%.1f s" % (time.monotonic() - began))
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
