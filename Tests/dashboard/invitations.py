"""Links that let somebody in: once, for as long as they count, and only by the button."""

import json
import threading

from claims import has, must, same
from watch import changed, snapshot


def run(claim, here, ana):
    """Links of all kinds."""
    here.move(61)
    with claim("Opening a link, with GET or HEAD, or its page changes nothing and signs nobody in"):
        secret = invite(here, "once@acme.example")
        before = snapshot(here)
        for method in ("GET", "HEAD"):
            for path, cookie in (("/join/" + secret, {}), ("/join", cookies(secret))):
                answer = here.raw.ask(method, path, cookie)
                must("__Host-meterd=" not in str(answer.fields), "somebody is signed in")
        same(changed(before, snapshot(here)), [], "what changed")
    with claim("A link takes its secret out of the address, into a cookie, and names it nowhere else"):
        answer = here.raw.ask("GET", "/join/" + secret)
        same((answer.status, answer.field("Location"), answer.body), (303, "/join", b""), "the answer")
        same(here.raw.ask("GET", "/join", cookies(secret)).text.count(secret), 0, "how often the page has it")
    with claim("A link lets one person in, with the role and the org that it was made for, whatever the form says"):
        answer = join(here, secret, name="Once", role="owner", org="globex")
        same(answer.status, 303, "the status")
        same([(each["role"], each["state"]) for each in team(here) if each.get("email") == "once@acme.example"],
             [("member", "active")], "the member")
    with claim("A link that was used lets nobody in again, and says so"):
        refused(here, secret)
    here.move(61)
    with claim("A link that was used at the same moment by two browsers lets one in"):
        secret = invite(here, "race@acme.example")
        statuses = sorted(each.status for each in both(lambda: join(here, secret)))
        must(statuses[0] == 303 and statuses[1] in (404, 409), "the statuses are %s" % statuses)
        same([each["state"] for each in team(here) if each.get("email") == "race@acme.example"], ["active"], "the member")
    with claim("A link that was withdrawn lets nobody in, and says so"):
        made = here.ctl("member", "invite", "acme", "gone@acme.example")
        here.ctl("member", "withdraw", "acme", str(made["invitation"]["invitation"]))
        refused(here, made["secret"])
    here.move(61)
    with claim("A new link makes the one before void"):
        ana.sign_in()
        made = here.ctl("member", "invite", "acme", "twice@acme.example")
        answer = ana.post("/orgs/acme/invitations/%d/resend" % made["invitation"]["invitation"])
        refused(here, made["secret"])
        fresh = answer.text.split(here.url + "/join/")[1][:43]
        same(join(here, fresh).status, 303, "the new link's status")
    here.move(61)
    with claim("A link counts for 7 days, and not after that"):
        good, late = invite(here, "good@acme.example"), invite(here, "late7@acme.example")
        here.move(days=7, seconds=-120)
        same(join(here, good).status, 303, "a link of 6 days")
        here.move(121)
        refused(here, late)
    with claim("A link of an operator's to the dashboard counts for 24 hours, and not after that"):
        good, late = operator(here, "good24@acme.example"), operator(here, "late24@acme.example")
        here.move(86400 - 120)
        same(join(here, good).status, 303, "a link of 23 hours")
        here.move(121)
        refused(here, late)
    here.move(61)
    with claim("Secrets that never were, are too short, too long or oddly written lead to no page and say nothing else"):
        for odd in ("x" * 15, "x" * 201, "%00" * 20, "..%2f..%2fetc%2fpasswd", "x" * 20 + "%0d%0aSet-Cookie:%20a=b", "x" * 20 + ";b"):
            answer = here.raw.ask("GET", "/join/" + odd)
            must(answer.status in (400, 404), "%r is %d" % (odd[:30], answer.status))
            same(answer.all("Set-Cookie"), [], odd[:30])
        texts = [here.raw.ask("GET", "/join", cookies(each)) for each in (secret, "n" * 43)]
        same((texts[0].status, texts[0].body), (texts[1].status, texts[1].body), "the answers to a used secret and to one that never was")
    here.move(61)
    with claim("Joining takes the form's origin, as other forms do"):
        secret = invite(here, "origin@acme.example")
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}, {"Origin": here.url, "Sec-Fetch-Site": "cross-site"}):
            same(here.raw.form("/join", {"name": "X"}, dict(cookies(secret), **headers)).status, 403, json.dumps(headers))
        same(join(here, secret).status, 303, "the site's own form")


def cookies(secret):
    """The cookie in which a browser keeps an invitation's secret."""
    return {"Cookie": "__Host-meterd-invitation=" + secret}


def invite(here, email):
    """A member's invitation."""
    return here.ctl("member", "invite", "acme", email)["secret"]


def operator(here, email):
    """A link that `meterctl dashboard invite` made."""
    link = here.ctl("dashboard", "invite", "acme", email, "--url", here.url)["link"]
    must(link.startswith(here.url + "/join/"), link)
    return link.rsplit("/", 1)[1]


def join(here, secret, **fields):
    """The form of an invitation's page."""
    return here.raw.form("/join", dict({"name": "Somebody"}, **fields), dict(cookies(secret), Origin=here.url))


def refused(here, secret):
    """Neither the page nor its form takes the secret."""
    page = here.raw.ask("GET", "/join", cookies(secret))
    same(page.status, 404, "the page's status")
    has(page.text, "This link doesn&#39;t work")
    before = team(here)
    answer = join(here, secret)
    must(answer.status in (404, 409), "the form's status is %d" % answer.status)
    must("__Host-meterd=" not in str(answer.all("Set-Cookie")), "somebody is signed in")
    same(team(here), before, "the team")


def team(here):
    """Everybody in acme."""
    return here.ask("GET", "/v1/orgs/acme/team?limit=1000")["items"]


def both(ask):
    """The same request twice at the same moment."""
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
