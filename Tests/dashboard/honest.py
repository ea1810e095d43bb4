"""Honest numbers: while requests come, every page adds up; afterwards page, CSV, statement and ledger are the same."""

import csv
import datetime
import decimal
import html.parser
import io
import json
import random
import socket
import threading

from claims import must, same
from world import world

MODELS = [("gpt-5", "openai"), ("gpt-4o-mini", "openai"), ("claude-haiku-4-5", "anthropic"), ("gemini-2.5-flash", "gemini")]
USERS = ["cy", "dan", "eve", "fred", "gus", ""]
GRANTED, BATCH, BATCHES, CAPTIONS = 50_000, 64, 400, ("By day", "By model", "By member, most expensive first", "By provider")


class Tables(html.parser.HTMLParser):
    """A page's tables by caption: rows of cells, the total last. And its figures by name."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.figures, self.path, self.cell, self.named = {}, {}, [], None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Begins a table, a row, a cell or a figure."""
        kind = dict(attributes).get("class") or ""
        if tag == "table":
            self.rows = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th", "caption") or (tag == "p" and kind in ("name", "value")):
            self.cell, self.ends = "", (tag, kind)

    def handle_data(self, data):
        """A part of a cell's text."""
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        """Ends what was begun."""
        if self.cell is None or tag != self.ends[0]:
            return
        text, kind = " ".join(self.cell.split()), self.ends[1]
        self.cell = None
        if tag == "caption":
            self.tables[text] = self.rows
        elif tag == "p" and kind == "name":
            self.named = text
        elif tag == "p":
            self.figures[self.named] = text
        else:
            self.rows[-1].append(text)


def number(text):
    """A sum or a count as the page shows it, exactly."""
    return decimal.Decimal(text.replace("$", "").replace(",", "").replace("−", "-"))


class Load:
    """Requests that come while people look."""

    def __init__(self, here):
        self.here, self.sent, self.failed = here, 0, None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        """Sends all of them, a batch at a time, over days that are past."""
        dice = random.Random(22)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.connect(self.here.daemon.ingest)
                replies = line.makefile("rb")
                for batch in range(BATCHES):
                    records = [self.record(dice, batch * BATCH + each) for each in range(BATCH)]
                    line.sendall("".join(records).encode())
                    for _ in records:
                        reply = replies.readline()
                        must(b'"charged"' in reply, "a reply is %r" % reply)
                    self.sent += BATCH
        except Exception as error:  # The suite says it.
            self.failed = error

    def record(self, dice, index):
        """A request of one of the last days."""
        model, provider = dice.choice(MODELS)
        at = self.here.now.replace(hour=9) - datetime.timedelta(days=dice.randrange(12))
        user = dice.choice(USERS)
        return json.dumps({
            "id": "n%d" % index, "org": "acme", "model": model, "provider": provider, "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "usage": {"prompt_tokens": dice.randrange(1, 5000), "completion_tokens": dice.randrange(1, 900)},
            **({"user": user} if user else {})}) + "\n"


def usage(person):
    """The usage page's total, after all of its tables added up to it."""
    page = Tables(person.get("/orgs/acme/usage").text)
    total = {"Cost#": number(page.figures["Total cost"]), "Requests#": number(page.figures["Requests"])}
    if not total["Requests#"]:
        return total
    for caption in CAPTIONS:
        if caption in page.tables:
            rows = page.tables[caption]
            for name, column in (("Cost#", 1), ("Requests#", 2)):
                same(sum(number(row[column]) for row in rows[1:-1]), total[name], "the rows of %r" % caption)
                same(number(rows[-1][column]), total[name], "the last row of %r" % caption)
    must(len(set(CAPTIONS) & set(page.tables)) >= 3, "the tables are %s" % list(page.tables))
    return total


def table(person, by):
    """The CSV's rows, as dictionaries."""
    answer = person.get("/orgs/acme/usage.csv?by=" + by)
    same(answer.status, 200, "the CSV's answer")
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def cost(rows):
    """What they add up to."""
    return sum((decimal.Decimal(row["cost_usd"]) for row in rows), decimal.Decimal(0))


def run(stage):
    """All claims, in one world."""
    with world(stage, gateway="manual") as here:
        here.orgs()
        here.ctl("credits", "grant", "acme", str(GRANTED), "--reason", "a test")
        ana, cy = here.join("acme", "Ana", "owner"), here.join("acme", "Cy", "member")
        here.ctl("member", "assign", "acme", str(cy.number), "cy")
        load = Load(here)
        load.thread.start()
        looked = 0
        with stage.claim("While requests come, the rows of every table add up to the page's total, and so does a CSV between two pages"):
            before = usage(ana)
            while load.thread.is_alive() or looked < 5:
                rows = table(ana, random.choice(["day", "day,user,model,provider", "model", "user"]))
                after = usage(ana)
                must(before["Cost#"] <= cost(rows) <= after["Cost#"], "%s, then %s, then %s" % (before, cost(rows), after))
                count = sum(int(row["requests"]) for row in rows)
                must(before["Requests#"] <= count <= after["Requests#"], "%s, then %s requests, then %s" % (before, count, after))
                before, looked = after, looked + 1
            load.thread.join()
            must(load.failed is None, "sending failed: %s" % load.failed)
            same(load.sent, BATCH * BATCHES, "what was sent")
        print("   (looked %d times while %d requests came)" % (looked, load.sent), flush=True)
        total = usage(ana)
        with stage.claim("Afterwards page, CSV, statement and the ledger's balance say the same, to the last digit"):
            same(total["Requests#"], load.sent, "the requests")
            for by in ("day", "model", "user", "day,user,model,provider"):
                same(cost(table(ana, by)), total["Cost#"], "the CSV by " + by)
            statement = here.ask("GET", "/v1/orgs/acme/statement?since=2026-02-01&until=2026-04-01")["total"]
            same((decimal.Decimal(statement["cost"]), statement["records"]), (total["Cost#"], load.sent), "the statement")
            same(GRANTED - decimal.Decimal(here.ctl("balance", "acme")["balance"]), total["Cost#"], "what is gone from the balance")
            must(here.verify()["ok"], "the ledger isn't verified")
        with stage.claim("Each row of the page is a row of the CSV, and a member's own page is their row"):
            page = Tables(ana.get("/orgs/acme/usage").text)
            for caption, by in zip(CAPTIONS, ("day", "model", "user", "provider")):
                shown = sorted((number(row[1]), number(row[2])) for row in page.tables[caption][1:-1])
                same(sorted((decimal.Decimal(row["cost_usd"]), int(row["requests"])) for row in table(ana, by)), shown, caption)
            own = [row for row in table(ana, "user") if row["user"] == "cy"]
            mine = usage(cy)
            same((mine["Cost#"], mine["Requests#"]), (cost(own), int(own[0]["requests"])), "what Cy sees")
