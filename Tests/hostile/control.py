"""What attacks the control socket (HTTP/1.1).

odd_requests      methods, versions, request lines, headers, lengths and encodings that are odd, each on its own connection
odd_paths         percent-encoded slashes, NULs, dots and bytes in path segments, queries without end
odd_bodies        JSON bodies that are odd, amounts and numbers that are, members of the wrong type, keys of 100 KB and two keys
slow_headers      hundreds of connections that send a byte of a header now and then, and bodies that never come
idle_connections  more idle connections than the socket takes; meterctl meanwhile and afterwards
huge_bodies       Content-Length of 10 GiB, bodies of hundreds of MiB by length and in chunks
pipelined         hundreds of requests pipelined, half-closed behind them, and answers that nobody reads
deaf_readers      event streams, journals and a backup that somebody asks for and then doesn't read
"""

import json
import select
import socket
import threading
import time

from ingest import push
from target import MIB, read_answer


def talk(daemon, data, patience=10, close=True):
    """Sends bytes; the statuses of the answers, the codes in them, and how the connection ended."""
    connection = socket.socket(socket.AF_UNIX)
    # Blocking, so that a full backlog is waited for.
    connection.connect(daemon.control)
    connection.settimeout(patience)
    push(connection, data)
    if close:
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    statuses, codes, file = [], [], connection.makefile("rb")
    try:
        while True:
            answer = read_answer(file)
            statuses.append(answer.status)
            codes.append(answer.code)
    except TimeoutError:
        end = "open"
    except (OSError, ValueError) as error:
        end = "reset" if isinstance(error, ConnectionResetError) else "closed"
    connection.close()
    return statuses, codes, end


GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


def request(head, body=b"", *headers):
    """A request's bytes."""
    return head + b" HTTP/1.1\r\nHost: x\r\n" + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


def post(body, *headers, path=b"/v1/orgs"):
    """A POST with a length and a key."""
    return request(b"POST " + path, body, b"Content-Length: %d" % len(body), b"Idempotency-Key: odd", *headers)


def odd_requests(daemon, watch, claims, quick):
    """What is odd in a request's head."""
    body = b'{"org":"smuggled"}'
    refused = (400, 404, 405, 413, 414, 431, 501, 505)
    cases = [
        # Name, bytes, statuses that may come first (none: closed without a word), and how many answers at most.
        ("nothing", b"", ()), ("an empty line", b"\r\n\r\n", refused), ("binary", bytes(range(256)) * 20, refused),
        ("HTTP/0.9", b"GET /healthz\r\n\r\n", refused), ("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", (200,)),
        ("HTTP/2.0", b"GET /healthz HTTP/2.0\r\n\r\n", refused), ("HTTP/9.9", b"GET /healthz HTTP/9.9\r\n\r\n", refused),
        ("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refused),
        ("bare LF", b"GET /healthz HTTP/1.1\nHost: x\n\n", (200,) + refused),
        ("bare CR", b"GET /healthz HTTP/1.1\rHost: x\r\r", refused),
        ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", (200, 400)), ("two Hosts", GET + b"Host: y\r\n\r\n", (200, 400)),
        ("CONNECT", request(b"CONNECT example.com:443"), refused), ("TRACE", request(b"TRACE /healthz"), refused),
        ("OPTIONS *", request(b"OPTIONS *"), refused + (200, 204)), ("BREW", request(b"BREW /healthz"), refused),
        ("DELETE", request(b"DELETE /v1/orgs/victim"), refused), ("HEAD", request(b"HEAD /healthz"), (200,) + refused),
        ("a method of 60 KB", request(b"A" * 60000 + b" /"), refused), ("get", request(b"get /healthz"), refused),
        ("an absolute URI", request(b"GET http://evil/healthz"), (200,) + refused),
        ("Upgrade: websocket", GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n", (200,)
         + refused),
        ("Upgrade: h2c", GET + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n\r\n", (200,)
         + refused),
        ("Expect: 100-continue", request(b"POST /v1/orgs", b"", b"Content-Length: 18", b"Expect: 100-continue",
                                         b"Idempotency-Key: e"),
         refused + (100, 417)),
        ("Expect: nonsense", post(body, b"Expect: the-spanish-inquisition"), refused + (200, 417)),
        ("a header of 70 KB", GET + b"X: " + b"a" * 70000 + b"\r\n\r\n", (200,) + refused),
        ("a header of 1 MB", GET + b"X: " + b"a" * 1000000 + b"\r\n\r\n", refused),
        ("10,000 headers", GET + b"".join(b"X-%d: y\r\n" % number for number in range(10000)) + b"\r\n", refused),
        ("a header without a colon", GET + b"nonsense\r\n\r\n", refused),
        ("a space before the colon", GET + b"X : y\r\n\r\n", refused),
        ("a folded header", GET + b"X: a\r\n b\r\n\r\n", (200,) + refused),
        ("NUL in a header", GET + b"X: a\x00b\r\n\r\n", refused),
        ("ESC in a header", GET + b"X: \x1b[31m\r\n\r\n", (200,) + refused),
        ("an empty header name", GET + b": x\r\n\r\n", refused),
        ("Content-Length -1", request(b"POST /v1/orgs", body, b"Content-Length: -1"), refused),
        ("Content-Length +18", request(b"POST /v1/orgs", body, b"Content-Length: +18"), refused),
        ("Content-Length 0x12", request(b"POST /v1/orgs", body, b"Content-Length: 0x12"), refused),
        ("Content-Length '18, 18'", request(b"POST /v1/orgs", body, b"Content-Length: 18, 18", b"Idempotency-Key: cl"), (200,)
         + refused),
        ("Content-Length 10^30", request(b"POST /v1/orgs", body, b"Content-Length: 1" + b"0" * 30), refused),
        ("Content-Length without a number", request(b"POST /v1/orgs", body, b"Content-Length: x"), refused),
        ("two Content-Lengths", request(b"POST /v1/orgs", body, b"Content-Length: 18", b"Content-Length: 5"), refused),
        ("a length and chunks", request(b"POST /v1/orgs", b"12\r\n" + body + b"\r\n0\r\n\r\n", b"Content-Length: 5",
                                         b"Transfer-Encoding: chunked"), refused),
        ("chunks and a length", request(b"POST /v1/orgs", b"12\r\n" + body + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked",
                                         b"Content-Length: 5"), refused),
        ("Transfer-Encoding: gzip, chunked", request(b"POST /v1/orgs", b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked"),
         refused),
        ("Transfer-Encoding: chunked, identity", request(b"POST /v1/orgs", b"0\r\n\r\n", b"Transfer-Encoding: chunked, identity"),
         refused),
        ("Transfer-Encoding: xchunked", request(b"POST /v1/orgs", b"0\r\n\r\n", b"Transfer-Encoding: xchunked"), refused),
        ("a chunk's size that is no number", request(b"POST /v1/orgs", b"zz\r\n", b"Transfer-Encoding: chunked"), refused),
        ("a chunk's size of 10^20", request(b"POST /v1/orgs", b"f" * 20 + b"\r\n", b"Transfer-Encoding: chunked"), refused),
        ("a chunk longer than it says", request(b"POST /v1/orgs", b"2\r\n{}{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
         refused),
        ("a chunk extension of 70 KB", request(b"POST /v1/orgs", b"1;" + b"a" * 70000 + b"\r\nx\r\n0\r\n\r\n",
                                                b"Transfer-Encoding: chunked"), refused),
        ("100 KB of trailers", request(b"POST /v1/orgs", b"0\r\n" + b"T: x\r\n" * 15000 + b"\r\n", b"Transfer-Encoding: chunked"),
         refused),
        ("a body shorter than said, then the end", request(b"POST /v1/orgs", b"{", b"Content-Length: 18", b"Idempotency-Key: s"),
         refused),
        ("a GET with a body", request(b"GET /healthz", b"hello", b"Content-Length: 5"), (200,) + refused),
        ("a TLS ClientHello", bytes.fromhex("16030100c8010000c40303") + bytes(190), refused),
    ]
    with watch("odd HTTP requests", files=24, rss=64):
        wrong, wordless = [], []
        for name, data, expected in cases:
            statuses, codes, end = talk(daemon, data, 2)
            final = [status for status in statuses if status != 100]
            if (final and final[0] not in expected) or (not final and 200 in expected and len(expected) == 1) or end == "open":
                wrong.append("%s: %s, %s" % (name, statuses or "no answer", end))
            if not final and expected:
                wordless.append(name)
        claims.check(not wrong, "%d odd requests are answered or refused, and the connection ends" % len(cases), "; ".join(wrong))
        claims.note("closed without a word: %s" % (", ".join(wordless) or "none"))
        claims.check(daemon.ask("GET", "/v1/orgs/smuggled").status in (404, 200), "the daemon answers afterwards")
        statuses, _, end = talk(daemon, request(b"POST /v1/orgs",
                                                b"5\r\n{\"o\r\n0\r\n\r\nGET /v1/orgs HTTP/1.1\r\nHost: x\r\n\r\n",
                                                b"Content-Length: 3", b"Transfer-Encoding: chunked"), 5)
        claims.check(len(statuses) <= 1, "a length and chunks: nothing behind them is taken for a request", "%s %s"
                     % (statuses, end))


def odd_paths(daemon, watch, claims, quick):
    """What is odd in a path."""
    with watch("odd paths and queries", files=24, rss=64):
        wrong = []
        for segment in ("%2f", "..", "%2e%2e", "..%2f..%2fetc%2fshadow", "%00", "victim%00", "%", "%zz", "%ff", "%c0%af",
                        "%ed%a0%80",
                        "victim%20", "VICTIM", "%76ictim%2f..%2fwitness", "%0d%0aX-Evil:%201", "%1b%5b31m", "%e2%80%ae", ";", "*",
                        "{org}",
                        ":org", "**", "a" * 5000, "%61" * 5000, "victim?", "victim#x", "\\..\\witness"):
            for path in ("/v1/orgs/%s", "/v1/orgs/%s/balance", "/v1/orgs/victim/usage/%s", "/v1/orgs/victim/invoices/%s",
                         "/v1/rates/cards/%s", "/v1/orgs/victim/payments/%s", "/%s"):
                statuses, codes, end = talk(daemon, request(b"GET " + (path % segment).encode()), 5)
                if not (statuses and 400 <= statuses[0] < 500) and not (segment[-2:] in ("m?", "#x") and statuses == [200]):
                    # `victim?` is victim without a query.
                    wrong.append("%s: %s %s" % (path % segment[:30], statuses, end))
        claims.check(not wrong, "odd segments are refused with a 4xx", "; ".join(wrong[:6]))
        wrong = []
        for query in ("limit=0", "limit=-1", "limit=99999999999999999999", "limit=1e3", "limit=", "limit", "limit=5&limit=6",
                      "cursor=x",
                      "cursor=-1", "cursor=9223372036854775808", "%00=%00", "limit=%31", "&&&&", "a" * 50000, "limit=5&"
                      + "x=y&" * 10000,
                      "limit=" + "9" * 60000, "cursor=%ff%fe", "since=yesterday", "limit=１"):
            for path in ("/v1/orgs", "/v1/orgs/victim/usage", "/v1/events", "/v1/orgs/victim/summary"):
                statuses, codes, end = talk(daemon, request(b"GET " + path.encode() + b"?" + query.encode()), 5)
                if not statuses or statuses[0] >= 500:
                    wrong.append("%s?%s: %s %s" % (path, query[:30], statuses, end))
        claims.check(not [words for words in wrong if "[5" in words], "odd queries never make a 5xx", "; ".join(wrong[:6]))
        if wrong:
            claims.note("no answer: " + "; ".join(wrong))


def odd_bodies(daemon, watch, claims, quick):
    """What is odd in a body."""
    with watch("odd bodies", files=24, rss=64):
        wrong, count = [], 0
        bodies = [b"", b"hello", b"null", b"[]", b'""', b"1", b"{", b'{"org":}', b'{"org":"a"}}', b'{"org":1}', b'{"org":null}',
                  b'{"org":["a"]}',
                  b"\xef\xbb\xbf{}", b'{"org":"\\ud800"}', b'{"org":"\xff"}',
                  b'{"org":"\\u0000"}', b'{"org":"a\x00"}', b"[" * 60000, b"{\"a\":" * 10000, b'{"x":1e999}', b'{"x":NaN}',
                  b'{"x":' + b"9" * 60000 + b"}", b"{" + b",".join(b'"m%d":1' % number for number in range(6000)) + b"}",
b'{"org":"../x"}', b'{"org":"' + b"o" * 65 + b'"}', b'{"org":"ok-1","country":"de"}',
                  b'{"org":"ok-2","display_name":""}', b'{"org":"ok-3","display_name":"' + b"d" * 129 + b'"}', b"x" * 65537,
                  b'{"seats":-1}', b'{"seats":0}', b'{"seats":1.5}', b'{"seats":1e400}', b'{"seats":9223372036854775807}',
                  b'{"seats":9223372036854775808}', b'{"seats":"1"}', b'{"priority":1e99,"amount":"1"}']
        for amount in ("1e400", "0.0000000001", "-1", "0", "", " 1", "1 ", "1,00", "1.", ".5", "+1", "0x1", "NaN", "Infinity",
                       "١", "9" * 30,
                       "9223372036.854775808", "1_0", "00000000000000000001e", "1\u0000", "1" * 60000, "-0"):
            bodies.append(json.dumps({"amount": amount}).encode())
        bodies += [b'{"amount":1}', b'{"amount":1e400}', b'{"amount":null}', b'{"amount":"1","priority":101}',
                   b'{"amount":"1","priority":-1}', b'{"amount":"1","priority":1.5}', b'{"amount":"1","expires":"yesterday"}',
                   b'{"amount":"1","expires":"1969-12-31T23:59:59Z"}', b'{"amount":"1","source":"theft"}',
                   b'{"amount":"1","reason":"' + b"r" * 5000 + b'"}', b'{"amount":"1","reason":"\\u0000"}']
        before = daemon.must("GET", "/v1/orgs/victim/balance")["balance"]
        orgs = len(daemon.must("GET", "/v1/orgs?limit=1000")["items"])
        accepted = []
        for path in ("/v1/orgs", "/v1/orgs/victim/grants", "/v1/orgs/victim/seats/add", "/v1/orgs/victim/purchases",
                     "/v1/orgs/victim/members", "/v1/orgs/victim/alerts", "/v1/orgs/victim/budget", "/v1/orgs/victim/bill-to",
                     "/v1/rates/aliases", "/v1/rates/cards", "/v1/orgs/victim/top-up"):
            methods = {"put", "post"} & set(daemon.must("GET", "/openapi.json")["paths"][path.replace("victim", "{org}")])
            for body in bodies:
                for method in methods:
                    count += 1
                    answer = daemon.ask(method.upper(), path, body, True)
                    if answer.status >= 500 or answer.status < 400 and path in ("/v1/orgs", "/v1/orgs/victim/grants"):
                        wrong.append("%s %s %r: %d %r" % (method, path, body[:40], answer.status, answer.body[:120]))
                    elif answer.status < 400:
                        accepted.append("%s %r" % (path.rsplit("/", 1)[1], body[:40].decode(errors="replace")))
                    elif not answer.code:
                        wrong.append("%s %s %r: no problem document: %r" % (method, path, body[:40], answer.body[:80]))
        claims.check(not wrong, "%d odd bodies: each refused by a problem document, none by a 5xx" % count, "; ".join(wrong[:6]))
        claims.note("taken elsewhere: %s" % "; ".join(accepted))
        after = daemon.must("GET", "/v1/orgs/victim/balance")["balance"]
        now = len(daemon.must("GET", "/v1/orgs?limit=1000")["items"])
        claims.check(before == after and orgs == now, "no org and no credits came of them", "%s → %s, %d → %d orgs"
                     % (before, after, orgs, now))
        body = b'{"amount":"1"}'
        path = b"/v1/orgs/victim/grants"
        for name, headers in (("no key", ()), ("two keys", (b"Idempotency-Key: a", b"Idempotency-Key: b")),
                              ("two equal keys", (b"Idempotency-Key: a", b"Idempotency-Key: a")),
                              ("an empty key", (b"Idempotency-Key:",)),
                              ("a key of 129", (b"Idempotency-Key: " + b"k" * 129,)),
                              ("a key of 100 KB", (b"Idempotency-Key: " + b"k" * 100000,)),
                              ("a key with a space", (b"Idempotency-Key: a b",)),
                              ("a key with ESC", (b"Idempotency-Key: a\x1b[31m",)),
                              ("a key that is not ASCII", ("Idempotency-Key: é".encode(),))):
            statuses, codes, end = talk(daemon, request(b"POST " + path, body, b"Content-Length: %d" % len(body), *headers), 5)
            claims.check(not statuses or 400 <= statuses[0] < 500, "%s: refused" % name, "%s %s" % (statuses or "no answer", end))
        claims.check(daemon.must("GET", "/v1/orgs/victim/balance")["balance"] == before, "nothing was granted by them")


def slow_headers(daemon, watch, claims, quick):
    """Headers and bodies that come a byte at a time."""
    count, seconds = (100, 3) if quick else (400, 75)
    with watch("slow headers and bodies, %d connections" % count, files=count + 30, rss=96):
        open_ones = []
        for number in range(count):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(daemon.control)
            push(connection, b"GET /healthz HTTP/1.1\r\nX: " if number % 2 else
                 b"POST /v1/orgs HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nContent-Length: 60000\r\n\r\n{")
            open_ones.append(connection)
        end, lost = time.monotonic() + seconds, set()
        worst = 0
        while time.monotonic() < end:
            for number, connection in enumerate(open_ones):
                if number not in lost and not push(connection, b"a"):
                    lost.add(number)
            began = time.monotonic()
            if daemon.ask("GET", "/healthz").status != 200:
                raise AssertionError("not healthy")
            worst = max(worst, time.monotonic() - began)
            time.sleep(1)
        claims.check(worst < 2, "others are answered meanwhile", "worst %.0f ms" % (worst * 1e3))
        claims.note("after %d s at a byte a second, the daemon had closed %d of %d in a header, %d of %d in a body" % (
            seconds, sum(number % 2 for number in lost), count // 2, sum(1 - number % 2 for number in lost), count // 2))
        status, _, complaint = daemon.ctl("status")
        claims.check(status == 0, "meterctl status works meanwhile", complaint.decode().strip())
        for connection in open_ones:
            connection.close()


def idle_connections(daemon, watch, claims, quick):
    """Connections that say nothing."""
    count = 700 if quick else 2000
    with watch("%d idle control connections" % count, files=512 + 64, rss=96, threads=12):
        open_ones, turned_away = [], 0
        for _ in range(count):
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.settimeout(5)
                connection.connect(daemon.control)
                open_ones.append(connection)
            except OSError:
                turned_away += 1
                time.sleep(0.01)
        time.sleep(1)
        poll = select.poll()
        for connection in open_ones:
            poll.register(connection, select.POLLIN)
        closed = len(poll.poll(500))
        claims.check(closed >= len(open_ones) - 520, "of more than 512 connections the rest is closed",
                     "%d of %d closed, %d turned away"
                     % (closed, len(open_ones), turned_away))
        status, out, complaint = daemon.ctl("status")
        claims.note("meterctl status meanwhile: %d %s" % (status, (complaint or out.splitlines()[0]).decode().strip()))
        claims.check(status in (0, 69) and (status == 0 or complaint),
                     "meterctl says what is the matter, by its words and status")
        if not quick:
            began = time.monotonic()
            while len(poll.poll(0)) < len(open_ones) and time.monotonic() - began < 90:
                time.sleep(1)
            claims.check(len(poll.poll(0)) == len(open_ones), "idle ones are closed in time", "%.0f s"
                         % (time.monotonic() - began))
        for connection in open_ones:
            connection.close()
        time.sleep(0.3)
        status, _, complaint = daemon.ctl("status")
        claims.check(status == 0, "meterctl works when they are gone", complaint.decode().strip())


def huge_bodies(daemon, watch, claims, quick):
    """Bodies without end."""
    size = 32 * MIB if quick else 512 * MIB
    with watch("bodies of %d MiB" % (size // MIB), files=24, rss=64, worst=3):
        for name, head, wrap in (
                ("by length", request(b"POST /v1/orgs", b"", b"Idempotency-Key: h", b"Content-Length: %d" % size), False),
                ("in chunks", request(b"POST /v1/orgs", b"", b"Idempotency-Key: h", b"Transfer-Encoding: chunked"), True),
                ("of 10 GiB by length, to a GET", request(b"GET /healthz", b"", b"Content-Length: %d" % (10 << 30)), False),
                ("to a path that isn't there", request(b"POST /nowhere", b"", b"Content-Length: %d" % size), False)):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(20)
            connection.connect(daemon.control)
            push(connection, head)
            got = []

            def read(file=connection.makefile("rb"), got=got):
                try:
                    got.append(read_answer(file))
                except (OSError, ValueError) as error:
                    got.append(error)
            reader = threading.Thread(target=read)
            reader.start()
            piece, sent = b"x" * 65536, 0
            data = b"10000\r\n" + piece + b"\r\n" if wrap else piece
            began = time.monotonic()
            while sent < size and push(connection, data):
                sent += len(piece)
            reader.join(25)
            status = getattr(got[0], "status", got[0]) if got else "no answer"
            claims.check(status in (413, 404, 400, 200), "a body %s: a clear answer" % name, "%s after %d KiB and %.1f s"
                         % (status, sent // 1024, time.monotonic() - began))
            connection.close()


def pipelined(daemon, watch, claims, quick):
    """Many requests at once on a connection."""
    count = 300 if quick else 3000
    with watch("%d pipelined requests" % count, files=64, rss=96):
        statuses, _, end = talk(daemon, (GET + b"\r\n") * count, 20)
        claims.check(statuses == [200] * count, "each pipelined request is answered, then the end", "%d, %s"
                     % (len(statuses), end))
        statuses, _, end = talk(daemon, request(b"GET /v1/orgs") * 50 + b"GET / HTTP/1.1\r\nbad header\r\n\r\n"
                                + request(b"GET /v1/orgs"), 20)
        claims.check(statuses[:50] == [200] * 50 and 200 not in statuses[50:], "behind one that is malformed nothing is executed",
                     "%s %s" % (statuses[50:], end))
        deaf = []
        for _ in range(20):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(daemon.control)
            connection.setblocking(False)
            deaf.append(connection)
        taken, end = 0, time.monotonic() + (2 if quick else 10)
        data = request(b"GET /openapi.json") * 50
        while time.monotonic() < end:
            for connection in deaf:
                try:
                    taken += connection.send(data)
                except OSError:
                    pass
            time.sleep(0.005)
        claims.check(taken < 40 * MIB, "who doesn't read answers is soon not read from", "%d KiB of 20 connections"
                     % (taken // 1024))
        for connection in deaf:
            connection.close()


def deaf_readers(daemon, watch, claims, quick):
    """Long answers that nobody reads."""
    records = 500 if quick else 20000
    with watch("answers that nobody reads", files=220, rss=128, worst=3, threads=16):
        sender = daemon.connect(60)
        taken = []

        def drain():
            for reply in sender.makefile("rb"):
                taken.append(reply)
        reader = threading.Thread(target=drain)
        reader.start()
        for number in range(records):
            push(sender, b'{"id":"deaf-%d","org":"victim","user":"u","model":"gpt-5","provider":"openai",'
                 b'"usage":{"prompt_tokens":1,"completion_tokens":1}}\n' % number)
        sender.shutdown(socket.SHUT_WR)
        reader.join()
        claims.check(len(taken) == records, "%d records for long answers are taken" % records)
        deaf = []
        paths = [b"/v1/events/stream?after=0"] * 60 + [b"/v1/ledger/journal"] * 40 + [b"/v1/orgs/victim/usage?limit=1000"] * 40
        for path in paths:
            connection = socket.socket(socket.AF_UNIX)
            # Blocking, so that a full backlog is waited for.
            connection.connect(daemon.control)
            connection.settimeout(10)
            push(connection, request(b"GET " + path))
            deaf.append(connection)
        backup = socket.socket(socket.AF_UNIX)
        backup.settimeout(10)
        backup.connect(daemon.control)
        push(backup, request(b"GET /v1/ledger/backup"))
        time.sleep(2)
        for number in range(20):
            daemon.ask("PUT", "/v1/orgs/victim/alerts", {"thresholds": ["%d" % (2000000 + number)]}, True)
        status, _, complaint = daemon.ctl("backup", daemon.folder + "/while-deaf.db", patience=60)
        claims.note("a backup while somebody doesn't read theirs: %d %s" % (status, complaint.decode().strip()[:200]))
        claims.check(daemon.ctl("status")[0] == 0, "meterctl status works meanwhile")
        claims.check(daemon.ctl("ledger", "verify")[0] == 0, "and verify does")
        if not quick:
            began, ended = time.monotonic(), None
            while time.monotonic() - began < 100 and ended is None:
                if daemon.ctl("backup", daemon.folder + "/later.db", patience=60)[0] == 0:
                    ended = time.monotonic() - began
                time.sleep(5)
            claims.check(ended is not None, "who doesn't read a backup is in the way of others for a while only", "%s s" % ended)
        for connection in deaf + [backup]:
            connection.close()
        time.sleep(0.5)
        status, _, complaint = daemon.ctl("backup", daemon.folder + "/after.db", patience=60)
        claims.check(status == 0, "a backup works when they are gone", complaint.decode().strip()[:200])


ATTACKS = [odd_requests, odd_paths, odd_bodies, slow_headers, idle_connections, huge_bodies, pipelined, deaf_readers]
