"""Hostile text in everything that is stored or asked for: on every page it is text, with the content policy and without it."""

import csv
import html.parser
import io
import re
import urllib.parse

from playwright.sync_api import expect

from authenticator import Authenticator, make
from claims import must, same, until
from world import GOOD, world

TAGS = set("""noscript html head meta title link script body a header nav ul li main h1 h2 h3 p footer time div section form input button small label select
option textarea dl dt dd span strong code bdi br table caption thead tbody tfoot tr th td details summary svg line text g rect""".split())
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "=\u0301HYPERLINK(1)", 'x"\u0301,=1+1', "x,\n=1+1", '"=1+1')
TRAP = """document.addEventListener("securitypolicyviolation", (event) =>
    hit("policy " + event.effectiveDirective + " " + event.blockedURI));"""


def evil(name):
    """A text that runs in a page, if something of it is taken for markup. A combining mark follows the first quotation mark."""
    return '"\u0301\'></title></textarea><img src=x onerror=hit("%s")>{{7*7}}' % name


def evil_script(name):
    """The same with a script, for texts that may be longer."""
    return evil(name) + "</select></bdi><script>hit('%s')</script><svg onload=hit('%s')>javascript:hit('%s')${7*7}" % (name, name, name)


def run(stage):
    """All of them, in one world."""
    with world(stage) as here:
        trap(stage.claim, here)
        ana, ids = furnish(here)
        texts = set()
        for bypass in (True, False):
            visit = Visit(here, ana, bypass, texts)
            with stage.claim("No script of a text runs on any page %s" % (
                    "without the content policy" if bypass else "with the content policy, which nothing violates")):
                pages(visit, ana, ids)
                forms(visit, ana, ids)
                visit.without_session(ids)
                same(visit.hits, [], "what ran")
                same(visit.said, [], "what the console says")
                must(visit.count > 60, "only %d pages were looked at" % visit.count)
            with stage.claim("No page %s has an element, a handler or an address that came from a text" % ("without" if bypass else "with")):
                same(visit.markup, [], "what is wrong")
            visit.page.context.close()
        with stage.claim("Each of the %d texts was shown as text, braces and all" % len(ids["names"])):
            same(sorted(set(ids["names"]) - texts), [], "texts that no page showed")
        tables(stage.claim, ana)


def trap(claim, here):
    """The claims below can fail."""
    with claim("The trap works: the same text put into a page as markup runs, and the content policy forbids it"):
        for bypass in (True, False):
            context, hits = here.context(bypass_csp=bypass), []
            context.expose_binding("hit", lambda _, name: hits.append(name))
            context.add_init_script(TRAP)
            page = context.new_page()
            page.route("**/sign-in", lambda route: route.fulfill(response=route.fetch(), body=evil_script("trap")))
            page.goto(here.url + "/sign-in")
            until(lambda: page.wait_for_timeout(20) or len(hits) >= 3, "the scripts run, or are stopped")
            same({each.split(" ")[0] for each in hits}, {"trap"} if bypass else {"policy"}, "what ran")
            context.close()


def furnish(here):
    """Hostile texts everywhere. Gives the owner, and the ids of things."""
    here.ctl("org", "create", "acme", "--display-name", evil("org"), "--country", "DE")
    here.ctl("org", "create", "globex", "--display-name", evil("other-org"), "--country", "FR")
    here.save_card(GOOD)
    here.ctl("seats", "add", "acme", "9")
    here.ctl("credits", "buy", "acme", "100")
    here.ctl("bill-to", "set", "acme", "--name", evil_script("bill-name"), "--address", evil_script("address"), "--country", "DE")
    here.move(days=31)
    record = evil("record").replace("\u0301", "")
    here.use((evil("user"), evil("model"), evil("provider"), {"prompt_tokens": 5, evil_script("usage"): 1},
              {"id": record, "tags": {"tag": evil("tag-value")}}))
    here.use((evil("user"), "gpt-5", "openai", {"prompt_tokens": 5, "completion_tokens": 5}))
    here.use(*((user, "gpt-5", "openai", {"prompt_tokens": 5}) for user in FORMULAS))
    here.ctl("credits", "grant", "acme", "5", "--source", "promotion", "--reason", evil_script("reason"))
    here.double.ask(cmd="fault", kind="decline:" + evil_script("decline"), path="/v1/payment_intents")
    here.daemon.meterctl(here.options.meterctl, "credits", "buy", "acme", "50")
    ana = here.join("acme", evil("member"), "owner", "ana@acme.example")
    ana.join(user_agent="Mozilla/5.0 " + evil_script("browser").replace("\u0301", ""))
    here.ctl("member", "add", "acme", evil("usage-name"))
    gone = here.ctl("member", "invite", "acme", "gone@acme.example", "--name", evil("removed"))["invitation"]["member"]
    here.ctl("member", "invite", "acme", "x@acme.example", "--name", evil("invited"))
    secret = here.ctl("member", "invite", "globex", "y@globex.example", "--name", evil("guest"))["secret"]
    invoice = here.ctl("invoice", "list", "acme")["items"][0]["number"]
    ana.post("/orgs/acme/invoices/%s/notes" % invoice, {"text": evil_script("note")[:500]})
    ana.post("/orgs/acme/policy/models", {"models": evil_script("allowed").replace(" ", "/").replace(",", "")})
    ana.post("/orgs/acme/security/profile", {"name": evil("profile"), "email": "ana@acme.example"})
    page = ana.page("security")
    Authenticator(page)
    make(page, ana, evil("key"))
    expect(page.locator(".notice.done")).to_be_visible()
    page.context.close()
    names = ["org", "bill-name", "address", "user", "model", "provider", "usage", "record", "tag-value", "profile", "browser",
             "usage-name", "guest", "note", "key", "asked", "typed"]
    return ana, {"record": record, "gone": gone, "secret": secret, "invoice": invoice, "names": names}


class Visit:
    """A browser that goes everywhere, and what it saw."""

    def __init__(self, here, ana, bypass, texts):
        self.here, self.texts = here, texts
        self.hits, self.said, self.markup, self.count = [], [], [], 0
        self.page = self.watched(ana.context(bypass_csp=bypass))
        self.stranger = self.watched(here.context(bypass_csp=bypass))

    def watched(self, context):
        """A page whose scripts and words are noted."""
        context.expose_binding("hit", lambda source, name: self.hits.append((source["page"].url, name)))
        context.add_init_script(TRAP)
        page = context.new_page()
        page.on("dialog", lambda dialog: (self.hits.append(("dialog", dialog.message)), dialog.dismiss()))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("console", lambda message: self.said.append(message.text) if message.type in ("error", "warning")
                and "Failed to load resource" not in message.text else None)
        return page

    def look(self, address, page=None):
        """One page: its markup, and its text."""
        page = page or self.page
        answer = page.goto(address if address.startswith("http") else self.here.url + address)
        self.count += 1
        check = Markup(self.markup, page.url)
        check.feed(answer.text())
        shown = page.evaluate("""document.body.textContent + " " + Array.from(document.querySelectorAll("input, textarea"),
            (field) => field.value).join(" ") + " " + Array.from(document.querySelectorAll("[title], [aria-label]"),
            (each) => each.title + " " + each.ariaLabel).join(" ")""")
        self.texts.update(re.findall(r"""hit\(\\?["']([\w-]+)""", shown))
        if "{{7*7}}" not in shown and 'hit("' in shown:
            self.markup.append((page.url, "braces were changed"))
        return page

    def without_session(self, ids):
        """What everybody can open."""
        self.here.move(61)
        query = urllib.parse.urlencode({"next": evil_script("next"), "again": evil("again")})
        for path in ("/sign-in?" + query, "/join/" + ids["secret"], "/join", "/sign-in/callback/1?error=%s&state=x" % urllib.parse.quote(evil("error")),
                     "/" + urllib.parse.quote(evil_script("path")), "/orgs/%s/usage" % urllib.parse.quote(evil("path"), safe="")):
            self.look(path, self.stranger)
        self.stranger.context.close()


class Markup(html.parser.HTMLParser):
    """Finds elements and attributes that no page of the dashboard has."""

    def __init__(self, found, page):
        super().__init__()
        self.found, self.page = found, page

    def handle_starttag(self, tag, attributes):
        """An element."""
        names = dict(attributes)
        if tag not in TAGS or tag == "script" and not (names.get("src") or "").startswith("/assets/"):
            self.found.append((self.page, tag))
        for name, value in attributes:
            isAddress = name in ("href", "src", "action", "formaction")
            if name.startswith("on") or name in ("style", "srcdoc", "formaction") or isAddress and not (value or "").startswith(
                    ("/", "#", "mailto:", "http://127.0.0.1:", "http://localhost:")) or isAddress and value.startswith(("//", "/\\")):
                self.found.append((self.page, tag, name, value))


def pages(visit, ana, ids):
    """Every page, and every page with a hostile query."""
    asked = urllib.parse.quote(evil_script("asked"), safe="")
    names = {name: urllib.parse.quote(evil(name), safe="") for name in ("user", "model", "provider")}
    number = ana.number
    record = urllib.parse.quote(ids["record"], safe="")
    for path in ("organization", "usage", "usage?period=week", "usage?period=year", "usage?period=all", "usage/live", "usage/compare", "usage/tags", "usage/tags?tag=tag",
                 "usage/tags?tag=" + asked, "usage/compare?user=" + names["user"], "billing", "invoices", "payments",
                 "history", "subscription", "security", "audit", "members/%d" % number, "members/%d" % ids["gone"], "members/1",
                 "invoices/" + ids["invoice"], "payments/1", "payments/2", "usage/records/" + record, "payment-method/done",
                 *("usage?%s=%s" % each for each in names.items()), *("usage/live?%s=%s" % each for each in names.items()),
                 *("usage?%s=%s" % (name, asked) for name in ("user", "model", "provider", "period", "mine", "by", "cursor")),
                 "usage?from=%s&to=%s" % (asked, asked), *("%s?cursor=%s" % (page, asked) for page in (
                     "organization", "usage/live", "invoices", "payments", "history", "subscription", "audit")),
                 *("%s/%s" % (page, asked) for page in ("members", "invoices", "payments", "orders", "usage/records"))):
        visit.look(ana.at(path))


def forms(visit, ana, ids):
    """Forms whose fields are hostile: what the next page says about them."""
    typed = evil_script("typed")
    member = "/orgs/acme/members/%d" % ana.number
    for path, fields in (
            ("/orgs/acme/orders", {"kind": "credits", "other": typed}), ("/orgs/acme/orders", {"kind": "seats", "seats": typed}),
            ("/orgs/acme/billing/budget", {"monthly": typed}), ("/orgs/acme/billing/alerts", {"thresholds": typed}),
            ("/orgs/acme/billing/top-up", {"threshold": typed, "amount": typed}),
            ("/orgs/acme/billing/bill-to", {"name": "x", "country": "D\"", "region": typed, "vat_id": typed, "email": typed}),
            ("/orgs/acme/policy/models", {"models": typed}), ("/orgs/acme/invitations", {"email": typed, "name": typed, "role": typed}),
            ("/orgs/acme/invitations", {"email": "z%d@acme.example" % visit.count, "name": evil("typed"), "role": "member"}),
            (member + "/limits", {"daily": typed}), (member + "/role", {"role": typed}), (member + "/users", {"user": typed}),
            ("/orgs/acme/security/profile", {"name": typed * 3, "email": typed}), ("/orgs/acme/subscription/remove", {"seats": typed}),
            ("/orgs/acme/invoices/%s/notes" % ids["invoice"], {"text": typed}), ("/orgs/acme/passkeys", {"credential": typed, "name": typed}),
            ("/orgs/acme/payments/1/cancel", {"key": typed}), ("/orgs/acme/security/sign-in", {"issuer": typed})):
        visit.here.move(15)
        answer = ana.post(path, fields)
        if answer.status == 303:
            visit.look(answer.field("Location"))
        else:
            # The page of the answer itself, in the place of one that a browser would ask for.
            visit.page.route("**/orgs/acme/billing?shown", lambda route: route.fulfill(
                status=answer.status, body=answer.body, headers={name: value for name, value in answer.fields if name.lower() != "content-length"}))
            visit.look(ana.at("billing?shown"))
            visit.page.unroute("**/orgs/acme/billing?shown")


def tables(claim, ana):
    """Downloads."""
    for path in ("/orgs/acme/usage.csv?by=day,user,model,provider&period=all", "/orgs/acme/audit.csv"):
        with claim("%s is well formed: each line has all cells, and hostile texts are in one cell each" % path.split("?")[0]):
            text = ana.get(path).body.decode()
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            same({len(row) for row in rows}, {len(rows[0])}, "the numbers of cells")
            if "usage" in path:
                must(any(evil("user") in row for row in rows), "the user isn't in a cell")
                must(any('x"\u0301,=1+1' in row for row in rows), "a user with a comma isn't in a cell")
        with claim("%s: no cell is a formula to a spreadsheet" % path.split("?")[0]):
            rows = list(csv.reader(io.StringIO(ana.get(path).body.decode(), newline="")))
            same([cell for row in rows for cell in row if re.match(r"[=+\-@\t\r]", cell) and not re.fullmatch(r"-?[\d.]+", cell)], [],
                 "cells that are formulas")
            must(len(rows) > 5, "there are %d rows" % len(rows))
