#!/usr/bin/env python3
"""How long pages take of an org with many records, while ten people click and records keep coming; see make bench-dashboard."""

import argparse
import http.client
import json
import os
import platform
import random
import socket
import sqlite3
import sys
import threading
import time

from world import World

USERS, PROJECTS, WINDOW, CONNECTIONS = 200, 20, 256, 8
MODELS = [("gpt-5", "openai"), ("gpt-5-mini", "openai"), ("gpt-4o", "openai"), ("gpt-4o-mini", "openai"), ("o3", "openai"),
          ("text-embedding-3-small", "openai"), ("claude-sonnet-4-5", "anthropic"), ("claude-opus-4-1", "anthropic"),
          ("claude-haiku-4-5", "anthropic"), ("gemini-2.5-pro", "gemini"), ("gemini-2.5-flash", "gemini"), ("gpt-4.1", "openai")]
PAGES = ["organization", "usage?period=week", "usage", "usage?period=year", "usage?period=all", "usage?model=gpt-5", "usage?user=user7",
         "usage/compare", "usage/tags?tag=project", "usage/live", "usage/live?user=user7", "billing", "invoices", "payments",
         "history", "subscription", "security", "audit"]


class Stage:
    """What a world needs; there is no browser."""

    def __init__(self, options):
        self.options, self.browser = options, None


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("meterd", "meterctl", "dashboard"):
        parser.add_argument("--" + name, required=True, type=os.path.abspath, metavar="PATH")
    parser.add_argument("--records", type=int, default=50_000_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--rate", type=int, default=500, help="records per second that come meanwhile")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


class Line:
    """A connection that sends records, some of them unanswered at a time."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.reader = self.socket.makefile("rb", 1 << 16)

    def send(self, lines):
        """Sends a window of lines and reads all replies."""
        self.socket.sendall("".join(lines).encode())
        for _ in lines:
            reply = self.reader.readline()
            if b'"charged"' not in reply:
                raise SystemExit("not charged: %r" % reply)


def record(number, at):
    """A record as proxies send them."""
    model, provider = random.choice(MODELS)
    # A few people make most of the requests, and each has models of their own.
    user = int(random.paretovariate(1.2)) % USERS
    # Embeddings have no output.
    output = "" if "embedding" in model else ',"completion_tokens":%d' % random.randrange(10, 900)
    return ('{"id":"b%d","org":"acme","user":"user%d","model":"%s","provider":"%s","at":"%s","usage":{"prompt_tokens":%d%s},'
            '"tags":{"project":"p%d"}}\n' % (
                number, user, model, provider, at, random.randrange(100, 9000), output, random.randrange(PROJECTS)))


def fill(here, records, months):
    """A year of records: each month the clock moves, and records of its days come."""
    sent, began, lock = [0], time.monotonic(), threading.Lock()
    for month in range(months):
        goal = records * (month + 1) // months
        days = [(here.now.timestamp() - 86400 * day) for day in range(29)]

        def run():
            line = Line(here.daemon.ingest)
            while True:
                with lock:
                    first = sent[0]
                    if first >= goal:
                        return
                    sent[0] += WINDOW
                stamps = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(random.choice(days) - random.randrange(3600)))
                          for _ in range(8)]
                line.send([record(first + each, stamps[each % 8]) for each in range(WINDOW)])

        threads = [threading.Thread(target=run) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = sent[0] / (time.monotonic() - began)
        print("%12d records, %.0f per second" % (sent[0], rate), flush=True)
        if month < months - 1:
            here.move(days=30)
    return sent[0]


def trickle(here, first, rate, until):
    """Records that come while people click."""
    line, number, began = Line(here.daemon.ingest), first, time.monotonic()
    while time.monotonic() < until:
        due = int((time.monotonic() - began) * rate) - (number - first)
        if due > 0:
            line.send([record(number + each, here.stamp()) for each in range(due)])
            number += due
        time.sleep(0.01)


def click(here, person, until, times):
    """One person: any page, then the next."""
    connection = http.client.HTTPConnection("127.0.0.1", here.dashboard.port)
    # People don't begin at the same moment.
    time.sleep(random.uniform(0, 2))
    while time.monotonic() < until:
        page = random.choice(PAGES)
        began = time.monotonic()
        connection.request("GET", "/orgs/acme/" + page, headers={
            "Host": "localhost:%d" % here.dashboard.port, "Cookie": "__Host-meterd=" + person.cookie})
        answer = connection.getresponse()
        body = answer.read()
        took = time.monotonic() - began
        if answer.status != 200:
            raise SystemExit("%s: %d %r" % (page, answer.status, body[:200]))
        times.setdefault(page, []).append(took)
        # Somebody looks at a page before they click again.
        time.sleep(random.uniform(0.5, 1.5))


class Visitor:
    """Somebody who signed in by a link, without a browser."""

    def __init__(self, here, name):
        here.move(61)
        made = here.ctl("member", "invite", "acme", name + "@acme.example", "--role", "owner", "--name", name)
        invited = here.raw.ask("GET", "/join/" + made["secret"])
        cookie = invited.field("Set-Cookie").split(";")[0]
        joined = here.raw.form("/join", {"name": name}, {"Cookie": cookie, "Origin": here.url})
        cookies = dict(each.split(";")[0].split("=", 1) for each in joined.all("Set-Cookie"))
        self.cookie = cookies["__Host-meterd"]


def percentile(values, share):
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main():
    """Fills, clicks, prints a table; the exit status says whether p99 of each page is below 200 ms."""
    options = arguments()
    options.stripe_python = None
    here = World(Stage(options), gateway="manual")
    here.ctl("org", "create", "acme", "--display-name", "Acme Inc.", "--country", "DE")
    here.ctl("credits", "grant", "acme", "900000000", "--reason", "a benchmark")
    count = fill(here, options.records, options.months)
    began = time.monotonic()
    ledger = sqlite3.connect("file:%s/meterd.db?mode=ro" % here.daemon.state, uri=True)
    while ledger.execute("SELECT (SELECT max(sequence) FROM usage) - through FROM usage_rollup").fetchone()[0] > 1000:
        time.sleep(0.2)
    ledger.close()
    print("added up by day and month %.0f s after the last record" % (time.monotonic() - began), flush=True)
    people = [Visitor(here, "p%d" % each) for each in range(options.people)]
    times, until = {}, time.monotonic() + options.seconds
    workers = [threading.Thread(target=click, args=(here, person, until, times)) for person in people]
    workers.append(threading.Thread(target=trickle, args=(here, count + 1_000_000, options.rate, until)))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("%s, %d processors, Python %s; %d records in one org, %d people, %d records per second meanwhile" % (
        platform.platform(), os.cpu_count(), platform.python_version(), count, options.people, options.rate))
    print("%-28s %7s %9s %9s %9s" % ("page", "clicks", "p50", "p99", "longest"))
    slow = []
    for page in PAGES:
        found = times.get(page, [])
        if found:
            shown = [percentile(found, 0.5), percentile(found, 0.99), max(found)]
            print("%-28s %7d %6.0f ms %6.0f ms %6.0f ms" % (page, len(found), *(1000 * each for each in shown)))
            if shown[1] >= 0.2:
                slow.append(page)
    here.close()
    print("slower than 200 ms: " + (", ".join(slow) or "no page"))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
