"""Passkeys: added, used, asked for again before money, and everything that isn't one."""

import json
import re

from playwright.sync_api import expect

import ceremonies
from authenticator import Authenticator, cookie, digest, make
from claims import has, lacks, must, same
from walks import fact
from world import GOOD, words, world

USE = "Use a passkey"


def run(stage):
    """All of them, in one world."""
    with world(stage) as here:
        ana, bo, cy, _ = here.everybody()
        here.save_card(GOOD)
        page = add(stage.claim, here, ana)
        come_back(stage.claim, here, ana, page)
        again(stage.claim, here, ana, page)
        unverified(stage.claim, here, page)
        page.context.close()
        without_script(stage.claim, here, ana)
        ceremonies.run(stage.claim, here, ana, bo)
        another_link(stage.claim, here, ana)
        removed(stage.claim, here, ana, cy)


def sign_out(here, page, person):
    """Signs out in the browser. Sign-ins of one address are counted per minute of the clock."""
    here.move(61)
    page.goto(person.at("security"))
    page.locator("details.person summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


def add(claim, here, ana):
    """The first passkey."""
    page = ana.page("security")
    page.keys = Authenticator(page)
    with claim("Whoever came by a link is told on the Security page that links work once, until they have a passkey"):
        has(page.locator(".banner").inner_text(), "links work once", "Add a passkey")
    with claim("A passkey that is added on the Security page is in its list, with the name that was typed"):
        make(page, ana, "Ana's laptop")
        has(page.locator(".notice.done").inner_text(), "The passkey is added.")
        has(page.locator("#passkeys tbody").inner_text(), "Ana's laptop", "never")
        same(page.locator(".banner").count(), 0, "the banners")
        same(len(page.keys.credentials()), 1, "the authenticator's passkeys")
    with claim("The same device can't have a second passkey for the same account, and the page says so"):
        make(page, ana, "again")
        expect(page.locator("#passkeys [role=status]")).to_have_text("This device already has a passkey for this account.")
        same(page.locator("#passkeys tbody tr").count(), 1, "the passkeys")
    return page


def come_back(claim, here, ana, page):
    """Out, and in again."""
    before = cookie(page)
    with claim("After signing out, the passkey signs in: the session is a new one, and the old cookie opens nothing"):
        sign_out(here, page, ana)
        same(cookie(page), None, "the cookie after signing out")
        page.get_by_role("button", name=USE).click()
        page.wait_for_url("**/orgs/acme/organization")
        after = cookie(page)
        must(after and after != before, "the cookie is the one before")
        answer = here.raw.ask("GET", "/orgs/acme/security", {"Cookie": "__Host-meterd=" + before})
        same((answer.status, answer.body), (303, b""), "the answer to the old cookie")
        page.goto(ana.at("security"))
        has(page.locator("#sessions tr", has_text="This one").inner_text(), "Passkey")
        lacks(page.locator("#passkeys tbody").inner_text(), "never")
    with claim("A sign-in by passkey leads to the page that somebody wanted before, with its filter"):
        sign_out(here, page, ana)
        page.goto(ana.at("usage?period=week"))
        page.wait_for_url("**/sign-in?next=*")
        page.get_by_role("button", name=USE).click()
        page.wait_for_url("**/orgs/acme/usage*")
        same(page.get_by_role("heading", level=1).inner_text(), "Usage", "the page")
        same(page.url, ana.at("usage?period=week"), "the address")
    ana.adopt(page.context)


def again(claim, here, ana, page):
    """Fifteen minutes later."""
    with claim("15 minutes after the sign-in, paying asks for the passkey and goes on with the same order, which is paid once"):
        page.goto(ana.at("billing"))
        page.get_by_role("button", name="$50", exact=True).click()
        page.wait_for_url("**/orders/*")
        order = page.url
        here.move(895)
        page.get_by_role("button", name=re.compile("^Pay")).click()
        page.wait_for_url("**/sign-in?again=1*")
        same(here.payments(), [], "the payments before the passkey")
        has(words(page), "Sign in again")
        before = cookie(page)
        page.get_by_role("button", name=USE).click()
        page.wait_for_url(order)
        must(cookie(page) != before, "the session is the one before")
        same(fact(page, "Charged now"), "$59.50", "the total")
        page.get_by_role("button", name=re.compile("^Pay")).click()
        page.wait_for_url("**/payments/1")
        has(words(page), "Credits are there")
        same([each["state"] for each in here.payments()], ["succeeded"], "the payments")
    for name, path, button in (
            ("Enter a card", "billing", "#method button"), ("Automatic top-up", "billing", "#top-up button"),
            ("Billing address", "billing", "#bill-to button"), ("Remove a passkey", "security", "#passkeys td button")):
        with claim("A form that takes a recent sign-in leads back to its page after the passkey: %s" % name):
            here.move(901)
            page.goto(ana.at(path))
            page.locator(button).first.click()
            page.wait_for_url("**/sign-in?again=1*")
            page.get_by_role("button", name=USE).click()
            page.wait_for_url(re.compile("/orgs/acme/"))
            same(page.url.split("#")[0], ana.at(path), "the page")
    with claim("Joining another organization in an old session is no fresh sign-in: paying still asks for the passkey"):
        here.move(901)
        secret = here.ctl("member", "invite", "globex", "ana@globex.example", "--name", "Ana")["secret"]
        page.goto("%s/join/%s" % (here.url, secret))
        # As whom one joins: whoever isn't that person signs out first.
        has(words(page), "Acme Inc.", "Sign out")
        page.get_by_role("button", name="Join").click()
        page.wait_for_url("**/orgs/globex/**")
        before = len(here.payments())
        page.goto(ana.at("billing"))
        page.get_by_role("button", name="$50", exact=True).click()
        page.wait_for_url("**/orders/*")
        page.get_by_role("button", name=re.compile("^Pay")).click()
        page.wait_for_url(re.compile("/sign-in|/payments/"))
        same(len(here.payments()), before, "the payments")
        must("/sign-in?again=1" in page.url, "it leads to %s" % page.url)
        page.get_by_role("button", name=USE).click()
        page.wait_for_url("**/orders/*")
    ana.adopt(page.context)


def unverified(claim, here, page):
    """The device doesn't check who holds it."""
    with claim("A passkey whose device doesn't verify the person signs nobody in, and the page says what to do"):
        page.keys.ask("setUserVerified", isUserVerified=False)
        page.goto(here.url + "/sign-in?again=1")
        before = cookie(page)
        page.get_by_role("button", name=USE).click()
        expect(page.locator("[role=status]")).to_contain_text("try again")
        must("/sign-in" in page.url, "it leads to %s" % page.url)
        same(cookie(page), before, "the session")
        page.keys.ask("setUserVerified", isUserVerified=True)


def without_script(claim, here, ana):
    """A browser that runs none."""
    for name, path, page in (("sign-in", "/sign-in", here.context(java_script_enabled=False).new_page()),
                             ("Security", "/orgs/acme/security", ana.page(None, java_script_enabled=False))):
        with claim("Without JavaScript the %s page says that a passkey takes JavaScript, and what else works" % name):
            page.goto(here.url + path)
            has(words(page), "JavaScript")
        with claim("Without JavaScript the passkey button of the %s page ends at words that a person understands" % name):
            page.goto(here.url + path)
            form = page.locator("form[data-options]")
            if form.count() and form.get_by_role("button").is_enabled():
                for each in form.locator("input[required]").all():
                    each.fill("laptop")
                form.get_by_role("button").click()
                page.wait_for_load_state()
                has(words(page), "JavaScript")
                lacks(words(page), "JSON", "credential")
        page.context.close()


def another_link(claim, here, ana):
    """Somebody lost their device, and gets in by a new link."""
    page = ana.sign_in().page("security")
    keys = Authenticator(page)
    make(page, ana, "lost laptop")
    has(page.locator(".notice.done").inner_text(), "The passkey is added.")
    old = ana.cookie
    ana.sign_in()
    text = ana.get("/orgs/acme/security").text
    with claim("After a new link for the same member, an old passkey is on the Security page, or signs nobody in any more"):
        here.move(61)
        page.context.clear_cookies()
        page.goto(here.url + "/sign-in")
        page.get_by_role("button", name=USE).click()
        page.wait_for_url(re.compile("/orgs/|/sign-in/passkey"))
        must("lost laptop" in text or "/orgs/" not in page.url, "it signs in as the member, who can neither see nor remove it")
    with claim("After a new link for the same member, an old session is on the Security page, or has ended"):
        opens = here.raw.ask("GET", "/orgs/acme/security", {"Cookie": "__Host-meterd=" + old}).status == 200
        must(digest(old).hex() in text or not opens, "it is open, and the member can neither see nor end it")
    same(len(keys.credentials()), 1, "the authenticator's passkeys")
    page.context.close()


def removed(claim, here, ana, cy):
    """What is gone stays gone."""
    with claim("A passkey that was removed signs nobody in, and the page says that it isn't known"):
        page = ana.sign_in().page("security")
        keys = Authenticator(page)
        make(page, ana)
        page.get_by_role("button", name="Remove the passkey laptop").click()
        has(page.locator(".notice.done").inner_text(), "The passkey is removed.")
        sign_out(here, page, ana)
        same(len(keys.credentials()), 1, "the authenticator's passkeys")
        page.get_by_role("button", name=USE).click()
        expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
        has(words(page), "isn't known here")
        same(cookie(page), None, "the cookie")
        page.context.close()
    page = cy.sign_in().page("security")
    Authenticator(page)
    with claim("Whoever came by a link can add their first passkey, or reads how to go on, half an hour later"):
        here.move(1800)
        page.goto(cy.at("security"))
        if page.get_by_role("button", name="Add a passkey").count():
            make(page, cy)
            page.wait_for_load_state()
            has(page.locator(".notice.done").inner_text(timeout=2000), "The passkey is added.")
        else:
            has(words(page), "link")
    page = cy.sign_in().page("security")
    Authenticator(page)
    make(page, cy)
    has(page.locator(".notice.done").inner_text(), "The passkey is added.")
    with claim("A member who was removed can't sign in with their passkey, and is told that they are in no organization"):
        sign_out(here, page, cy)
        here.ctl("member", "remove", "acme", str(cy.number))
        page.get_by_role("button", name=USE).click()
        page.wait_for_url("**/sign-in/passkey")
        has(words(page), "No organization")
        same(cookie(page), None, "the cookie")
    with claim("A member who was invited again keeps their number, and joins as a new person by the new link"):
        page.goto("%s/join/%s" % (here.url, cy.invite()))
        page.get_by_role("button", name="Join").click()
        page.wait_for_url("**/orgs/acme/*")
        same(json.dumps([each["member"] for each in here.ask("GET", "/v1/orgs/acme/team")["items"]
                         if each.get("email") == cy.email]), json.dumps([cy.number]), "their numbers")
    page.context.close()
