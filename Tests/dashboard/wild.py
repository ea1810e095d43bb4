"""Requests that no browser sends: huge, broken, or with tricks in their paths and methods. Each gets an error, and nothing breaks."""

import json
import os
import socket
import time
from decimal import Decimal

from claims import has, lacks, must, same

BODY = "Content-Type: application/x-www-form-urlencoded"


def run(claim, here, ana):
    """All kinds."""
    here.move(61)
    hosts(claim, here, ana)
    methods(claim, here, ana)
    paths(claim, here, ana)
    sizes(claim, here, ana)
    encodings(claim, here, ana)
    framing(claim, here, ana)
    places(claim, here)


def head(here, line, *fields, host=None):
    """The head of a request."""
    return ("\r\n".join([line, "Host: " + (host or here.raw.host), *fields]) + "\r\n\r\n").encode("latin-1")


def status(data):
    """The status of an answer; 0 if the connection was ended without one."""
    parts = data.split(b" ", 2)
    return int(parts[1]) if data.startswith(b"HTTP/1.1 ") else 0


def hosts(claim, here, ana):
    """Names that aren't the dashboard's."""
    port = here.dashboard.port
    cookie = {"Cookie": "__Host-meterd=" + ana.cookie}
    for host in ("evil.example", "127.0.0.1:%d" % port, "localhost", "localhost:1", "localhost.:%d" % port, "localhost:%d.evil.example" % port,
                 "evil.example:%d" % port, "a@localhost:%d" % port, "localhost:%d@evil" % port, "[::1]:%d" % port, "", "localhost:%d/" % port,
                 "localhost:%d, evil.example" % port):
        with claim("A request for the host %r is refused, and shows nothing" % host.replace(str(port), "PORT")):
            answer = here.raw.send(head(here, "GET /orgs/acme/security HTTP/1.1", "Connection: close", "Cookie: __Host-meterd=" + ana.cookie, host=host or " "))
            must(status(answer) in (400, 421), "the status is %d" % status(answer))
            lacks(answer.decode(errors="replace"), "Ana", "form_token")
    with claim("The host's letters may be large, as in DNS"):
        same(here.raw.ask("GET", "/orgs/acme/security", cookie, host=here.raw.host.upper()).status, 200, "the status")
    with claim("Another host in other fields, or in the line itself, changes nothing of an answer"):
        for fields in ({"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}, {"X-Host": "evil.example"}, {"X-Original-URL": "/"}):
            answer = here.raw.ask("GET", "/orgs/acme/security", dict(cookie, **fields))
            same(answer.status, 200, json.dumps(fields))
            lacks(answer.text, "evil.example")
        answer = here.raw.send(head(here, "GET http://evil.example/orgs/acme/security HTTP/1.1", "Connection: close", "Cookie: __Host-meterd=" + ana.cookie))
        must(400 <= status(answer) < 500, "the status is %d" % status(answer))
    with claim("A request without a host, or with two, is refused"):
        for fields in ("", "Host: %s\r\nHost: evil.example\r\n" % here.raw.host, "Host: evil.example\r\nHost: %s\r\n" % here.raw.host):
            answer = here.raw.send(("GET /sign-in HTTP/1.1\r\n%sConnection: close\r\n\r\n" % fields).encode())
            must(status(answer) in (0, 400), "the status is %d" % status(answer))


def methods(claim, here, ana):
    """Methods that no page uses."""
    with claim("Methods that no route has get an error, change nothing, and echo nothing"):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "FOO", "G" * 100):
            data = here.raw.send(head(here, "%s /orgs/acme/billing/budget HTTP/1.1" % method, "Connection: close", "Origin: " + here.url,
                                      "Cookie: __Host-meterd=" + ana.cookie, "X-Echo: echo-me", "Content-Length: 0"))
            must(status(data) in (0, 400, 404, 405, 501), "%s answers %d" % (method[:10], status(data)))
            lacks(data.decode(errors="replace"), "echo-me", "Ana")
    with claim("HEAD answers like GET, without a body"):
        for path in ("/orgs/acme/usage", "/orgs/acme/security", "/sign-in", "/no-such-page"):
            answers = [here.raw.ask(method, path, {"Cookie": "__Host-meterd=" + ana.cookie}) for method in ("GET", "HEAD")]
            same(answers[1].status, answers[0].status, path)
            same(answers[1].body, b"", path)
            same({name for name, _ in answers[1].fields}, {name for name, _ in answers[0].fields}, path)


def paths(claim, here, ana):
    """Ways of writing a path that isn't one."""
    with claim("Paths with dots, doubled or encoded slashes, other letters or ends are no pages"):
        for path in ("//orgs/acme/usage", "/orgs//acme/usage", "/orgs/acme//usage", "/orgs/acme/usage/", "/orgs/acme/./usage", "/orgs/globex/../acme/usage",
                     "/orgs/globex/%2e%2e/acme/usage", "/%2e%2e/orgs/acme/usage", "/orgs/acme%2Fusage", "/orgs/acme/usage%2Flive", "/orgs%2Facme/usage",
                     "/orgs/acme\\usage", "/orgs\\acme\\usage", "/ORGS/acme/usage", "/orgs/ACME/usage", "/orgs/acme/Usage", "/orgs/acme/usage%00",
                     "/orgs/acme%00/usage", "/%6frgs/acme/usage", "/orgs/acme/usage;x=1", "/orgs/acme/usage%20", "/orgs/acme/%75sage", "/orgs/acme/usage%3Fx",
                     "/assets/../etc/passwd", "/assets/x/..%2f..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/style.css", "/orgs/acme%/usage", "/orgs/%ff%fe/usage",
                     "/orgs/ac\u00e9me/usage".encode().decode("latin-1"), "*", "usage", "/.git/config", "/metrics", "/v1/orgs", "/openapi.json"):
            data = here.raw.send(head(here, "GET %s HTTP/1.1" % path, "Connection: close", "Cookie: __Host-meterd=" + ana.cookie))
            must(400 <= status(data) < 500 or status(data) == 0, "%s answers %d" % (path, status(data)))
            lacks(data.decode(errors="replace"), "Total cost", "root:", "form_token")


def sizes(claim, here, ana):
    """Too much of everything."""
    cookie = "Cookie: __Host-meterd=" + ana.cookie
    post = "POST /orgs/acme/billing/budget HTTP/1.1"
    token = ana.token()
    big = "form_token=%s&key=%s&monthly=5&x=" % (token, os.urandom(16).hex())
    for what, data in (
            ("An address of 1 MB", head(here, "GET /%s HTTP/1.1" % ("x" * 1_000_000), "Connection: close")),
            ("A query of 1 MB", head(here, "GET /sign-in?next=%s HTTP/1.1" % ("x" * 1_000_000), "Connection: close")),
            ("A header field of 1 MB", head(here, "GET /sign-in HTTP/1.1", "X-Big: " + "x" * 1_000_000, "Connection: close")),
            ("A cookie of 1 MB", head(here, "GET /sign-in HTTP/1.1", "Cookie: __Host-meterd=" + "x" * 1_000_000, "Connection: close")),
            ("100,000 header fields", head(here, "GET /sign-in HTTP/1.1", *("X-%d: y" % index for index in range(100_000)), "Connection: close")),
            ("A form of 10 MB", head(here, post, cookie, BODY, "Origin: " + here.url, "Content-Length: %d" % (len(big) + 10_000_000), "Connection: close")
             + big.encode() + b"x" * 10_000_000),
            ("A form of 100,000 fields", form(here, cookie, (big + "&a=b" * 100_000).encode())),
            ("A form of 201 fields", form(here, cookie, (big + "&a=b" * 201).encode()))):
        with claim("%s gets a status of 4xx within 5 seconds, and the next request is answered" % what):
            began = time.monotonic()
            answer = send_all(here, data)
            must(time.monotonic() - began < 5, "it took %.1f seconds" % (time.monotonic() - began))
            must(400 <= status(answer) < 500, "the status is %d" % status(answer))
            same(here.raw.ask("GET", "/no-such-page").status, 404, "the next answer")
    with claim("A form that is as long as a form may be is taken, so that the claims above can fail"):
        answer = send_all(here, form(here, cookie, (big + "y" * (65_000 - len(big))).encode()))
        same(status(answer), 303, "the status")
        same(budget(here), 5, "the budget")


def budget(here):
    """What the org may spend in a month."""
    return Decimal(here.ask("GET", "/v1/orgs/acme/budget")["monthly_budget"])


def form(here, cookie, body, *fields):
    """A form of the session itself."""
    return head(here, "POST /orgs/acme/billing/budget HTTP/1.1", cookie, BODY, "Origin: " + here.url, "Content-Length: %d" % len(body),
                "Connection: close", *fields) + body


def send_all(here, data):
    """Sends as much as the server takes; what it answers."""
    with here.raw.connect() as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass  # It ended the connection before it had all: its answer may be there.
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
        except OSError:
            pass
        return got


def encodings(claim, here, ana):
    """Forms whose bytes are no text."""
    cookie = "Cookie: __Host-meterd=" + ana.cookie
    start = ("form_token=%s&key=%s&monthly=" % (ana.token(), os.urandom(16).hex())).encode()
    before = here.ask("GET", "/v1/orgs/acme/budget")
    for what, tail in (("with a NUL", b"7%00"), ("with a raw NUL", b"7\0"), ("that isn't UTF-8", b"%ff%fe"), ("with raw bytes that aren't UTF-8", b"\xff"),
                       ("with half a surrogate", b"%ed%a0%80"), ("with an overlong slash", b"%c0%af"), ("with a broken escape", b"%zz"),
                       ("that ends within an escape", b"7%"), ("that is overlong", b"7" * 60_000)):
        with claim("A form %s gets a status of 4xx or a reason, and changes nothing" % what):
            answer = send_all(here, form(here, cookie, start + tail))
            must(status(answer) == 400 or (status(answer) == 303 and b"overlong" in what.encode()), "the status is %d" % status(answer))
            same(here.ask("GET", "/v1/orgs/acme/budget"), before, "the budget")
    with claim("Queries that are no text get 400"):
        for query in ("a=%00", "a=%ff", "a=%zz", "%", "a=%ed%a0%80", "&".join("a=b" for _ in range(201))):
            same(here.raw.ask("GET", "/sign-in?" + query).status, 400, query[:20])


def framing(claim, here, ana):
    """Bodies whose length is in doubt: two servers in a row could see two requests in them."""
    cookie = "Cookie: __Host-meterd=" + ana.cookie
    body = ("form_token=%s&key=%s&monthly=8" % (ana.token(), os.urandom(16).hex())).encode()
    post = "POST /orgs/acme/billing/budget HTTP/1.1"
    base = (cookie, BODY, "Origin: " + here.url, "Connection: close")
    with claim("A form in chunks is taken like any other, or refused; it isn't taken in part"):
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
        answer = send_all(here, head(here, post, *base, "Transfer-Encoding: chunked") + chunks)
        must(status(answer) in (303, 400, 411), "the status is %d" % status(answer))
        must(status(answer) != 303 or budget(here) == 8, "it was taken in part")
    smuggled = b"GET /orgs/acme/security HTTP/1.1\r\nHost: %s\r\nCookie: __Host-meterd=%s\r\n\r\n" % (here.raw.host.encode(), ana.cookie.encode())
    for what, data in (
            ("a length and chunks", head(here, post, *base[:-1], "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + smuggled),
            ("two lengths", head(here, post, *base[:-1], "Content-Length: 5", "Content-Length: 6") + b"a=b&c" + smuggled),
            ("a length that is no number", head(here, post, *base[:-1], "Content-Length: 0x5") + b"a=b&c" + smuggled),
            ("a negative length", head(here, post, *base[:-1], "Content-Length: -1") + smuggled),
            ("a chunk of a length that is too large", head(here, post, *base[:-1], "Transfer-Encoding: chunked") + b"fffffffffffffffff\r\n" + smuggled),
            ("a blank before the colon", head(here, post, *base[:-1], "Transfer-Encoding : chunked") + b"0\r\n\r\n" + smuggled),
            ("a line feed in a field", head(here, "GET /sign-in HTTP/1.1", "X-A: b\n\nGET /orgs/acme/security HTTP/1.1", cookie))):
        with claim("A request with %s shows no second page behind it" % what):
            answer = answer_to(here, data)
            lacks(answer.decode(errors="replace"), "Where you are signed in")
            must(status(answer) in (0, 400, 403, 411, 413, 501), "the status is %d" % status(answer))
    for what, data in (("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500),
                       ("noise", os.urandom(4000)), ("HTTP/0.9", b"GET /\r\n\r\n"), ("HTTP/9.9", head(here, "GET / HTTP/9.9"))):
        with claim("%s on the port gets an error or an end, and nothing breaks" % what):
            answer = answer_to(here, data)
            must(status(answer) in (0, 400, 426, 505), "the status is %d" % status(answer))
            same(here.raw.ask("GET", "/no-such-page").status, 404, "the next answer")


def answer_to(here, data):
    """What comes back when nothing more is sent."""
    with here.raw.connect() as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
        except OSError:
            pass
        return got


def places(claim, here):
    """Where an address leads."""
    with claim("Addresses of the sign-in page name no other site in a link or a form"):
        for place in ("//evil.example", "https://evil.example", "\\\\evil.example", "/\\evil.example", "javascript:alert(1)", "/orgs//evil.example"):
            text = here.raw.ask("GET", "/sign-in?next=" + place.replace("\\", "%5C").replace(":", "%3A")).text
            for part in ('href="%s' % place, 'action="%s' % place):
                lacks(text, part)
            has(text, "Sign in")
