"""What is attacked, and how one looks at it: meterd in a folder of its own, figures from /proc, meterctl, named claims."""

import argparse
import atexit
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MIB = 1 << 20


def options(words):
    """The options that both programs take."""
    parser = argparse.ArgumentParser(description=words.splitlines()[0])
    parser.add_argument("--meterd", default=os.path.join(ROOT, ".build/release/meterd"))
    parser.add_argument("--meterctl", default=os.path.join(ROOT, ".build/release/meterctl"))
    parser.add_argument("--quick", action="store_true", help="smaller numbers, shorter times")
    parser.add_argument("--only", help="names of attacks, with commas")
    parser.add_argument("--list", action="store_true", help="names the attacks")
    parser.add_argument("--keep", action="store_true", help="leaves the folders under /tmp")
    given = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return given


class Claims:
    """What was claimed and whether it held."""

    def __init__(self):
        self.held, self.failed = 0, []

    def check(self, holds, claim, found=""):
        """A claim, and what was found."""
        words = "%s%s" % (claim, " (%s)" % found if found else "")
        if holds:
            self.held += 1
        else:
            self.failed.append(words)
        print("%s: %s" % ("ok" if holds else "FAILED", words), flush=True)
        return holds

    def note(self, words):
        """What is no claim but is to be known."""
        print("    %s" % words, flush=True)

    def end(self):
        """The sum, and the exit status."""
        print("\n%d claims held, %d failed" % (self.held, len(self.failed)))
        for words in self.failed:
            print("FAILED: %s" % words)
        return 1 if self.failed else 0


class Answer:
    """A response of the control socket."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def document(self):
        """Its JSON."""
        return json.loads(self.body)

    @property
    def code(self):
        """The protocol's code of a problem document; None where it is none."""
        try:
            return self.document.get("code")
        except (ValueError, AttributeError):
            return None


RUNNING = set()


@atexit.register
def end_all():
    """Nothing is left running, however this program ends."""
    for process in RUNNING:
        if process.poll() is None:
            process.kill()
            process.wait()


class Daemon:
    """A meterd in a folder of its own."""

    before_program = []

    def __init__(self, given, files=None, settings="", environment=None, arguments=()):
        self.given, self.files, self.arguments = given, files, list(arguments)
        self.folder = tempfile.mkdtemp(prefix="hostile-")
        self.control, self.ingest = self.folder + "/c.sock", self.folder + "/i.sock"
        self.log_path = self.folder + "/meterd.log"
        self.extra = environment or {}
        self.settings = self.folder + "/meterd.yaml"
        with open(self.settings, "w") as file:
            file.write(settings)
        self.process = None
        self.programs = []
        self.keys = 0

    def environment(self):
        """Without anything of another meterd's or systemd's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("METERD_")
                and name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM")}
        return dict(kept, METERD_CONTROL_SOCKET=self.control, METERD_INGEST_SOCKET=self.ingest, LC_ALL="C.UTF-8")

    def start(self, patience=60):
        """Starts it and waits until both sockets answer."""
        def limit():
            if self.files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))
        if not os.path.exists(self.folder + "/state/meterd.db"):
            subprocess.run([self.given.meterd, "init", "--state-dir", self.folder + "/state"], stdout=subprocess.DEVNULL,
                           check=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.before_program + [self.given.meterd, "run", "--config", self.settings, "--state-dir", self.folder + "/state",
                 "--ingest-socket", self.ingest, "--control-socket", self.control,
                 "--rates", os.path.join(ROOT, "config/rates.yaml")] + self.arguments,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(self.environment(), **self.extra),
                preexec_fn=limit)
            self.programs.append(self.pid)
            RUNNING.add(self.process)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit("meterd ended with %d; see %s" % (self.process.returncode, self.log_path))
            try:
                if self.ask("GET", "/readyz").status == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        raise SystemExit("meterd is not ready; see %s" % self.log_path)

    def stop(self):
        """Asks it to stop; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(90)

    def kill(self):
        """Ends it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def remove(self):
        """Removes its folder, if it isn't to be kept."""
        if not self.given.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self):
        """Its process."""
        return self.process.pid

    @property
    def is_alive(self):
        """Whether it still runs."""
        return self.process.poll() is None

    @property
    def log(self):
        """What it wrote on standard error."""
        with open(self.log_path, "rb") as file:
            return file.read()

    # The control socket.

    def ask(self, method, path, body=None, key=None, patience=30, headers=()):
        """One request on a connection of its own."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        head = ["%s %s HTTP/1.1" % (method, path), "Host: localhost", "Connection: close", "Content-Length: %d" % len(data)]
        if key is True:
            self.keys += 1
            key = "k-%d-%d" % (os.getpid(), self.keys)
        if key:
            head.append("Idempotency-Key: %s" % key)
        head += headers
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(patience)
            connection.connect(self.control)
            connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + data)
            return read_answer(connection.makefile("rb"))

    def must(self, method, path, body=None, key=True):
        """A request that has to succeed; its document."""
        answer = self.ask(method, path, body, key if method != "GET" else None)
        if answer.status >= 300:
            raise SystemExit("%s %s: %d %s" % (method, path, answer.status, answer.body))
        return answer.document

    def found(self, org, dollars="1000000", **members):
        """An org with credits."""
        self.must("POST", "/v1/orgs", dict(members, org=org))
        if dollars:
            self.must("POST", "/v1/orgs/%s/grants" % org, {"amount": dollars})

    # The ingest socket.

    def connect(self, patience=30):
        """A connection to the ingest socket; waits where the kernel's backlog is full (EAGAIN)."""
        end = time.monotonic() + patience
        while True:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(patience)
            try:
                connection.connect(self.ingest)
                return connection
            except BlockingIOError:
                connection.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.002)

    def send(self, *records, patience=30):
        """Records on a connection of their own; their replies."""
        with self.connect(patience) as connection:
            connection.sendall(b"".join(
                (record if isinstance(record, bytes) else json.dumps(record).encode()) + b"\n" for record in records))
            connection.shutdown(socket.SHUT_WR)
            return [json.loads(line) for line in connection.makefile("rb")]

    # meterctl.

    def ctl(self, *arguments, patience=60, text=None, environment=None):
        """Runs meterctl; its exit status, output and complaints, as bytes."""
        run = subprocess.Popen(
            self.before_program + [self.given.meterctl, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=dict(self.environment(), **(environment or {})), cwd=self.folder)
        self.programs.append(run.pid)
        try:
            out, complaint = run.communicate(text, patience)
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            raise
        return run.returncode, out, complaint

    def verify(self, claims, words):
        """Claims that the books are whole."""
        status, out, complaint = self.ctl("ledger", "verify", "--json", patience=300)
        try:
            report = json.loads(out)
        except ValueError:
            report = {}
        figures = ", ".join("%s %s" % (name, report[name]) for name in ("records", "transfers", "commits") if name in report)
        claims.check(status == 0 and not report.get("problems"), "%s: the books verify" % words,
                     figures or (out + complaint).decode(errors="replace")[:300])

    # /proc.

    def figures(self):
        """RSS in MiB, descriptors, threads and seconds of processor."""
        return figures(self.pid)


def figures(pid):
    """RSS in MiB, descriptors, threads and seconds of processor of a process."""
    found = {}
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            name, _, value = line.partition(":")
            if name == "VmRSS":
                found["rss"] = int(value.split()[0]) / 1024
            elif name == "Threads":
                found["threads"] = int(value)
    found["files"] = len(os.listdir("/proc/%d/fd" % pid))
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    found["cpu"] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def read_answer(file):
    """Reads one response; raises OSError where there is none."""
    line = file.readline()
    if not line.startswith(b"HTTP/1."):
        raise ConnectionError("no answer: %r" % line[:60])
    status, headers = int(line.split()[1]), {}
    while (line := file.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if status == 100:
        return read_answer(file)
    if "content-length" in headers:
        body = file.read(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        body = b""
        while (length := int(file.readline() or b"0", 16)):
            body += file.read(length)
            file.readline()
        file.readline()
    else:
        body = b""
    return Answer(status, headers, body)


class Watch:
    """A well-behaved client beside an attack (meter.py, a process of its own), and the daemon's figures meanwhile."""

    def __init__(self, daemon, claims):
        self.daemon, self.claims = daemon, claims
        daemon.found("witness", "9000000")
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "meter.py"), daemon.ingest, str(daemon.pid)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.before = None
        self.rows = []

    def say(self, word):
        """A word to it; what it answers."""
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __call__(self, name, rss=64, files=100, worst=2.0, cpu=None, threads=8):
        """Watches an attack: `rss` MiB, `files` descriptors and `threads` more than before it, replies in `worst` seconds."""
        self.name, self.bounds = name, (rss, files, worst, cpu, threads)
        return self

    def __enter__(self):
        print("\n== %s" % self.name, flush=True)
        self.before = self.daemon.figures()
        self.say("begin")
        self.began = time.monotonic()
        return self

    def __exit__(self, kind, error, trace):
        # Long enough for the well-behaved client to have a say.
        time.sleep(max(0, 0.8 - (time.monotonic() - self.began)))
        seconds = time.monotonic() - self.began
        if self.process.poll() is not None:
            raise SystemExit("the well-behaved client is gone")
        seen = self.say("end")
        rss, files, worst, cpu, threads = self.bounds
        before, claims, name = self.before, self.claims, self.name
        if kind and not issubclass(kind, (OSError, AssertionError, ValueError)):
            return False
        if kind:
            claims.check(False, "%s: the attack went as planned" % name, "%s: %s" % (kind.__name__, error))
        if not claims.check(self.daemon.is_alive, "%s: the daemon lives" % name,
                            "" if self.daemon.is_alive else "it ended with %s" % self.daemon.process.returncode):
            # The others still have their turn; what was acknowledged is compared at the end all the same.
            self.daemon.start()
            self.say("pid %d" % self.daemon.pid)
            return True
        claims.check(not seen["wrong"], "%s: every record of the well-behaved client was answered right" % name,
                     "%d records%s" % (seen["records"], "; " + "; ".join(seen["wrong"][:3]) if seen["wrong"] else ""))
        claims.check(seen["worst"] <= worst, "%s: none of them waited longer than %g s" % (name, worst),
                     "worst %.1f ms, p99 %.1f ms, p50 %.1f ms" % (
                         seen["worst"] * 1e3, seen["p99"] * 1e3, seen["p50"] * 1e3))
        claims.check(
            seen["rss"] <= before["rss"] + rss and seen["files"] <= before["files"] + files
            and seen["threads"] <= before["threads"] + threads,
            "%s: at most %d MiB, %d descriptors, %d threads more than before" % (name, rss, files, threads),
            "RSS %.0f → %.0f MiB, descriptors %d → %d, threads %d → %d" % (
                before["rss"], seen["rss"], before["files"], seen["files"], before["threads"], seen["threads"]))
        busy = (self.daemon.figures()["cpu"] - before["cpu"]) / seconds
        if cpu is not None:
            claims.check(busy <= cpu, "%s: it doesn't spin" % name, "%.0f %% of a core" % (busy * 100))
        end = time.monotonic() + 10
        while (left := self.daemon.figures()["files"]) > before["files"] + 8 and time.monotonic() < end:
            time.sleep(0.1)
        claims.check(left <= before["files"] + 8, "%s: its descriptors are closed afterwards" % name,
                     "%d, before %d" % (left, before["files"]))
        self.rows.append((name, seen["worst"] * 1e3, seen["p99"] * 1e3, seen["records"], seen["rss"], seen["files"],
                          seen["threads"], busy * 100))
        return True

    def end(self):
        """Ends it; claims that the daemon has each of its records once, and prints the table of figures."""
        sum_up = self.say("sum")
        self.process.stdin.close()
        self.process.wait()
        balance = self.daemon.must("GET", "/v1/orgs/witness/balance")["balance"]
        nanos = int(balance.replace(".", ""))
        claimed = 9000000 * 10 ** 9 - sum_up["records"] * sum_up["cost"]
        self.claims.check(nanos == claimed, "the well-behaved client's balance is what its %d records leave" % sum_up["records"],
                          balance)
        print("\n%-44s %9s %9s %8s %8s %6s %7s %6s" % (
            "attack", "worst ms", "p99 ms", "records", "RSS MiB", "files", "threads", "cpu %"))
        for row in self.rows:
            print("%-44s %9.1f %9.1f %8d %8.0f %6d %7d %6.0f" % row)
