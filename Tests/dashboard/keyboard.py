"""The pages without a mouse."""

from playwright.sync_api import expect

from claims import must, same


def run(claim, here, ana):
    """Without a mouse."""
    secret = here.ctl("member", "invite", "globex", "ana@globex.example", "--name", "Ana")["secret"]
    page = ana.page(None)
    page.goto("%s/join/%s" % (here.url, secret))
    page.get_by_role("button", name="Join").click()
    page.wait_for_url("**/orgs/globex/*")
    ana.state = page.context.storage_state()
    focused = "document.activeElement.textContent.trim()"

    def reach(what):
        """Presses Tab until something has the focus that shows."""
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(focused) == what:
                style = page.evaluate("(s => [s.outlineStyle, s.boxShadow])(getComputedStyle(document.activeElement))")
                must(style != ["none", "none"], "the focus on %s can't be seen" % what)
                return
        must(False, "Tab doesn't lead to %s" % what)

    with claim("The first Tab shows a link that skips to the content, and it does"):
        page.goto(ana.at("usage"))
        page.keyboard.press("Tab")
        same(page.evaluate(focused), "Skip to the content", "the first")
        box = page.locator("a.skip").bounding_box()
        must(box["x"] >= 0 and box["y"] >= 0 and box["width"] > 20, "it is at %s" % box)
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        same(page.evaluate("!!document.activeElement.closest('main')"), True, "whether the next Tab is in the content")
    with claim("Tabs are reached and opened with the keyboard"):
        page.goto(ana.at("organization"))
        reach("Subscription")
        page.keyboard.press("Enter")
        page.wait_for_url("**/subscription")
        same(page.locator("nav.tabs [aria-current=page]").inner_text(), "Subscription", "the chosen tab")
    with claim("The menu of orgs opens with Enter, closes with Escape, and leads to the other org"):
        reach("Acme Inc.")
        page.keyboard.press("Enter")
        expect(page.locator("details.org")).to_have_attribute("open", "")
        page.keyboard.press("Escape")
        expect(page.locator("details.org")).not_to_have_attribute("open", "")
        same(page.evaluate(focused), "Acme Inc.", "the focus after Escape")
        page.keyboard.press("Enter")
        reach("Globex")
        page.keyboard.press("Enter")
        page.wait_for_url("**/orgs/globex/**")
    with claim("The person's menu opens with the keyboard and signs out"):
        page.goto(ana.at("organization"))
        reach("Ana")
        page.keyboard.press("Enter")
        reach("Sign out")
        page.keyboard.press("Enter")
        page.wait_for_url("**/sign-in*")
        page.goto(ana.at("organization"))
        must("/sign-in" in page.url, "the session is still good: %s" % page.url)
    page.context.close()
    ana.sign_in()
