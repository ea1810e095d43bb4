"""What attacks the ingest socket.

slow_loris            a byte every 50 ms on hundreds of connections; half of them hang up in the middle of their line
half_close            many records pipelined, then shutdown(SHUT_WR), then reading: every reply, then the end
never_reads           clients that send as fast as they can and never read a reply
ten_thousand          10,000 connections at once: more than connections_max; all are served in turn, and new ones afterwards
endless_line          1 GiB without a newline, and 1 GiB of garbage lines
line_limits           a line exactly at the limit, one byte above, one far above behind good ones
odd_json              what is not JSON, not an object, not UTF-8, too deep, too many, of the wrong type
odd_names             control characters, escapes and bidi marks in every member that is text
passed_descriptors    SCM_RIGHTS: descriptors that nobody asked for
other_protocols       HTTP, TLS, random bytes, NULs
churn                 connections that come, say half a word and go, as fast as they can
backlog               how many may wait for an accept
"""

import array
import errno
import json
import os
import random
import select
import socket
import subprocess
import threading
import time

from target import MIB

LIMIT = 65536


def record(number, org="victim", **members):
    """A good record."""
    return dict({"id": number, "org": org, "user": "vic", "model": "gpt-5", "provider": "openai",
                 "usage": {"prompt_tokens": 100, "completion_tokens": 10}}, **members)


def line(*arguments, **members):
    """A good record as it is sent."""
    return json.dumps(record(*arguments, **members), separators=(",", ":")).encode() + b"\n"


def push(connection, data):
    """Sends, as far as it is taken; false where the other end hung up meanwhile, or takes nothing any more."""
    try:
        connection.sendall(data)
        return True
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        return False


def read_all(connection, patience=30):
    """Everything until the end, and whether it ended by a reset."""
    connection.settimeout(patience)
    data = b""
    while True:
        try:
            piece = connection.recv(1 << 20)
        except ConnectionResetError:
            return data, True
        if not piece:
            return data, False
        data += piece


def exists(daemon, number, org="victim"):
    """Whether a record is in the ledger."""
    return daemon.ask("GET", "/v1/orgs/%s/usage/%s" % (org, number)).status == 200


def slow_loris(daemon, watch, claims, quick):
    """A byte every 50 ms on hundreds of connections."""
    count, text = (100, line("loris-00000")) if quick else (400, line("loris-00000"))
    rounds = 40 if quick else len(text)
    with watch("slow-loris, %d connections" % count, files=count + 20, rss=48):
        open_ones = [daemon.connect() for _ in range(count)]
        texts = [line("loris-%05d" % number) for number in range(count)]
        for place in range(rounds - 1):
            for connection, mine in zip(open_ones, texts):
                connection.send(mine[place:place + 1])
            time.sleep(0.05)
        for number in range(0, count, 2):
            open_ones[number].close()
        answered = 0
        for number in range(1, count, 2):
            open_ones[number].sendall(texts[number][rounds - 1:])
        for number in range(1, count, 2):
            reply = json.loads(open_ones[number].makefile("rb").readline())
            answered += reply.get("status") == "charged" and reply["id"] == "loris-%05d" % number
            open_ones[number].close()
        claims.check(answered == count // 2, "slow lines that end are answered", "%d of %d" % (answered, count // 2))
        claims.check(not any(exists(daemon, "loris-%05d" % number) for number in range(0, count, 20)),
                     "lines whose connection ended in the middle are never executed")


def half_close(daemon, watch, claims, quick):
    """Pipelining, then a half-close, then reading."""
    count = 600 if quick else 6000
    with watch("half-close after %d records" % count, files=20, rss=64):
        connection = daemon.connect()
        got = []
        reader = threading.Thread(target=lambda: got.append(read_all(connection, 60)))
        reader.start()
        connection.sendall(b"".join(line("half-%05d" % number) for number in range(count)))
        connection.shutdown(socket.SHUT_WR)
        reader.join()
        data, was_reset = got[0]
        replies = [json.loads(reply) for reply in data.splitlines()]
        in_order = [reply["id"] for reply in replies] == ["half-%05d" % number for number in range(count)]
        claims.check(in_order and all(reply["status"] == "charged" for reply in replies) and not was_reset,
                     "after a half-close every reply comes, in order, then the end", "%d of %d" % (len(replies), count))
        connection.close()
        # Nothing is read before a second has gone by.
        connection = daemon.connect()
        connection.sendall(b"".join(line("lazy-%05d" % number) for number in range(400)) + b'{"id":"never-done","org":"victim"')
        connection.shutdown(socket.SHUT_WR)
        time.sleep(1)
        data, was_reset = read_all(connection)
        claims.check(len(data.splitlines()) == 400 and not was_reset,
                     "the same for one that reads a second later; a last line without its newline has no reply",
                     "%d replies" % len(data.splitlines()))
        connection.close()


def never_reads(daemon, watch, claims, quick):
    """Senders that never read."""
    count, seconds = (8, 2) if quick else (40, 15)
    with watch("%d clients that never read" % count, files=count + 20, rss=160, worst=3):
        senders = [daemon.connect() for _ in range(count)]
        taken = [0] * count
        lines = [b'{"op":"ping"}\n' * 1000, b'{"op":"balance","org":"victim"}\n' * 1000, b"x\n" * 4000, line("same") * 300,
                 b'{"id":"%s","op":"no"}\n' % (b"i" * 120) * 300]
        for sender in senders:
            sender.setblocking(False)
        end = time.monotonic() + seconds
        rest = [b""] * count
        while time.monotonic() < end:
            _, writable, _ = select.select([], senders, [], 0.1)
            for number, sender in enumerate(senders):
                if sender not in writable:
                    continue
                rest[number] = rest[number] or lines[number % len(lines)]
                try:
                    sent = sender.send(rest[number])
                except OSError:
                    continue
                taken[number] += sent
                rest[number] = rest[number][sent:]
        claims.check(max(taken) < 4 * MIB, "who doesn't read is soon not read from either",
                     "at most %d KiB taken of one connection" % (max(taken) // 1024))
        # One of them reads at last: its replies are all there, in their order.
        reader, count_read = senders[0], 0
        reader.settimeout(1)
        try:
            while count_read < 100000:
                piece = reader.recv(1 << 16)
                if not piece:
                    break
                count_read += piece.count(b"\n")
        except OSError:
            pass
        claims.check(count_read == taken[0] // len(b'{"op":"ping"}\n'), "who reads at last finds a reply to each of its lines",
                     "%d" % count_read)
        for sender in senders:
            sender.close()


def ten_thousand(daemon, watch, claims, quick):
    """More connections than there may be."""
    wanted = 4400 if quick else 10000
    with watch("%d connections at once" % wanted, files=4096 + 64, rss=256, worst=3, cpu=1.0):
        open_ones, refused = [], {}
        for _ in range(wanted):
            connection = socket.socket(socket.AF_UNIX)
            connection.setblocking(False)
            for _ in range(10):
                try:
                    connection.connect(daemon.ingest)
                    open_ones.append(connection)
                    break
                except BlockingIOError:
                    if len(open_ones) > 8000:
                        break
                    time.sleep(0.01)
            else:
                connection.close()
                refused["EAGAIN"] = refused.get("EAGAIN", 0) + 1
                if refused["EAGAIN"] > 20:
                    break
        time.sleep(0.5)
        for connection in open_ones:
            try:
                connection.send(b'{"op":"ping"}\n')
            except OSError as error:
                refused[errno.errorcode[error.errno]] = refused.get(errno.errorcode[error.errno], 0) + 1
        time.sleep(1)
        answered = 0
        poll = select.poll()
        numbers = {connection.fileno(): connection for connection in open_ones}
        for connection in open_ones:
            poll.register(connection, select.POLLIN)
        served = []
        for number, _ in poll.poll(1000):
            try:
                if b'"ok":true' in numbers[number].recv(4096):
                    answered += 1
                    served.append(numbers[number])
            except OSError:
                pass
        statistics = daemon.must("GET", "/v1/status")["connections"]
        claims.note("%d connected (the kernel's backlog included), %d served at once, the daemon says %d; %s"
                    % (len(open_ones), answered, statistics, refused or "none refused"))
        claims.check(answered >= 4095 and statistics <= 4096 + 64, "connections_max (4096) are served, no more", "%d" % answered)
        status, out, complaint = daemon.ctl("status")
        claims.check(status == 0, "meterctl status works meanwhile", (complaint or out.splitlines()[0]).decode()[:100])
        # Those served go: the others, which waited, have their turn.
        for connection in served:
            poll.unregister(connection)
            connection.close()
        waited, end = 0, time.monotonic() + 15
        rest = len(open_ones) - answered
        while waited < rest and time.monotonic() < end:
            for number, _ in poll.poll(200):
                try:
                    waited += b'"ok":true' in numbers[number].recv(4096)
                except OSError:
                    pass
                poll.unregister(number)
        # The well-behaved client's connection is one of the 4,096.
        claims.check(waited >= min(rest, 4090), "those that had waited are served when others went", "%d of %d" % (waited, rest))
        began = time.monotonic()
        for connection in open_ones:
            connection.close()
        reply = daemon.send({"op": "ping"})
        claims.check(reply[0]["ok"], "a new client is served after they went", "%.0f ms" % ((time.monotonic() - began) * 1e3))


def endless_line(daemon, watch, claims, quick):
    """No newline, and garbage with newlines."""
    size = 64 * MIB if quick else 1024 * MIB
    with watch("%d MiB without a newline" % (size // MIB), files=20, rss=48):
        for filling in (b"x", b"[", b'{"id":"'):
            connection = daemon.connect()
            sent, piece, end = 0, filling * (MIB // len(filling)), "took it all"
            try:
                while sent < size:
                    connection.sendall(piece)
                    sent += len(piece)
            except (BrokenPipeError, ConnectionResetError) as error:
                end = type(error).__name__
            data, _ = read_all(connection)
            reply = json.loads(data.splitlines()[0]) if data else {}
            claims.check(reply.get("error", {}).get("code") == "too_long" and sent < 4 * MIB and len(data.splitlines()) == 1,
                         "a line without an end of %r: too_long, then the end" % filling.decode(),
                         "%d KiB taken, %s" % (sent // 1024, end))
            connection.close()
    with watch("%d MiB of garbage lines" % (size // MIB), files=20, rss=64, worst=3):
        connection = daemon.connect()
        piece = (b"\xff" * 60000 + b"\n") * 16
        counted = []
        reader = threading.Thread(target=lambda: counted.append(read_all(connection, 120)[0].count(b'"malformed"')))
        reader.start()
        lines = 0
        while lines * 60001 < size:
            connection.sendall(piece)
            lines += 16
        connection.shutdown(socket.SHUT_WR)
        reader.join()
        claims.check(counted == [lines], "each garbage line has its error", "%d of %d" % (counted[0], lines))


def line_limits(daemon, watch, claims, quick):
    """At the limit, and above."""
    def padded(number, length):
        bare = line(number, padding="")
        return line(number, padding="x" * (length - len(bare)))
    with watch("lines at the limit", files=20, rss=32):
        assert len(padded("limit-1", LIMIT)) == LIMIT
        reply = daemon.send(padded("limit-1", LIMIT)[:-1])[0]
        claims.check(reply.get("status") == "charged", "a line of 65,536 bytes with its newline is taken", json.dumps(reply)[:80])
        connection = daemon.connect()
        push(connection, line("limit-2") + padded("limit-3", LIMIT + 1) + line("limit-4"))
        data, _ = read_all(connection)
        replies = [json.loads(reply) for reply in data.splitlines()]
        claims.check(len(replies) == 2 and replies[0].get("status") == "charged"
                     and replies[1]["error"]["code"] == "too_long", "one of 65,537 is too_long, behind the replies before it",
                     data.decode()[-120:].strip())
        claims.check(not exists(daemon, "limit-4") and exists(daemon, "limit-2"), "nothing behind it is executed")
        connection.close()
        connection = daemon.connect()
        push(connection, b"".join(line("burst-%03d" % number) for number in range(300)) + b"y" * (3 * LIMIT))
        data, _ = read_all(connection)
        replies = [json.loads(reply) for reply in data.splitlines()]
        claims.check(len(replies) == 301 and all(reply.get("status") == "charged" for reply in replies[:-1]),
                     "300 records before a line that is too long are all answered first", "%d replies" % len(replies))
        connection.close()
        many = b"{" + b",".join(b'"m%d":1' % number for number in range(100000)) + b"}"
        connection = daemon.connect()
        push(connection, many)
        reply = json.loads(read_all(connection)[0])
        connection.close()
        claims.check(reply["error"]["code"] == "too_long", "100,000 members in one object are too_long", "%d bytes" % len(many))
        inside = line("members", **{"m%d" % number: 1 for number in range(5500)})
        reply = daemon.send(inside[:-1])[0]
        claims.check(reply.get("status") == "charged", "5,500 unknown members are ignored", "%d bytes" % len(inside))
        started = time.monotonic()
        count = 50 if quick else 400
        replies = daemon.send(*[b'{"a":%s}' % (b"[" * 60000)] * count)
        claims.check(len(replies) == count, "60,000 '[' a line: refused, and quickly",
                     "%.2f ms each" % ((time.monotonic() - started) / count * 1e3))


# Bytes, and the codes of which one must answer; None: charged.
def odd_lines():
    """Lines that are odd, with what must answer them."""
    good = line("ID")[:-1]

    def with_usage(text):
        return (b'{"id":"ID","org":"victim","model":"gpt-5","provider":"openai",'
                b'"usage":{"prompt_tokens":%s,"completion_tokens":1}}' % text)

    bad = ("malformed",)
    lines = [
        ("not JSON", b"hello", bad), ("a word", b"null", bad), ("an array", b"[]", bad), ("a string", b'"x"', bad),
        ("a number", b"12", bad), ("an open object", b"{", bad), ("two values", good + b" {}", bad),
        ("a comma too much", good[:-1] + b",}", bad), ("single quotes", good.replace(b'"', b"'"), bad),
        ("a comment", b"/* x */" + good, bad), ("a BOM", b"\xef\xbb\xbf" + good, bad), ("CRLF", good + b"\r", None),
        ("white space around", b" \t " + good + b" \t ", None), ("a raw NUL", good + b"\x00", bad),
        ("a raw NUL in a string", good.replace(b'"vic"', b'"v\x00c"'), bad),
        ("an escaped NUL in a user", good.replace(b'"vic"', b'"v\\u0000c"'), bad),
        ("an escaped NUL in an id", good.replace(b'"ID"', b'"ID\\u0000"'), bad),
        ("an escaped NUL in a tag", good[:-1] + b',"tags":{"a":"\\u0000"}}', None),
        ("a vertical tab as white space", b"\x0b" + good, bad), ("a form feed at the end", good + b"\x0c", bad),
        ("10,000 '['", b"[" * 10000, bad), ("10,000 '[' in a member", good[:-1] + b',"x":' + b"[" * 10000 + b"}", bad),
        ("10,000 '{\"a\":'", b'{"a":' * 10000, bad),
        ("64 levels", good[:-1] + b',"x":' + b"[" * 64 + b"]" * 64 + b"}", None),
        ("65 levels", good[:-1] + b',"x":' + b"[" * 65 + b"]" * 65 + b"}", bad),
        ("usage 64 deep", with_usage(b"1,\"x\":" + b"[" * 63 + b"]" * 63), None),
        ("id twice", good[:-1] + b',"id":"other"}', bad), ("usage twice", good[:-1] + b',"usage":{}}', bad),
        ("tokens twice", with_usage(b'1,"prompt_tokens":2'), bad), ("an unknown member twice", good[:-1] + b',"u":1,"u":2}',
                                                                    None),
        ("a key twice by an escape", good[:-1] + b',"\\u0069d":"other"}', bad),
        ("op twice", good[:-1] + b',"op":"usage","op":"ping"}', bad),
        ("NaN", with_usage(b"NaN"), bad), ("Infinity", with_usage(b"Infinity"), bad),
        ("-Infinity", with_usage(b"-Infinity"), bad),
        ("1e999", with_usage(b"1e999"), bad), ("1e-999", with_usage(b"1e-999"), bad), ("-1", with_usage(b"-1"), bad),
        ("-0", with_usage(b"-0"), bad + (None,)), ("-0.0", with_usage(b"-0.0"), bad + (None,)),
        ("1.0", with_usage(b"1.0"), bad + (None,)), ("1.5", with_usage(b"1.5"), bad), ("1e2", with_usage(b"1e2"), bad + (None,)),
        ("007", with_usage(b"007"), bad), ("+1", with_usage(b"+1"), bad), (".5", with_usage(b".5"), bad),
        ("1.", with_usage(b"1."), bad),
        ("0x10", with_usage(b"0x10"), bad), ("1_000", with_usage(b"1_000"), bad), ("'5'", with_usage(b'"5"'), bad),
        ("true", with_usage(b"true"), bad), ("[1]", with_usage(b"[1]"), bad), ("{}", with_usage(b"{}"), bad),
        ("null tokens", with_usage(b"null"), bad), ("2^63-1", with_usage(b"9223372036854775807"), bad),
        ("2^63", with_usage(b"9223372036854775808"), bad), ("2^64", with_usage(b"18446744073709551616"), bad),
        ("60,000 digits", with_usage(b"9" * 60000), bad), ("1 with 60,000 zeros behind the point",
                                                           with_usage(b"1." + b"0" * 60000), bad + (None,)),
        ("1e and 60,000 digits", with_usage(b"1e" + b"9" * 60000), bad),
        ("an unknown member of 1e999", good[:-1] + b',"u":1e999}', None),
        ("a lone high surrogate", good.replace(b'"vic"', b'"\\ud800"'), bad),
        ("a lone low surrogate", good.replace(b'"vic"', b'"\\udc00"'), bad),
        ("surrogates the wrong way", good.replace(b'"vic"', b'"\\udc00\\ud800"'), bad),
        ("a surrogate pair", good.replace(b'"vic"', b'"\\ud83d\\ude00"'), None),
        ("a lone surrogate in an unknown member", good[:-1] + b',"u":"\\ud800"}', bad),
        ("a lone surrogate in a tag's value", good[:-1] + b',"tags":{"a":"\\ud800"}}', bad),
        ("a lone surrogate as a key", good[:-1] + b',"\\ud800":1}', bad), ("\\u12", good.replace(b'"vic"', b'"\\u12"'), bad),
        ("\\x", good.replace(b'"vic"', b'"\\x41"'), bad), ("overlong UTF-8", good.replace(b'"vic"', b'"\xc0\xaf"'), bad),
        ("UTF-8 of a surrogate", good.replace(b'"vic"', b'"\xed\xa0\x80"'), bad),
        ("UTF-8 beyond U+10FFFF", good.replace(b'"vic"', b'"\xf4\x90\x80\x80"'), bad),
        ("half a UTF-8 sequence", good.replace(b'"vic"', b'"\xe2\x82"'), bad),
        ("Latin-1", good.replace(b'"vic"', b'"\xe9"'), bad),
        ("invalid UTF-8 in an unknown member", good[:-1] + b',"u":"\xff"}', bad),
        ("UTF-16", good.decode().encode("utf-16-le").replace(b"\n", b""), bad),
        ("tags that is an array", good[:-1] + b',"tags":[]}', bad), ("a tag that is a number", good[:-1] + b',"tags":{"a":1}}',
                                                                     bad),
        ("17 tags", good[:-1] + b',"tags":{' + b",".join(b'"t%d":""' % n for n in range(17)) + b"}}", bad),
        ("16 tags of 3 KB", good[:-1] + b',"tags":{' + b",".join(b'"t%d":"%s"' % (n, b"v" * 3000) for n in range(16)) + b"}}",
         bad + (None,)),
        ("a tag twice", good[:-1] + b',"tags":{"a":"1","a":"2"}}', bad + (None,)),
        ("a tag's key empty", good[:-1] + b',"tags":{"":""}}', bad + (None,)),
    ]
    for name in ("id", "org", "model", "usage"):
        for value in (b"null", b"1", b"true", b"[]", b"{}" if name != "usage" else b'""', b'""' if name != "usage" else b"1.5"):
            document = {key: json.dumps(inner).encode() for key, inner in record("ID").items()}
            document[name] = value
            lines.append(("%s: %s" % (name, value.decode()),
                          b"{" + b",".join(b'"%s":%s' % (key.encode(), inner) for key, inner in document.items()) + b"}", bad))
    for name, value in (("op", 1), ("op", "charge"), ("user", 1), ("provider", []), ("at", 5), ("at", "yesterday"),
                        ("tier", "gold"),
                        ("hold", 1), ("hold", ""), ("user", ""), ("user", "u" * 129), ("id", "i" * 129), ("org", "o" * 65),
                        ("model", "m" * 257), ("org", "ACME"), ("org", "../etc"), ("org", "a b"), ("id", "a\tb"), ("id", "\x7f"),
                        ("id", "é")):
        lines.append(("%s: %s" % (name, json.dumps(value)[:30]), json.dumps(record("ID", **{name: value})).encode(),
                      bad + ("unknown_op", "unknown_org")))
    for name, members in (
            ("ttl 0", {"ttl": 0}), ("ttl 1.5", {"ttl": 1.5}), ("ttl a string", {"ttl": "60"}), ("ttl 10^30", {"ttl": 10 ** 30}),
            ("ttl -1", {"ttl": -1}), ("no amount", {"amount": None}), ("amount 1e400", {"amount": "1e400"}),
            ("amount -1", {"amount": "-1"}), ("amount 0", {"amount": "0"}), ("amount a number", {"amount": 1}),
            ("amount of ten decimals", {"amount": "0.0000000001"}), ("amount NaN", {"amount": "NaN"}),
            ("amount 10^30", {"amount": "1" + "0" * 30}), ("amount ' 1'", {"amount": " 1"}), ("amount '١'", {"amount": "١"}),
            ("amount '1,5'", {"amount": "1,5"}), ("amount +1", {"amount": "+1"}),
            ("amount of 60,000 digits", {"amount": "1" * 60000})):
        lines.append((name, json.dumps(dict({"op": "authorize", "id": "ID", "org": "victim", "amount": "1"}, **members)).encode(),
                      bad))
    return lines


def odd_json(daemon, watch, claims, quick):
    """Each odd line has its answer, and the connection goes on."""
    with watch("odd JSON", files=20, rss=48):
        connection = daemon.connect()
        replies = connection.makefile("rb")
        wrong, count = [], 0
        for number, (name, text, expected) in enumerate(odd_lines()):
            text = text.replace(b"ID", b"odd-%d" % number)
            connection.sendall(text + b"\n" + b'{"op":"ping","id":"p%d"}\n' % number)
            raw = replies.readline()
            pong = replies.readline()
            count += 1
            try:
                reply, pong = json.loads(raw), json.loads(pong)
            except ValueError:
                wrong.append("%s: no JSON: %r" % (name, raw[:100]))
                break
            expected = (expected,) if expected is None else expected
            code = None if reply["ok"] else reply["error"]["code"]
            if code not in expected or pong.get("id") != "p%d" % number or not pong["ok"]:
                wrong.append("%s: %r" % (name, raw[:160]))
            if not all(32 <= byte < 127 for byte in raw[:-1]):
                claims.note("the reply to %s isn't plain ASCII: %r" % (name, raw[:120]))
        claims.check(not wrong, "%d odd lines: each has its answer, and the connection goes on" % count, "; ".join(wrong[:8]))
        for name, text in (("1,000,000 '['", b"[" * 1000000), ("1,000,000 '{\"a\":'", b'{"a":' * 1000000)):
            other = daemon.connect()
            push(other, text + b"\n")
            data, _ = read_all(other)
            claims.check(data.count(b"\n") == 1 and b'"too_long"' in data, "%s: too_long" % name, data.decode()[:100].strip())
            other.close()
        connection.sendall(b"\n\r\n   \n\t\r\n" * 2000 + b'{"op":"ping","id":"blank"}\n')
        claims.check(json.loads(replies.readline()).get("id") == "blank", "8,000 blank lines have no reply")
        connection.close()


ODD_TEXTS = ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\rb", "a\nb", "tab\there", "\x7f", "\u0085", "\u009b31m",
             "\u202egnp.exe",
             "\u2066x\u2069", "\u2028", "\ufeff", "=1+1", "@SUM(1)", "-2+3", "'; DROP TABLE usage;--", "$(reboot)", "{}", "%s%n",
             "\U000e0041", "e\u0301", "\u0000".replace("\u0000", "x"), "\\", '"', "../../etc/passwd", "\ud7ff", "\uffff", "𝒳"]


def odd_names(daemon, watch, claims, quick):
    """Text of every kind in every member."""
    with watch("odd names", files=20, rss=48):
        taken, refused, wrong = 0, 0, []
        number = 0
        for text in ODD_TEXTS:
            for name in ("id", "org", "user", "model", "provider", "hold", "tags", "tag key", "at", "tier", "op"):
                number += 1
                members = {name: text}
                if name == "tags":
                    members = {"tags": {"k": text}}
                if name == "tag key":
                    members = {"tags": {text: "v"}}
                raw = json.dumps(record("name-%d" % number, **members), ensure_ascii=bool(number % 2)).encode()
                try:
                    reply = daemon.send(raw)[0]
                except (IndexError, ValueError) as error:
                    wrong.append("%s %r: %s" % (name, text, error))
                    continue
                taken += reply["ok"]
                refused += not reply["ok"]
                if not reply["ok"] and reply["error"]["code"] not in ("malformed", "unknown_org", "unknown_op"):
                    wrong.append("%s %r: %s" % (name, text, reply))
        claims.check(not wrong, "odd text in every member is taken or refused, each with one clear answer",
                     "%d taken, %d refused %s" % (taken, refused, "; ".join(wrong[:3])))


def passed_descriptors(daemon, watch, claims, quick):
    """SCM_RIGHTS."""
    with watch("descriptors passed over the socket", files=24, rss=32):
        connection = daemon.connect()
        replies = connection.makefile("rb")
        held = daemon.figures()["files"]
        with open("/dev/null") as null:
            numbers = array.array("i", [null.fileno()] * 100)
            for number in range(50 if quick else 500):
                connection.sendmsg([b'{"op":"ping","id":"scm-%d"}\n' % number],
                                   [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
                assert json.loads(replies.readline())["ok"]
        found = daemon.figures()["files"]
        claims.check(found <= held + 2, "passed descriptors are not kept", "%d before, %d after" % (held, found))
        connection.close()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(daemon.control)
        with open("/dev/null") as null:
            connection.sendmsg([b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
                               [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null.fileno()] * 100))])
        claims.check(connection.recv(100).startswith(b"HTTP/1.1 200"), "the same on the control socket")
        time.sleep(0.2)
        found = daemon.figures()["files"]
        claims.check(found <= held + 2, "they are not kept there either", "%d" % found)
        connection.close()


def other_protocols(daemon, watch, claims, quick):
    """Those who have the wrong socket."""
    chance = random.Random(7)
    with watch("other protocols and random bytes", files=64, rss=48):
        hello = bytes.fromhex("16030100c8010000c40303") + bytes(190)
        talks = [("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), ("a TLS ClientHello", hello + b"\n"),
                 ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"), ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                 ("NULs", bytes(1000) + b"\n")]
        for name, text in talks:
            connection = daemon.connect(10)
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            data, _ = read_all(connection)
            replies = [json.loads(reply) for reply in data.splitlines()]
            claims.check(replies and all(reply["error"]["code"] == "malformed" for reply in replies),
                         "%s is malformed, line by line" % name, "%d replies" % len(replies))
            connection.close()
        rounds = 40 if quick else 400
        unanswered = 0
        for _ in range(rounds):
            connection = daemon.connect(10)
            noise = chance.randbytes(chance.randrange(1, 40000))
            try:
                connection.sendall(noise + b"\n")
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            data, _ = read_all(connection)
            replies = [json.loads(reply) for reply in data.splitlines()]
            blank = sum(1 for part in noise.split(b"\n") if not part.strip(b" \t\r"))
            unanswered += len(replies) != noise.count(b"\n") + 1 - blank
            connection.close()
        claims.check(unanswered == 0, "%d times random bytes: an answer for each line" % rounds)


def churn(daemon, watch, claims, quick):
    """Connections that come and go."""
    seconds = 2 if quick else 10
    with watch("connections that come and go", files=128, rss=64, worst=3):
        end, count, turned_away = time.monotonic() + seconds, 0, 0
        while time.monotonic() < end:
            connection = socket.socket(socket.AF_UNIX)
            connection.setblocking(False)
            try:
                connection.connect(daemon.ingest)
                connection.send(b'{"op":"pi' if count % 3 else line("churn-%d-%d" % (os.getpid(), count)))
                count += 1
            except BlockingIOError:
                turned_away += 1
                time.sleep(0.001)
            connection.close()
        claims.note("%d connections a second, and %d times EAGAIN: the kernel's backlog was full"
                    % (count / seconds, turned_away))


def backlog(daemon, watch, claims, quick):
    """How many may wait to be accepted."""
    with watch("the backlog", files=4096 + 64, rss=128, worst=3):
        with open("/proc/net/unix") as file:
            listed = [text for text in file if text.rstrip().endswith(daemon.ingest)]
        claims.check(listed, "the ingest socket listens")
        run = subprocess.run(["ss", "-xlH"], capture_output=True, text=True)
        sizes = {path: int(fields[3]) for fields in (text.split() for text in run.stdout.splitlines())
                 for path in (daemon.ingest, daemon.control) if path in fields}
        claims.check(sizes.get(daemon.ingest) == 4096 and sizes.get(daemon.control) == 4096,
                     "4,096 may wait at either socket", "%s" % list(sizes.values()))


ATTACKS = [slow_loris, half_close, never_reads, ten_thousand, endless_line, line_limits, odd_json, odd_names, passed_descriptors,
           other_protocols, churn, backlog]
