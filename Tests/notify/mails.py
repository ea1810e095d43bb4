"""Each kind of mail: who gets it, what it says, how it looks."""

import contextlib
import datetime
import io
import os
import re
import socket
import sqlite3

import pypdf
from axe_playwright_python.sync_playwright import Axe
from claims import has, lacks, must, same, until
from sink import Sink
from teller import Teller
from world import DECLINING, GOOD, world

ANA, BO, CY, OPS = "ana@acme.example", "bo@acme.example", "cy@acme.example", "ops@meterd.example"


class Course:
    """An org's year, by mail."""

    def __init__(self, stage, here):
        self.claim, self.stage, self.here = stage.claim, stage, here
        self.sink = Sink(here.folder)
        self.ana, self.bo, self.cy, self.gil = here.everybody()
        self.teller = Teller(here, self.sink)
        self.kinds = {}

    def come(self, subject, *people, count=None):
        """Waits for mails with that in their subject; they came to these people and nobody else. The first of them."""
        found = until(lambda: len(self.sink.taken(subject=subject)) >= len(people) and self.sink.taken(subject=subject),
                      "mails about %r to %s; there are %s" % (subject, people, [(each.to, each.subject) for each in self.sink.taken()]))
        self.settle()
        found = self.sink.taken(subject=subject)
        same(sorted(each.to for each in found), sorted(people), "who got %r" % subject)
        self.kinds.setdefault(subject, found[0])
        self.check(found[0])
        return found[0]

    def settle(self):
        """Returns when nothing waits any more and all events were read."""
        newest = self.here.ask("GET", "/v1/events/newest")["number"]
        until(lambda: self.progress() >= newest and not self.teller.deliveries("waiting"), "everything is delivered")

    def progress(self):
        """The number of the event that was read last."""
        with contextlib.closing(sqlite3.connect("file:%s/notify.db?mode=ro" % self.teller.state, uri=True, timeout=10)) as file:
            row = file.execute("SELECT event FROM progress").fetchone()
            return row[0] if row else -1

    def check(self, mail):
        """What is true of every mail."""
        message = mail.message
        same((mail.has_tls, mail.sender), (True, "billing@seller.example"), "TLS and the envelope's sender")
        has(str(message["From"]), "Acme Billing", "billing@seller.example")
        same((message["Auto-Submitted"], message["Reply-To"]), ("auto-generated", "help@seller.example"), "header fields")
        must(re.fullmatch(r"<\d+-\w+-[mo]\d+@seller\.example>", mail.id), "the Message-ID is %s" % mail.id)
        must(all(len(line) <= 998 for line in mail.raw.split(b"\r\n")), "a line is too long")
        must(b"\n" not in mail.raw.replace(b"\r\n", b""), "a line ends with LF alone")
        same(message.defects, [], "the parser's complaints")
        plain = " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*</style>", "", mail.html, flags=re.S)).split())
        for number in re.findall(r"\$[\d,.]+\d|\d{4}-\d\d-\d\d \d\d:\d\d UTC", mail.text):
            has(plain, number)
        lacks(mail.html, "<script", "javascript:", "http-equiv")

    # The claims.

    def run(self):
        """All of them, in the order of a bill's life."""
        here, sink = self.here, self.sink
        with self.claim("At its first start nobody is told of what happened before"):
            self.teller.start()
            until(lambda: self.progress() >= 0, "the first look at the event log")
            same((sink.taken(), self.teller.deliveries()), ([], []), "what was sent")
        self.money_in()
        self.people()
        self.documents()
        self.owed()
        self.back()
        self.looks()

    def money_in(self):
        """Purchases, top-ups, a low balance."""
        here = self.here
        with self.claim("Owners are told who bought what on the dashboard"):
            here.save_card(GOOD)
            self.ana.sign_in()
            page = self.ana.page("billing")
            page.get_by_role("button", name="$100", exact=True).click()
            page.get_by_role("button", name=re.compile("^Pay")).click()
            page.wait_for_url("**/payments/*")
            mail = self.come("Ana ordered credits", ANA)
            has(mail.text, "$119.00", here.url + "/orgs/acme/payments/1", "visa ending in 4242")
        with self.claim("Owners and admins are told once that the balance fell below their alert, and members aren't"):
            here.ctl("alert", "set", "acme", "99.99")
            here.use(("cy", "gpt-5", "openai", {"prompt_tokens": 100_000, "completion_tokens": 10_000}))
            mail = self.come("your credits are below $99.99", ANA, BO)
            has(mail.text, "Balance:", "Alert at:", here.url + "/orgs/acme/billing")
            here.use(("cy", "gpt-5", "openai", {"prompt_tokens": 1000, "completion_tokens": 100}))
            self.come("your credits are below $99.99", ANA, BO)
        with self.claim("Owners are told that credits were topped up, and that a top-up was declined and why"):
            here.ctl("credits", "top-up", "acme", "--below", "99.50", "--buy", "50", "--per-day", "5")
            here.use(("cy", "gpt-5", "openai", {"prompt_tokens": 400_000, "completion_tokens": 1}))
            here.move(60)
            has(self.come("your credits were topped up", ANA).text, "$59.50", "visa ending in 4242")
            here.save_card(DECLINING)
            here.ctl("credits", "top-up", "acme", "--below", "149", "--buy", "50", "--per-day", "5")
            here.use(("cy", "gpt-5", "openai", {"prompt_tokens": 800_000, "completion_tokens": 1}))
            here.move(60)
            has(self.come("an automatic top-up was declined", ANA).text, "The reason:", "$59.50")
            here.ctl("credits", "top-up", "acme", "--off")
            here.save_card(GOOD)

    def people(self):
        """Roles and removals."""
        here = self.here
        with self.claim("A member is told of another role and of their removal, and nobody else is"):
            here.ctl("member", "role", "acme", str(self.cy.number), "admin")
            has(self.come("your role is now admin", CY).text, "member", "admin")
            here.ctl("member", "role", "acme", str(self.cy.number), "member")
            here.ctl("member", "remove", "acme", str(self.cy.number))
            has(self.come("You are no longer a member of Acme Inc.", CY).text, "owners and admins")

    def documents(self):
        """Invoices and credit notes."""
        here = self.here
        with self.claim("Owners get each invoice with its PDF, which says what the dashboard's says"):
            here.ctl("seats", "add", "acme", "3")
            here.move(days=31)
            number = here.ctl("invoice", "list", "acme")["items"][0]["number"]
            mail = self.come("invoice " + number, ANA)
            view = here.ctl("invoice", "show", "acme", number)
            has(mail.text, number, "$%s" % view["total"])
            same(list(mail.files), [number + ".pdf"], "the files")
            own, mailed = (self.pdf(each) for each in (
                self.ana.sign_in().get("/orgs/acme/invoices/%s/pdf" % number).body, mail.files[number + ".pdf"]))
            # When the mail was sent, the invoice may not have been paid yet.
            for text in (own, mailed):
                has(text, number, view["total"], view["due"], *(each["text"] for each in view["lines"]),
                    *(each["gross"] for each in view["lines"]))
        with self.claim("Owners get each credit note with its PDF, and are told of money that goes back"):
            here.ctl("invoice", "credit", "acme", number, "11.90", "--reason", "an outage", "--as", "refund")
            here.move(3600)
            note = here.ctl("invoice", "list", "acme")["items"][0]["number"]
            mail = self.come("credit note " + note, ANA)
            has(mail.text, "$11.90", number, "an outage")
            has(self.pdf(mail.files[note + ".pdf"]), note)
            has(self.come("$11.90 was refunded", ANA).text, "Payment:")
        with self.claim("Owners are told 30 and 7 days before their card expires"):
            here.ctl("payment-method", "set", "acme", here.double.card(GOOD, here.now.year, here.now.month + 2))
            here.move(days=1)
            year, month = map(int, here.ask("GET", "/v1/orgs/acme/payment-method")["expiry"].split("-"))
            expires = datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.timedelta(days=1)
            self.sink.forget()
            for days in (30, 7):
                day = expires - datetime.timedelta(days=days)
                while here.now.date() <= day:
                    here.move(days=1)
                has(self.come("expires in %d days" % days, ANA).text, "Expires after:", "4242")

    def owed(self):
        """From a failed payment to the last warning, and back."""
        here = self.here
        self.ana.sign_in()
        with self.claim("A payment that fails and the grace that it begins are one mail, with the bank's reason and what to do"):
            here.save_card(DECLINING)
            self.sink.forget()
            for _ in range(32):
                here.move(days=1)
                if here.ask("GET", "/v1/orgs/acme/subscription")["standing"] == "grace":
                    break
            mail = self.come("a payment failed; service goes on until", ANA)
            has(mail.text, "The reason:", "Amount:", "Pay now", here.url + "/orgs/acme/billing#pay", "Service until:")
            same([each.subject for each in self.sink.taken() if "a payment failed" in each.subject], [mail.subject], "the mails about it")
        with self.claim("Owners are told of the suspension and when everything is erased"):
            here.move(days=3)
            has(self.come("Acme Inc. is suspended", ANA).text, "Data is erased on:", "Paying restores everything")
        with self.claim("Owners are told 7 days and 1 day before the erasure"):
            here.move(days=24)
            has(self.come("your data is erased in 7 days", ANA).text, "Erased on:")
            here.move(days=6)
            self.come("your data is erased in 1 day", ANA)
        with self.claim("Owners are told that everything is paid"):
            here.save_card(GOOD)
            self.come("thank you, everything is paid", ANA)

    def back(self):
        """Chargebacks; operators."""
        here = self.here
        with self.claim("Owners and operators are told of a chargeback, each in their own words"):
            self.dispute()
            mail = self.come("your bank disputes a payment", ANA)
            has(mail.text, "$119.00", "fraudulent")
            mail = self.come("meterd: Chargeback opened, acme", OPS)
            has(mail.text, "meterctl payments show acme 1", "Evidence due")
        with self.claim("Operators are told of usage that was refused, with the command that shows it"):
            here.move(1)
            line = '{"id":"bad1","org":"acme","model":"gpt-5","at":"%s","usage":{"prompt_tokens":-5}}\n' % here.stamp()
            self.quarantine(line)
            here.move(3700)
            has(self.come("meterd: Usage quarantined", OPS).text, "meterctl quarantine list")

    def dispute(self):
        """The bank takes the first purchase back."""
        here = self.here
        mark = next(each["mark"] for each in here.double.captured() if (each["mark"] or "").endswith("-payment-1"))
        here.double.ask(cmd="dispute", id="dp_1", mark=mark, amount=11900, status="needs_response", movements=[[-11900, 1500]])
        here.move(days=1)

    def quarantine(self, line):
        """A line that is refused for good."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(self.here.daemon.ingest)
            peer.sendall(line.encode())
            peer.makefile("rb").readline()

    def pdf(self, data):
        """A PDF's words."""
        return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).split())

    def looks(self):
        """As pictures, and for readers who can't see them."""
        for subject, mail in self.kinds.items():
            name = re.sub(r"\W+", "-", subject.lower()).strip("-")
            with self.claim("The mail %r: axe finds nothing, 360 px are enough, in light and dark" % subject):
                for scheme, width in (("light", 800), ("dark", 800), ("light", 360)):
                    context = self.stage.browser.new_context(viewport={"width": width, "height": 700}, color_scheme=scheme)
                    page = context.new_page()
                    page.set_content(mail.html)
                    same(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), True, "it fits %d px" % width)
                    found = Axe().run(page).response["violations"]
                    same([each["id"] for each in found], [], "what axe finds (%s, %d)" % (scheme, width))
                    if self.stage.options.pictures:
                        page.screenshot(path=os.path.join(self.stage.options.pictures, "%s-%s-%d.png" % (name, scheme, width)))
                    context.close()


def run(stage):
    """All claims, in one world."""
    with world(stage) as here:
        course = Course(stage, here)
        try:
            course.run()
            with stage.claim("No address, name, link or password is in the log of the program or of the daemon"):
                for log in (course.teller.words(), open(here.folder + "/meterd.log").read()):
                    lacks(log, "acme.example", "correct horse", "meterd.example", "/orgs/acme/")
        finally:
            course.teller.stop()
            course.sink.stop()
