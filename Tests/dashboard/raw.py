"""HTTP as no browser would send it."""

import http.client
import socket
import urllib.parse


class Answer:
    """An answer: status, header fields, body."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body
        self.text = body.decode(errors="replace")

    def all(self, name):
        """The values of a field."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def field(self, name):
        """The first value of a field; nothing if there is none."""
        return next(iter(self.all(name)), None)


class Raw:
    """The dashboard's port."""

    def __init__(self, port):
        self.port = port
        self.host = "localhost:%d" % port

    def ask(self, method, path, headers=None, body=None, host=None):
        """One request on a connection of its own, with nothing that isn't named here."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self.host if host is None else host)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def form(self, path, fields, headers):
        """A form."""
        return self.ask("POST", path, dict({"Content-Type": "application/x-www-form-urlencoded"}, **headers),
                        urllib.parse.urlencode(fields).encode())

    def connect(self):
        """A connection on which nothing was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.settimeout(60)
        return connection

    def send(self, data):
        """Bytes as they are; what comes back until the server ends the connection."""
        with self.connect() as connection:
            connection.sendall(data)
            return drain(connection)


def drain(connection):
    """What comes until the other side ends the connection. A reset is an end, too."""
    got = b""
    try:
        while piece := connection.recv(65536):
            got += piece
    except ConnectionError:
        pass
    return got
