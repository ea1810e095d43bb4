"""Another site in the browser of somebody who is signed in: by another name, and by another port of the same name."""

import os

import sites
from claims import has, must, same, until
from watch import changed, snapshot

FORM = """<!doctype html><title>Elsewhere</title>
<iframe name="frame"></iframe>
<form id="form" method="%s" enctype="%s" target="%s" action="%s">%s</form>
<script>document.getElementById("form").submit()</script>"""

READ = """async (address) => {
    const got = {};
    for (const [name, options] of Object.entries({
        plain: {}, cookies: { credentials: "include" }, blind: { credentials: "include", mode: "no-cors" } })) {
        try { got[name] = await (await fetch(address, options)).text(); } catch (error) { got[name] = ""; }
    }
    return got;
}"""

SEND = """async ([address, fields]) => {
    for (const mode of ["no-cors", "cors"]) {
        for (const type of ["application/x-www-form-urlencoded", "text/plain"]) {
            try {
                await fetch(address, { method: "POST", mode, credentials: "include", headers: { "Content-Type": type },
                    body: new URLSearchParams(fields).toString() });
            } catch (error) { /* The browser or the site refused. */ }
        }
    }
    return true;
}"""


def run(claim, here, ana):
    """By both names. `localhost` with another port is the same site to cookies, so that only the origin differs."""
    here.move(61)
    for host, what in (("127.0.0.1", "another name"), ("localhost", "another port of the same name")):
        pages = {"/": "<!doctype html><title>Elsewhere</title>"}
        with sites.site(pages, host) as origin:
            context = ana.context()
            browser = context.new_page()
            forms(claim, here, ana, browser, origin, pages, what)
            reads(claim, here, ana, browser, origin, pages, what)
            context.close()
    with claim("The same form on a page of the dashboard itself does change something, so that the claims above can fail"):
        before = snapshot(here)
        page = ana.page("billing")
        page.locator("#budget [name=monthly]").fill("450")
        page.locator("#budget button").click()
        page.wait_for_url("**/billing")
        must(("acme", "budget") in changed(before, snapshot(here)), "the budget is as it was")
        page.context.close()


def fields(ana):
    """A form that would work, if it came from the dashboard. The attacker even has the token."""
    return {"form_token": ana.token(), "key": os.urandom(16).hex(), "monthly": "1"}


def forms(claim, here, ana, browser, origin, pages, what):
    """Forms that send themselves."""
    target = here.url + "/orgs/acme/billing/budget"
    for name, method, encoding, frame in (
            ("A form", "post", "application/x-www-form-urlencoded", "_self"), ("A form in a frame", "post", "application/x-www-form-urlencoded", "frame"),
            ("A form of plain text", "post", "text/plain", "_self"), ("A form with parts", "post", "multipart/form-data", "_self"),
            ("A form that is a link", "get", "application/x-www-form-urlencoded", "_self")):
        with claim("%s on a site of %s, in the browser of an owner, changes nothing" % (name, what)):
            before = snapshot(here)
            inputs = "".join('<input name="%s" value="%s">' % each for each in fields(ana).items())
            pages["/form"] = FORM % (method, encoding, frame, target, inputs)
            with browser.expect_response(lambda answer: answer.url.startswith(target)) as sent:
                browser.goto(origin + "/form")
            must(sent.value.status in (303, 400, 403, 404), "the answer is %d" % sent.value.status)
            must(sent.value.status != 303 or "/sign-in" in sent.value.headers["location"], "the form was taken")
            same(changed(before, snapshot(here)), [], "what changed")
    with claim("A script on a site of %s can't send a form, and can't send one that the dashboard takes" % what):
        before = snapshot(here)
        browser.goto(origin + "/")
        same(browser.evaluate(SEND, [target, fields(ana)]), True, "whether the script ended")
        same(changed(before, snapshot(here)), [], "what changed")
    with claim("A link on a site of %s to an invitation, or to any page, changes nothing" % what):
        secret = here.ctl("member", "invite", "globex", "x%s@globex.example" % os.urandom(4).hex())["secret"]
        before = snapshot(here)
        pages["/link"] = "<!doctype html>" + "".join(
            '<img src="%s%s"><link rel="prefetch" href="%s%s">' % (here.url, path, here.url, path)
            for path in ("/join/" + secret, "/sign-out", "/orgs/acme/payments/retry", "/orgs/acme/payment-method/done"))
        browser.goto(origin + "/link", wait_until="networkidle")
        browser.goto(here.url + "/join/" + secret)
        same(changed(before, snapshot(here)), [], "what changed")
        same(ana.get("/orgs/acme/security").status, 200, "Ana's session")


def reads(claim, here, ana, browser, origin, pages, what):
    """Nothing of a page is seen elsewhere."""
    address = here.url + "/orgs/acme/security"
    with claim("A script on a site of %s reads nothing of the dashboard's pages" % what):
        browser.goto(origin + "/")
        got = browser.evaluate(READ, address)
        same({name: text for name, text in got.items() if "Ana" in text or "form_token" in text}, {}, "what it read")
    with claim("A site of %s that opens a page of the dashboard sees nothing of the window" % what):
        with browser.expect_popup() as opened:
            browser.evaluate("(address) => { window.opened = window.open(address); }", address)
        opened.value.wait_for_load_state()
        has(opened.value.inner_text("main"), "Security")
        same(browser.evaluate("""() => {
            try { return window.opened.document.documentElement.outerHTML; } catch (error) { return error.name; }
        }"""), "SecurityError", "what it sees")
        opened.value.close()
    with claim("A site of %s can't show the dashboard in a frame" % what):
        pages["/frame"] = '<!doctype html><iframe name="inner" src="%s"></iframe>' % address
        browser.goto(origin + "/frame", wait_until="load")
        until(lambda: browser.evaluate("frames.length") and len(browser.frames) > 1, "the frame")
        inner = browser.frames[1]
        until(lambda: browser.evaluate("1") and (inner.url.startswith("chrome-error:") or "Ana" in inner.content()), "the frame's content")
        must("Ana" not in inner.content(), "the frame shows the page")
    with claim("A site of %s can't run the dashboard's pages as scripts or styles, and can't use its pictures" % what):
        pages["/parts"] = '<!doctype html><script src="%s" id="s" onload="window.loaded = 1"></script>' % (here.url + "/orgs/acme/usage.csv")
        browser.goto(origin + "/parts", wait_until="load")
        same(browser.evaluate("window.loaded || 0"), 0, "whether it was loaded")
