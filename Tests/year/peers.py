"""The programs that the year is driven through: meterd, and the Stripe double; and how to speak to them."""

import json
import os
import select
import signal
import socket
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Gone(Exception):
    """The daemon went away before it had answered."""


class Refused(Exception):
    """An answer that the driver can't go on from."""


class Double:
    """The Stripe double: Tests/stripe/stripe_double.py, a process of its own."""

    def __init__(self, python, folder):
        path = os.path.join(folder, "double.sock")
        self.log = open(os.path.join(folder, "double.log"), "wb")
        self.process = subprocess.Popen(
            [python, os.path.join(ROOT, "Tests/stripe/stripe_double.py"), path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.address = self.process.stdout.readline().decode().strip()
        if not self.address:
            raise SystemExit("the Stripe double does not start; see %s" % self.log.name)
        self.channel = socket.socket(socket.AF_UNIX)
        self.channel.connect(path)
        self.file = self.channel.makefile("rwb")

    def ask(self, **command):
        """One command on its control channel."""
        self.file.write(json.dumps(command).encode() + b"\n")
        self.file.flush()
        return json.loads(self.file.readline())

    def card(self, number, year=2090, month=12):
        """The gateway's name of a card that somebody saved."""
        return self.ask(cmd="card", number=number, year=year, month=month)["method"]

    def captured(self):
        """What was taken: mark, amount and refunded, in cents."""
        return self.ask(cmd="captured")["payments"]

    def stop(self):
        """It ends with its standard input."""
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


class Connection:
    """HTTP/1.1 over a Unix socket; only what the control socket answers with."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(path)
        except OSError as error:
            raise Gone(str(error))
        self.file = self.socket.makefile("rb")

    def send(self, method, path, body=None, key=None, headers=None):
        """Writes a request. A body that is a text goes as it is."""
        if isinstance(body, str):
            data = body.encode()
        else:
            data = b"" if body is None else json.dumps(body, sort_keys=True).encode()
        head = "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % (method, path, len(data))
        for header in (headers or {}).items():
            head += "%s: %s\r\n" % header
        if body is not None:
            head += "Content-Type: application/json\r\n"
        if key:
            head += "Idempotency-Key: %s\r\n" % key
        try:
            self.socket.sendall(head.encode() + b"\r\n" + data)
        except OSError as error:
            raise Gone(str(error))

    def receive(self):
        """Reads a response: its status, headers and document."""
        try:
            line = self.file.readline()
            if not line:
                raise Gone("no answer")
            status = int(line.split()[1])
            headers = {}
            while (line := self.file.readline()) not in (b"\r\n", b""):
                name, value = line.decode().split(":", 1)
                headers[name.strip().lower()] = value.strip()
            data = self.body(headers)
        except (OSError, ValueError, IndexError) as error:
            raise Gone(str(error))
        return status, headers, json.loads(data) if data else None

    def body(self, headers):
        """The body, by length or in chunks."""
        if "content-length" in headers:
            length = int(headers["content-length"])
            data = self.file.read(length)
            if len(data) < length:
                raise Gone("half an answer")
            return data
        data = b""
        while True:
            line = self.file.readline()
            if not line:
                raise Gone("half an answer")
            length = int(line, 16)
            chunk = self.file.read(length + 2)
            if length == 0:
                return data
            data += chunk[:-2]

    def close(self):
        """Hangs up."""
        self.file.close()
        self.socket.close()


class Daemon:
    """A meterd in a folder of its own, by a clock that is moved."""

    def __init__(self, program, folder, start, configuration, kind, gateway):
        self.program, self.folder, self.start_time = program, folder, start
        self.configuration, self.kind, self.gateway = configuration, kind, gateway
        self.control, self.ingest = folder + "/c.sock", folder + "/i.sock"
        self.state = folder + "/state"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(folder + "/n.sock")
        self.log = open(folder + "/meterd.log", "ab")
        self.process = self.connection = self.lines = None
        self.starts = 0
        os.makedirs(folder + "/credentials", exist_ok=True)
        for name, secret in (("stripe-key", "sk_test_year"), ("stripe-webhook-secret", "whsec_test")):
            with open("%s/credentials/%s" % (folder, name), "w") as file:
                file.write(secret)

    def environment(self):
        """Without anything of another meterd's or systemd's."""
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith("METERD_")
            and name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM")}
        return dict(kept, NOTIFY_SOCKET=self.folder + "/n.sock", CREDENTIALS_DIRECTORY=self.folder + "/credentials",
                    METERD_BILLING_GATEWAY=self.kind, METERD_BILLING_STRIPE_URL=self.gateway,
                    METERD_CONTROL_SOCKET=self.control, METERD_INGEST_SOCKET=self.ingest)

    def start(self):
        """Starts it and waits until it says that it is ready."""
        self.process = subprocess.Popen(
            [self.program, "run", "--config", self.configuration, "--state-dir", self.state,
             "--ingest-socket", self.ingest, "--control-socket", self.control,
             "--rates", os.path.join(ROOT, "config/rates.yaml"), "--test-clock", self.start_time],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment())
        self.starts += 1
        self.wait_for("READY=1")

    def wait_for(self, word):
        """Reads what it tells systemd until the word is in it."""
        for _ in range(240):
            readable, _, _ = select.select([self.notify], [], [], 0.5)
            if not readable and self.process.poll() is None:
                continue
            if not readable:
                raise SystemExit("meterd is not ready; see %s" % self.log.name)
            text = self.notify.recv(65536).decode()
            if word in text:
                return text
        raise SystemExit("meterd is not ready; see %s" % self.log.name)

    def kill(self):
        """Ends it as a power cut would, as far as a process can see."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.hang_up()
        # What the one that is gone has said is not the next one's word.
        while select.select([self.notify], [], [], 0)[0]:
            self.notify.recv(65536)

    def stop(self):
        """Asks it to stop; its exit status."""
        self.process.terminate()
        status = self.process.wait()
        self.hang_up()
        while select.select([self.notify], [], [], 0)[0]:
            self.notify.recv(65536)
        return status

    def reload(self):
        """Has it read its plans and taxes again."""
        self.process.send_signal(signal.SIGHUP)
        text = self.wait_for("READY=1")
        if "must" in text:
            raise Refused(text)

    def hang_up(self):
        """Forgets the connections."""
        for connection in (self.connection, self.lines):
            if connection:
                connection.close()
        self.connection = self.lines = None

    def ask(self, method, path, body=None, key=None, headers=None):
        """One request on the control socket."""
        if self.connection is None:
            self.connection = Connection(self.control)
        self.connection.send(method, path, body, key, headers)
        return self.connection.receive()

    def tell(self, line):
        """One line to the ingest socket, and the reply."""
        if self.lines is None:
            self.lines = Lines(self.ingest)
        return self.lines.ask(line)

    def meterctl(self, program, *arguments):
        """Runs meterctl against it."""
        return subprocess.run([program, *arguments], env=self.environment(), capture_output=True, text=True)


class Lines:
    """The ingest socket: a line, and a line in reply."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(path)
        except OSError as error:
            raise Gone(str(error))
        self.file = self.socket.makefile("rb")

    def ask(self, document):
        """A line, and its reply."""
        try:
            self.socket.sendall(json.dumps(document, sort_keys=True).encode() + b"\n")
            reply = self.file.readline()
        except OSError as error:
            raise Gone(str(error))
        if not reply.endswith(b"\n"):
            raise Gone("no reply")
        return json.loads(reply)

    def close(self):
        """Hangs up."""
        self.file.close()
        self.socket.close()
