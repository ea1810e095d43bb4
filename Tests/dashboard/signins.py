"""What is true with each real provider, in a browser."""

import contextlib
import re
import sqlite3

import rules
from claims import has, lacks, must, same
from hostile import Jar
from idps import CLIENT, PEOPLE, Browser, changed, parameters
from people import Person
from walks import fact
from world import GOOD, words

CALLBACK = "/sign-in/callback/"
REFUSED = "Not signed in"


def rows(here, query, *values):
    """Rows of the dashboard's own file."""
    with contextlib.closing(sqlite3.connect("file:%s/dashboard.db?mode=ro" % here.dashboard.state, uri=True, timeout=10)) as file:
        return file.execute(query, values).fetchall()


def sessions(here):
    """How many there are."""
    return rows(here, "SELECT count(*) FROM session")[0][0]


@contextlib.contextmanager
def no_session(here, *browsers):
    """Nobody gets a session meanwhile, and these browsers keep what they have."""
    before, held = sessions(here), [each.session for each in browsers]
    yield
    same(sessions(here), before, "the number of sessions")
    same([each.session for each in browsers], held, "the sessions' cookies")


class Course:
    """What is true with each real provider. The claims go on from where those before ended."""

    def __init__(self, claim, here, idp, org, real):
        self.claim, self.here, self.idp, self.org = claim, here, idp, org
        self.is_first, self.other = idp is real[0], next(each for each in real if each is not idp)
        self.seen = set()

    def run(self):
        """All claims, each named after the provider."""
        self.request()
        self.join()
        self.strangers()
        self.callbacks()
        self.late()
        self.money()
        self.removed()
        self.connect()
        rules.required(self)
        rules.founded(self)

    def says(self, sentence):
        """A claim about this provider."""
        return self.claim("%s: %s" % (self.idp.name, sentence))

    def at(self, page):
        """The path of a page of the org."""
        return "/orgs/%s/%s" % (self.org, page)

    def is_member(self, page, name):
        """The security page is this member's."""
        same(page.url, self.here.url + self.at("security"), "the page")
        same(page.locator("#profile [name=name]").input_value(), name, "who it is")

    def request(self):
        """What the provider is asked."""
        with self.says("The authorization request has PKCE with S256, a state, a nonce and the exact redirect URI, new ones each time"):
            asked = []
            for _ in range(2):
                answer = Jar(self.here).get("/sign-in/with/" + self.idp.id)
                same(answer.status, 303, "the answer")
                must(answer.field("Location").startswith(self.idp.issuer + "/"), "it leads to %s" % answer.field("Location"))
                asked.append(parameters(answer.field("Location")))
            fixed = {"response_type": "code", "client_id": CLIENT, "redirect_uri": self.here.url + CALLBACK + self.idp.id,
                     "code_challenge_method": "S256"}
            for each in asked:
                same({name: each.get(name) for name in fixed}, fixed, "the request")
                must("openid" in each["scope"].split(), "the scope is %r" % each["scope"])
                for name in ("state", "nonce", "code_challenge"):
                    must(re.fullmatch(r"[\w-]{43}", each[name]), "%s is %r" % (name, each[name]))
                lacks(str(each), self.idp.secret, "code_verifier")
            for name in ("state", "nonce", "code_challenge"):
                must(asked[0][name] != asked[1][name], "%s comes twice" % name)

    def join(self):
        """By an invitation, and later without one."""
        made = self.here.ctl("member", "invite", self.org, "ana@%s.example" % self.org, "--role", "owner")
        self.member, self.name = made["invitation"]["member"], "Ana of " + self.idp.name
        first, self.ana = Browser(self.here, self.idp, "ana"), Browser(self.here, self.idp, "ana")
        page = first.page
        with self.says("An invitation's page offers the provider, and whoever is invited joins as who they are there"):
            first.sign_in("/join/" + made["secret"])
            has(words(page), "You join as the person")
            page.get_by_label("Your name").fill(self.name)
            page.get_by_role("button", name="Join").click()
            page.wait_for_url("**" + self.at("organization"))
            has(words(page), self.name)
            same(rows(self.here, "SELECT issuer, subject, method FROM session WHERE issuer = ?", self.idp.issuer),
                 [(self.idp.issuer, "ana", "provider")], "the sessions")
        with self.says("The member signs in with it later in another browser, and gets to the page that they wanted"):
            self.ana.context.add_cookies([{"name": "__Host-meterd", "value": "p" * 43, "domain": "localhost", "path": "/",
                                           "secure": True, "httpOnly": True, "sameSite": "Lax"}])
            self.is_member(self.ana.sign_in(self.at("security")), self.name)
        with self.says("A session id that a browser had before isn't taken over, and each sign-in makes another one"):
            made = {first.session, self.ana.session}
            must(not made & {None, "p" * 43} and len(made) == 2, "they are %s" % made)
        with self.says("The member's session opens no other org"):
            answer = self.ana.open(self.here.url + "/orgs/%s/organization" % ("globex" if self.org == "acme" else "acme"))
            has(answer, "isn't yours to see")
        self.seen |= first.end()

    def strangers(self):
        """Who has an account there and is in no org."""
        people = {"Somebody who has an account there and is in no org": "bob",
                  "Another account there with the e-mail address of a member": "eve"}
        self.stranger = person = Browser(self.here, self.idp, None)
        for who, person.user in people.items():
            with self.says("%s is told so, and gets no session and no page" % who):
                same(PEOPLE["eve"], PEOPLE["ana"], "the address")
                person.forget_provider()
                with no_session(self.here, person):
                    has(words(person.sign_in()), "No organization", "Ask an owner or admin of yours to invite you")
                    person.open(self.here.url + self.at("organization"))
                    has(person.page.url, "/sign-in?next=")

    def callbacks(self):
        """What isn't the answer to a sign-in of this browser's, and what is no good answer."""
        ana, thief = self.ana.leave(), self.stranger.leave()
        with self.says("A callback in a browser that began no sign-in, or another one, is refused; its own browser still takes it, once"):
            address = ana.callback()
            with no_session(self.here, ana, thief):
                has(thief.open(address), REFUSED)
                thief.callback()
                has(thief.open(address), REFUSED, "does not belong to the sign-in")
            ana.page.goto(address)
            same(ana.page.url, self.here.url + self.at("organization"), "the page")
        with self.says("A callback that its browser sends again leads on and makes no second session; after signing out it is refused"):
            with no_session(self.here, ana):
                ana.page.goto(address)
                same(ana.page.url, self.here.url + self.at("organization"), "the page")
            ana.page.locator("details.person summary").click()
            ana.page.get_by_role("button", name="Sign out").click()
            ana.page.wait_for_url("**/sign-in")
            with no_session(self.here, ana):
                has(ana.open(address), REFUSED)
        for what, change, reply in self.wrong("iss" in parameters(address)):
            with self.says("A callback with %s is refused and makes no session, and the right one after it comes too late" % what):
                address = ana.leave().callback()
                with no_session(self.here, ana):
                    has(ana.open(changed(address, **change(parameters(address)))), REFUSED, reply)
                    has(ana.open(address), REFUSED)
        with self.says("A code that was spent is refused by the provider, and makes no session"):
            ana.leave().sign_in()
            spent = parameters(ana.callbacks[-1])["code"]
            thief.user = "ana"
            thief.forget_provider()
            address = thief.callback()
            with no_session(self.here, thief):
                has(thief.open(changed(address, code=spent)), REFUSED, "used already or took too long")
        self.seen |= thief.end()

    def wrong(self, has_issuer):
        """Changes to a callback. Those that no provider can make a difference for are tried with one."""
        yield "a changed code", lambda each: {"code": each["code"][:-4] + "0000"}, "used already or took too long"
        yield "the iss of another provider", lambda each: {"iss": self.other.issuer}, "does not belong"
        if has_issuer:
            yield "no iss, though the provider promises one", lambda each: {"iss": None}, "does not belong"
        if self.is_first:
            yield "a changed state", lambda each: {"state": each["state"][::-1]}, "does not belong"
            yield "no state", lambda each: {"state": None}, "does not belong"
            yield "no code", lambda each: {"code": None}, "does not belong"

    def late(self):
        """The sign-in that was begun doesn't wait for ever."""
        for seconds, ends in ((601, True), (570, False)):
            with self.says("A sign-in that took %d seconds is %s" % (seconds, "refused, and says so" if ends else "still good")):
                address = self.ana.leave().callback()
                self.here.ahead += seconds
                self.here.write_clock()
                text = self.ana.open(address)
                self.here.ahead -= seconds
                self.here.write_clock()
                if ends:
                    has(text, REFUSED, "You took too long")
                same(self.ana.session is None, ends, "whether there is no session")

    def money(self):
        """A fresh sign-in before money."""
        # The daemon hangs up on whoever is idle.
        self.here.daemon.hang_up()
        self.here.save_card(GOOD, self.org)
        ana, page, pay = self.ana.leave(), self.ana.page, re.compile("^Pay")
        with self.says("After 15 minutes money takes a fresh sign-in: the provider asks for the password, and the order is paid once"):
            ana.sign_in()
            self.here.move(840)
            page.goto(self.here.url + self.at("billing"))
            page.get_by_role("button", name="$100", exact=True).click()
            page.wait_for_url("**/orders/*")
            address, total, old = page.url, fact(page, "Charged now"), ana.session
            self.here.move(120)
            page.get_by_role("button", name=pay).click()
            page.wait_for_url("**/sign-in?*")
            same(self.here.payments(self.org), [], "what was paid without a fresh sign-in")
            self.back_to_now()
            asked = ana.passwords
            ana.choose()
            same((page.url, ana.passwords), (address, asked + 1), "the page, and how often the provider asked for a password")
            same(fact(page, "Charged now"), total, "the sum")
            page.get_by_role("button", name=pay).click()
            page.wait_for_url("**/payments/*")
            same([each["state"] for each in self.here.payments(self.org)], ["succeeded"], "the payments")
        with self.says("A fresh sign-in gives a new session id, and the one before is dead"):
            must(ana.session != old, "the session is the same")
            answer = Jar(self.here, {"__Host-meterd": old}).get(self.at("security"))
            same((answer.status, answer.field("Location").split("?")[0]), (303, "/sign-in"), "the answer to the session before")
        with self.says("A fresh sign-in as somebody else is refused, and the session stays the member's"):
            ana.forget_provider()
            ana.user = "bob"
            with no_session(self.here, ana):
                has(words(ana.sign_in("/sign-in?again=1&next=" + self.at("billing"))), REFUSED, "somebody else")
            ana.open(self.here.url + self.at("security"))
            self.is_member(page, self.name)
        ana.forget_provider()
        ana.user = "ana"

    def back_to_now(self):
        """The dashboard's clock is the provider's again; the daemon's can't go back."""
        self.here.ahead = 0
        self.here.write_clock()

    def removed(self):
        """Who was removed, and came back."""
        ana = self.ana
        self.here.daemon.hang_up()
        self.keeper = Person(self.here, self.org, "Olga", "owner", "olga@%s.example" % self.org)
        self.keeper.sign_in()
        self.back_to_now()
        with self.says("A member who was removed is out at once, and signing in again doesn't let them in"):
            self.is_member(ana.at(self.at("security")), self.name)
            self.here.ctl("member", "remove", self.org, str(self.member))
            has(ana.open(self.here.url + self.at("organization")), "isn't yours to see")
            with no_session(self.here, ana.leave()):
                has(words(ana.sign_in()), "No organization")
        with self.says("Another invitation lets them in again with the provider, as the member that they were"):
            made = self.here.ctl("member", "invite", self.org, "ana@%s.example" % self.org, "--role", "owner",
                                 "--again", str(self.member))
            ana.sign_in("/join/" + made["secret"])
            ana.page.get_by_role("button", name="Join").click()
            ana.page.wait_for_url("**" + self.at("organization"))
            has(ana.open(self.here.url + self.at("members/%d" % self.member)), "Active")

    def connect(self):
        """Who joined by a link, and signs in with the provider as well from then on."""
        olga = Browser(self.here, self.idp, "bob", storage_state=self.keeper.state)
        page = olga.page
        self.back_to_now()
        with self.says("A member who joined by a link connects their account there, and then signs in with it as the same member"):
            olga.open(self.here.url + self.at("security"))
            page.get_by_role("button", name="Connect " + self.idp.name).click()
            olga.choose("Go on to " + self.idp.name)
            same((page.url, olga.passwords), (self.here.url + self.at("security"), 1), "the page, and the passwords that were asked for")
            has(words(page), "You can sign in there as well from now on")
            self.is_member(olga.leave().sign_in(self.at("security")), "Olga")
        self.seen |= olga.end()
