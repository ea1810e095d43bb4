"""Sessions: whose they are, when they end, and what a role that was lowered still opens."""

from authenticator import Authenticator, cookie, make
from claims import has, lacks, must, same
from routes import GETS, filled, routes


def run(claim, here, ana, bo):
    """All of them."""
    here.move(61)
    fixation(claim, here)
    ends(claim, here, ana)
    roles(claim, here, bo)
    removed(claim, here)
    ages(claim, here)


def opens(here, value, org="acme"):
    """Whether a cookie's value opens a page."""
    return here.raw.ask("GET", "/orgs/%s/security" % org, {"Cookie": "__Host-meterd=" + value}).status == 200


def fixation(claim, here):
    """A cookie that somebody else set."""
    chosen = "A" * 43
    with claim("A session's value that was set before the sign-in doesn't become the session"):
        context = here.context()
        context.add_cookies([{"name": "__Host-meterd", "value": chosen, "url": here.url.replace("http:", "https:"), "secure": True}])
        page = context.new_page()
        page.goto(here.url + "/sign-in")
        same(cookie(page), chosen, "the cookie before")
        secret = here.ctl("member", "invite", "acme", "fix@acme.example")["secret"]
        page.goto("%s/join/%s" % (here.url, secret))
        page.get_by_role("button", name="Join").click()
        page.wait_for_url("**/orgs/acme/*")
        must(cookie(page) != chosen, "the session has the value that was chosen")
        same((opens(here, chosen), opens(here, cookie(page))), (False, True), "which of the two opens a page")
        context.close()
    with claim("Values that are no session's open nothing, and are not echoed"):
        for odd in ("", "x", "A" * 43, "A" * 600, "'", "../../etc", "%00", "\u00e9".encode().decode("latin-1")):
            answer = here.raw.ask("GET", "/orgs/acme/security", {"Cookie": "__Host-meterd=" + odd})
            same((answer.status, answer.body), (303, b""), repr(odd[:20]))
    with claim("Two cookies of the session's name count as none, whichever is right"):
        ana = here.people["Ana"].sign_in()
        for value in ("__Host-meterd=%s; __Host-meterd=x" % ana.cookie, "__Host-meterd=x; __Host-meterd=%s" % ana.cookie):
            same(here.raw.ask("GET", "/orgs/acme/security", {"Cookie": value}).status, 303, value[:24])
        same(here.raw.ask("GET", "/orgs/acme/security", {"Cookie": "a=b; __Host-meterd=%s; c=d" % ana.cookie}).status, 200, "one of them")
    with claim("Cookies of nearly the same name count for nothing"):
        for name in ("meterd", "__host-meterd", "__Host-meterd ", "__Secure-meterd", " __Host-meterd-invitation"):
            same(here.raw.ask("GET", "/orgs/acme/security", {"Cookie": "%s=%s" % (name, ana.cookie)}).status, 303, name)


def ends(claim, here, ana):
    """What is over is over."""
    with claim("A cookie that was copied before signing out opens nothing afterwards"):
        value = ana.sign_in().cookie
        same(opens(here, value), True, "whether it opens a page before")
        same(ana.post("/sign-out").status, 303, "signing out")
        same(opens(here, value), False, "whether it opens a page after")
    with claim("A form that was shown before signing out does nothing afterwards"):
        ana.sign_in()
        token = ana.token()
        ana.post("/sign-out", token=token)
        answer = ana.post("/orgs/acme/billing/budget", {"monthly": "77"}, token=token)
        same((answer.status, answer.field("Location")), (303, "/sign-in"), "the answer")
        must(here.ask("GET", "/v1/orgs/acme/budget").get("monthly_budget") != "77", "the budget is set")
    with claim("\"End\" ends one other session, \"End all others\" all of them, at once, and not one's own"):
        page = ana.sign_in().page("security")
        others = [again(here, ana, page) for _ in range(2)]
        page.goto(ana.at("security"))
        same(page.locator("#sessions tbody tr").count(), 3, "the sessions")
        same([opens(here, each) for each in others], [True] * 2, "whether they open pages")
        page.get_by_role("button", name="End", exact=True).first.click()
        has(page.locator(".notice.done").inner_text(), "has ended")
        same(sorted(opens(here, each) for each in others), [False, True], "whether they open pages")
        page.get_by_role("button", name="End all others").click()
        has(page.locator(".notice.done").inner_text(), "have ended")
        same([opens(here, each) for each in others], [False] * 2, "whether they open pages")
        same(opens(here, cookie(page)), True, "whether one's own does")
        ana.adopt(page.context)
        page.context.close()


def again(here, person, page):
    """One more session of the same person, in another browser; the value of its cookie."""
    here.move(61)
    if not hasattr(page, "keys"):
        page.keys = Authenticator(page)
        make(page, person)
    other = here.context().new_page()
    keys = Authenticator(other)
    keys.put(*page.keys.credentials())
    other.goto(here.url + "/sign-in")
    other.get_by_role("button", name="Use a passkey").click()
    other.wait_for_url("**/orgs/**")
    page.keys.put(*keys.credentials())
    return cookie(other)


def roles(claim, here, bo):
    """An admin who becomes a member."""
    bo.sign_in()
    ids = {"org": "acme", "member": bo.number, "payment": 1, "invoice": "x", "order": "x", "id": "x", "digest": "x", "name": "x",
           "secret": "x" * 20, "provider": 1}
    with claim("An admin whose role is lowered loses pages and forms with their next request"):
        same(bo.get("/orgs/acme/billing").status, 200, "before")
        token = bo.token()
        here.ctl("member", "role", "acme", str(bo.number), "member")
        for method, name, path in routes():
            if method == "get" and path.startswith("/orgs/") and GETS[name][2] == 403:
                same((name, bo.get(filled(path, ids)).status), (name, 403), "the answer")
        for path, fields in (("/invitations", {"email": "e@acme.example"}), ("/billing/budget", {"monthly": "9"}), ("/policy/models", {})):
            same(bo.post("/orgs/acme" + path, fields, token=token).status, 403, path)
        lacks(bo.get("/orgs/acme/organization").text, "/orgs/acme/billing", "Invite somebody")
    with claim("A role that is raised opens pages with the next request"):
        here.ctl("member", "role", "acme", str(bo.number), "admin")
        same(bo.get("/orgs/acme/billing").status, 200, "the billing page")


def removed(claim, here):
    """Somebody who is no member any more, while their browser is open."""
    here.move(61)
    dora = here.join("acme", "Dora", "admin")
    page = dora.page("organization")
    token = dora.token()
    with claim("A member who is removed is out with their next request, and is told what a stranger is told"):
        here.ctl("member", "remove", "acme", str(dora.number))
        # Whoever looks the first time is told the same as later.
        for _ in range(2):
            answers = [dora.get("/orgs/%s/%s" % (org, path)) for org in ("acme", "never-was") for path in ("organization", "usage.csv")]
            same({(each.status, each.text) for each in answers}, {(404, answers[-1].text)}, "the answers")
        same(dora.post("/orgs/acme/invitations", {"email": "d@acme.example"}, token=token).status, 404, "a form")
        page.reload()
        has(page.inner_text("main"), "Nothing here")
    with claim("The start page then says that they are in no organization"):
        page.goto(here.url + "/")
        has(page.inner_text("main"), "You are no member of an organization here")
    with claim("If they are invited again, the old session doesn't get them in; the new link does"):
        secret = dora.invite()
        same(dora.get("/orgs/acme/organization").status, 404, "the old session")
        page.goto("%s/join/%s" % (here.url, secret))
        page.get_by_role("button", name="Join").click()
        page.wait_for_url("**/orgs/acme/*")
    page.context.close()
    here.people.pop("Dora")
    here.move(61)
    with claim("Whoever is in two organizations and is removed from one keeps the other"):
        gil = here.people["Gil"].sign_in()
        page = gil.page(None)
        page.goto("%s/join/%s" % (here.url, here.ctl("member", "invite", "acme", "gil@acme.example")["secret"]))
        page.get_by_role("button", name="Join").click()
        page.wait_for_url("**/orgs/acme/*")
        gil.adopt(page.context)
        same([gil.get("/orgs/%s/usage" % org).status for org in ("acme", "globex")], [200, 200], "both")
        here.ctl("member", "remove", "acme", "gil@acme.example")
        same([gil.get("/orgs/%s/usage" % org).status for org in ("acme", "globex")], [404, 200], "both")
        page.goto(here.url + "/")
        page.wait_for_url("**/orgs/globex/organization")
        page.context.close()


def ages(claim, here):
    """Sessions end by themselves."""
    ana = here.people["Ana"]
    with claim("A session ends after 8 hours without use"):
        value = ana.sign_in().cookie
        here.move(8 * 3600 - 60)
        same(opens(here, value), True, "whether it opens a page just before")
        here.move(8 * 3600 + 1)
        same(opens(here, value), False, "whether it opens a page after")
    with claim("A session ends after 24 hours, however much it is used"):
        value = ana.sign_in().cookie
        for hour in (7, 7, 7, 2):
            here.move(hour * 3600)
            same(opens(here, value), True, "whether it opens a page")
        here.move(3600 + 1)
        same(opens(here, value), False, "whether it opens a page after 24 hours")
    with claim("A tab that asks for live requests by itself doesn't keep a session from ending after 8 hours"):
        ana.sign_in()
        for _ in range(4):
            here.move(2 * 3600 - 60)
            same(ana.get("/orgs/acme/usage/live", **{"Meterd-Refresh": "yes"}).status, 200, "the page that is asked for by itself")
        here.move(300)
        same(opens(here, ana.cookie), False, "whether the session opens a page")
