"""A mail server that is away, refuses, forgets and is slow; a program that is killed. Nothing is lost, and what comes twice has the same id."""

import os
import random
import time

from claims import has, must, same, until
from sink import Sink
from teller import Teller
from world import world

ANA, BO = "ana@acme.example", "bo@acme.example"


class Course:
    """An org with two managers, whose alerts make mail."""

    def __init__(self, stage, here):
        self.claim, self.here = stage.claim, here
        self.sink = Sink(here.folder)
        here.orgs()
        here.join("acme", "Ana", "owner")
        here.join("acme", "Bo", "admin")
        here.ctl("credits", "grant", "acme", "100000", "--reason", "a test")
        self.teller = Teller(here, self.sink, operators=[])
        self.teller.start()
        until(lambda: os.path.exists(self.teller.state + "/notify.db"), "the file")
        self.told = 0

    def happen(self, count=1):
        """So many events that Ana and Bo are told of."""
        for _ in range(count):
            self.told += 1
            # An alert that is set above the balance tells at once.
            self.here.ctl("alert", "set", "acme", str(200_000 + self.told))

    def numbers(self, person):
        """The alerts that somebody was told of, in the order in which they came."""
        return [int(each.subject.rsplit("$", 1)[1].split(".")[0].replace(",", "")) - 200_000 for each in self.sink.taken(to=person)]

    def all_came(self, *people):
        """Everybody was told of everything, in order; what came twice has the same id."""
        wanted = list(range(1, self.told + 1))
        until(lambda: all(sorted(set(self.numbers(each))) == wanted for each in people),
              "mails to all; there are %s" % [self.numbers(each) for each in people], seconds=60)
        for each in people:
            first = list(dict.fromkeys(self.numbers(each)))
            same(first, wanted, "the order")
            ids = {}
            for mail in self.sink.taken(to=each):
                ids.setdefault(mail.subject, set()).add(mail.id)
            must(all(len(found) == 1 for found in ids.values()), "a mail came with two ids")

    def skip(self, seconds):
        """Moves the clock of what waits."""
        self.here.ahead += seconds
        self.here.write_clock()

    def run(self):
        """All claims."""
        with self.claim("What happens while the mail server is away comes later, in order, and its state says since when it is away"):
            self.happen()
            self.all_came(ANA, BO)
            self.sink.stop()
            self.happen(5)
            until(lambda: len(self.teller.deliveries("waiting")) == 10, "ten wait")
            until(lambda: "the mail server can't be used" in self.teller.words(), "the log says it")
            self.sink.start()
            self.skip(300)
            self.all_came(ANA, BO)
            until(lambda: "can be used again" in self.teller.words(), "the log says it")
        with self.claim("The log says once that the mail server is away, not with each try"):
            same(self.teller.words().count("the mail server can't be used"), 1, "the lines")
        with self.claim("A full mailbox holds up nobody else, and gets everything in order once it has room"):
            self.sink.refusals[ANA] = "452 4.2.2 mailbox full"
            self.happen(3)
            self.all_came(BO)
            must(len(self.numbers(ANA)) < self.told, "Ana got everything")
            same({each["recipient"] for each in self.teller.deliveries("waiting")}, {"mail:" + ANA}, "who waits")
            has(str(self.teller.deliveries("waiting")[0]["words"]), "452 4.2.2 mailbox full")
            del self.sink.refusals[ANA]
            self.skip(3600)
            self.all_came(ANA, BO)
        with self.claim("What is refused for good is listed with the server's words, what comes after it goes on, and an operator sends it again"):
            self.sink.refusals[ANA] = "550 5.1.1 no such user"
            self.happen()
            dead = until(lambda: self.teller.deliveries("dead"), "it is given up")
            same([(each["recipient"], each["words"]) for each in dead], [("mail:" + ANA, "550 5.1.1 no such user")], "the list")
            del self.sink.refusals[ANA]
            self.happen()
            until(lambda: self.told in self.numbers(ANA), "the next one came")
            same(self.teller.retry(dead[0]["id"]).returncode, 0, "the exit status")
            until(lambda: self.told - 1 in self.numbers(ANA), "it came")
            self.sink.forget()
            self.told = 0
        with self.claim("A mail at which the server hangs up holds up nobody else's"):
            self.sink.hangs.add(ANA)
            self.happen(3)
            until(lambda: self.skip(60) or set(self.numbers(BO)) >= {1, 2, 3}, "Bo was told of all")
            same(self.numbers(ANA), [], "what Ana was told of")
            self.sink.hangs.clear()
            until(lambda: self.skip(60) or set(self.numbers(ANA)) >= {1, 2, 3}, "Ana was told of all")
            self.all_came(ANA, BO)
        with self.claim("An answer that gets lost sends the same mail again, with the same Message-ID"):
            self.sink.drops = 1
            self.happen()
            # When the attempt fails isn't known, so that the clock is moved until it is tried again.
            until(lambda: self.skip(60) or len(self.numbers(ANA) + self.numbers(BO)) >= 3, "three mails came")
            self.all_came(ANA, BO)
        with self.claim("A mailbox that is full for five days is given up, and the state says why"):
            self.sink.refusals[ANA] = "452 4.2.2 mailbox full"
            self.happen()
            until(lambda: self.teller.deliveries("waiting"), "it waits")
            self.skip(5 * 86400 + 3600)
            dead = until(lambda: self.teller.deliveries("dead"), "it is given up")
            has(dead[0]["words"], "mailbox full")
            del self.sink.refusals[ANA]
            same(self.teller.retry("--all").returncode, 0, "the exit status")
            self.all_came(ANA, BO)
        with self.claim("Killed at any moment, nothing is lost and nothing comes under two ids"):
            dice = random.Random(23)
            for _ in range(12):
                self.happen(2)
                time.sleep(dice.uniform(0, 0.15))
                self.teller.kill()
                self.teller.start()
            self.skip(600)
            self.all_came(ANA, BO)
        with self.claim("What happens while it is stopped, and while meterd is, comes later"):
            same(self.teller.stop(), 0, "the exit status")
            self.happen(3)
            self.here.daemon.hang_up()
            self.here.daemon.kill()
            self.teller.start()
            self.here.daemon.start()
            self.happen(2)
            self.all_came(ANA, BO)
        with self.claim("The journal says once per outage that meterd is away"):
            before = self.teller.words().count("meterd gives no answer")
            for outage in (1, 2):
                self.here.daemon.hang_up()
                self.here.daemon.kill()
                until(lambda: self.teller.words().count("meterd gives no answer") == before + outage, "it says so")
                self.here.daemon.start()
                self.happen()
                self.all_came(ANA, BO)
        with self.claim("A file that was lost begins at the newest event, and says nothing twice"):
            self.teller.stop()
            for name in os.listdir(self.teller.state):
                os.remove(self.teller.state + "/" + name)
            before = len(self.sink.taken())
            self.teller.start()
            self.happen()
            until(lambda: self.told in self.numbers(ANA) and self.told in self.numbers(BO), "the next one came")
            same(len(self.sink.taken()) - before, 2, "how many came")


def run(stage):
    """All claims, in one world."""
    with world(stage, gateway="manual") as here:
        course = Course(stage, here)
        try:
            course.run()
        finally:
            course.teller.stop()
            course.sink.stop()
