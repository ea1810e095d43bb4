"""What goes along with each answer, and what is kept nowhere."""

import os
import re
import stat

from authenticator import digest
from claims import has, must, same
from routes import filled, routes
from watch import bytes_of, files, processes

POLICY = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "connect-src": "'self'",
          "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'"}


def run(claim, here, ana, cy):
    """Headers and cookies."""
    here.move(61)
    answers = everything(here, ana, cy)
    with claim("Each of %d answers has a content policy without inline scripts, and the other fields that protect pages" % len(answers)):
        for what, answer in answers.items():
            same(len(answer.all("Content-Security-Policy")), 1, what)
            policy = dict(part.strip().split(" ", 1) for part in answer.field("Content-Security-Policy").split(";"))
            same(policy, POLICY, what)
            same(answer.all("X-Content-Type-Options"), ["nosniff"], what)
            same(answer.all("X-Frame-Options"), ["DENY"], what)
            same(answer.all("Referrer-Policy"), ["same-origin"], what)
            same(answer.all("Cross-Origin-Opener-Policy"), ["same-origin"], what)
            same(answer.all("Cross-Origin-Resource-Policy"), ["same-origin"], what)
            same(answer.all("Access-Control-Allow-Origin"), [], what)
            same(answer.all("Server"), [], what)
    with claim("No answer is stored by a browser or a proxy, but for assets, whose address has their digest"):
        for what, answer in answers.items():
            expected = "public, max-age=31536000, immutable" if "asset" in what else "no-store"
            same(answer.all("Cache-Control"), [expected], what)
    with claim("Each cookie is bound to this host, to secure connections and to the site's own forms, and no script sees it"):
        cookies = [(what, each) for what, answer in answers.items() for each in answer.all("Set-Cookie")]
        names = {each.split("=")[0] for _, each in cookies}
        same(names, {"__Host-meterd", "__Host-meterd-invitation", "__Host-meterd-passkey", "__Host-meterd-card"}, "the cookies")
        for what, each in cookies:
            parts = [part.strip().lower() for part in each.split(";")[1:]]
            same(sorted(part for part in parts if not part.startswith("max-age=")), ["httponly", "path=/", "samesite=lax", "secure"], each)
    with claim("A page's script sees no cookie"):
        page = ana.page("organization")
        same(page.evaluate("document.cookie"), "", "the cookies")
        page.context.close()
    with claim("Pages have no inline script, no inline style, no handler and no address of another kind"):
        for what, answer in answers.items():
            if "text/html" in (answer.field("Content-Type") or ""):
                same(re.findall(r"<script(?![^>]* src=\"/assets/)[^>]*>|<style| style=| on\w+=|href=\"(?![/#\"]|mailto:|http://127)[^\"]*", answer.text), [], what)
                has(answer.text, "<!doctype html>")
    with claim("A page that refuses something has a link that leads on"):
        for what in ("a refused form", "nothing", "another method", "billing for a member", "too often", "another type"):
            has(answers[what].text, '<a class="button" href="/"')
    with claim("The session in an answer is another value each time somebody joins, with 256 bits"):
        values = [person.cookie for person in here.people.values()]
        same(len(set(values)), len(values), "the number of values")
        same({len(each) for each in values}, {43}, "their lengths")


def everything(here, ana, cy):
    """An answer of each kind, by a name for it."""
    invoice = here.ctl("invoice", "list", "acme")["items"][0]["number"]
    style = re.search(r"/assets/(\w+)/([\w.]+)", ana.get("/orgs/acme/usage").text)
    ids = {"org": "acme", "member": cy.number, "payment": 1, "invoice": invoice, "order": "0" * 32, "id": here.use(
        ("cy", "gpt-5", "openai", {"prompt_tokens": 1}))[0], "digest": style.group(1), "name": style.group(2), "secret": "x" * 43,
        "provider": 1}
    answers = {}
    for method, name, path in routes():
        if method == "get":
            address = filled(path, ids)
            answers[name + " for an owner"] = ana.get(address)
            answers[name + " for a member"] = cy.get(address)
            if name != "showInvitation":
                answers[name + " for nobody"] = here.raw.ask("GET", address)
    here.move(61)
    # A sign-in of a new person, as a browser would make it.
    secret = here.ctl("member", "invite", "acme", "nova@acme.example", "--name", "Nova")["secret"]
    answers["a link"] = here.raw.ask("GET", "/join/" + secret)
    answers["an invitation"] = here.raw.ask("GET", "/join", {"Cookie": "__Host-meterd-invitation=" + secret})
    answers["joining"] = here.raw.form("/join", {"name": "Nova"}, {"Cookie": "__Host-meterd-invitation=" + secret, "Origin": here.url})
    ana.sign_in()
    answers["a card"] = ana.post("/orgs/acme/payment-method")
    answers["a refused form"] = ana.post("/sign-out", token="")
    answers["another type"] = here.raw.ask("POST", "/join", {"Origin": here.url, "Content-Type": "text/plain"}, b"x")
    answers["another host"] = here.raw.ask("GET", "/", host="evil.example")
    answers["another method"] = here.raw.ask("DELETE", "/")
    answers["nothing"] = here.raw.ask("GET", "/no-such-page")
    answers["an address that isn't well encoded"] = here.raw.ask("GET", "/?a=%zz")
    answers["signing out"] = cy.post("/sign-out")
    cy.sign_in()
    for index in range(12):
        answers["too often"] = here.raw.ask("GET", "/join/" + "y" * 43)
    same(answers["too often"].status, 429, "the last answer")
    same(answers["joining"].status, 303, "joining")
    return answers


def secrets(claim, here):
    """Whatever is secret is in no file, no log and no process list."""
    known = {}
    for name, person in here.people.items():
        if person.get("/orgs/%s/security" % person.org).status != 200:
            here.move(61)
            person.sign_in()
        known["the session of " + name] = person.cookie
        known["the form token of " + name] = person.token()
    here.move(61)
    known["the secret of an open invitation"] = here.ctl("member", "invite", "globex", "open@globex.example")["secret"]
    here.raw.ask("GET", "/join/" + known["the secret of an open invitation"])
    here.raw.ask("GET", "/join", {"Cookie": "__Host-meterd-invitation=" + known["the secret of an open invitation"]})
    used = here.ctl("member", "invite", "globex", "used@globex.example")["secret"]
    same(here.raw.form("/join", {"name": "Used"}, {"Cookie": "__Host-meterd-invitation=" + used, "Origin": here.url}).status, 303, "joining")
    known["the secret of a used invitation"] = used
    known["the gateway's key"], known["the gateway's webhook secret"] = "sk_test_year", "whsec_test"
    owner = next(iter(here.people.values()))
    answer = here.raw.ask("GET", "/sign-in/callback/1?code=secretcode123456&state=secretstate123456&" + known["the session of " + owner.name],
                          {"Cookie": "__Host-meterd=" + known["the session of " + owner.name]})
    known["a sign-in's code"], known["a sign-in's state"] = "secretcode123456", "secretstate123456"
    must(answer.status in (303, 403, 404), "the callback answers %d" % answer.status)
    paths = files(here)
    with claim("The files that are searched are there: the ledger, the dashboard's file, and the logs of both"):
        text = " ".join(paths)
        has(text, "/dashboard/dashboard.db", "/dashboard.log", "/meterd.log", "/state/")
        must(os.path.getsize(here.dashboard.log) > 100, "the dashboard's log is empty")
        must(digest(owner.cookie) in bytes_of(here.dashboard.state + "/dashboard.db"), "the session's digest isn't found where it is")
        must(any(b"acme" in bytes_of(path) for path in paths if "/state/" in path), "the ledger isn't searched")
    for kind, chosen in (("log", [path for path in paths if path.endswith(".log")]),
                         ("file of the ledger", [path for path in paths if "/state/" in path]),
                         ("file of the dashboard", [path for path in paths if "/dashboard/" in path])):
        with claim("No %s has a session, an invitation's secret, a form's token, a code or a key" % kind):
            found = [(what, os.path.basename(path)) for path in chosen for data in [bytes_of(path)]
                     for what, secret in known.items() if secret.encode() in data]
            same(found, [], "what is found")
    with claim("Neither log names a person, an address or a place: only numbers of members"):
        for path in (here.dashboard.log, here.folder + "/meterd.log"):
            lines = bytes_of(path).decode()
            found = [word for name, person in here.people.items() for word in (person.email, '"%s"' % name, " %s " % name) if word in lines]
            same(found + [word for word in ("127.0.0.1 ", "Mozilla", "/orgs/") if word in lines], [], os.path.basename(path))
    with claim("No process's command line has a secret, and the dashboard's environment has none"):
        lines = processes()
        must(here.dashboard.process.pid in lines, "the dashboard isn't among the processes")
        # meterctl and the tests themselves aren't the dashboard.
        lines = {number: line for number, line in lines.items() if number in (here.dashboard.process.pid, here.daemon.process.pid)}
        lines["environment"] = bytes_of("/proc/%d/environ" % here.dashboard.process.pid)
        same([what for line in lines.values() for what, secret in known.items() if secret.encode() in line], [], "what is found")
    with claim("The dashboard's file is its own user's only, and so is its folder"):
        same(stat.S_IMODE(os.stat(here.dashboard.state).st_mode), 0o700, "the folder's mode")
        for name in os.listdir(here.dashboard.state):
            same((name, oct(stat.S_IMODE(os.stat(here.dashboard.state + "/" + name).st_mode))), (name, "0o600"), "the mode")
