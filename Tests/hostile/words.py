"""What names can do to whoever reads them: terminals, the daemon's log, metrics, exports and spreadsheets.

names_in_terminals   names with escapes, control characters, bidi marks and newlines in every place that takes text, then every
                     command of meterctl that shows something: no byte of it may act on a terminal
                     /metrics is valid, the journal for hledger has no entry by a name, and of every CSV that there is the columns
                     stay columns, and no cell is a formula
"""

import csv
import io
import json
import os
import re
import signal
import subprocess
import time

from target import Daemon

BIDI = {chr(number) for number in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)}
SEPARATORS = {"\u2028", "\u2029"}

# What is tried as a name. Each has a mark, so that it can be found again.
HOSTILE = {
    "escape": "\x1b[31mred\x1b[0m", "title": "\x1b]0;owned\x07", "clear": "\x1b[2J\x1b[H", "c1": "\u009b31mcsi\u009d0;t\u009c",
    "delete": "a\x7fb", "backspace": "abc\b\b\bxyz", "return": "good\rEVIL", "newline": "one\ntwo", "bidi": "a\u202eexe.txt",
    "isolate": "\u2066x\u2069\u200f", "separator": "a\u2028b\u2029c", "nel": "a\u0085b", "tab": "a\tb", "zero": "a\u200bb\ufeffc",
    "tags": "a\U000e0041\U000e007f", "form": "a\x0bb\x0cc", "zalgo": "e" + "\u0301" * 20,
    "equals": "=1+1", "plus": "+1+1", "minus": "-1+1", "at": "@SUM(1)", "tabbed": "\t=1+1", "returned": "\r=1+1",
    "lined": "\n=1+1",
    "spaced": " =1+1", "nbsp": "\u00a0=1+1", "fullwidth": "＝1+1", "quote": '"=1+1', "comma": "a,=1+1", "quotes": 'a","=1+1',
    "bare quote": '"', "dde": "=cmd|' /C calc'!A0", "semicolon": "a;=1+1",
    # A letter with a mark upon it is one character to some, and the letter's byte to others.
    "marked equals": "=\u0301+1+1", "marked comma": "a,\u0301=1+1", "marked quote": 'a,b"\u0301,=1+1',
    "marked opening": '"\u0301x',
    "journal": "x\n2099-01-01 FAKE\n    a  1\n    b", "metric": 'x"} 1\nmeterd_fake 1', "inf": "-inf", "number": "-5",
}


def acting(text, lines=True):
    """The characters of a text that act on a terminal, and those that turn its direction."""
    control = {char for char in text if (ord(char) < 32 and not (lines and char == "\n")) or 0x7F <= ord(char) < 0xA0}
    return control, {char for char in text if char in BIDI}


def check_text(claims, name, data):
    """Claims that bytes are UTF-8 without anything that acts on a terminal."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return claims.check(False, "%s: it is UTF-8" % name, str(error))
    control, turning = acting(text)
    found = sorted("U+%04X" % ord(char) for char in control | turning)
    if SEPARATORS & set(text):
        claims.note("%s has U+2028 or U+2029 raw: no terminal acts on them, some editors and browsers begin a line" % name)
    return claims.check(not found, "%s: nothing in it acts on a terminal" % name, ", ".join(found) or "%d bytes" % len(data))


def fill(daemon, claims):
    """An org with hostile names wherever text is taken; says what was taken and what refused."""
    taken, refused = {}, {}

    def tell(kind, name, answer):
        is_taken = answer.status < 400 if hasattr(answer, "status") else answer["ok"]
        (taken if is_taken else refused).setdefault(kind, []).append(name)
        return is_taken
    daemon.must("POST", "/v1/orgs", {"org": "evil", "country": "DE"})
    daemon.must("POST", "/v1/orgs/evil/grants", {"amount": "1000"})
    daemon.must("POST", "/v1/orgs", {"org": "plain"})
    daemon.must("POST", "/v1/orgs/evil/seats/add", {"seats": 60})
    daemon.must("POST", "/v1/orgs/evil/payments/1/record", {"state": "paid", "reference": "paid"})
    for number, (name, text) in enumerate(HOSTILE.items()):
        tell("display name", name, daemon.ask("POST", "/v1/orgs", {"org": "evil-%d" % number, "display_name": text,
                                                                   "region": text}, True))
        tell("member", name, daemon.ask("POST", "/v1/orgs/evil/members", {"user": text}, True))
        tell("grant's reason", name, daemon.ask("POST", "/v1/orgs/evil/grants", {"amount": "0.01", "reason": text}, True))
        answer = daemon.ask("POST", "/v1/orgs/evil/grants", {"amount": "0.02"}, True)
        grant = answer.document["grant"]
        tell("void's reason", name, daemon.ask("POST", "/v1/orgs/evil/grants/%d/void" % grant, {"reason": text}, True))
        for kind, members in (("user", {"user": text}), ("model", {"model": text}), ("provider", {"provider": text}),
                              ("tag", {"tags": {"k": text}}), ("tag's name", {"tags": {text: "v"}}), ("id", {"id": text})):
            record = dict({"id": "%s-%d" % (kind.replace(" ", "_").replace("'", ""), number), "org": "evil", "user": "u",
                           "model": "gpt-5",
                           "provider": "openai", "usage": {"prompt_tokens": 10, "completion_tokens": 1}}, **members)
            tell(kind, name, daemon.send(record)[0])
        tell("usage's text", name, daemon.send({
            "id": "raw-%d" % number, "org": "evil", "model": "gpt-5", "provider": "openai", "user": "u",
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "service_tier": "standard", "x": text, text: 1}})[0])
        tell("hold's user", name, daemon.send({"op": "authorize", "id": "h-%d" % number, "org": "evil", "user": text,
                                               "amount": "0.01",
                                               "model": text, "ttl": 86400})[0])
        tell("correction's reason and actor", name, daemon.ask(
            "POST", "/v1/orgs/evil/usage/user-%d/corrections" % number, {"reason": text, "actor": text}, True))
        tell("alias", name, daemon.ask("POST", "/v1/rates/aliases", {"alias": text, "model": "gpt-5", "provider": "openai",
                                                                     "actor": text},
                                       True))
        answer = daemon.ask("POST", "/v1/orgs/evil/purchases", {"amount": "50"}, True)
        if answer.status < 400:
            tell("payment's reference", name, daemon.ask(
                "POST", "/v1/orgs/evil/payments/%d/record" % answer.document["payment"], {"state": "paid", "reference": text},
                True))
        tell("payment method", name, daemon.ask("PUT", "/v1/orgs/evil/payment-method", {"method": text}, True))
        for member in ("name", "region", "vat_id", "exemption", "email"):
            tell("buyer's " + member, name, daemon.ask("PUT", "/v1/orgs/evil/bill-to", {member: text}, True))
        tell("buyer's address", name, daemon.ask("PUT", "/v1/orgs/evil/bill-to", {"name": "x", "address": [text, text]}, True))
        tell("key", name, daemon.ask("POST", "/v1/orgs/evil/members", {"user": "k-%d" % number}, None,
                                     headers=["Idempotency-Key: " + text.replace("\n", "").replace("\r", "")]))
    for kind in sorted(set(taken) | set(refused)):
        claims.note("%s: %d taken; refused: %s" % (kind, len(taken.get(kind, [])), ", ".join(refused.get(kind, [])) or "none"))
    # Invoices with buyers of such names, and disputes about them.
    names = [text for name, text in HOSTILE.items() if not acting(text, False)[0]]
    for number, text in enumerate(names[:25]):
        daemon.ask("PUT", "/v1/orgs/evil/bill-to", {"name": text, "address": [text], "email": text, "exemption": text}, True)
        moment = "20%02d-%02d-15T00:00:00Z" % (28 + (number + 1) // 12, (number + 1) % 12 + 1)
        daemon.ctl("clock", moment)
        for payment in daemon.must("GET", "/v1/orgs/evil/payments?limit=5")["items"]:
            if payment["state"] == "pending":
                daemon.ask("POST", "/v1/orgs/evil/payments/%d/record" % payment["payment"], {"state": "paid", "reference": text},
                           True)
    newest = daemon.must("GET", "/v1/orgs/evil/invoices?limit=1")["items"]
    if newest:
        invoice = newest[0]["number"]
        for text in HOSTILE.values():
            daemon.ask("POST", "/v1/orgs/evil/invoices/%s/notes" % invoice, {"kind": "note", "text": text}, True)
            daemon.ask("POST", "/v1/orgs/evil/invoices/%s/credit" % invoice, {"amount": "0.01", "reason": text}, True)
    return [item["number"] for item in daemon.must("GET", "/v1/orgs/evil/invoices?limit=1000")["items"]]


def commands(daemon, invoices):
    """Every command of meterctl that shows something."""
    record = "user-0"
    listed = [
        ["status"], ["org", "list"], ["org", "show", "evil"], ["org", "show", "evil-0"], ["member", "list", "evil"],
        ["budget", "evil"],
        ["alert", "list", "evil"], ["credits", "list", "evil", "--limit", "1000"], ["credits", "top-up", "evil"],
        ["balance", "evil"],
        ["hold", "list", "evil", "--limit", "1000"], ["usage", "list", "evil", "--limit", "1000"], ["usage", "forecast", "evil"],
        ["usage", "statement", "evil", "--since", "2028-01-01", "--until", "2028-02-01"], ["rates", "show", "gpt-5"],
        ["rates", "list"],
        ["rates", "export"], ["rates", "history", "gpt-5", "--provider", "openai"], ["rates", "alias", "list"],
        ["ledger", "list", "evil", "--limit", "1000"], ["ledger", "verify"], ["ledger", "export"], ["events", "--limit", "1000"],
        ["subscription", "show", "evil"], ["seats", "add", "evil", "1", "--dry-run"], ["bill-to", "show", "evil"],
        ["payment-method", "show", "evil"], ["payments", "list", "evil"], ["payments", "show", "evil", "1"],
        ["invoice", "list", "evil"],
        ["invoice", "export", "evil"], ["doctor"], ["top", "--once", "--interval", "1"],
    ]
    listed += [["usage", "summary", "evil", "--since", "2027-12-01", "--until", "2028-02-01", "--by", by]
               for by in ("model", "user", "user,model", "day", "tag:k", "tag:" + HOSTILE["escape"])]
    for number, name in enumerate(HOSTILE):
        listed.append(["explain", "evil", "user-%d" % number])
        listed.append(["usage", "show", "evil", "tag-%d" % number])
        if number < 12:
            listed += [["explain", "evil", "raw-%d" % number], ["explain", "evil", "model-%d" % number],
                       ["explain", "evil", "tags_name-%d" % number], ["org", "show", "evil-%d" % number]]
    for invoice in invoices[:6] + invoices[-12:]:
        listed += [["invoice", "show", "evil", invoice], ["invoice", "explain", "evil", invoice]]
    # What is not there is named in a complaint.
    for name in ("escape", "c1", "newline", "bidi", "tags"):
        text = HOSTILE[name]
        listed += [["org", "show", text], ["usage", "show", "evil", text], ["explain", "evil", text], ["rates", "show", text],
                   ["invoice", "show", "evil", text], ["member", "remove", "evil", text + "x"], ["balance", text], [text],
                   ["status", "--" + text], ["rates", "import", "/nonexistent/" + text],
                   ["price", "--model", text, "--usage", "{}"],
                   ["status", "--socket", "/nonexistent/" + text], ["usage", "summary", "evil", "--by", text],
                   ["hold", "release", "evil", text], ["credits", "grant", "evil", text], ["backup", "/nonexistent/" + text],
                   ["export", "evil", "--out", "/nonexistent/" + text],
                   ["ledger", "verify", "--database", "/nonexistent/" + text]]
    return listed


def run_with(daemon, claims, listed, words):
    """Runs commands and looks at each byte that they print."""
    bad, crashed, size, separated = {}, [], 0, 0
    for arguments in listed:
        status, out, complaint = daemon.ctl(*arguments)
        size += len(out) + len(complaint)
        if status < 0 or status not in (0, 1, 64, 66, 69, 78):
            crashed.append("%s: %d" % (" ".join(arguments), status))
        for stream, data in (("stdout", out), ("stderr", complaint)):
            text = data.decode(errors="surrogateescape")
            if "export" in arguments and "invoice" in arguments:
                text = text.replace("\r\n", "\n")
            control, turning = acting(text)
            separated += bool(SEPARATORS & set(text))
            broken = {char for char in text if 0xDC80 <= ord(char) <= 0xDCFF}
            if control or turning or broken:
                key = " ".join(arguments[:2])
                bad.setdefault("%s %r (%s)" % (key, arguments[-1][:16] if len(arguments) > 2 else "", stream), set()).update(
                    "U+%04X" % ord(char) for char in control | turning | broken)
    claims.check(not crashed, "%s: every command ends with a status of its own" % words, "; ".join(crashed[:6]))
    claims.check(not bad, "%s: %d commands print nothing that acts on a terminal" % (words, len(listed)),
                 "; ".join("%s: %s" % (name, " ".join(sorted(found))) for name, found in list(bad.items())[:12]) or "%d bytes"
                 % size)
    claims.note("%d of them print U+2028 or U+2029 raw" % separated)


def names_in_terminals(given, claims):
    """Fills an org with hostile names, then looks at all that is shown."""
    print("\n== names in terminals", flush=True)
    daemon = Daemon(given, settings="log: {level: debug, records: true}\n",
                    arguments=["--test-clock", "2028-01-01T00:00:00Z"]).start()
    invoices = fill(daemon, claims)
    claims.note("%d invoices and credit notes" % len(invoices))
    listed = commands(daemon, invoices)
    if given.quick:
        listed = listed[:40:2] + listed[40::24]
    run_with(daemon, claims, listed, "as text")
    # JSON is for programs: control characters must be escaped in it; U+007F and above may stand as they are.
    wrong, raw = [], set()
    for arguments in [words for words in listed if words[0] != "doctor"][:12 if given.quick else 36]:
        if arguments[:2] in (["ledger", "export"], ["rates", "export"], ["backup"]):
            continue
        status, out, _ = daemon.ctl(*arguments, "--json")
        control, turning = acting(out.decode(errors="surrogateescape"))
        if any(ord(char) < 32 for char in control):
            wrong.append(" ".join(arguments[:2]))
        raw |= {"U+%04X" % ord(char) for char in control | turning}
        try:
            if out:
                json.loads(out)
        except ValueError as error:
            wrong.append("%s: %s" % (" ".join(arguments[:2]), error))
    claims.check(not wrong, "as JSON: each is one document, with its control characters escaped", "; ".join(wrong[:5]))
    claims.note("raw in JSON (legal there): %s" % (", ".join(sorted(raw)) or "none"))
    # What goes on and on.
    for arguments in (["events", "--follow"], ["top", "--interval", "1"], ["send"]):
        process = subprocess.Popen([given.meterctl, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT,
                                   env=daemon.environment())
        if arguments == ["send"]:
            lines = [json.dumps({"id": "s-%d" % number, "org": "evil", "user": text, "model": text, "op": text,
                                 "usage": {"prompt_tokens": 1}}).encode() for number, text in enumerate(HOSTILE.values())]
            lines += [b'{"id":"\x1b[31m"}', b"\x1b]0;x\x07", "\u202e{".encode(), b"\xff\xfe", "{\u009b".encode()]
            out, _ = process.communicate(b"\n".join(lines) + b"\n", timeout=30)
        else:
            daemon.send({"id": "late-%s" % arguments[0], "org": "evil", "user": HOSTILE["escape"], "model": HOSTILE["escape"],
                         "provider": "openai", "usage": {"prompt_tokens": 1, "completion_tokens": 1}})
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
        # What meterctl itself draws with is its own.
        check_text(claims, "meterctl " + " ".join(arguments), re.sub(rb"\x1b\[[0-9;?]*[HJKlhm]", b"", out)
                   if arguments[0] == "top" else out)
    check_text(claims, "the daemon's standard error", daemon.log)
    daemon.verify(claims, "with hostile names")
    files(daemon, claims)
    claims.check(daemon.stop() == 0, "it stops as told")
    daemon.remove()


SAMPLE = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*",?)*\})? '
                    r'(-?[0-9.]+([eE][+-]?[0-9]+)?|NaN|[+-]Inf)( -?[0-9]+)?$')


def check_metrics(claims, text):
    """Claims that a text is Prometheus' exposition format."""
    wrong, types, seen = [], {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name in types or kind not in ("counter", "gauge", "histogram", "summary", "untyped"):
                wrong.append(line)
            types[name] = kind
        elif line.startswith("# HELP ") or not line:
            continue
        elif not SAMPLE.match(line):
            wrong.append(line)
        else:
            series = line.rsplit(" ", 1)[0]
            name = re.sub(r"_(bucket|sum|count)$", "", series.split("{")[0])
            if series in seen or (name not in types and series.split("{")[0] not in types):
                wrong.append(line)
            seen.add(series)
    claims.check(not wrong and text.endswith("\n"), "/metrics is Prometheus' text format", "; ".join(wrong[:3]) or "%d series"
                 % len(seen))
    claims.check("meterd_fake" not in text, "no name makes a series of its own")


def would_run(cell):
    """Whether a spreadsheet takes a cell for a formula: what OWASP names, numbers left out."""
    return bool(cell) and cell[0] in "=+-@\t\r\n＝＋－＠" and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", cell)


def check_csv(claims, name, data, separator=","):
    """Claims that a CSV file's columns are columns, and none of its cells a formula."""
    text = data.decode()
    control, turning = acting(text.replace("\r\n", "\n"))
    claims.check(not control and not turning, "%s: nothing in it acts on a terminal" % name,
                 ", ".join(sorted("U+%04X" % ord(char) for char in control | turning)))
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    ragged = [row for row in rows if len(row) != len(rows[0])]
    claims.check(not ragged, "%s: each of its %d rows has %d columns" % (name, len(rows), len(rows[0])),
                 "; ".join("%d: %s" % (len(row), ascii(row)[:90]) for row in ragged[:3]))
    formulas = sorted({cell for row in rows for cell in row if would_run(cell)})
    claims.check(not formulas, "%s: no cell is a formula" % name, "; ".join(ascii(cell)[:60] for cell in formulas[:8]))
    kept = sorted({cell for row in rows for cell in row if "1+1" in cell or "SUM" in cell or "cmd|" in cell})
    claims.note("%s writes: %s" % (name, "  ".join(ascii(cell)[1:-1][:40] for cell in kept[:16])))


def files(daemon, claims):
    """Metrics, the journal for hledger, and every CSV."""
    print("\n== the same names in files", flush=True)
    check_metrics(claims, daemon.ask("GET", "/metrics").body.decode())
    check_text(claims, "/metrics", daemon.ask("GET", "/metrics").body)
    status, journal, _ = daemon.ctl("ledger", "export")
    check_text(claims, "ledger export", journal)
    lines = journal.decode().splitlines()
    claims.check(not any(line.startswith("2099-01-01") for line in lines), "no name makes an entry in the journal",
                 "%d lines" % len(lines))
    if status == 0 and any(os.access(os.path.join(folder, "hledger"), os.X_OK) for folder in os.environ["PATH"].split(":")):
        run = subprocess.run(["hledger", "-f", "-", "check", "--strict"], input=journal, capture_output=True)
        claims.check(run.returncode == 0, "hledger takes the journal", run.stderr.decode()[:200])
    span = ["--since", "2027-12-01", "--until", "2028-03-01"]
    for arguments in (["invoice", "export", "evil"], ["usage", "summary", "evil", "--by", "user,model", "--csv", *span],
                      ["usage", "summary", "evil", "--by", "tag:k", "--csv", *span],
                      ["usage", "summary", "evil", "--by", "tag:" + HOSTILE["dde"], "--csv", *span],
                      ["usage", "summary", "evil", "--by", "tag:" + HOSTILE["marked opening"], "--csv", *span],
                      ["usage", "statement", "evil", "--csv", *span]):
        status, out, complaint = daemon.ctl(*arguments)
        if claims.check(status == 0, "meterctl %s" % ascii(" ".join(arguments)), complaint.decode()[:200]):
            check_csv(claims, ascii(" ".join(arguments[:5]))[1:-1], out)
    status, out, complaint = daemon.ctl("export", "evil", "--format", "csv", "--out", daemon.folder + "/csv")
    claims.check(status == 0, "meterctl export --format csv", complaint.decode()[:200])
    for name in sorted(os.listdir(daemon.folder + "/csv")):
        if name.endswith(".csv"):
            with open(os.path.join(daemon.folder, "csv", name), "rb") as file:
                check_csv(claims, "export: " + name, file.read())
    status, out, complaint = daemon.ctl("export", "evil", "--out", daemon.folder + "/jsonl")
    wrong = []
    for name in sorted(os.listdir(daemon.folder + "/jsonl")):
        with open(os.path.join(daemon.folder, "jsonl", name), "rb") as file:
            for line in file.read().split(b"\n"):
                try:
                    if line:
                        json.loads(line)
                except ValueError as error:
                    wrong.append("%s: %s" % (name, error))
    claims.check(status == 0 and not wrong, "export as JSON lines: each line is a document", "; ".join(wrong[:3]))


ATTACKS = [names_in_terminals]
