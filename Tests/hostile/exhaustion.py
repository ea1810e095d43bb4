"""What attacks the daemon's descriptors, each on a daemon of its own that may have few of them.

few_files_ingest      RLIMIT_NOFILE 256 and 400, and more connections to the ingest socket than that: files are left for what
                      is no connection, no spinning, who is connected is served, and all comes back
few_files_control     the same by the control socket
few_files_old_card    the same, and then a record asks for a rate card that isn't in memory
metrics_over_tcp      more connections to metrics.listen than it takes
"""

import datetime
import json
import select
import socket
import time

from ingest import line
from target import Daemon, Watch, read_answer


class Kept:
    """A connection to the control socket that was there before."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(daemon.control)
        self.file = self.socket.makefile("rb")
        self.keys = 0

    def ask(self, method, path, body=None):
        """A request and its answer."""
        data = b"" if body is None else json.dumps(body).encode()
        self.keys += 1
        self.socket.sendall(("%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nIdempotency-Key: kept-%d\r\n\r\n" % (
            method, path, len(data), self.keys)).encode() + data)
        return read_answer(self.file)


def use_up(path, number):
    """Connections, until a third as many again as there are descriptors hang in the backlog."""
    open_ones = []
    for _ in range(number):
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            connection.connect(path)
        except BlockingIOError:
            connection.close()
            break
        open_ones.append(connection)
        time.sleep(0.002)
    return open_ones


def under_exhaustion(daemon, watch, claims, files, path, words, quick):
    """Uses the descriptors of a daemon up by a socket, and looks at everything meanwhile."""
    early = daemon.connect(10)
    early_replies = early.makefile("rb")
    early.sendall(b'{"op":"ping"}\n')
    early_replies.readline()
    kept = Kept(daemon)
    kept.ask("GET", "/healthz")
    with watch("%d descriptors used up by the %s socket" % (files, words), files=files, rss=64, cpu=0.6, worst=3):
        open_ones = use_up(path, files * 2)
        time.sleep(1.5)
        held = daemon.figures()["files"]
        claims.check(held <= files - 32, "some are left for what is no connection", "%d of %d are open" % (held, files))
        began, before = time.monotonic(), daemon.figures()["cpu"]
        time.sleep(2 if quick else 5)
        busy = (daemon.figures()["cpu"] - before) / (time.monotonic() - began)
        claims.check(busy < 0.5, "no busy loop", "%.0f %% of a core, the well-behaved client's records included" % (busy * 100))
        early.sendall(line("early-%s" % words))
        claims.check(json.loads(early_replies.readline()).get("status") == "charged", "who is connected is served")
        seen = {}
        for method, target, body in (
                ("GET", "/v1/status", None), ("GET", "/metrics", None), ("GET", "/v1/orgs", None),
                ("GET", "/v1/orgs/victim/usage", None),
                ("GET", "/v1/orgs/victim/summary", None), ("GET", "/v1/ledger/verification", None),
                ("POST", "/v1/orgs/victim/grants", {"amount": "1"}), ("POST", "/v1/orgs/victim/members",
                                                                      {"user": "m-%s" % words}),
                ("POST", "/v1/orgs/victim/seats/add", {"seats": 2, "dry_run": True}),
                ("POST", "/v1/orgs/victim/purchases", {"amount": "50"}),
                ("GET", "/v1/ledger/journal", None), ("GET", "/v1/ledger/backup", None)):
            try:
                answer = kept.ask(method, target, body)
                seen["%s %s" % (method, target)] = "%d %s" % (answer.status, answer.code or "")
            except (OSError, ValueError) as error:
                seen["%s %s" % (method, target)] = "%s: %s" % (type(error).__name__, error)
                kept = None
                break
        claims.note("on a control connection that was there before: " + "; ".join("%s %s" % pair for pair in seen.items()))
        claims.check(all(answer[:1] in "245" for answer in seen.values()), "requests on such a connection are all answered")
        began = time.monotonic()
        try:
            status, out, complaint = daemon.ctl("status", patience=3 if quick else 30)
            told = "status %d: %s" % (status, (complaint or out).decode().splitlines()[0][:120])
        except Exception as error:
            told = type(error).__name__
        claims.note("meterctl status meanwhile: %s, after %.1f s" % (told, time.monotonic() - began))
        claims.check(told.startswith("status"), "meterctl status doesn't hang", told)
        began = time.monotonic()
        for connection in open_ones:
            connection.close()
        ok = False
        while not ok and daemon.is_alive and time.monotonic() - began < 20:
            try:
                ok = daemon.send({"op": "ping"}, patience=5)[0]["ok"] and daemon.ask("GET", "/healthz", patience=5).status == 200
            except (OSError, IndexError):
                time.sleep(0.1)
        claims.check(ok, "both sockets accept again when descriptors are free", "%.1f s later" % (time.monotonic() - began))
    early.close()
    if kept:
        kept.socket.close()


def few_files(given, claims, words):
    """Both limits."""
    for files in (256, 400):
        daemon = Daemon(given, files=files).start()
        daemon.found("victim")
        watch = Watch(daemon, claims)
        under_exhaustion(daemon, watch, claims, files, daemon.ingest if words == "ingest" else daemon.control, words,
                         given.quick)
        watch.end()
        daemon.verify(claims, "after %d descriptors were used up by the %s socket" % (files, words))
        claims.check(daemon.stop() == 0, "it stops as told")
        daemon.remove()
        if given.quick:
            return


def few_files_ingest(given, claims):
    """By the ingest socket."""
    few_files(given, claims, "ingest")


def few_files_control(given, claims):
    """By the control socket."""
    if not given.quick:
        few_files(given, claims, "control")


TABLE = """format: meterd/1
effective: %s
rates:
  - {model: %s, provider: openai, unit: 1M, input: %s, output: 10}
"""


def few_files_old_card(given, claims):
    """A rate card that has to be read from the disk, by the writer, without a descriptor to read it by."""
    daemon = Daemon(given, files=256).start()
    daemon.found("victim")
    status, table, complaint = daemon.ctl("rates", "export")
    now = datetime.datetime.now(datetime.timezone.utc)
    days = [20, 10, 1]
    for number, ago in enumerate(days):
        stamp = (now - datetime.timedelta(days=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = [text for text in table.decode().splitlines() if not text.startswith("effective:")]
        place = next(index for index, text in enumerate(lines) if text.startswith("format:"))
        lines.insert(place + 1, "effective: %s" % stamp)
        status, out, complaint = daemon.ctl("rates", "import", "-", text="\n".join(lines + ["# %d" % number, ""]).encode())
        if status:
            with open(daemon.folder + "/table.yaml", "w") as file:
                file.write("\n".join(lines + ["# %d" % number, ""]))
            status, out, complaint = daemon.ctl("rates", "import", daemon.folder + "/table.yaml")
        if status:
            claims.check(False, "a card of %d days ago is on record" % ago, complaint.decode()[:200])
    # After a restart only the card in force is in memory.
    daemon.stop()
    daemon.start()
    watch = Watch(daemon, claims)
    early = daemon.connect(20)
    early.sendall(b'{"op":"ping"}\n')
    early.recv(1000)
    with watch("a record for a card that isn't in memory, without descriptors", files=256, rss=64, worst=3):
        open_ones = use_up(daemon.ingest, 512)
        time.sleep(1.5)
        for ago in (15, 5, 30):
            moment = (now - datetime.timedelta(days=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
            early.sendall(line("old-%d" % ago, at=moment))
            try:
                reply = early.recv(4000)
            except OSError as error:
                reply = repr(error).encode()
            claims.check(b'"status":"charged"' in reply or b'"retryable":true' in reply,
                         "a record of %d days ago is charged, or its sender is told to try again" % ago,
                         reply.decode().strip()[:160] or "no reply")
            if not daemon.is_alive:
                claims.note(daemon.log.decode()[-300:])
                break
        for connection in open_ones:
            connection.close()
        time.sleep(1.5)
    replies = daemon.send(*[line("old-%d" % ago, at=(now - datetime.timedelta(days=ago)).strftime("%Y-%m-%dT%H:%M:%SZ"))
                            for ago in (15, 5, 30)])
    claims.check(all(reply.get("status") == "charged" for reply in replies), "with descriptors they are charged",
                 str(replies)[:200])
    watch.end()
    daemon.verify(claims, "after cards that could not be read")
    claims.check(daemon.stop() == 0, "it stops as told")
    daemon.remove()


def metrics_over_tcp(given, claims):
    """metrics.listen: every user of the machine may connect."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    daemon = Daemon(given, settings='metrics: {listen: "127.0.0.1:%d"}\n' % port).start()
    watch = Watch(daemon, claims)
    with watch("connections to metrics.listen", files=160, rss=64):
        open_ones = []
        for _ in range(150):
            try:
                open_ones.append(socket.create_connection(("127.0.0.1", port), 2))
            except OSError:
                break
        time.sleep(1)
        readable = len(select.select(open_ones, [], [], 0)[0]) if daemon.is_alive else 0
        claims.check(daemon.is_alive, "the daemon lives with %d connections to metrics.listen" % len(open_ones), "%d closed"
                     % readable)
        for connection in open_ones:
            connection.close()
    with watch("HTTP to metrics.listen", files=20, rss=64):
        for request, expected in ((b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200"),
                                  (b"GET /v1/orgs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"HTTP/1.1 404"),
                                  (b"POST /v1/orgs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
                                   b"HTTP/1.1 404")):
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.sendall(request)
                claims.check(connection.recv(100).startswith(expected), "%s: %s"
                             % (request[:20].decode().strip(), expected.decode()))
    watch.end()
    claims.check(daemon.stop() == 0, "it stops as told")
    daemon.remove()


ATTACKS = [few_files_ingest, few_files_control, few_files_old_card, metrics_over_tcp]
