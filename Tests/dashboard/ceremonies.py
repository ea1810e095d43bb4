"""Answers of passkeys that are wrong in one thing each, beside one that is right."""

import json
import re
import threading

from playwright.sync_api import expect

import registrations
import sites
from authenticator import PRESENT, VERIFIED, Authenticator, Challenge, assertion, digest, encode, make
from claims import has, same
from world import words

# What a signed answer may be wrong in. All else about it is right.
WRONG = {
    "of another port": ({"origin": "http://localhost:1"}, "origin"),
    "of another site": ({"origin": "https://evil.example"}, "origin"),
    "of the site's name with a slash": ({"slash": True}, "origin"),
    "made for a registration": ({"type": "webauthn.create"}, "type"),
    "made in a frame of another site": ({"cross_origin": True}, "embeds"),
    "for another relying party": ({"party": "evil.example"}, "relying party"),
    "without the person being verified": ({"flags": PRESENT}, "verify"),
    "without a person being present": ({"flags": VERIFIED}, "present"),
    "with a new passkey in it": ({"flags": PRESENT | VERIFIED | 0x40}, "ends too early"),
    "that says that the passkey can be backed up now": ({"flags": PRESENT | VERIFIED | 0x08}, "backup eligibility"),
    "that says that it is backed up and can't be": ({"flags": PRESENT | VERIFIED | 0x10}, "backed up"),
    "that names another person": ({"handle": digest("somebody else")}, "another user"),
    "that names nobody": ({"handle": b""}, "does not name"),
    "of a passkey that isn't known": ({"id": digest("unknown")}, "isn&#39;t known"),
    "whose signature is of something else": ({"signed": digest("something else")}, "signature"),
    "to another challenge": ({"challenge": encode(digest("another"))}, "challenge"),
}


class Passkey:
    """A passkey whose key the tests have."""

    def __init__(self, here, page, credential):
        self.here, self.page, self.credential = here, page, credential
        self.count = credential["signCount"]

    def answer(self, given, origin=None, count=None, slash=False, **other):
        """An answer to a challenge; right, if nothing else is said."""
        text = other.pop("challenge", given.options["challenge"])
        origin = origin or self.here.url + ("/" if slash else "")
        return assertion(self.page, self.credential, text, origin, self.count if count is None else count, **other)

    def right(self, challenge):
        """The next right answer."""
        self.count += 1
        return self.answer(challenge)


def run(claim, here, ana, bo):
    """All of them, by Bo, who has one passkey."""
    here.move(61)
    page = bo.sign_in().page("security")
    keys = Authenticator(page)
    make(page, bo)
    expect(page.locator(".notice.done")).to_be_visible()
    bo.adopt(page.context)
    key = Passkey(here, page, keys.credentials()[0])
    wrong(claim, here, key)
    replays(claim, here, key, bo)
    others(claim, here, key, ana, bo)
    with claim("A page of another origin on this machine can't sign in by a challenge that it got from the dashboard"):
        elsewhere(here, key)
    places(claim, here, key, page)
    clones(claim, here, key, keys)
    ana.sign_in()
    come_again(here, key, bo, page, keys)
    registrations.run(claim, here, ana, bo, page, keys)
    page.context.close()


def signed_in(answer):
    """Whether an answer brings a session."""
    return any(each.startswith("__Host-meterd=") and "Max-Age=0" not in each for each in answer.all("Set-Cookie"))


def refused(answer, reason=""):
    """It brings no session, and says why."""
    same((answer.status, signed_in(answer)), (403, False), "status and session")
    has(answer.text, "Not signed in", reason)


def accepted(answer):
    """It brings a session."""
    same((answer.status, signed_in(answer)), (303, True), "status and session")


def wrong(claim, here, key):
    """One thing each."""
    with claim("An answer that is signed with the passkey's key signs in"):
        challenge = Challenge(here)
        accepted(challenge.send(key.right(challenge)))
    for index, (what, (change, reason)) in enumerate(WRONG.items()):
        if index % 8 == 0:
            here.move(61)
        with claim("An answer %s is refused" % what):
            challenge = Challenge(here)
            refused(challenge.send(key.answer(challenge, count=key.count + 1, **change)), reason)
    here.move(61)
    with claim("An answer that is no JSON, is empty, or lacks a part is refused in words"):
        for text in ("", "{}", "[]", "null", "{\"id\":\"\"}", "x" * 1000, "[" * 10_000):
            refused(Challenge(here).send(text))
        challenge = Challenge(here)
        answer = key.answer(challenge)
        for part in ("clientDataJSON", "authenticatorData", "signature"):
            less = dict(answer, response={name: value for name, value in answer["response"].items() if name != part})
            refused(Challenge(here).send(less))
    with claim("After all of these the right answer still signs in"):
        here.move(61)
        challenge = Challenge(here)
        accepted(challenge.send(key.right(challenge)))


def replays(claim, here, key, bo):
    """Answers that come again, or late."""
    with claim("A challenge that was given for a new passkey signs nobody in"):
        page = bo.get("/orgs/acme/security").text
        challenge = Challenge(here)
        secret = re.search(r'name="challenge" value="([^"]+)"', page).group(1)
        given = json.loads(re.search(r'data-options="([^"]+)"', page).group(1).replace("&quot;", '"'))["challenge"]
        challenge.cookie = challenge.cookie.split("=")[0] + "=" + secret
        refused(challenge.send(key.answer(challenge, count=key.count + 1, challenge=given)))
    with claim("The same answer sent twice signs in once"):
        challenge = Challenge(here)
        answer = key.right(challenge)
        accepted(challenge.send(answer))
        refused(challenge.send(answer))
    with claim("The same answer sent six times at the same moment signs in once"):
        challenge = Challenge(here)
        answer, statuses = key.right(challenge), []
        threads = [threading.Thread(target=lambda: statuses.append(challenge.send(answer).status)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        same(sorted(statuses), [303] + [403] * 5, "the statuses")
    with claim("An answer to one challenge is refused with the cookie of another one"):
        first, second = Challenge(here), Challenge(here)
        refused(second.send(key.right(first)))
    here.move(61)
    with claim("A challenge can be answered for five minutes, and not after that"):
        challenge, late = Challenge(here), Challenge(here)
        here.move(290)
        accepted(challenge.send(key.right(challenge)))
        here.move(11)
        refused(late.send(key.right(late)))
    with claim("Nobody can make an old challenge younger"):
        old = Challenge(here)
        here.move(301)
        name, value = old.cookie.split("=", 1)
        old.cookie = "%s=%s.%s" % (name, Challenge(here).cookie.split("=", 1)[1].split(".")[0], value.split(".", 1)[1])
        refused(old.send(key.right(old)))
    with claim("Without the challenge's cookie an answer is refused"):
        challenge = Challenge(here)
        answer = key.answer(challenge, count=key.count + 1)
        challenge.cookie = None
        refused(challenge.send(answer))


def others(claim, here, key, ana, bo):
    """Somebody else's session."""
    here.move(61)
    with claim("Whoever signs in again does so as themselves: Bo's passkey is refused in Ana's session, which stays"):
        challenge = Challenge(here, "__Host-meterd=" + ana.cookie)
        refused(challenge.send(key.right(challenge)))
        same(ana.get("/orgs/acme/security").status, 200, "Ana's session")
    with claim("In somebody's session an answer without the session's form token is refused"):
        challenge = Challenge(here, "__Host-meterd=" + bo.cookie)
        challenge.token = None
        answer = challenge.send(key.right(challenge))
        same((answer.status, signed_in(answer)), (403, False), "status and session")


def elsewhere(here, key):
    """A page of another port, with the person's own passkeys."""
    here.move(61)
    with sites.site({"/": "<!doctype html><title>Elsewhere</title>"}, "localhost") as origin:
        page = here.context().new_page()
        Authenticator(page).put(dict(key.credential, signCount=key.count))
        use = """async (options) => (await navigator.credentials.get(
            { publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON()"""
        for place in (origin + "/", here.url + "/sign-in"):
            page.goto(place)
            challenge = Challenge(here)
            answer = challenge.send(page.evaluate(use, challenge.options))
            key.count += 1
            if place.startswith(origin):
                refused(answer, "origin")
            else:
                accepted(answer)
        page.context.close()


def come_again(here, key, bo, page, keys):
    """Bo signs in by the passkey, in their browser: a new passkey takes a recent sign-in."""
    keys.put(dict(key.credential, signCount=key.count))
    page.goto(here.url + "/sign-in?again=1")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/orgs/acme/**")
    bo.adopt(page.context)


def places(claim, here, key, page):
    """Where a sign-in leads."""
    good = {"/orgs/acme/billing": "/orgs/acme/billing", "/orgs/acme/usage": "/orgs/acme/usage"}
    bad = ("//evil.example", "https://evil.example", "http:evil.example", "\\\\evil.example", "/\\evil.example", "/orgs//evil.example",
           "javascript:alert(1)", "/%2Fevil.example", "%2F%2Fevil.example", "/orgs/../../..//evil.example", "/orgs/%2e%2e/%2f%2fevil.example",
           " //evil.example", "\t//evil.example", "/orgs/\u0301/evil.example", "/orgs/%5C%5Cevil.example", "/orgs@evil.example",
           "/orgs/a\r\nLocation: https://evil.example", "https:/orgs/acme", "data:text/html,x", ".evil.example", "")
    with claim("A sign-in leads to a page of an org that was asked for, and to no other site, however it is written"):
        for index, place in enumerate([*good, *bad]):
            if index % 8 == 0:
                here.move(61)
            challenge = Challenge(here)
            answer = challenge.send(key.right(challenge), next=place)
            accepted(answer)
            found = answer.field("Location")
            if place in good:
                same(found, good[place], place)
            # The browser itself says where it would go.
            same(page.evaluate("([to, from]) => new URL(to, from).origin", [found, here.url + "/sign-in"]), here.url, place)
            same((found[:1], found[:2] in ("//", "/\\"), len(answer.all("Location"))), ("/", False, 1), place)


def clones(claim, here, key, keys):
    """Two devices with one key."""
    here.move(61)
    key.count += 10
    with claim("An answer whose counter is the last one, or is lower, is refused: there may be two copies"):
        challenge = Challenge(here)
        accepted(challenge.send(key.right(challenge)))
        for count in (key.count, key.count - 1, 1, 0):
            challenge = Challenge(here)
            refused(challenge.send(key.answer(challenge, count=count)))
    with claim("The device with the higher counter still signs in"):
        challenge = Challenge(here)
        accepted(challenge.send(key.right(challenge)))
    with claim("In the browser, a copy of a device that was used since is told so, and isn't signed in"):
        page = here.context().new_page()
        copy = Authenticator(page)
        copy.put(dict(key.credential, signCount=1))
        page.goto(here.url + "/sign-in")
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
        has(words(page), "cop")
        page.context.close()
