"""The well-behaved client: a record every few milliseconds on one connection, every reply compared with what it must be.

meter.py SOCKET PID; told `begin`, `end`, `sum` and `pid N` on standard input, it answers with JSON. It also looks at the daemon's
figures in /proc twenty times a second, so that an attack's peak is seen. A lost connection is told as wrong; it comes back and
sends what has no reply again, unchanged.
"""

import json
import os
import queue
import socket
import sys
import threading
import time

from target import figures

COST = 1_350_000
LINE = ('{"id":"w-%d-%d","org":"witness","user":"wanda","model":"gpt-5","provider":"openai",'
        '"usage":{"prompt_tokens":1000,"completion_tokens":10}}\n')
GAP = 0.004


class Period:
    """What was seen between `begin` and `end`."""

    def __init__(self):
        self.times, self.wrong, self.peak = [], [], {"rss": 0, "files": 0, "threads": 0}

    def look(self, found):
        """Keeps the peaks."""
        for name in self.peak:
            self.peak[name] = max(self.peak[name], found[name])

    def report(self):
        """For the one who asked."""
        times = sorted(self.times) or [0]
        return dict(self.peak, records=len(self.times), wrong=self.wrong, worst=times[-1],
                    p99=times[len(times) * 99 // 100], p50=times[len(times) // 2])


def sample(state):
    """The daemon's figures, twenty times a second."""
    while True:
        try:
            state["period"].look(figures(state["pid"]))
        except (OSError, KeyError):
            pass
        time.sleep(0.05)


def read_commands(commands):
    """Standard input, line by line."""
    for line in sys.stdin:
        commands.put(line.strip())
    commands.put(None)


class Link:
    """The connection."""

    def __init__(self, path):
        self.path, self.socket, self.replies = path, None, None

    def ask(self, line):
        """Sends a line and reads its reply."""
        if not self.socket:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(60)
            self.socket.connect(self.path)
            self.replies = self.socket.makefile("rb")
        self.socket.sendall(line)
        reply = self.replies.readline()
        if not reply.endswith(b"\n"):
            raise ConnectionError("the connection ended without a reply")
        return json.loads(reply)

    def close(self):
        """Hangs up."""
        if self.socket:
            self.socket.close()
        self.socket = None


def is_right(reply, identifier, balance, is_resent):
    """Whether a reply is what it must be, `balance` being the one before."""
    left = int(reply.get("balance", "0").replace(".", ""))
    return (reply.get("ok") and reply["id"] == identifier and reply["status"] == "charged" and reply["cost"] == "0.001350000"
            and (is_resent or "duplicate" not in reply) and (balance is None or left == balance - COST))


def main():
    """Sends until its standard input ends."""
    link = Link(sys.argv[1])
    commands = queue.Queue()
    state = {"period": Period(), "pid": int(sys.argv[2])}
    threading.Thread(target=read_commands, args=(commands,), daemon=True).start()
    threading.Thread(target=sample, args=(state,), daemon=True).start()
    sent, balance, is_resent = 0, None, False
    while True:
        try:
            word = commands.get(timeout=GAP)
        except queue.Empty:
            word = ""
        if word is None:
            return
        if word:
            answer = state["period"].report() if word == "end" else {"records": sent, "cost": COST}
            if word == "begin":
                state["period"] = Period()
            if word.startswith("pid "):
                state["pid"] = int(word[4:])
            print(json.dumps(answer), flush=True)
            if word == "sum":
                # No record after the last count.
                return
            continue
        period = state["period"]
        line = LINE % (os.getpid(), sent)
        began = time.monotonic()
        try:
            reply = link.ask(line.encode())
        except (OSError, ValueError) as error:
            if not is_resent:
                period.wrong.append("record %d: %s: %s" % (sent, type(error).__name__, error))
            is_resent = True
            link.close()
            time.sleep(0.2)
            continue
        period.times.append(time.monotonic() - began)
        sent += 1
        if not is_right(reply, json.loads(line)["id"], balance, is_resent):
            period.wrong.append("record %d: %s" % (sent, json.dumps(reply)[:200]))
        balance, is_resent = int(reply.get("balance", "0").replace(".", "")), False


if __name__ == "__main__":
    main()
