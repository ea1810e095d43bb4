"""What the clients saw, what the provider served, what LiteLLM priced, and what meterd charged: do they agree?

    compare.py --folder FOLDER --meterctl PATH [--kills N]

FOLDER has client.jsonl (drive.py), upstream.jsonl (upstream.py) and callback.jsonl (callback.py); the ledger is asked by meterctl.
Exits 1 on any difference, and prints the usage object.
"""

import argparse
import collections
import decimal
import json
import os
import subprocess
import sys
import time

ORGS = ["acme", "globex", "initech"]
REFUSED = {"error 400", "error 429", "error 500", "no credits"}
LEFT = {"cancel", "cancel stream", "cancel messages", "kill stream"}
# Half a nano-dollar, to which meterd rounds, and the noise of LiteLLM's binary fractions.
TOLERANCE = decimal.Decimal("0.000000000501")
# How long the proxy may take to hand in the rest after the last answer.
PATIENCE = 90


def lines(path):
    """The documents of a file; a line that is being written is left out."""
    with open(path) as file:
        return [json.loads(line) for line in file.read().split("\n")[:-1]]


class Comparison:
    """All four sides."""

    def __init__(self, given):
        self.given = given
        self.problems = []
        self.client = lines(os.path.join(given.folder, "client.jsonl"))
        self.trace = self.settled()
        self.served, self.cut = collections.Counter(), collections.Counter()
        for line in lines(os.path.join(given.folder, "upstream.jsonl")):
            if line["event"] == "unknown":
                self.problem("the proxy asked the fake provider for %s" % line["path"])
            (self.served if line["event"] == "served" else self.cut)[line["rid"]] += line["event"] in ("served", "cut")
        self.recorded = [line for line in self.trace if line["event"] == "recorded"]
        self.ledger = {}
        for org in ORGS:
            for record in self.ask("usage", "list", org, "--limit", "1000000")["items"]:
                self.ledger[record["id"]] = record

    def problem(self, words, entry=None):
        """Something that must not be."""
        self.problems.append(words)
        if len(self.problems) <= 40:
            print("DIFFERS: %s" % words)
            if entry:
                record = entry["record"]
                print("    %s by %s, tier %s, call %s, stream %s" % (
                    record["model"], record["provider"], record.get("tier"), record["tags"]["call"], entry["stream"]))
                print("    usage %s" % json.dumps(record["usage"]))
                print("    reply %s" % json.dumps(entry["reply"]))
                print("    LiteLLM %s" % json.dumps(entry["breakdown"]))
                charged = self.ledger.get(record["id"])
                if charged:
                    print("    lines %s" % json.dumps(charged["lines"]))

    def ask(self, *arguments):
        """What meterctl prints."""
        run = subprocess.run([self.given.meterctl, *arguments, "--json"], capture_output=True, text=True)
        if run.returncode:
            self.problem("meterctl %s: exit %d: %s" % (" ".join(arguments), run.returncode, run.stdout + run.stderr))
        return json.loads(run.stdout or '{"items":[]}')

    def settled(self):
        """The callback's trace, when each hold is closed and each record has its reply; or what is there after a while."""
        path, end = os.path.join(self.given.folder, "callback.jsonl"), time.monotonic() + PATIENCE
        while True:
            trace = lines(path)
            by_event = collections.defaultdict(set)
            for line in trace:
                by_event[line["event"]].add(line.get("id") or (line.get("record") or {}).get("id") or line.get("hold"))
            held = {line["hold"] for line in trace if line["event"] == "authorized" and line["reply"]["ok"]}
            closed = {line["hold"] for line in trace if line["event"] in ("recorded", "release")}
            if held <= closed and by_event["usage"] <= by_event["recorded"]:
                return trace
            if time.monotonic() > end:
                for hold in sorted(held - closed):
                    self.problem("hold %s was neither settled nor released" % hold)
                for name in sorted(by_event["usage"] - by_event["recorded"]):
                    self.problem("record %s has no reply" % name)
                return trace
            time.sleep(0.5)

    def bills(self):
        """Each request that was served is billed once, and nothing else is."""
        by_request = collections.defaultdict(list)
        for entry in self.recorded:
            by_request[entry["request"]].append(entry)
        cached = collections.Counter()
        for request in self.client:
            rid, kind, end = request["rid"], request["kind"], request["end"]
            billed = len(by_request.get(rid, []))
            if kind == "no credits":
                expected, as_expected = 0, request["status"] == 402 and not self.served[rid] and not self.cut[rid]
            elif kind in REFUSED:
                expected, as_expected = 0, end == "error"
            elif kind in LEFT:
                expected, as_expected = 1, end in ("left", "killed")
            elif kind == "broken stream":
                expected, as_expected = 1, end in ("broken", "error", "answer")
            elif kind == "cached":
                cached["billed"] += billed
                expected, as_expected = billed if billed <= 1 else 1, end == "answer"
            else:
                expected, as_expected = 1, end == "answer"
            if not as_expected:
                self.problem("%s: %s ended with %s" % (kind, rid, json.dumps(request)))
            if billed != expected:
                self.problem("%s: %s was billed %d times, not %d" % (kind, rid, billed, expected))
            if kind not in REFUSED and kind != "cached" and not self.served[rid] and not self.cut[rid] and kind not in LEFT:
                self.problem("%s: the provider never served %s" % (kind, rid))
        served = sum(count for rid, count in self.served.items() if "-cached-" in rid)
        if served != cached["billed"]:
            self.problem("cached prompts were served %d times and billed %d times" % (served, cached["billed"]))
        known = {request["rid"] for request in self.client}
        for rid in set(by_request) - known:
            self.problem("%s was billed, but no client sent it" % rid)
        for entry in self.trace:
            if entry["event"] == "stray":
                self.problem("LiteLLM reported a request that was never authorized: %s" % json.dumps(entry))

    def books(self):
        """The ledger has what was acknowledged, at the acknowledged cost, and is whole."""
        accepted = {}
        for entry in self.recorded:
            if entry["reply"]["ok"]:
                accepted[entry["record"]["id"]] = entry
        for name in set(accepted) ^ set(self.ledger):
            self.problem("record %s is %s" % (name, "in the ledger only" if name in self.ledger else "not in the ledger"))
        for name, entry in accepted.items():
            record = self.ledger.get(name)
            if record and (record["cost"], record["user"]) != (entry["reply"]["cost"], entry["record"]["user"]):
                self.problem("record %s: the ledger has %s, the reply had %s" % (name, record["cost"], entry["reply"]["cost"]))
        for org in ORGS:
            for hold in self.ask("hold", "list", org)["items"]:
                self.problem("hold %s of %s is still open" % (hold["id"], org))
        self.verification = self.ask("ledger", "verify")

    def costs(self):
        """meterd's cost is LiteLLM's; a table by kind of request."""
        kinds = {request["rid"]: request["kind"] for request in self.client}
        table = collections.defaultdict(collections.Counter)
        for request in self.client:
            table[request["kind"]]["requests"] += 1
        total = collections.Counter()
        for entry in self.recorded:
            row, reply = table[kinds.get(entry["request"], "?")], entry["reply"]
            if not reply["ok"]:
                row["refused"] += 1
                self.problem("%s: refused: %s" % (entry["record"]["id"], reply["error"]["message"]), entry)
                continue
            total["duplicate"] += reply.get("duplicate", False)
            priced = decimal.Decimal(repr(entry["response_cost"] or 0.0))
            cost = decimal.Decimal(reply["cost"])
            row["unpriced" if reply["status"] == "unpriced" else "charged"] += 1
            total["meterd"] += cost
            total["LiteLLM"] += priced
            if abs(cost - priced) <= TOLERANCE and (reply["status"] != "unpriced" or not priced):
                row["equal"] += priced > 0
            elif priced > 0:
                self.problem("%s: %s costs %s by meterd, %s by LiteLLM (%s)" % (
                    kinds.get(entry["request"]), entry["record"]["id"], cost, priced, reply["status"]), entry)
            else:
                row["no price of LiteLLM's"] += 1
            if reply.get("unpriced_units"):
                self.problem("%s has unpriced units: %s" % (entry["record"]["id"], reply["unpriced_units"]), entry)
        return table, total

    def show(self, table, total):
        """Prints what was found."""
        columns = ["requests", "charged", "equal", "unpriced", "refused", "no price of LiteLLM's"]
        wide = max(map(len, table)) if table else 4
        print("\n%-*s  %s" % (wide, "KIND", "  ".join(name.upper().rjust(8) for name in columns)))
        sums = collections.Counter()
        for kind in sorted(table):
            sums.update(table[kind])
            print("%-*s  %s" % (wide, kind, "  ".join(str(table[kind][name]).rjust(max(8, len(name))) for name in columns)))
        print("%-*s  %s" % (wide, "all", "  ".join(str(sums[name]).rjust(max(8, len(name))) for name in columns)))
        events = collections.Counter(line["event"] for line in self.trace)
        held = sum(line["event"] == "authorized" and line["reply"]["ok"] for line in self.trace)
        print("\nUSD %s by meterd, %s by LiteLLM" % (total["meterd"], total["LiteLLM"]))
        refused = sum(line["event"] == "authorized" and not line["reply"]["ok"] for line in self.trace)
        settled = {line["hold"] for line in self.recorded}
        released = {line["hold"] for line in self.trace if line["event"] == "release"} - settled
        print("holds: %d granted, %d refused, %d settled, %d released" % (held, refused, len(settled), len(released)))
        print("answers from the proxy's cache: %d; failed attempts: %d" % (events["cache_hit"], events["failed"]))
        print("connections lost: %d; lines sent again: %d; records that were acknowledged as duplicates: %d" % (
            events["reconnect"], sum(line["unanswered"] for line in self.trace if line["event"] == "reconnect"),
            total["duplicate"]))
        print("ledger verify: %s" % json.dumps(self.verification))
        unread = self.ask("usage", "unread")["items"]
        print("members of usage objects that meterd does not know: %d" % len(unread))
        for item in unread:
            print("    %s" % json.dumps(item))
        drift = self.ask("rates", "drift")["items"]
        print("records whose reported cost was compared: %d" % sum(item["records"] for item in drift))
        for item in drift:
            if item["differing"]:
                self.problem("rates drift: %s" % json.dumps(item))


def main():
    """Compares, prints, judges."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True)
    parser.add_argument("--meterctl", required=True)
    parser.add_argument("--kills", type=int, default=0)
    comparison = Comparison(parser.parse_args())
    comparison.bills()
    comparison.books()
    comparison.show(*comparison.costs())
    if comparison.given.kills and not any(line["event"] == "reconnect" for line in comparison.trace):
        comparison.problem("meterd was killed, but the callback lost no connection")
    count = len(comparison.problems)
    print("\n%s" % ("no difference" if not count else "%d differences" % count))
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
