#!/usr/bin/env python3
"""Asks a control socket on behalf of a test, perhaps as another user.

Standard input has one request per line, as JSON: method, path, headers, body (a text). Each is answered by a line of JSON on
standard output: status, headers (names in lower case), body. A request with "close" ends the connection after it.
"""

import json
import socket
import sys


class Connection:
    def __init__(self, path):
        self.path = path
        self.socket = None
        self.buffer = b""

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.path)
        self.buffer = b""

    def read(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the connection ended")
        self.buffer += piece

    def until(self, mark):
        while mark not in self.buffer:
            self.read()
        part, self.buffer = self.buffer.split(mark, 1)
        return part

    def take(self, count):
        while len(self.buffer) < count:
            self.read()
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def ask(self, request):
        if self.socket is None:
            self.open()
        body = request.get("body", "").encode()
        head = [f"{request['method']} {request['path']} HTTP/1.1", "host: x", f"content-length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in request.get("headers", {}).items()]
        self.socket.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                size = int(self.until(b"\r\n"), 16)
                body += self.take(size)
                self.until(b"\r\n")
                if size == 0:
                    break
        else:
            body = self.take(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close" or request.get("close"):
            self.socket.close()
            self.socket = None
        return {"status": int(lines[0].split()[1]), "headers": headers, "body": body.decode(errors="replace")}


def main():
    connection = Connection(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = connection.ask(request)
        except OSError as error:
            connection.socket = None
            answer = {"status": 0, "headers": {}, "body": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
