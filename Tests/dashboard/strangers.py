"""Ids of another org's, and of other people's, are ids that never existed."""

import base64
import re

from playwright.sync_api import expect

from authenticator import Authenticator, digest, make
from claims import has, lacks, must, same
from routes import filled, routes
from watch import changed, normal, snapshot

# Fields of forms, where an id isn't in the address.
FIELDS = {"setRole": {"role": "admin"}, "setLimits": {"daily": "1"}, "addUser": {"user": "theirs"}, "removeMember": {"sure": "on"},
          "eraseMember": {"sure": "on"}, "disputeInvoice": {"text": "x"}, "confirmOrder": {"total": "59.50"}}
NEVER = {"invitation": 987654321, "member": 987654321, "payment": 987654321, "invoice": "INV-2026-987654", "order": "0" * 32, "id": "never-was", "provider": 1}


def run(claim, here, ana, bo, gil):
    """An owner of another org, and a colleague."""
    here.move(61)
    ids = things(here, ana)
    others(claim, here, gil, ids)
    own_org(claim, here, gil, ids)
    colleagues(claim, here, ana, bo)


def things(here, ana):
    """Something of each kind, in acme only."""
    for _ in range(3):
        here.ctl("credits", "buy", "acme", "50")
    invited = here.ctl("member", "invite", "acme", "late@acme.example")["invitation"]
    order = ana.post("/orgs/acme/orders", {"kind": "credits", "amount": "50"}).field("Location").rsplit("/", 1)[1]
    invoice = here.ctl("invoice", "list", "acme")["items"][0]["number"]
    return {"invitation": invited["invitation"], "member": invited["member"], "payment": here.payments()[-1]["payment"],
            "invoice": invoice, "order": order, "id": here.use(("ana", "gpt-5", "openai", {"prompt_tokens": 1}))[0], "provider": 1}


def told(person, method, name, path, ids):
    """The whole answer to a request, without what differs between two looks, and the page that it leads to."""
    address = filled(path, ids)
    own = [ids[part] for part in re.findall(r"\{(\w+)\}", path) if part in ids and part != "org"]
    answer = person.get(address) if method == "get" else person.post(address, FIELDS.get(name))
    fields = sorted((field, normal(value, *own)) for field, value in answer.fields if field.lower() not in ("date", "content-length"))
    text = normal(answer.text, *own)
    if answer.status == 303 and answer.field("Location").startswith("/orgs/"):
        text += normal(person.get(answer.field("Location")).text, *own)
    return answer.status, fields, text


def others(claim, here, gil, ids):
    """In another org's address."""
    before = snapshot(here)
    for method in ("get", "post"):
        with claim("An owner of another org gets the same bytes for each %s of acme as of an org that never was" % method.upper()):
            here.move(61)
            for each, name, path in routes():
                if each == method and "{org}" in path:
                    asked = [told(gil, method, name, path, dict(ids, org=org)) for org in ("acme", "never-was")]
                    same(asked[0], asked[1], name)
                    same(asked[0][0], 404, name)
    with claim("A stranger is sent to the sign-in page from acme as from an org that never was"):
        for path in ("/usage", "/payments/1", "/invoices/x/pdf"):
            asked = [here.raw.ask("GET", "/orgs/%s%s" % (org, path)) for org in ("acme", "never-was")]
            same(asked[0].status, asked[1].status, path)
            same([each.field("Location").replace(org, "ORG") for each, org in zip(asked, ("acme", "never-was"))],
                 ["/sign-in?next=%2Forgs%2FORG" + path.replace("/", "%2F")] * 2, path)
    with claim("Nothing of acme has changed by all that, and nothing of globex"):
        same(changed(before, snapshot(here)), [], "what changed")


def own_org(claim, here, gil, ids):
    """In the own org's address, with an id of acme's."""
    before = snapshot(here)
    for method in ("get", "post"):
        here.move(61)
        for each, name, path in routes():
            parts = [part for part in re.findall(r"\{(\w+)\}", path) if part not in ("org", "provider")]
            if each != method or not parts or "{org}" not in path:
                continue
            with claim("%s %s: an id of acme's in globex is answered as one that never was" % (method.upper(), name)):
                asked = [told(gil, method, name, path, dict(which, org="globex")) for which in (ids, NEVER)]
                must(asked[0][0] in (404, 303), "the status is %d" % asked[0][0])
                same(asked[0], asked[1], "the answer")
    with claim("The same ids in acme are there for its owner, so that the claims above can fail"):
        ana = here.people["Ana"]
        for path in ("/payments/%s" % ids["payment"], "/invoices/%s" % ids["invoice"], "/usage/records/%s" % ids["id"],
                     "/members/%s" % ids["member"], "/orders/%s" % ids["order"]):
            same(ana.get("/orgs/acme" + path).status, 200, path)
    with claim("Numbers that are no numbers, zero, negative or too large are answered as ids that never were"):
        for path in ("/payments/%s", "/members/%s", "/invoices/%s", "/usage/records/%s", "/orders/%s"):
            for odd in ("0", "-1", "9" * 30, "1e3", "%20", "1%00", "%27%22", "%F0%9F%92%A9", "%2F", "..%2F..", "x" * 2000):
                status = gil.get("/orgs/globex" + path % odd).status
                must(status in (400, 404), "%s is %d" % (path % odd[:40], status))
    with claim("Nothing of acme has changed by all that"):
        after = snapshot(here)
        same([name for name in changed(before, after) if "acme" in name], [], "what changed")


def colleagues(claim, here, ana, bo):
    """Sessions and passkeys of somebody else in the same org."""
    bo.sign_in()
    page = ana.sign_in().page("security")
    keys = Authenticator(page)
    make(page, ana)
    expect(page.locator(".notice.done")).to_be_visible()
    theirs = {"session": digest(ana.cookie).hex(), "passkey": base64.b64decode(keys.credentials()[0]["credentialId"]).hex()}
    page.context.close()
    for path, field in (("/security/sessions/end", "session"), ("/passkeys/remove", "passkey")):
        with claim("A colleague's %s is answered as one that never was, and stays" % field):
            asked = [bo.post("/orgs/acme" + path, {field: each}) for each in (theirs[field], "00" * 32, "")]
            same([each.status for each in asked], [404] * 3, "the answers")
            same({normal(each.text) for each in asked}, {normal(asked[1].text)}, "the answers")
            has(ana.get("/orgs/acme/security").text, theirs["passkey"], "This one")
    with claim("Their owner can remove that passkey, so that the claim above can fail"):
        ana.post("/orgs/acme/passkeys/remove", {"passkey": theirs["passkey"]})
        lacks(ana.get("/orgs/acme/security").text, theirs["passkey"])
