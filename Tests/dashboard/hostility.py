"""What a hostile or broken provider gets out of the dashboard: a page, and never a session."""

import html
import re
import threading

from claims import has, lacks, must, same, until
from faults import AWAY, outages, tokens
from hostile import DISCOVERY, KEYS, TOKEN, Jar, Key
from idps import changed, parameters

REFUSED = "Not signed in"


def run(claim, here, hostile):
    """All of it."""
    mallory, honest = (Course(here, each) for each in hostile)
    outages(claim, mallory, honest)
    tokens(claim, mallory)
    lenient(claim, mallory)
    callbacks(claim, mallory)
    keys(claim, mallory)
    mix_up(claim, mallory, honest)
    slow(claim, mallory, honest)


class Course:
    """One provider, and sign-ins with it."""

    def __init__(self, here, provider):
        self.here, self.provider = here, provider
        self.jar = None

    def later(self, seconds=61):
        """The next minute: tries are counted per minute, and keys are fetched again once per minute."""
        self.here.ahead += seconds
        self.here.write_clock()

    def begin(self, purpose="signIn", jar=None, seconds=61):
        """Begins a sign-in in a browser of its own; the answer."""
        self.later(seconds)
        self.jar = jar or Jar(self.here)
        return self.jar.get("/sign-in/with/%s?for=%s" % (self.provider.id, purpose))

    def through(self, purpose="signIn", jar=None, **changes):
        """The whole sign-in; the answer to the callback."""
        return self.jar_answer(self.begin(purpose, jar), changes)

    def jar_answer(self, begun, changes):
        """Goes on to the provider and back."""
        same(begun.status, 303, "the answer")
        return self.jar.get(self.provider.authorize(begun.field("Location"), **changes))

    def join(self):
        """Has the provider's person join, so that each later refusal is the token's fault and nothing else's."""
        made = self.here.ctl("member", "invite", "acme", "hal@%s.example" % self.provider.id, "--role", "member")
        jar = Jar(self.here)
        jar.get("/join/" + made["secret"])
        same(self.through("join", jar).field("Location"), "/join", "where the callback leads")
        answer = jar.post("/join", {"form_token": form_token(jar.get("/join")), "name": "Hal"})
        same(answer.field("Location"), "/orgs/acme", "where joining leads")

    def signs_in(self, **changes):
        """The person gets in."""
        answer = self.through(**changes)
        same((answer.status, answer.field("Location")), (303, "/"), "the answer")
        same(self.jar.get("/orgs/acme/organization").status, 200, "the page of the org")

    def logged(self, since, words):
        """The log says why, from this place in it on."""
        def said():
            with open(self.here.dashboard.log, encoding="utf-8", errors="replace") as file:
                file.seek(since)
                return words in file.read()
        until(said, "the log doesn't say %r" % words, 5)

    def refused(self, answer, log, since, *shown):
        """A page says no, and there is no session; the log says why."""
        must(400 <= answer.status < 600, "the answer is %s" % answer.status)
        has(answer.text, REFUSED, *shown)
        lacks(answer.text, "<script>alert")
        same(self.jar.session, None, "the session")
        self.logged(since, log)

    def mark(self):
        """How long the log is."""
        with open(self.here.dashboard.log, "rb") as file:
            return file.seek(0, 2)


def lenient(claim, course):
    """What says nothing about who somebody is, and what differs between good providers."""
    good = [
        ("An e-mail address that isn't verified, another one, or none at all", [
            {"email_verified": False}, {"email": "somebody@else.example"}, {"email": None, "email_verified": None, "name": None}]),
        ("A list of audiences with this client as azp", [{"aud": ["other", "dashboard"], "azp": "dashboard"}]),
        ("A provider's clock that is wrong by 30 seconds", [
            {"iat": lambda now: now + 30, "auth_time": lambda now: now + 30}, {"exp": lambda now: now - 30}]),
    ]
    for what, claims in good:
        with claim("%s keeps nobody out" % what):
            for each in claims:
                with course.provider.does(claims=each):
                    course.signs_in()
    with claim("Another subject isn't let in, though its verified e-mail address is a member's; nor is one in other letters"):
        for subject in ("person-2", "Person-1", "person-1 ", "person\u20111"):
            with course.provider.does(claims={"sub": subject}):
                answer = course.through()
            same((answer.status, course.jar.session), (403, None), "the answer to %r and its session" % subject)
            has(answer.text, "No organization")


def callbacks(claim, course):
    """What comes back to the redirect URI, and why somebody was sent there."""
    cases = [
        ("access_denied", {"code": None, "error": "access_denied"}, "the provider answered access_denied", "cancelled"),
        ("server_error", {"code": None, "error": "server_error"}, "the authorization endpoint answered server_error", AWAY),
        ("a script as its error", {"code": None, "error": "<script>alert(1)</script>"}, "(an unregistered code)",
         "not set up correctly"),
        ("8 KiB of iss", {"iss": "i" * 8192}, "its query can't be read", "does not belong"),
        ("the iss of another", {"iss": "https://accounts.example"}, "(mix-up)", "does not belong"),
    ]
    for what, changes, log, shown in cases:
        with claim("A callback with %s is refused in words, and makes no session" % what):
            since = course.mark()
            course.refused(course.through(**changes), log, since, shown)
    with claim("A callback with two codes is refused"):
        since = course.mark()
        path = course.provider.authorize(course.begin().field("Location"))
        course.refused(course.jar.get(path + "&code=other"), "a parameter comes twice", since)
    with claim("Whoever has an account and no invitation gets no rights by the way that invited people take"):
        with course.provider.does(claims={"sub": "person-3"}):
            same(course.through("join").field("Location"), "/join", "where the callback leads")
        same([course.jar.get(each).status for each in ("/join", "/orgs/acme/organization", "/", "/organizations/new")], [404, 404, 303, 403], "the pages")
    with claim("After signing in nobody is led to another site, whatever the address asked for"):
        for wanted in ("//evil.example", "https://evil.example", "/%5Cevil.example", "/orgs/..%2F..%2F%2Fevil.example",
                       "/sign-in%0D%0AX:y"):
            answer = course.through("signIn&next=" + wanted)
            same(answer.status, 303, "the answer to %r" % wanted)
            must(re.fullmatch(r"/(orgs/[\w.%-]*)?", answer.field("Location")), "%r leads to %r" % (wanted, answer.field("Location")))
    again(claim, course)
    connect(claim, course)
    with claim("The 21st try of an address in a minute is refused"):
        course.begin()
        answers = [course.begin(seconds=0).status for _ in range(20)]
        same(answers, [303] * 19 + [429], "the answers")


def again(claim, course):
    """A fresh sign-in: the provider has to prove it."""
    with claim("A fresh sign-in asks the provider for a password, and for proof that it isn't older than 15 minutes"):
        course.signs_in()
        jar, old = course.jar, course.jar.session
        asked = parameters(course.begin("again", jar).field("Location"))
        same((asked.get("prompt"), asked.get("max_age")), ("login", "900"), "the request")
    with claim("If the proof is old, the sign-in isn't fresh: it is refused, and the session stays as it was"):
        since = course.mark()
        with course.provider.does(claims={"auth_time": lambda now: now - 1000}):
            answer = course.through("again", jar)
        has(answer.text, REFUSED, "You need to enter your password again")
        same(jar.session, old, "the session")
        course.logged(since, "auth_time is older")
    with claim("Nobody signs in freshly as somebody else"):
        with course.provider.does(claims={"sub": "person-2"}):
            has(course.through("again", jar).text, REFUSED, "somebody else")
        same(jar.session, old, "the session")
    with claim("A fresh sign-in needs a session"):
        same(course.begin("again").field("Location").split("?")[0], "/sign-in", "where it leads")


def connect(claim, course):
    """A member who joined by a link wants to sign in with the provider as well."""
    here, made = course.here, course.here.ctl("member", "invite", "acme", "lee@acme.example", "--role", "member")
    course.later()
    jar = Jar(here)
    jar.get("/join/" + made["secret"])
    jar.post("/join", {"name": "Lee"})
    page = "/orgs/acme/security"

    def begin():
        """The page that leads on to the provider; the link on it."""
        course.later()
        answer = jar.post(page + "/connect/" + course.provider.id, {"form_token": form_token(jar.get(page))})
        return html.unescape(re.search(r'href="([^"]+/authorize[^"]+)"', answer.text).group(1))

    with claim("To connect a provider takes a form of the session, and a fresh sign-in at the provider"):
        same(jar.get("/sign-in/with/%s?for=connect" % course.provider.id).status, 404, "the answer to a link")
        same(jar.post(page + "/connect/" + course.provider.id, {}).status, 403, "the answer to a form without a token")
        asked = parameters(begin())
        same((asked.get("prompt"), asked.get("max_age")), ("login", "900"), "the request")
    with claim("Connecting that was begun in one session isn't finished in another one"):
        address = begin()
        course.signs_in()
        other = Jar(here, dict(jar.cookies, **{"__Host-meterd": course.jar.session}))
        with course.provider.does(claims={"sub": "person-4"}):
            has(other.get(course.provider.authorize(address)).text, REFUSED, "Your session ended meanwhile")
            same(course.through().status, 403, "the answer to a sign-in with that account")
    with claim("An account that is a member's already isn't connected to another member"):
        answer = jar.get(course.provider.authorize(begin()))
        same((answer.status, answer.field("Location")), (303, page), "where the callback leads")
        lacks(jar.get(page).text, "You can sign in there as well")
        course.signs_in()
        has(course.jar.get(page).text, 'value="Hal"')
    with claim("An account that is nobody's is connected, and then is that member"):
        with course.provider.does(claims={"sub": "person-5"}):
            jar.get(course.provider.authorize(begin()))
            has(jar.get(page).text, "You can sign in there as well")
            course.signs_in()
        has(course.jar.get(page).text, 'value="Lee"')


def form_token(answer):
    """The token of a page's forms."""
    return re.search(r'name="form_token" value="([^"]+)"', answer.text).group(1)


def keys(claim, course):
    """The provider's keys change."""
    provider, old = course.provider, course.provider.key
    with claim("After a provider has changed its keys, people sign in at once"):
        provider.key = Key("second")
        provider.published = [provider.key.public()]
        course.signs_in()
    with claim("A key that is published no more is good for nothing"):
        since = course.mark()
        with provider.does(sign=old.sign, header={"kid": old.name}):
            course.refused(course.through(), "no key with its kid", since)
    with claim("Whoever sends odd tokens makes the dashboard fetch the keys once per minute, not more"):
        course.later()
        before = provider.asked.count(KEYS)
        for each in range(5):
            with provider.does(header={"kid": "odd-%d" % each}):
                same(course.jar_answer(course.begin(seconds=0), {}).status, 403, "the answer")
        same(provider.asked.count(KEYS) - before, 1, "how often the keys were fetched")
    with claim("A key whose private half is published is anybody's, and isn't used"):
        provider.published = [provider.key.public(d="AQAB")]
        course.later(3601)
        since = course.mark()
        course.refused(course.through(), "no key with its kid", since)
        provider.published = [provider.key.public()]
        course.signs_in()


def mix_up(claim, mallory, honest):
    """Whoever runs one provider wants in as a person of the other. See RFC 9700, section 4.4."""
    attacks = [("a provider that names itself in its answers", {"iss": honest.provider.issuer}),
               ("a provider that doesn't name itself", {})]
    for what, named in attacks:
        with claim("Mix-up: who runs one provider doesn't get the code of %s, and doesn't get in as its people" % what):
            wanted = honest.begin().field("Location")
            attacker = honest.jar
            lured = parameters(mallory.begin().field("Location"))
            victim = mallory.jar
            # Mallory sends the victim on to the other provider, with what the attacker's own sign-in there was begun with.
            path = honest.provider.authorize(changed(wanted, state=lured["state"]), **named)
            code = parameters(path)["code"]
            victim.get(path)
            same(victim.session, None, "the victim's session")
            if any(form.get("code") == code for form in mallory.provider.forms):
                attacker.get(changed(path, state=parameters(wanted)["state"]))
                must(False, "the code was sent to Mallory, who %s" % ("gets in with it" if attacker.session else "can't use it"))


def slow(claim, mallory, honest):
    """Providers that don't come to an end. Both at once, since the dashboard waits for 10 seconds."""
    def drip(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        while not honest.provider.released.wait(0.2):
            request.wfile.write(b" ")
    honest.signs_in()
    owner, answers = honest.jar, {}
    mallory.later(3601)
    callback = honest.provider.authorize(honest.begin().field("Location"))
    waiting = {"discovery": (Jar(mallory.here), "/sign-in/with/mallory"), "token": (honest.jar, callback)}
    hang = {DISCOVERY: lambda request: mallory.provider.released.wait()}
    since, before = mallory.mark(), (mallory.provider.asked.count(DISCOVERY), honest.provider.asked.count(TOKEN))
    with mallory.provider.does(answers=hang), honest.provider.does(answers={TOKEN: drip}):
        threads = [threading.Thread(target=lambda name=name, jar=jar, path=path: answers.update({name: jar.get(path)}))
                   for name, (jar, path) in waiting.items()]
        for thread in threads:
            thread.start()
        with claim("While providers are silent, or answer byte by byte, all other pages and other people's sign-ins go on"):
            until(lambda: mallory.provider.asked.count(DISCOVERY) > before[0] and honest.provider.asked.count(TOKEN) > before[1],
                  "the providers were asked")
            same(owner.get("/orgs/acme/organization").status, 200, "the page of the org")
            same([Jar(mallory.here).get(each).status for each in ("/sign-in", "/sign-in/with/honest")], [200, 303], "the pages")
            same((answers, [each.is_alive() for each in threads]), ({}, [True, True]), "what has ended meanwhile")
        for thread in threads:
            thread.join(25)
    for name, (jar, _) in waiting.items():
        with claim("A sign-in whose %s answer doesn't come to an end is given up with a page that says so" % name):
            must(name in answers, "there is no answer after 25 seconds")
            has(answers[name].text, REFUSED, AWAY)
            same(jar.session, None, "the session")
            mallory.logged(since, "the %s request failed: the answer was not there in time" % name)
