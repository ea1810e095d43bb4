"""A meterd whose system clock is moved while it runs, by libfaketime; its monotonic clocks go on as they are."""

import datetime
import os
import time

from target import Daemon

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
UTC = datetime.timezone.utc


def library(folder):
    """A copy of libfaketime that leaves timerfd_settime(2) alone.

    0.9.10 takes the moments of every timer for moments of the clock that it fakes, also those of monotonic timers, which are what
    Swift's runtime sleeps by: none of them would ever go off. Under another name its version is nobody's.
    """
    with open(LIBRARY, "rb") as file:
        data = file.read()
    path = folder + "/libfaketime.so"
    with open(path, "wb") as file:
        file.write(data.replace(b"\0timerfd_settime\0", b"\0timerfd_unused0\0", 1))
    return path


def moment(text):
    """A datetime of `2028-02-29` or `2028-02-29T12:00:00`, in UTC."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


class Faked(Daemon):
    """Either its clock stands where it was put (`freeze`), or it runs so many seconds beside the real one (`shift`).

    libfaketime adds a variable to the environment of the first program that it is in, after which Swift's runtime doesn't find
    the arguments any more; so env(1) comes first, and becomes the daemon with the variable there already.
    """

    before_program = ["/usr/bin/env"]

    def __init__(self, given, zone="UTC", **more):
        super().__init__(given, **more)
        self.file = self.folder + "/clock"
        self.zone = zone
        self.library = library(self.folder)
        self.frozen = None
        # Whether somebody says after each step that the clock is right; without that, a day or more is doubted.
        self.is_confirmed = True

    def lie(self, text, form):
        """What libfaketime reads at each call."""
        with open(self.file + ".new", "w") as file:
            file.write(text + "\n")
        os.rename(self.file + ".new", self.file)
        # Without the fix's being off, 0.9.10 has a monotonic pthread_cond_timedwait(3) end at once.
        self.extra = {"LD_PRELOAD": self.library, "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1",
                      "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0", "FAKETIME_FMT": form,
                      "TZ": self.zone}
        self.confirm()

    def confirm(self):
        """Says that the clock is right, if it runs."""
        if self.is_confirmed and self.process is not None and self.is_alive:
            self.must("POST", "/v1/clock/confirm")

    def start(self, patience=60):
        """Starts it; the operator has looked at the clock."""
        super().start(patience)
        self.confirm()
        return self

    def freeze(self, at):
        """Its clock stands at a moment."""
        at = moment(at) if isinstance(at, str) else at
        self.frozen = at
        self.lie("%d" % at.timestamp(), "%s")
        return self

    def shift(self, **span):
        """Its clock runs beside the real one."""
        self.lie("%+.3f" % datetime.timedelta(**span).total_seconds(), "%Y-%m-%d %T")
        return self

    def remove(self):
        """Removes its folder, and what libfaketime left of it in shared memory."""
        super().remove()
        for program in self.programs:
            for name in ("/dev/shm/faketime_shm_%d" % program, "/dev/shm/sem.faketime_sem_%d" % program):
                if os.path.exists(name):
                    os.unlink(name)

    def move(self, at):
        """Puts the clock somewhere and has what is due done: a start looks at all bills, where waiting could take a minute."""
        self.stop()
        self.freeze(at)
        self.start()
        self.settle()

    def settle(self):
        """Waits until no bill is being worked upon."""
        seen, still = None, 0
        while still < 2:
            commits = [line for line in self.ask("GET", "/metrics").body.decode().splitlines()
                       if line.startswith("meterd_commits_total")]
            still = still + 1 if commits == seen else 0
            seen = commits
            time.sleep(0.05)

    def ctl(self, *arguments, **more):
        """meterctl by the same clock and in the same zone."""
        more.setdefault("environment", self.extra)
        return super().ctl(*arguments, **more)
