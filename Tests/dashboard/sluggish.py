"""Clients that are slow, or only hold connections. They are cut off, and nobody else waits for them."""

import contextlib
import http.client
import select
import selectors
import threading
import time

from claims import must, same, until

# Seconds in which a request has to be whole (the program's own limit is 30), and what is too long.
LATE = 45


class Slow(threading.Thread):
    """A client that sends pieces for as long as it can; notes after how many seconds it was cut off."""

    def __init__(self, here, first, piece, every):
        super().__init__(daemon=True)
        self.connection = here.raw.connect()
        self.first, self.piece, self.every, self.ended = first, piece, every, None
        self.start()

    def run(self):
        """Sends until the other side has ended the connection."""
        began = time.monotonic()
        try:
            self.connection.sendall(self.first)
            while time.monotonic() - began < LATE:
                readable, _, _ = select.select([self.connection], [], [], self.every)
                if readable and not self.connection.recv(65536):
                    break
                if not readable and self.piece:
                    self.connection.sendall(self.piece)
            else:
                return
        except OSError:
            pass
        self.ended = time.monotonic() - began


def begin(here):
    """Slow clients of each kind."""
    line = "POST /join HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nOrigin: %s\r\n" % (here.raw.host, here.url)
    return {
        "sends nothing": Slow(here, b"", b"", 1),
        "sends the line and then nothing": Slow(here, b"GET / HTTP/1.1\r\n", b"", 1),
        "sends its header fields a byte at a time": Slow(here, b"GET / HTTP/1.1\r\nX-Slow: ", b"x", 0.5),
        "promises a form that never comes": Slow(here, (line + "Content-Length: 1000\r\n\r\n").encode(), b"", 1),
        "sends its form a byte at a time": Slow(here, (line + "Content-Length: 1000\r\n\r\n").encode(), b"x", 0.5),
        "sends its form a chunk at a time": Slow(here, (line + "Transfer-Encoding: chunked\r\n\r\n").encode(), b"1\r\nx\r\n", 0.5),
    }


def end(claim, slow):
    """They were cut off."""
    for what, client in slow.items():
        with claim("A client that %s is cut off within %d seconds" % (what, LATE)):
            client.join(LATE + 5)
            client.connection.close()
            must(client.ended is not None, "it was not cut off")
            must(client.ended > 5, "it was cut off after %.1f seconds: it could not have been slow" % client.ended)


def closed(connections, seconds, enough):
    """Those that the other side ends within so many seconds, or as soon as there are enough of them."""
    ended, deadline = set(), time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each, selectors.EVENT_READ)
        while len(ended) < enough and time.monotonic() < deadline:
            for key, _ in selector.select(0.5):
                try:
                    data = key.fileobj.recv(1)
                except OSError:
                    data = b""
                if not data:
                    selector.unregister(key.fileobj)
                    ended.add(key.fileobj)
    return ended


@contextlib.contextmanager
def crowd(claim, here, ana):
    """Many connections on which nothing is said, for as long as the block takes."""
    connections = []
    try:
        with claim("While 1000 connections are open and say nothing, others get their pages within 2 seconds"):
            connections += [here.raw.connect() for _ in range(1000)]
            for _ in range(5):
                began = time.monotonic()
                same(ana.get("/orgs/acme/usage").status, 200, "the page")
                must(time.monotonic() - began < 2, "it took %.1f seconds" % (time.monotonic() - began))
        with claim("More connections than the program holds are closed at once, and do no harm to those that are there"):
            more = [here.raw.connect() for _ in range(200)]
            found = len(closed(more, 5, 150))
            for each in more:
                each.close()
            must(found >= 150, "only %d of 200 were closed" % found)
            until(lambda: served(ana), "a page after that", 5)
        yield connections
    finally:
        for each in connections:
            each.close()


def served(person):
    """Whether a page is there."""
    try:
        return person.get("/orgs/acme/usage").status == 200
    except (OSError, http.client.HTTPException):
        return False


def gone(claim, here, ana, connections):
    """They were cut off, too."""
    with claim("Connections on which nothing is said are closed within %d seconds" % LATE):
        same(len(closed(connections, LATE, len(connections))), len(connections), "the number that was closed")
        same(here.dashboard.process.poll(), None, "the dashboard's exit status")
    with claim("After the crowd has gone, a page comes at once"):
        began = time.monotonic()
        same(ana.get("/orgs/acme/usage").status, 200, "the page")
        must(time.monotonic() - began < 2, "it took %.1f seconds" % (time.monotonic() - began))
