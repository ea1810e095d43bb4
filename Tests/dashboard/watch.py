"""What the daemon and the dashboard keep: whether something changed, and whether a secret is in it."""

import glob
import os
import re
import sqlite3


def snapshot(here):
    """All that a form could have changed, in both orgs and in the dashboard's own file."""
    seen = {}
    for org in ("acme", "globex"):
        for path in ("audit?limit=1000", "payments?limit=100", "invitations?limit=100", "team?limit=100", "subscription", "policy",
                     "top-up", "alerts", "budget", "bill-to", "payment-method"):
            seen[org, path] = here.ask("GET", "/v1/orgs/%s/%s" % (org, path))
    file = sqlite3.connect("file:%s/dashboard.db?mode=ro" % here.dashboard.state, uri=True)
    try:
        for table, column in (("session", "hash"), ("passkey", "credential"), ("placed_order", "id || state")):
            seen[table] = sorted(str(row) for row in file.execute("SELECT %s FROM %s" % (column, table)))
    finally:
        file.close()
    return seen


def changed(before, after):
    """The names of what differs."""
    return [name for name in before if before[name] != after[name]]


def files(here):
    """Every file of both programs: ledger, dashboard's own file, logs, with what SQLite keeps beside its files."""
    found = [path for path in glob.glob(here.folder + "/**", recursive=True) if os.path.isfile(path)]
    return [path for path in found if "/credentials/" not in path and "/double" not in path]


def processes():
    """The command lines of everything that runs, by process id."""
    lines = {}
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                lines[int(path.split("/")[2])] = file.read()
        except OSError:
            pass  # It ended meanwhile.
    return lines


def bytes_of(path):
    """All of a file."""
    with open(path, "rb") as file:
        return file.read()


def normal(text, *ids):
    """A page without what differs from one look to the next: times, keys, tokens, and the ids that were asked for."""
    for each in ids:
        text = re.sub(r"/%s(?=[/\"?#]|$)" % re.escape(str(each)), "/ID", text)
    text = re.sub(r'(name="(?:key|form_token|challenge)" value=)"[^"]*"', r"\1", text)
    text = re.sub(r'data-options="[^"]*"', "", text)
    return re.sub(r"<time.*?</time>", "", text)
