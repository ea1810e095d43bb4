"""meterd-notify, as a process in a world."""

import json
import os
import select
import signal
import socket
import subprocess

from sink import HOST, USER, secret_file
from world import TELLER


class Teller:
    """meterd-notify, as another user if that can be."""

    def __init__(self, here, sink, **changes):
        self.here, self.sink, self.program = here, sink, here.options.notify
        folder = here.folder
        self.state, self.log, self.path = folder + "/notify", folder + "/notify.log", folder + "/notify.yaml"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(folder + "/tn.sock")
        os.chmod(folder + "/tn.sock", 0o777)
        os.mkdir(self.state, 0o700)
        if os.geteuid() == 0:
            os.chown(self.state, TELLER, TELLER)
        self.process = None
        self.configure(**changes)

    def configure(self, host=HOST, password_file=None, operators=("ops@meterd.example",), dashboard=None, login=True):
        """Another configuration; it counts from the next start."""
        smtp = {"url": "smtp://%s:%d" % (host, self.sink.port), "from": "Acme Billing <billing@seller.example>",
                "reply_to": "help@seller.example", "ca_file": self.sink.certificate}
        if login:
            smtp.update(user=USER, password_file=password_file or secret_file(self.here.folder))
        with open(self.path, "w") as file:
            json.dump({"dashboard_url": dashboard or self.here.url, "log_level": "debug", "smtp": smtp, "operators": list(operators)}, file)

    def command(self, *arguments):
        """A command line that finds this world."""
        command = [self.program, arguments[0], "--config", self.path, "--control-socket", self.here.daemon.control,
                   "--state-dir", self.state, *arguments[1:]]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid", str(TELLER), "--regid", str(TELLER), "--clear-groups"] + command
        return command

    def start(self):
        """Starts it and waits until it says that it is ready."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command("run", "--test-clock", self.here.dashboard.clock), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": self.here.folder + "/tn.sock"})
        while b"READY=1" not in self.told():
            if self.process.poll() is not None:
                raise SystemExit("meterd-notify ended; see %s" % self.log)
        return self

    def told(self):
        """What it tells systemd, if it tells something in a second."""
        return self.notify.recv(65536) if select.select([self.notify], [], [], 1)[0] else b""

    def kill(self):
        """Ends it as a power cut would, as far as a process can see."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        while select.select([self.notify], [], [], 0)[0]:
            self.notify.recv(65536)

    def stop(self):
        """Asks it to stop; its exit status."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
        return self.process.wait() if self.process else 0

    def run(self, *arguments):
        """A command of its own."""
        return subprocess.run(self.command(*arguments), capture_output=True, text=True)

    def retry(self, *which):
        """Has what was given up tried again, by the clock of the service."""
        return self.run("retry", "--test-clock", self.here.dashboard.clock, *which)

    def deliveries(self, state=None):
        """What it lists, oldest first."""
        done = self.run("deliveries", "--json", *(["--state", state] if state else []))
        if done.returncode:
            raise RuntimeError(done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()][::-1]

    def words(self):
        """Its log."""
        with open(self.log) as file:
            return file.read()
