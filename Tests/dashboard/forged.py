"""Forms that another site, another session or a link would send. None of them changes anything."""

import os
import re

from claims import has, must, same
from routes import filled, routes
from watch import changed, snapshot

# Fields with which a route's form would change something, if it were the session's own.
FIELDS = {
    "invite": {"email": "eve@evil.example", "role": "owner"}, "setLimits": {"daily": "1"}, "setRole": {"role": "owner"},
    "addUser": {"user": "stolen"}, "removeMember": {"sure": "on"}, "eraseMember": {"sure": "on"}, "setModels": {"models": "x/y"},
    "setData": {"allow_training": "yes", "allow_usage_analytics": "yes", "allow_anonymized_reporting": "yes"},
    "disputeInvoice": {"text": "wrong"}, "beginOrder": {"kind": "credits", "amount": "50"}, "confirmOrder": {"total": "59.50"},
    "setTopUp": {"threshold": "10", "amount": "50"}, "setAlerts": {"thresholds": "7"}, "setBudget": {"monthly": "3"},
    "setBillTo": {"name": "Eve", "address": "Evil 1", "country": "DE"}, "removeSeats": {"seats": "1", "confirmed": "yes"},
    "cancel": {"sure": "on"}, "setProfile": {"name": "Eve", "email": "eve@evil.example"},
}


def run(claim, here, ana, gil):
    """All routes, and all ways in which a form is not the session's own."""
    here.move(61)
    posts = [(name, path) for method, name, path in routes() if method == "post"]
    invoice = here.ctl("invoice", "list", "acme")["items"][0]["number"]
    open_one = here.ctl("member", "invite", "acme", "guest@acme.example")["invitation"]["invitation"]
    order = ana.post("/orgs/acme/orders", {"kind": "credits", "amount": "50"}).field("Location").rsplit("/", 1)[1]
    ids = {"org": "acme", "invitation": open_one, "member": here.people["Bo"].number, "invoice": invoice, "payment": 1, "order": order,
           "provider": 1}
    before = snapshot(here)
    own, other = ana.token(), gil.token()
    away = "http://127.0.0.1:%d" % here.dashboard.port
    for what, token, headers in (
            ("without a token", "", {}),
            ("with a wrong token", own[:-1] + ("A" if own[-1] != "A" else "B"), {}),
            ("with the token of another person's session", other, {}),
            ("with the origin of another site", own, {"Origin": "https://evil.example"}),
            ("with the origin of another port", own, {"Origin": "http://localhost:1"}),
            ("with this machine's other name as its origin", own, {"Origin": away}),
            ("with the origin null", own, {"Origin": "null"}),
            ("with the site's origin and a slash", own, {"Origin": here.url + "/"}),
            ("with neither an origin nor Sec-Fetch-Site", own, {"Origin": None}),
            ("with Sec-Fetch-Site: cross-site", own, {"Sec-Fetch-Site": "cross-site"}),
            ("with Sec-Fetch-Site: same-site", own, {"Sec-Fetch-Site": "same-site"}),
            ("with Sec-Fetch-Site: none", own, {"Sec-Fetch-Site": "none"}),
            ("with Sec-Fetch-Site: cross-site and no origin", own, {"Sec-Fetch-Site": "cross-site", "Origin": None})):
        with claim("Each of the %d forms is refused %s, and nothing changes" % (len(posts), what)):
            # Forms are counted per minute of the clock.
            here.move(61)
            for name, path in posts:
                answer = ana.post(filled(path, ids), FIELDS.get(name), headers, token=token)
                same((name, answer.status), (name, 403), "the answer")
                has(answer.text, "Form refused")
            same(changed(before, snapshot(here)), [], "what changed")
    with claim("Each form is refused as another type than a browser's form, and nothing changes"):
        here.move(61)
        for kind in ("text/plain", "multipart/form-data; boundary=x", "application/json", ""):
            headers = {"Cookie": "__Host-meterd=" + ana.cookie, "Origin": here.url, "Content-Type": kind}
            body = ("form_token=%s&key=%s&monthly=3" % (own, os.urandom(16).hex())).encode()
            same(here.raw.ask("POST", "/orgs/acme/billing/budget", headers, body).status, 400, kind)
        same(changed(before, snapshot(here)), [], "what changed")
    with claim("No form's address does anything when it is opened or asked for with HEAD, with the form's fields as a query"):
        for name, path in posts:
            address = filled(path, ids) + "?form_token=%s&key=%s&" % (own, os.urandom(16).hex()) + "&".join(
                "%s=%s" % each for each in FIELDS.get(name, {}).items()).replace(" ", "+")
            for method in ("GET", "HEAD"):
                answer = here.raw.ask(method, address, {"Cookie": "__Host-meterd=" + ana.cookie, "Origin": here.url})
                must(answer.status in (200, 303, 403, 404), "%s %s answers %d" % (method, name, answer.status))
        same(changed(before, snapshot(here)), [], "what changed")
    with claim("Opening every page changes nothing"):
        for method, name, path in routes():
            if method == "get" and "{" not in path.replace("{org}", ""):
                ana.get(filled(path, ids))
        same(changed(before, snapshot(here)), [], "what changed")
    with claim("The same forms of the session itself do change something, so that the claims above can fail"):
        here.move(61)
        ana.post("/orgs/acme/billing/budget", {"monthly": "300"})
        ana.post("/orgs/acme/invitations", {"email": "eve@acme.example", "role": "member"})
        must(len(changed(before, snapshot(here))) >= 3, "nothing changed")
    with claim("A form's token is another one in each session, and is in no address"):
        must(own != other, "two sessions have one token")
        text = ana.get("/orgs/acme/billing").text
        must(not re.search(r'(href|action|src)="[^"]*%s' % re.escape(own), text), "the token is in an address")
