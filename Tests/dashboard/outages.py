"""The gateway, the daemon and the dashboard go away between the click and the answer."""

import re

from playwright.sync_api import expect

from claims import has, lacks, same
from orders import PAY, settle
from world import words

UNKNOWN = re.compile("Being paid|No answer")
BUTTON = re.compile("^Pay")


def run(claim, here, orders):
    """All of them; each order is a new one."""
    orders.owner.sign_in()
    gateway(claim, here, orders)
    daemon(claim, here, orders)
    dashboard(claim, here, orders)


def click(here, page, kind):
    """Pays while the gateway has a fault; returns when the gateway has the request."""
    here.double.ask(cmd="fault", kind=kind, path=PAY[1])
    press(page)
    here.double.ask(cmd="arrived", method=PAY[0], path=PAY[1])


def press(page):
    """Clicks on Pay, and doesn't wait for anything."""
    page.evaluate("setTimeout(() => document.querySelector('form[action$=confirm] button').click(), 0)")


def gateway(claim, here, orders):
    """It took the money, and its answer is lost."""
    for kind in ("drop_after", "error_after"):
        with claim("If the gateway took the money and its answer is lost (%s), it is taken once, and the page gets there" % kind):
            page = orders.begin()
            click(here, page, kind)
            page.wait_for_url("**/payments/*")
            settle(page)
            orders.paid_once(page)
    with claim("If the gateway hangs up and took nothing, the money is taken once in the end, and never reported as declined before"):
        page = orders.begin()
        click(here, page, "drop_before")
        page.wait_for_url("**/payments/*")
        lacks(words(page), "Declined")
        settle(page)
        orders.paid_once(page)


def daemon(claim, here, orders):
    """It is killed."""
    with claim("If the daemon is killed while the gateway is silent, the page says that the result isn't known, not that it failed"):
        page = orders.begin()
        address = page.url
        click(here, page, "hang")
        here.daemon.kill()
        expect(page.get_by_role("heading", name=UNKNOWN)).to_be_visible()
        lacks(words(page), "Nothing was charged", "Declined")
    with claim("Once the daemon is back, the order's page comes to the one payment"):
        here.daemon.start()
        page.goto(address)
        has(words(page), "not known yet", "not charged twice")
        settle(page)
        orders.paid_once(page)
    with claim("If the daemon is away when the click comes, the page doesn't say that nothing was charged; later it is paid once"):
        page = orders.begin()
        address = page.url
        here.daemon.kill()
        press(page)
        expect(page.get_by_role("heading", name=UNKNOWN)).to_be_visible()
        lacks(words(page), "Nothing was charged", "Declined")
        here.daemon.start()
        page.goto(address)
        if page.get_by_role("button", name=BUTTON).count():
            page.get_by_role("button", name=BUTTON).click()
        settle(page)
        orders.paid_once(page)


def dashboard(claim, here, orders):
    """It is killed."""
    with claim("If the dashboard is killed while the gateway is silent, the order's page then says that the result isn't known"):
        page = orders.begin()
        address = page.url
        with page.expect_event("requestfailed"):
            click(here, page, "hang")
            here.dashboard.kill()
        here.dashboard.start()
        page = orders.owner.page(None)
        page.goto(address)
        has(words(page), "not known yet", "not charged twice")
        same(page.get_by_role("button", name=BUTTON).count(), 0, "the buttons to pay")
    with claim("After the daemon was killed as well, the order's page comes to the one payment"):
        here.daemon.kill()
        here.daemon.start()
        page.goto(address)
        settle(page)
        orders.paid_once(page)
    with claim("If the dashboard is away when the click comes, nothing is charged, and the order can still be paid, once"):
        page = orders.begin()
        address = page.url
        with page.expect_event("requestfailed"):
            here.dashboard.kill()
            press(page)
        same(orders.payments(), [], "the payments")
        here.dashboard.start()
        page = orders.owner.page(None)
        page.goto(address)
        page.get_by_role("button", name=BUTTON).click()
        page.wait_for_url("**/payments/*")
        orders.paid_once(page)
