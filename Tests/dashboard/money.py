"""An order is paid once or not at all, whatever happens around it, and its page says which."""

import re
import threading

import outages
from playwright.sync_api import expect

from claims import has, lacks, same
from orders import PAY, Orders, settle
from walks import agree
from world import GOOD, words, world

def run(stage):
    """All of them, in one world; each order is a new one."""
    with world(stage) as here:
        ana, _, cy, gil = here.everybody()
        here.save_card(GOOD)
        orders = Orders(here, ana)
        clicks(stage.claim, here, orders)
        prices(stage.claim, here, orders)
        outages.run(stage.claim, here, orders)
        others(stage.claim, here, orders, cy, gil)
        with stage.claim("After all of it the ledger verifies, and what the gateway took is what the ledger has"):
            agree(here)
    with world(stage, gateway="manual") as here:
        here.orgs()
        by_transfer(stage.claim, here, Orders(here, here.join("acme", "Ana", "owner")))


def clicks(claim, here, orders):
    """Hands that are too fast."""
    for script in (True, False):
        with claim("Three clicks on Pay pay once, %s a script" % ("with" if script else "without")):
            page = orders.begin(java_script_enabled=script)
            page.get_by_role("button", name="Pay").click(click_count=3, no_wait_after=True)
            page.wait_for_url("**/payments/*")
            orders.paid_once(page)
            same(orders.attempts(), 1, "requests for money")
    with claim("The way back after paying shows the payment and no button; the old form sent again pays nothing"):
        page = orders.begin()
        address = page.url
        fields = page.eval_on_selector("form[action$=confirm]", "form => Object.fromEntries(new FormData(form))")
        page.get_by_role("button", name="Pay").click()
        page.wait_for_url("**/payments/*")
        page.go_back()
        page.wait_for_load_state()
        same(page.get_by_role("button", name=re.compile("^Pay")).count(), 0, "the buttons to pay")
        orders.paid_once(page)
        answer = orders.owner.post(address.replace(here.url, "") + "/confirm", fields)
        same(answer.status, 303, "the status")
        page.goto(here.url + answer.field("Location"))
        orders.paid_once(page)
    with claim("Reloading the result pays nothing"):
        page.reload()
        page.reload()
        orders.paid_once(page)
        same(orders.attempts(), 1, "requests for money")
    with claim("Two tabs with one order pay once: the second click comes to the same payment"):
        page = orders.begin()
        other = page.context.new_page()
        other.goto(page.url)
        for tab in (page, other):
            expect(tab.get_by_role("button", name="Pay")).to_be_visible()
        for tab in (page, other):
            tab.get_by_role("button", name="Pay").click()
            tab.wait_for_url("**/payments/*")
            orders.paid_once(tab)
        same(orders.attempts(), 1, "requests for money")
    with claim("Two tabs that pay one order at the same moment pay once, and both end at the payment"):
        page = orders.begin()
        other = page.context.new_page()
        other.goto(page.url)
        for tab in (page, other):
            tab.evaluate("setTimeout(() => document.querySelector('form[action$=confirm] button').click(), 0)")
        for tab in (page, other):
            settle(tab)
            orders.paid_once(tab)
        same(orders.attempts(), 1, "requests for money")
    with claim("Ten forms of one order at the same moment pay once"):
        page = orders.begin()
        path = page.url.replace(here.url, "") + "/confirm"
        fields = page.eval_on_selector("form[action$=confirm]", "form => Object.fromEntries(new FormData(form))")
        here.move(61)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(
            orders.owner.post(path, fields, token=fields["form_token"]).status)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        here.move(61)
        same(sorted(answers), [303] * 10, "the answers")
        page.goto(page.url)
        settle(page)
        orders.paid_once(page)
        same(orders.attempts(), 1, "requests for money")
    with claim("A declined order says that nothing was charged, and what to do; there is no button to pay it again"):
        here.double.ask(cmd="fault", kind="decline:insufficient_funds", path=PAY[1])
        page = orders.begin()
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("heading", name=re.compile("Declined|Not ordered"))).to_be_visible()
        has(words(page), "insufficient funds", "Nothing was charged")
        same([each["state"] for each in orders.payments() if each["state"] != "declined"], [], "payments")
        same(page.get_by_role("button", name=re.compile("^Pay")).count(), 0, "the buttons to pay")
    with claim("An order that was shown 15 minutes ago is too late: nothing is charged, and the page says so"):
        page = orders.begin()
        here.move(901)
        page.get_by_role("button", name="Pay").click()
        page.wait_for_url("**/sign-in?*")
        page.goto(orders.owner.at("billing"))
        page.go_back()
        page.go_back()
        has(words(page), "more than 15 minutes ago")
        orders.none(page)
        same(orders.attempts(), 0, "requests for money")


def prices(claim, here, orders):
    """The price changes between the preview and the click."""
    orders.owner.sign_in()
    with claim("If the tax changes after the preview, nothing is charged, and the page says that the price is another"):
        page = orders.begin()
        here.set_tax(25)
        here.daemon.reload()
        page.get_by_role("button", name="Pay $119.00").click()
        expect(page.get_by_role("heading", name="Not ordered")).to_be_visible()
        has(words(page), "119.00", "125.00")
        orders.none(page)
        same(orders.attempts(), 0, "requests for money")
    with claim("If the buyer's address changes after the preview, nothing is charged, and the page says so"):
        page = orders.begin()
        here.ctl("bill-to", "set", "acme", "--country", "FR")
        page.get_by_role("button", name="Pay $125.00").click()
        expect(page.get_by_role("heading", name="Not ordered")).to_be_visible()
        has(words(page), "125.00", "120.00")
        orders.none(page)
        same(orders.attempts(), 0, "requests for money")
    with claim("A new order after that shows the new price and is paid once"):
        page = orders.begin()
        page.get_by_role("button", name="Pay $120.00").click()
        page.wait_for_url("**/payments/*")
        orders.paid_once(page)
    with claim("A form that asks for less than the preview pays nothing"):
        page = orders.begin()
        fields = page.eval_on_selector("form[action$=confirm]", "form => Object.fromEntries(new FormData(form))")
        fields["total"] = "1.00"
        orders.owner.post(page.url.replace(here.url, "") + "/confirm", fields)
        page.reload()
        orders.none(page)
        same(orders.attempts(), 0, "requests for money")


def others(claim, here, orders, cy, gil):
    """Somebody else has the order's address."""
    orders.owner.sign_in()
    page = orders.begin()
    path = page.url.replace(here.url, "")
    with claim("An order's address opens nothing for the owner of another org, and confirming it there pays nothing"):
        for address in (path, path.replace("/acme/", "/globex/")):
            same(gil.get(address).status, 404, address)
            same(gil.post(address + "/confirm", {"total": "120.00"}).status, 404, address + "/confirm")
        same(orders.payments(), [], "the payments")
        same(here.payments("globex"), [], "the other org's payments")
    with claim("Another owner of the same org can neither see nor confirm the order"):
        eve = here.join("acme", "Eve", "owner")
        same(eve.get(path).status, 404, "the page")
        same(eve.post(path + "/confirm", {"total": "120.00"}).status, 404, "the form")
        same(orders.payments(), [], "the payments")
    with claim("A member can neither begin nor confirm an order"):
        same(cy.post("/orgs/acme/orders", {"kind": "credits", "amount": "50"}).status, 403, "beginning")
        same(cy.post(path + "/confirm", {"total": "120.00"}).status, 403, "confirming")
        same(orders.payments(), [], "the payments")
    with claim("The owner's order is as it was, and is paid once"):
        page.get_by_role("button", name=re.compile("^Pay")).click()
        page.wait_for_url("**/payments/*")
        orders.paid_once(page)
    with claim("An amount that isn't sold is refused with a reason and without a button"):
        page.goto(orders.owner.at("billing"))
        before = len(here.payments())
        page.get_by_label("Other amount in US dollars").fill("49.99")
        page.locator("#buy").get_by_role("button", name="Continue").click()
        has(words(page), "50")
        same(page.get_by_role("button", name=re.compile("^Pay")).count(), 0, "the buttons to pay")
        same(len(here.payments()), before, "the payments")


def by_transfer(claim, here, orders):
    """No gateway: an operator records what came."""
    with claim("Without a gateway an order waits for a transfer, and its page says so"):
        page = orders.begin()
        has(words(page), "transfer")
        page.get_by_role("button", name=re.compile("^Pay")).click()
        page.wait_for_url("**/payments/1")
        has(words(page), "Pending", "transfer")
        same([each["state"] for each in orders.payments()], ["pending"], "the payments")
    with claim("When the operator has recorded the transfer, the same page says that the credits are there"):
        here.ctl("payments", "record", "acme", "1", "--reference", "W-1")
        page.reload()
        has(words(page), "Credits are there", "Succeeded")
    with claim("A payment that waits for a transfer can be cancelled by its owner, or there is no such button"):
        page = orders.begin()
        page.get_by_role("button", name=re.compile("^Pay")).click()
        page.wait_for_url("**/payments/2")
        button = page.get_by_role("button", name="Cancel the payment")
        if button.count():
            button.click()
            page.wait_for_load_state()
            lacks(words(page), "No answer", "We wait for your transfer")
            same([each["state"] for each in orders.payments()], ["canceled"], "the payments")
