"""A world to test in: a daemon with a clock that is moved, a gateway, the dashboard, two orgs, and people who joined in the browser."""

import contextlib
import datetime
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "year"))

import peers
from people import Person
from raw import Raw

GOOD, DECLINING = "4242424242424242", "4000000000000341"
START = datetime.datetime(2026, 3, 10, 10, tzinfo=datetime.timezone.utc)
# As which user the dashboard runs if the tests are run by root, so that the daemon's rules of `peers` are about it.
STRANGER = 65534
# The same for meterd-notify.
TELLER = 65533
WAIT = 20_000

TAX = """format: meterd-tax/1
seller: {country: DE}
rates:
  - {country: DE, name: USt., percent: %s, from: 2021-01-01}
  - {country: FR, name: TVA, percent: 20, from: 2021-01-01}
"""


class Daemon(peers.Daemon):
    """meterd."""

    def environment(self):
        known = super().environment()
        if self.kind == "manual":
            del known["METERD_BILLING_STRIPE_URL"]
        return known

    def ask(self, method, path, body=None, key=None, headers=None):
        """A connection that was idle for long is ended by the daemon; the same key makes it safe to ask again."""
        try:
            return super().ask(method, path, body, key, headers)
        except peers.Gone:
            self.hang_up()
            return super().ask(method, path, body, key, headers)


class Dashboard:
    """meterd-dashboard, as another user if that can be."""

    def __init__(self, program, folder, control, public_url=None):
        self.program, self.folder, self.control = program, folder, control
        self.state, self.clock, self.log = folder + "/dashboard", folder + "/clock", folder + "/dashboard.log"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(folder + "/dn.sock")
        os.chmod(folder + "/dn.sock", 0o777)
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
        self.url = public_url or "http://localhost:%d" % self.port
        os.mkdir(self.state, 0o700)
        self.configure("behind_proxy: true\n" if public_url else "")
        if os.geteuid() == 0:
            os.chown(self.state, STRANGER, STRANGER)
        self.process = None

    def configure(self, settings=""):
        """Another configuration; it counts from the next start."""
        with open(self.folder + "/dashboard.yaml", "w") as file:
            file.write("log_level: debug\n" + settings)

    def start(self):
        """Starts it and waits until it says that it is ready."""
        command = [self.program, "run", "--config", self.folder + "/dashboard.yaml", "--public-url", self.url, "--listen",
                   "127.0.0.1:%d" % self.port, "--control-socket", self.control, "--state-dir", self.state, "--test-clock",
                   self.clock]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid", str(STRANGER), "--regid", str(STRANGER), "--clear-groups"] + command
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={
                "PATH": os.environ["PATH"], "NOTIFY_SOCKET": self.folder + "/dn.sock"})
        while b"READY=1" not in self.told():
            if self.process.poll() is not None:
                raise SystemExit("meterd-dashboard ended; see %s" % self.log)

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
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait()


class World:
    """All of it."""

    def __init__(self, stage, gateway="stripe", percent=19, public_url=None):
        self.stage, self.options = stage, stage.options
        self.folder = tempfile.mkdtemp(prefix="meterd-dashboard-")
        os.chmod(self.folder, 0o755)
        self.contexts, self.people, self.records = [], {}, 0
        self.now, self.double = START, None
        self.set_tax(percent)
        rule = "  - user: %d\n    control: [%s]\n"
        rules = "peers:\n" + rule % (STRANGER, "dashboard") + rule % (TELLER, "notify") if os.geteuid() == 0 else ""
        with open(self.folder + "/meterd.yaml", "w") as file:
            file.write(rules + "billing: {tax: %s/tax.yaml}\ncontrol: {socket_mode: \"0666\"}\nlog: {level: debug}\n"
                       "dashboard: {support: help@meterd.example, orders_per_day_max: 50000}\n" % self.folder)
        if gateway == "stripe":
            self.double = peers.Double(self.options.stripe_python, self.folder)
        self.daemon = Daemon(self.options.meterd, self.folder, self.stamp(), self.folder + "/meterd.yaml", gateway,
                             self.double.address if self.double else "")
        subprocess.run([self.options.meterd, "init", "--state-dir", self.daemon.state], check=True,
                       stdout=subprocess.DEVNULL, env=self.daemon.environment())
        self.daemon.start()
        self.dashboard = Dashboard(self.options.dashboard, self.folder, self.daemon.control, public_url)
        self.url = self.dashboard.url
        self.raw = Raw(self.dashboard.port)
        # Both clocks begin at the same moment. The daemon's stands still, the dashboard's goes on.
        self.ahead = int(START.timestamp() - time.time())
        self.write_clock()
        self.dashboard.start()

    # Time.

    def stamp(self):
        """The daemon's time."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def write_clock(self):
        """Tells the dashboard how far it is ahead."""
        with open(self.dashboard.clock + ".new", "w") as file:
            file.write(str(self.ahead))
        os.rename(self.dashboard.clock + ".new", self.dashboard.clock)

    def move(self, seconds=0, days=0):
        """Moves both clocks; all that is due is done when this returns."""
        seconds += days * 86400
        self.now += datetime.timedelta(seconds=seconds)
        self.ahead += seconds
        self.write_clock()
        self.ask("POST", "/v1/test-clock", {"now": self.stamp()})

    # The daemon.

    def ask(self, method, path, body=None):
        """One request of an operator's on the control socket."""
        key = None if method == "GET" else os.urandom(16).hex()
        status, _, answer = self.daemon.ask(method, path, body, key)
        if status >= 300:
            raise RuntimeError("%s %s: %s %s" % (method, path, status, answer))
        return answer

    def ctl(self, *arguments):
        """The document of a meterctl command."""
        done = self.daemon.meterctl(self.options.meterctl, *arguments, "--json")
        if done.returncode:
            raise RuntimeError("meterctl %s: %s" % (" ".join(arguments), done.stderr.strip()))
        return json.loads(done.stdout)

    def payments(self, org="acme"):
        """An org's payments, the oldest first."""
        return self.ctl("payments", "list", org)["items"][::-1]

    def verify(self):
        """Recomputes the ledger."""
        return self.ctl("ledger", "verify")

    def use(self, *records, org="acme"):
        """Sends usage records, each a user, a model, a provider and a usage object, and perhaps more; gives their ids."""
        lines, ids = [], []
        for user, model, provider, usage, *more in records:
            self.records += 1
            ids.append("r%d" % self.records)
            lines.append(json.dumps(dict({"id": ids[-1], "org": org, "user": user, "model": model, "provider": provider,
                                          "at": self.stamp(), "usage": usage}, **(more[0] if more else {}))))
        done = subprocess.run([self.options.meterctl, "send"], input="\n".join(lines) + "\n", text=True,
                              capture_output=True, env=self.daemon.environment())
        if done.returncode:
            raise RuntimeError("meterctl send: %s%s" % (done.stdout, done.stderr))
        return ids

    def set_tax(self, percent):
        """Another tax table; it counts from the next start or reload of the daemon."""
        with open(self.folder + "/tax.yaml", "w") as file:
            file.write(TAX % percent)

    def save_card(self, number, org="acme"):
        """A card that was saved at the gateway."""
        self.ctl("payment-method", "set", org, self.double.card(number))

    # People.

    def orgs(self):
        """Two orgs."""
        self.ctl("org", "create", "acme", "--display-name", "Acme Inc.", "--country", "DE")
        self.ctl("org", "create", "globex", "--display-name", "Globex", "--country", "FR")

    def join(self, org, name, role, email=None):
        """Somebody who was invited and joined in the browser."""
        person = Person(self, org, name, role, email or "%s@%s.example" % (name.lower(), org))
        self.people[name] = person.join()
        return person

    def everybody(self):
        """Both orgs; an owner, an admin and a member of acme, and the owner of globex."""
        self.orgs()
        return self.crowd()

    def crowd(self):
        """Who is in both orgs."""
        return (self.join("acme", "Ana", "owner"), self.join("acme", "Bo", "admin"), self.join("acme", "Cy", "member"),
                self.join("globex", "Gil", "owner"))

    def context(self, **options):
        """A browser without anybody's cookies."""
        context = self.stage.browser.new_context(**options)
        context.set_default_timeout(WAIT)
        self.contexts.append(context)
        return context

    # The end.

    def close(self):
        """Ends what was started."""
        for context in self.contexts:
            context.close()
        self.dashboard.stop()
        if self.daemon.process.poll() is None:
            self.daemon.stop()
        if self.double:
            self.double.stop()
        if self.options.keep:
            print("ledger and logs: %s" % self.folder)
        else:
            shutil.rmtree(self.folder)


@contextlib.contextmanager
def world(stage, **options):
    """A world for as long as a suite needs it."""
    made = World(stage, **options)
    try:
        yield made
    finally:
        made.close()


def words(page):
    """What a page says, on one line."""
    return " ".join(page.inner_text("main").split())
