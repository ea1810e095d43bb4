"""Orgs that haven't paid: what each person sees, and how the org comes back."""

import re

from claims import has, lacks, must, same
from walks import put_card
from world import DECLINING, GOOD, words

PAGES = ("organization", "usage", "usage/live", "security")
PAYING = ("billing", "invoices", "payments", "history", "subscription", "audit")


def run(claim, here):
    """From a payment that fails to suspension, and back."""
    here.orgs()
    here.save_card(GOOD)
    here.ctl("seats", "add", "acme", "5")
    here.save_card(DECLINING)
    here.move(days=31)
    same(here.ask("GET", "/v1/orgs/acme/subscription")["standing"], "grace", "the standing")
    ana, bo, cy, gil = here.crowd()
    banners(claim, here, (ana, bo, cy), gil, "warning", "A payment failed", "in grace")
    here.move(days=4)
    same(here.ask("GET", "/v1/orgs/acme/subscription")["standing"], "suspended", "the standing")
    for person in (ana, bo, cy, gil):
        person.sign_in()
    banners(claim, here, (ana, bo, cy), gil, "danger", "suspended", "suspended")
    with claim("In a suspended organization all pages are there: people see usage and invoices, and can invite nobody they can't seat"):
        for path in PAGES + PAYING:
            same(ana.get("/orgs/acme/" + path).status, 200, path)
    with claim("Neither an admin nor a member of a suspended organization can pay for it, or sees a button that would"):
        for person in (bo, cy):
            for path in ("/payments/retry", "/payment-method", "/orders"):
                same(person.post("/orgs/acme" + path, {"kind": "credits", "amount": "50"}).status, 403, path)
        page = bo.page("billing")
        same(page.get_by_role("button", name=re.compile("Retry|card|Pay")).count(), 0, "the buttons")
        page.context.close()
    with claim("The owner of a suspended organization pays with another card, and everything works again at once"):
        page = ana.page("organization")
        page.get_by_role("link", name="Pay now").click()
        put_card(page, GOOD)
        page.get_by_role("button", name="Use this card").click()
        page.wait_for_url("**/payments/*")
        has(words(page), "Paid")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["standing"], "current", "the standing")
        for person in (ana, bo, cy):
            for path in PAGES:
                lacks(person.get("/orgs/acme/" + path).text, "suspended", "You owe")
        page.context.close()


def banners(claim, here, people, gil, kind, said, what):
    """Who sees which."""
    for person in people:
        with claim("In an organization that is %s, the %s sees that on each page, and who can pay" % (what, person.role)):
            for path in PAGES + (PAYING if person.role != "member" else ()):
                found = re.findall(r'<div class="banner %s" role="alert">.*?</div>' % kind, person.get("/orgs/acme/" + path).text, re.DOTALL)
                same(len(found), 1, "the number of banners on " + path)
                has(found[0], said)
                if person.role == "owner":
                    has(found[0], '<a href="/orgs/acme/billing#pay">Pay now</a>', "$172.55")
                else:
                    has(found[0], "An owner can pay", *(["$172.55"] if person.role == "admin" else []))
                    lacks(found[0], "<a ")
    with claim("The other organization has no such banner while acme is %s" % what):
        for path in PAGES:
            lacks(gil.get("/orgs/globex/" + path).text, said)
        must(here.ask("GET", "/v1/orgs/globex/subscription")["standing"] != what, "globex is %s" % what)
