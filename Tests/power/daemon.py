"""The meterd under test: how it is started and ended, what it says, and how it is asked.

Faults: it may end, hang or refuse at any step; every wait here has an end.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "Tests/year"))

from peers import Connection, Gone  # noqa: E402, F401

PATIENCE = 10                               # seconds in which it has to end once it can't go on


class Daemon:
    """A meterd with its sockets, log and configuration in FOLDER, and its ledger in STATE."""

    def __init__(self, options, folder, state, checkpoint_pages=100):
        self.meterd, self.meterctl_path = options.meterd, options.meterctl
        self.folder, self.state = folder, state
        self.control, self.ingest = folder + "/c.sock", folder + "/i.sock"
        self.log_path = folder + "/meterd.log"
        self.log = open(self.log_path, "ab")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(folder + "/n.sock")
        self.configuration = folder + "/meterd.yaml"
        with open(self.configuration, "w") as file:
            file.write("store: {checkpoint_pages: %d}\n" % checkpoint_pages)
        self.process = self.connection = self.tracer_log = None
        self.log_start, self.watchdog = 0, False

    # Whether the ledger's making was cut off.
    is_half_made = False

    def environment(self):
        """Without anything of another meterd's or systemd's."""
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith("METERD_")
            and name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM")}
        if self.watchdog:
            kept["WATCHDOG_USEC"] = "3000000"
        return dict(kept, NOTIFY_SOCKET=self.folder + "/n.sock", METERD_CONTROL_SOCKET=self.control,
                    METERD_INGEST_SOCKET=self.ingest)

    def launch(self, before=()):
        """Starts it and doesn't wait; BEFORE is a command that runs it."""
        self.words()
        self.log_start = os.path.getsize(self.log_path)
        if not os.path.exists(self.state + "/meterd.db") or self.is_half_made:
            self.process = subprocess.Popen(
                [self.meterd, "init", "--state-dir", self.state], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log)
            self.is_half_made = self.process.wait() != 0
            if self.is_half_made:
                # As on a disk without room: it has said why, and is to be asked again.
                return
        self.process = subprocess.Popen(
            [*before, self.meterd, "run", "--config", self.configuration, "--state-dir", self.state, "--ingest-socket",
             self.ingest, "--control-socket", self.control, "--rates", os.path.join(ROOT, "config/rates.yaml")],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment())

    def is_ready(self, seconds=20):
        """Waits until it says that it is ready; False where it ends before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.notify], [], [], 0.02)[0]:
                if "READY=1" in self.notify.recv(65536).decode():
                    return True
            elif self.process.poll() is not None or self.is_waiting:
                return False
        return False

    def start(self):
        """Starts it and waits until it is ready, or says why it isn't."""
        self.launch()
        if not self.is_ready():
            status = self.wait(0.1)
            raise Failed("it does not start (status %s): %s" % (status, self.said().strip()[-400:]))

    @property
    def is_waiting(self):
        """Whether it waits for a ledger that can't be had now, as on a disk that is dead or full; it has acknowledged nothing then."""
        return "waiting for the ledger" in self.said()

    def wait(self, seconds=PATIENCE):
        """Its exit status once it has ended by itself, else None."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.hang_up()

    def kill(self):
        """SIGKILL; nothing where it has ended."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.hang_up()

    def stop(self, seconds=30):
        """Asks it to stop; its exit status, None where it doesn't end."""
        self.process.terminate()
        return self.wait(seconds)

    def said(self):
        """What its present process wrote to its log."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_start)
            return file.read().decode(errors="replace")

    def words(self):
        """What it told systemd since the last look, a text a datagram."""
        texts = []
        while select.select([self.notify], [], [], 0)[0]:
            texts.append(self.notify.recv(65536).decode())
        return texts

    def hang_up(self):
        """Forgets the connection."""
        if self.connection:
            self.connection.close()
        self.connection = None

    def ask(self, method, path, body=None, key=None, seconds=30):
        """One request on the control socket: status, headers, document."""
        try:
            if self.connection is None:
                self.connection = Connection(self.control)
            self.connection.socket.settimeout(seconds)
            self.connection.send(method, path, body, key)
            return self.connection.receive()
        except Gone:
            self.hang_up()
            raise

    def verify(self):
        """What meterctl ledger verify says; the whole proof, SQLite's integrity check included.

        On a disk that has no room for the daemon's copy, of a copy elsewhere: nobody sends anything meanwhile.
        """
        done = self.meterctl("ledger", "verify", "--json")
        if "storage_unavailable" in done.stderr:
            copy = self.folder + "/verified.db"
            for ending in ("", "-wal"):
                if os.path.exists(self.state + "/meterd.db" + ending):
                    shutil.copyfile(self.state + "/meterd.db" + ending, copy + ending)
            done = self.meterctl("ledger", "verify", "--json", "--database", copy)
            for ending in ("", "-wal", "-shm"):
                if os.path.exists(copy + ending):
                    os.remove(copy + ending)
        if not done.stdout.strip():
            raise Failed("ledger verify: %s" % done.stderr.strip()[-400:])
        return json.loads(done.stdout)

    def meterctl(self, *arguments, seconds=60):
        """Runs meterctl against it."""
        return subprocess.run([self.meterctl_path, *arguments], env=self.environment(), capture_output=True, text=True,
                              timeout=seconds)

    def begin(self, *arguments):
        """Starts a meterctl and doesn't wait."""
        return subprocess.Popen([self.meterctl_path, *arguments], env=self.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def close(self):
        """Ends it and lets go of its files."""
        self.kill()
        self.notify.close()
        self.log.close()


class Failed(Exception):
    """What has to hold doesn't."""
