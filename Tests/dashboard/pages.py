"""Every page: who gets it, whether everybody can read and use it, and with how little."""

import os
import re

from axe_playwright_python.sync_playwright import Axe
import forms
import keyboard
from claims import lacks, must, same
from routes import GETS, POSTS, filled, fits, routes
from walks import CHAT
from world import GOOD, world

MODES = {"wide": (1280, "light"), "dark": (1280, "dark"), "narrow": (360, "light")}
LONG = "A name that is much longer than any screen of a telephone is wide and has averyveryverylongwordwithoutanybreak in it"


def run(stage):
    """All of them."""
    with world(stage) as here:
        ids = furnish(here)
        ana, bo, cy, gil = here.crowd()
        here.ctl("member", "assign", "acme", str(cy.number), "cy")
        ids.update(member=cy.number, order=order(ana))
        roles(stage.claim, here, (ana, bo, cy), ids)
        own_usage(stage.claim, cy, ids)
        looks(stage, here, ana, cy, ids)
        zones(stage.claim, ana)
        keyboard.run(stage.claim, here, ana)
        forms.run(stage.claim, here, ana)


def furnish(here):
    """An org with something on each page; gives the ids of things."""
    here.orgs()
    here.save_card(GOOD)
    here.ctl("seats", "add", "acme", "20")
    here.ctl("credits", "buy", "acme", "100")
    here.ctl("credits", "grant", "acme", "20", "--source", "promotion", "--expires", "2027-01-31T00:00:00Z")
    here.move(days=31)
    many = [(user, model, provider, CHAT) for user in ("ana", "bo", "cy", LONG[:120])
            for model, provider in (("gpt-5", "openai"), ("gpt-5-mini", "openai"), ("gpt-4o", "azure"))]
    first = here.use(*many)
    here.move(days=1)
    here.use(*many, ("ana", "a-model-that-has-no-price", "nobody", CHAT, {"tags": {"project": LONG[:60]}}))
    here.ctl("member", "add", "acme", "zoe")
    here.ctl("member", "remove", "acme", "zoe")
    here.ctl("member", "invite", "acme", "dora@acme.example", "--name", LONG[:100])
    here.ctl("bill-to", "set", "acme", "--name", LONG, "--address", LONG, "--country", "DE")
    here.ctl("alert", "set", "acme", "50", "20")
    here.ctl("budget", "acme", "--monthly", "500")
    invoice = here.ctl("invoice", "list", "acme")["items"][0]["number"]
    return {"org": "acme", "id": first[0], "own": first[6], "invoice": invoice, "payment": 1, "secret": "x" * 43, "provider": 1}


def order(ana):
    """An order that is shown and not confirmed."""
    page = ana.page("billing")
    page.get_by_role("button", name="$50", exact=True).click()
    page.wait_for_url("**/orders/*")
    number = page.url.rsplit("/", 1)[1]
    page.context.close()
    return number


def roles(claim, here, people, ids):
    """Who gets which page."""
    found = routes()
    with claim("Each of the %d GET routes has a row in the table of roles" % len([1 for each in found if each[0] == "get"])):
        same(sorted(name for method, name, _ in found if method == "get"), sorted(GETS), "the names")
    style = re.search(r"/assets/(\w+)/([\w.]+)", people[0].get("/orgs/acme/usage").text)
    ids = dict(ids, digest=style.group(1), name=style.group(2))
    for index, person in enumerate(people):
        with claim("Each page answers the %s as the table of roles says" % person.role):
            # Links of invitations are counted per minute.
            here.move(61)
            wrong = []
            for method, name, path in found:
                if method == "get" and name in GETS:
                    status = person.get(filled(path, ids)).status
                    if status != GETS[name][index]:
                        wrong.append("%s is %d, not %d" % (name, status, GETS[name][index]))
            same(wrong, [], "what is wrong")
    with claim("Whoever isn't signed in is sent from each page of an org to the sign-in page, and gets nothing of it"):
        for method, name, path in found:
            if method == "get" and path.startswith("/orgs/"):
                answer = here.raw.ask("GET", filled(path, ids))
                same((answer.status, answer.body), (303, b""), name)
                must(answer.field("Location").startswith("/sign-in?next="), "%s leads to %s" % (name, answer.field("Location")))
    with claim("A member has no tab and no link that leads to a page they may not see"):
        page = people[2].page("organization")
        paths = ["organization", "usage", "usage/live", "security"]
        for path in paths:
            page.goto(people[2].at(path))
            for target in page.eval_on_selector_all("a[href^='/']", "links => links.map(link => link.getAttribute('href'))"):
                if "/join" not in target:
                    status = people[2].get(target.split("#")[0]).status
                    must(status in (200, 303), "%s on %s answers %d" % (target, path, status))
        page.context.close()
    for person, allowed in ((people[1], ("member", "admin", None)), (people[2], ("member", None))):
        with claim("No page has a form that the %s may not send" % person.role):
            page = person.page("security")
            for path in ("billing", "subscription", "organization", "invoices/" + ids["invoice"], "payments/1", "members/1",
                         "members/%d" % people[0].number, "usage", "audit", "security"):
                page.goto(person.at(path))
                for action in page.eval_on_selector_all("form", "forms => forms.map(form => form.getAttribute('action'))"):
                    names = [name for method, name, form in found if method == "post" and fits(form, action)]
                    must(names and POSTS[names[0]] in allowed, "%s has a form for %s" % (path, action))
            page.context.close()


def own_usage(claim, cy, ids):
    """A member and the usage of others."""
    with claim("A member sees their own usage only, whatever the address asks for"):
        for query in ("", "?user=ana", "?mine=no", "?user=", "?period=all&user=bo", "?by=user", "?user=cy&user=ana"):
            for path in ("/usage", "/usage/live", "/usage/compare", "/usage.csv"):
                text = cy.get("/orgs/acme" + path + query).text
                for other in (">ana<", ">bo<", ",ana,", ",bo,", LONG[:60], "a-model-that-has-no-price"):
                    lacks(text, other)
    with claim("A member's total is the sum of their own requests"):
        page = cy.page("usage")
        same(page.locator(".figure", has_text="Requests").locator(".value").inner_text(), "6", "the requests")
        page.context.close()
    with claim("A member opens their own request, and gets 404 for somebody else's as for one that never was"):
        same(cy.get("/orgs/acme/usage/records/" + ids["own"]).status, 200, "their own")
        answers = [cy.get("/orgs/acme/usage/records/" + each) for each in (ids["id"], "never-was")]
        same([(each.status, each.body) for each in answers], [(404, answers[1].body)] * 2, "the answers")


def places(ids):
    """Every page that has an address, by name."""
    return {
        "organization": "organization", "member": "members/%d" % ids["member"], "owner": "members/%d" % ids["ana"],
        "removed": "members/1", "usage": "usage", "usage-week": "usage?period=week", "usage-year": "usage?period=year",
        "usage-all": "usage?period=all", "usage-narrowed": "usage?model=gpt-5&user=cy&mine=yes",
        "usage-compare": "usage/compare", "usage-tags": "usage/tags", "usage-tag": "usage/tags?tag=project", "live": "usage/live",
        "record": "usage/records/" + ids["id"], "billing": "billing", "invoices": "invoices", "invoice": "invoices/" + ids["invoice"],
        "payments": "payments", "payment": "payments/1", "history": "history", "order": "orders/" + ids["order"],
        "subscription": "subscription", "security": "security", "audit": "audit", "nothing": "no-such-page",
    }


def looks(stage, here, ana, cy, ids):
    """What axe, a telephone and the console say of each page."""
    problems = {}
    for mode, (width, scheme) in MODES.items():
        options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
        view = View(stage.options.pictures, mode, problems)
        # An order is its person's, and whoever comes by a new link is a new one.
        ids["order"] = order(ana)
        page = view.watch(ana.page(None, **options))
        for name, path in places(dict(ids, ana=ana.number)).items():
            answer = page.goto(ana.at(path))
            view.look(page, name)
            if answer.status != (404 if name == "nothing" else 200):
                problems[name].append("%s: the status is %d" % (mode, answer.status))
        for name, path, region, button in (
                ("remove-seats", "subscription", "#remove", "Continue"), ("card", "billing", "#method", re.compile("card"))):
            page.goto(ana.at(path))
            page.locator(region).get_by_role("button", name=button).click()
            view.look(page, name)
        page.goto(ana.at("payment-method/done"))
        view.look(page, "card-entered")
        page.goto(ana.at("organization"))
        page.locator("#invite [name=email]").fill("guest-%s@acme.example" % mode)
        page.locator("#invite").get_by_role("button", name="Invite").click()
        view.look(page, "link")
        link = page.locator("#link").input_value()
        here.move(61)
        ana.sign_in()
        page.goto(here.url + "/sign-in?again=1")
        view.look(page, "sign-in-again")
        page.context.close()
        page = view.watch(cy.page("organization", **options))
        view.look(page, "organization-as-member")
        page.goto(cy.at("usage"))
        view.look(page, "usage-as-member")
        page.goto(cy.at("billing"))
        view.look(page, "forbidden")
        page.context.close()
        page = view.watch(here.context(**options).new_page())
        page.goto(here.url + "/sign-in")
        view.look(page, "sign-in")
        page.goto(link)
        view.look(page, "join")
        page.context.close()
    with stage.claim("axe, the width and the console tell what is wrong with a page, so that the claims below can fail"):
        broken = {}
        view = View(None, "broken", broken)
        page = view.watch(ana.page("usage", viewport={"width": 360, "height": 800}))
        page.evaluate("""() => {
            const wide = document.createElement("button");
            wide.style.width = "900px";
            document.querySelector("main").append(wide);
            console.error("wrong");
        }""")
        view.look(page, "usage")
        for part in ("button-name", "px wide", "console: wrong"):
            must(any(part in each for each in broken["usage"]), "%s is not among %s" % (part, broken["usage"]))
        page.context.close()
    for name in problems:
        with stage.claim("Page %s: axe finds nothing, 360 px are enough, the console is empty" % name):
            same(problems[name], [], "what is wrong")


class View:
    """A way to look at pages; keeps what is wrong with them."""

    def __init__(self, pictures, mode, problems):
        self.pictures, self.mode, self.problems, self.said = pictures, mode, problems, []
        if pictures:
            os.makedirs(pictures, exist_ok=True)

    def watch(self, page):
        """Notes what the page's console says. A status that isn't 200 is no fault of the page."""
        page.on("console", lambda message: self.said.append(message.text) if message.type in ("error", "warning")
                and "Failed to load resource: the server responded" not in message.text else None)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        return page

    def look(self, page, name):
        """A page in this mode."""
        found = self.problems.setdefault(name, [])
        page.wait_for_load_state()
        # Dark pages differ in their colours only.
        only = {"options": {"runOnly": {"type": "rule", "values": ["color-contrast"]}}} if self.mode == "dark" else {}
        for each in Axe().run(page, **only).response["violations"]:
            found.append("%s: %s at %s" % (self.mode, each["id"], each["nodes"][0]["target"]))
        twice = page.evaluate("(all => all.filter((id, at) => all.indexOf(id) != at))([...document.querySelectorAll('[id]')].map(e => e.id))")
        if twice:
            found.append("ids that are there twice: %s" % twice)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > page.viewport_size["width"]:
            found.append("%s: %d px wide" % (self.mode, width))
        found += ["%s: console: %s" % (self.mode, each) for each in self.said]
        self.said.clear()
        if self.pictures:
            page.screenshot(path="%s/%s-%s.png" % (self.pictures, name, self.mode), full_page=True)


def zones(claim, ana):
    """Where the reader is."""
    with claim("The usage page's tables are the same bytes in Auckland, in Berlin and in Honolulu"):
        tables = []
        for zone, language in (("Pacific/Auckland", "en-NZ"), ("Europe/Berlin", "de-DE"), ("Pacific/Honolulu", "en-US")):
            page = ana.page("usage", timezone_id=zone, locale=language)
            tables.append(page.eval_on_selector_all("table, svg", "all => all.map(each => each.outerHTML)"))
            page.context.close()
        must(len(tables[0]) >= 4, "there are %d tables" % len(tables[0]))
        same(tables[1:], [tables[0]] * 2, "the tables")
