"""The forms of the walks, in a browser without JavaScript."""

import re

from claims import has, same
from walks import put_card
from world import GOOD, words


def run(claim, here, ana):
    """All of them."""
    page = ana.page("billing", java_script_enabled=False)
    with claim("Without JavaScript a card can be entered"):
        put_card(page, GOOD)
        page.get_by_role("button", name="Use this card").click()
        page.wait_for_url("**/billing")
        has(words(page), "The card is saved.")
    with claim("Without JavaScript credits can be bought"):
        before = len(here.payments())
        page.get_by_role("button", name="$50", exact=True).click()
        page.get_by_role("button", name=re.compile("^Pay")).click()
        page.wait_for_url("**/payments/*")
        has(words(page), "Credits are there")
        same(len(here.payments()), before + 1, "the payments")
    with claim("Without JavaScript seats can be added, removed and kept"):
        seats = here.ask("GET", "/v1/orgs/acme/subscription")["seats"]
        page.goto(ana.at("subscription"))
        page.locator("#add").get_by_role("button", name="Continue").click()
        page.get_by_role("button", name=re.compile("^Pay")).click()
        page.wait_for_url("**/payments/*")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["seats"], seats + 1, "the seats")
        page.goto(ana.at("subscription"))
        page.locator("#remove").get_by_role("button", name="Continue").click()
        page.get_by_role("button", name=re.compile("^Remove from")).click()
        page.wait_for_url("**/subscription")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["next_seats"], seats, "the next seats")
        page.get_by_role("button", name="Keep all seats").click()
        page.wait_for_url("**/subscription")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["next_seats"], seats + 1, "the next seats")
    with claim("Without JavaScript usage, live requests and an invoice's PDF are there"):
        page.goto(ana.at("usage"))
        has(page.content(), "gpt-5-mini", "<svg")
        page.goto(ana.at("usage/live"))
        page.locator("tbody tr").first.get_by_role("link").click()
        has(words(page), "Line items")
        page.goto(ana.at("invoices"))
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("Download")).first.click()
        with open(download.value.path(), "rb") as file:
            same(file.read(4), b"%PDF", "the beginning")
    with claim("Without JavaScript somebody can be invited, and a menu signs out"):
        page.goto(ana.at("organization"))
        page.locator("#invite [name=email]").fill("late@acme.example")
        page.locator("#invite").get_by_role("button", name="Invite").click()
        has(page.locator("#link").input_value(), here.url + "/join/")
        same(page.get_by_role("button", name="Copy").count(), 0, "the buttons that need a script")
        page.locator("details.person summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
    page.context.close()
    ana.sign_in()
