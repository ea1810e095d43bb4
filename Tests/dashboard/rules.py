"""Which sign-ins an org takes, and who founds one; with a real provider, in a browser."""

import os

from claims import has, lacks, must, same
from idps import Browser
from world import words


def required(course):
    """An owner who joined by a link and connected the provider has everybody sign in there."""
    here, idp, path = course.here, course.idp, course.at("security")
    olga = Browser(here, idp, "bob", storage_state=course.keeper.state)
    page = olga.page
    with course.says("An owner requires it, and sessions of another sign-in don't open the org any more, the owner's own included"):
        olga.open(here.url + path)
        page.get_by_label("Required provider").select_option(label=idp.name)
        page.get_by_role("button", name="Save rule").click()
        page.get_by_role("heading", name="Another sign-in is needed").wait_for()
        has(words(page), "requires that you sign in with " + idp.name)
        for each in ("", "/usage", "/billing", "/audit.csv"):
            must(course.keeper.get("/orgs/" + course.org + each).status in (303, 403), "a page of a session of a link")
    with course.says("The page leads to the provider, and from there back to what was wanted"):
        olga.open(here.url + path)
        olga.choose("Sign in with " + idp.name)
        course.is_member(page, "Olga")
        has(words(page), "Everybody in this organization signs in with " + idp.name)
    with course.says("An operator ends the rule, and the page says so"):
        here.ctl("org", "policy", course.org, "--sign-in-issuer", "default")
        has(olga.open(here.url + path), "No provider is required")
    course.seen |= olga.end()


def founded(course):
    """Whoever signs in founds an org, if the operator allows it."""
    here, idp, org = course.here, course.idp, "new-" + course.org
    eve = Browser(here, idp, "eve")
    page = eve.page
    sign_ups(here, "open")
    with course.says("If sign-up is open, somebody who is in no org comes to a page on which they create one"):
        eve.leave().sign_in()
        same(page.url, here.url + "/organizations/new", "the page")
        lacks(words(page), "Ask an owner")
    with course.says("A name that is taken is refused, what was typed stays, and nobody is told whose it is"):
        create(page, course.org, "Eve")
        has(words(page), "'%s' is taken" % course.org)
        same([page.get_by_label(each).input_value() for each in ("Organization's name", "Short name", "Your name")],
             ["Eve's & <Co>", course.org, "Eve"], "the fields")
    with course.says("With another name the org is there, and they are its owner"):
        create(page, org, "Eve")
        page.wait_for_url("**/orgs/%s/organization" % org)
        team = here.ctl("member", "list", org)["items"]
        same([(each["name"], each["role"]) for each in team], [("Eve", "owner")], "the members")
        has(words(page), "Eve")
        has(page.locator("header").inner_text(), "Eve's & <Co>")
    with course.says("The org's menu leads to the same page for another one, and then between both"):
        page.locator("details.org summary").click()
        page.get_by_role("link", name="New organization").click()
        create(page, org + "-2", "Eve")
        page.wait_for_url("**/orgs/%s-2/organization" % org)
        page.locator("details.org summary").click()
        page.locator("details.org a").first.click()
        page.wait_for_url("**/orgs/%s/organization" % org)
    with course.says("A form that is sent again with its key makes no second org"):
        form = {"display_name": "Once", "org": org + "-3", "name": "Eve", "key": os.urandom(16).hex(),
                "form_token": page.locator("[name=form_token]").first.input_value()}
        said = {here.raw.form("/organizations/new", form, {"Cookie": "__Host-meterd=" + eve.session, "Origin": here.url}).status
                for _ in range(3)}
        same(said, {303}, "the answers")
        same(len(here.ctl("member", "list", org + "-3")["items"]), 1, "how many members it has")
    sign_ups(here, "invited")
    with course.says("If sign-up is not open any more, the page and its form create nothing"):
        has(eve.leave().open(here.url + "/organizations/new"), "Sign in")
        eve.sign_in()
        has(eve.open(here.url + "/organizations/new"), "Ask an owner or admin")
        form = {"org": org + "-4", "name": "Eve", "key": os.urandom(16).hex(),
                "form_token": eve.at("/orgs/%s/security" % org).locator("[name=form_token]").first.input_value()}
        answer = here.raw.form("/organizations/new", form, {"Cookie": "__Host-meterd=" + eve.session, "Origin": here.url})
        same(answer.status, 403, "the answer")
        lacks(str(here.ctl("org", "list")), org + "-4")
    course.seen |= eve.end()


def create(page, org, name):
    """Fills in the form of a new org, and sends it."""
    page.get_by_label("Organization's name").fill("Eve's & <Co>")
    page.get_by_label("Short name").fill(org)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Create organization").click()


def sign_ups(here, policy):
    """Another policy of the daemon's for sign-ups."""
    path = here.folder + "/meterd.yaml"
    with open(path) as file:
        lines = file.read().splitlines()
    here_is = [index for index, line in enumerate(lines) if line.startswith("dashboard: {")]
    same(len(here_is), 1, "the lines about the dashboard")
    kept = lines[here_is[0]].replace("dashboard: {", "").split(", ")
    kept = [each for each in kept if not each.startswith("sign_up:")]
    lines[here_is[0]] = "dashboard: {" + ", ".join(["sign_up: " + policy] + kept)
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    here.ask("POST", "/v1/reload", {})
