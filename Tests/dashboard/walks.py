"""The walks of an owner: a card, credits, usage, seats, an invoice, a payment that failed."""

import io
import re
from decimal import Decimal

import pypdf
from playwright.sync_api import expect

from claims import has, lacks, must, same
from world import DECLINING, GOOD, WAIT, words, world

# As a provider reports it, and what it costs by the shipped rates: see prices().
CHAT = {"prompt_tokens": 2000, "completion_tokens": 300, "total_tokens": 2300}


def run(stage):
    """All walks, in one world: each goes on from where the one before ended."""
    with world(stage) as here:
        here.orgs()
        ana = here.join("acme", "Ana", "owner")
        here.join("acme", "Bo", "admin")
        enter_card(stage.claim, here, ana)
        buy(stage.claim, here, ana)
        consume(stage.claim, here, ana)
        add_seats(stage.claim, here, ana)
        remove_seats(stage.claim, here, ana)
        invoice(stage.claim, here, ana)
        recover(stage.claim, here, ana)
        with stage.claim("After all walks the ledger verifies, and what the gateway took is what the ledger has"):
            agree(here)


def agree(here, org="acme"):
    """The books, and the gateway's own."""
    same(here.verify()["ok"], True, "the ledger")
    paid = sorted(int(Decimal(each["amount"]) * 100) for each in here.payments(org) if each["state"] == "succeeded")
    taken = sorted(each["amount"] - each["refunded"] for each in here.double.captured())
    same(taken, paid, "what the gateway took")


def sums(text):
    """The sums of a text, in dollars."""
    return [Decimal(each.replace(",", "")) for each in re.findall(r"\$([\d,]+\.\d+)", text)]


def fact(page, name):
    """A value of a list of facts."""
    return page.locator("dl.facts > div", has=page.locator("dt", has_text=re.compile("^%s$" % re.escape(name)))).locator(
        "dd").inner_text()


def put_card(page, number):
    """Enters a card on the gateway's page, from the billing page on."""
    page.get_by_role("button", name=re.compile("Enter a card|Use another card")).click()
    page.get_by_role("link", name="Go on").click()
    page.locator("[name=number]").fill(number)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/payment-method/done?*")


def enter_card(claim, here, ana):
    """A card, on the gateway's own page."""
    page = ana.page("billing")
    with claim("An owner who turns back on the gateway's page has no card, and is told so on the billing page"):
        page.get_by_role("button", name="Enter a card").click()
        page.get_by_role("link", name="Go on").click()
        page.get_by_role("button", name="Back").click()
        page.wait_for_url("**/payment-method/done?*")
        page.get_by_role("button", name="Use this card").click()
        page.wait_for_url("**/billing*")
        expect(page.locator(".notice.failed")).to_be_visible()
        has(page.locator("#method").inner_text(), "No card is saved yet")
    with claim("A card that was entered on the gateway's page becomes the payment method after a click"):
        page.goto(ana.at("billing"))
        put_card(page, GOOD)
        same(here.ask("GET", "/v1/orgs/acme/payment-method").get("last4"), None, "the card before the click")
        page.get_by_role("button", name="Use this card").click()
        page.wait_for_url("**/billing")
        has(words(page), "The card is saved.", "Visa ending in 4242")
        same(here.ask("GET", "/v1/orgs/acme/payment-method")["last4"], "4242", "the card")
    page.context.close()


def buy(claim, here, ana):
    """Credits, with the saved card."""
    page = ana.page("billing")
    with claim("The preview of 250 dollars of credits shows the tax, the total on the button, the card and the balance after"):
        page.get_by_role("button", name="$250", exact=True).click()
        same([fact(page, name) for name in ("Credits", "Charged now", "Balance now", "Balance after")],
             ["$250.00", "$297.50", "$0.00", "$250.00"], "the preview")
        has(fact(page, "Tax"), "$47.50")
        has(fact(page, "Paid with").lower(), "visa", "4242")
        expect(page.get_by_role("button", name="Pay $297.50")).to_be_visible()
        same(here.payments(), [], "what was paid by looking")
    with claim("Credits are paid with the saved card and are there at once"):
        page.get_by_role("button", name="Pay").click()
        page.wait_for_url("**/payments/1")
        has(words(page), "Credits are there", "Succeeded", "$297.50")
        same([(each["amount"], each["state"]) for each in here.payments()], [("297.50", "succeeded")], "the payments")
        page.goto(ana.at("billing"))
        has(page.locator(".figures").inner_text(), "$250.00")
    with claim("After a purchase the billing page has its invoice, or doesn't promise one with the first purchase"):
        if page.locator("#invoices tbody tr").count() == 0:
            lacks(page.locator("#invoices").inner_text(), "The first comes with the first purchase")
    with claim("An amount with a comma is refused in words, and nothing is ordered"):
        page.goto(ana.at("billing"))
        page.get_by_label("Other amount in US dollars").fill("1,000")
        page.locator("#buy").get_by_role("button", name="Continue").click()
        has(page.locator(".notice.failed").inner_text(), "1,000")
        same(len(here.payments()), 1, "payments")
    page.context.close()


def consume(claim, here, ana):
    """Usage, on its pages."""
    first = here.use(("ana", "gpt-5", "openai", CHAT), ("bo", "gpt-5-mini", "openai", CHAT))
    page = ana.page("usage")
    with claim("Requests are on the usage page, by model, by member and by provider, with the ledger's cost"):
        cost = sum(Decimal(here.ask("GET", "/v1/orgs/acme/usage/" + each)["cost"]) for each in first)
        figures = page.locator(".figures").inner_text()
        must(cost in sums(figures), "%s isn't among %s" % (cost, sums(figures)))
        for table, name in (("By model", "gpt-5-mini"), ("By member", "bo"), ("By provider", "openai")):
            has(page.locator("table", has=page.locator("caption", has_text=table)).first.inner_text(), name)
    page.goto(ana.at("usage/live"))
    with claim("Live shows a request that comes while somebody looks, without a reload"):
        same(page.locator("tbody tr").count(), 2, "the rows before")
        record = here.use(("ana", "claude-sonnet-4-5", "anthropic", {"input_tokens": 1000, "output_tokens": 500}))[0]
        expect(page.locator("tbody tr")).to_have_count(3, timeout=WAIT)
        has(page.locator("tbody tr").first.inner_text(), "claude-sonnet-4-5")
    with claim("A request's page has its line items: quantity times rate is the amount, and the amounts are the cost"):
        page.goto(ana.at("usage/live"))
        page.locator("tbody tr").first.get_by_role("link").click()
        page.wait_for_url("**/usage/records/" + record)
        total = Decimal(0)
        for row in page.locator("table", has_text="Rate per unit").locator("tbody tr").all():
            cells = [each.strip() for each in row.locator("th, td").all_inner_texts()]
            quantity, rate, amount = (Decimal(each.replace(",", "").lstrip("$")) for each in cells[2:5])
            same(quantity * rate, amount, "the amount of " + cells[0])
            total += amount
        same(sums(fact(page, "Cost"))[0], total, "the cost")
        same(Decimal(here.ask("GET", "/v1/orgs/acme/usage/" + record)["cost"]), total, "the ledger's cost")
    with claim("What was used is no longer available on the billing page"):
        page.goto(ana.at("billing"))
        left = Decimal(here.ask("GET", "/v1/orgs/acme/balance")["available"])
        must(left < 250, "%s is left" % left)
        must(left in sums(page.locator(".figures").inner_text()), "%s isn't shown" % left)
    page.context.close()


def add_seats(claim, here, ana):
    """Seats: a whole period, and then a part of one."""
    page = ana.page("subscription")
    with claim("The first seats begin the subscription and cost a whole period"):
        page.locator("#add [name=seats]").fill("3")
        page.locator("#add").get_by_role("button", name="Continue").click()
        same(fact(page, "Charged now"), "$103.53", "3 seats of 29.00 with 19 %")
        page.get_by_role("button", name="Pay $103.53").click()
        page.wait_for_url("**/payments/2")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["seats"], 3, "the seats")
    page.context.close()
    here.move(days=10)
    page = ana.sign_in().page("subscription")
    with claim("The preview of seats within a period is prorated by its days, and its total is on the button"):
        page.locator("#add [name=seats]").fill("2")
        page.locator("#add").get_by_role("button", name="Continue").click()
        days, of_days = (int(each) for each in re.match(r"(\d+) of (\d+) days", fact(page, "For")).groups())
        same((days, of_days), (21, 31), "the days that are paid for")
        net = (2 * Decimal(29) * days / of_days).quantize(Decimal("0.01"))
        same(sums(fact(page, "Net"))[0], net, "the net sum")
        total = sums(fact(page, "Charged now"))[0]
        same(total, (net * Decimal("1.19")).quantize(Decimal("0.01")), "the total")
        expect(page.get_by_role("button", name="Pay $%s" % total)).to_be_visible()
        same(len(here.payments()), 2, "what was paid by looking")
    with claim("Seats that are confirmed cost what the preview said, and are there at once"):
        page.get_by_role("button", name="Pay").click()
        page.wait_for_url("**/payments/3")
        same(Decimal(here.payments()[2]["amount"]), total, "the payment")
        page.goto(ana.at("subscription"))
        same(page.locator(".figure", has_text="Seats").locator(".value").first.inner_text(), "5", "the seats")
    page.context.close()


def remove_seats(claim, here, ana):
    """Fewer seats from the next period on."""
    page = ana.page("subscription")
    with claim("Seats that members sit on can't be removed, and the page says to remove members first"):
        page.locator("#remove [name=seats]").fill("4")
        page.locator("#remove").get_by_role("button", name="Continue").click()
        has(page.locator(".notice.failed").inner_text().lower(), "member")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["next_seats"], 5, "the next seats")
    with claim("Removing a seat shows what the next period costs, and does nothing before it is confirmed"):
        page.goto(ana.at("subscription"))
        page.locator("#remove [name=seats]").fill("1")
        page.locator("#remove").get_by_role("button", name="Continue").click()
        has(words(page), "Seats now", "Seats from 2026-04-10")
        same(sums(fact(page, "Next period then costs"))[0], Decimal("138.04"), "4 seats of 29.00 with 19 %")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["next_seats"], 5, "the next seats")
    with claim("A seat that was removed stays until the period ends, and can be kept after all"):
        page.get_by_role("button", name="Remove from 2026-04-10").click()
        page.wait_for_url("**/subscription")
        has(words(page), "The seats go at the end of this period", "4 from 2026-04-10")
        page.get_by_role("button", name="Keep all seats").click()
        has(page.locator(".notice.done").inner_text(), "All seats stay.")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["next_seats"], 5, "the next seats")
    page.locator("#remove [name=seats]").fill("1")
    page.locator("#remove").get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Remove from 2026-04-10").click()
    page.wait_for_url("**/subscription")
    page.context.close()


def invoice(claim, here, ana):
    """An invoice and its PDF, after the period has ended."""
    here.move(days=21)
    page = ana.sign_in().page("billing")
    with claim("The next period's invoice is there, and is paid with the saved card"):
        row = page.locator("#invoices tbody tr").first
        has(row.inner_text(), "Paid")
        row.get_by_role("link").first.click()
        has(words(page), "Invoice INV-")
    with claim("An invoice's PDF is a PDF, named like the invoice, with the total of the page"):
        total = fact(page, "Total")
        number = page.url.rsplit("/", 1)[1]
        with page.expect_download() as download:
            page.get_by_role("link", name="Download PDF").click()
        same(download.value.suggested_filename, number + ".pdf", "the file's name")
        with open(download.value.path(), "rb") as file:
            data = file.read()
        must(data.startswith(b"%PDF"), "it begins with %r" % data[:8])
        text = " ".join(part.extract_text() for part in pypdf.PdfReader(io.BytesIO(data)).pages)
        has(text, number, total.lstrip("$"))
    page.context.close()


def recover(claim, here, ana):
    """A renewal that the bank declines, down to suspension, and back."""
    here.save_card(DECLINING)
    here.move(days=30)
    page = ana.sign_in().page("organization")
    with claim("After a declined renewal each page has a banner with the end of grace, the sum, and a way to pay"):
        same(here.ask("GET", "/v1/orgs/acme/subscription")["standing"], "grace", "the standing")
        for path in ("organization", "usage", "billing", "subscription", "security"):
            page.goto(ana.at(path))
            has(page.locator(".banner.warning", has_text="A payment failed").inner_text(), "2026-05-13", "$138.04", "Pay now")
    with claim("A retry with the card that was declined is declined again, and says that nothing was charged"):
        page.goto(ana.at("billing"))
        before = len(here.payments())
        page.get_by_role("button", name="Retry the payment of $138.04").click()
        page.wait_for_url("**/payments/*")
        expect(page.locator(".badge.bad").first).to_be_visible()
        has(words(page).lower(), "bank refused", "nothing was charged")
        same(len(here.payments()), before + 1, "the number of payments")
    page.context.close()
    here.move(days=3)
    page = ana.sign_in().page("organization")
    with claim("After three days the banner says that the organization is suspended, and until when its data is kept"):
        same(here.ask("GET", "/v1/orgs/acme/subscription")["standing"], "suspended", "the standing")
        has(page.locator(".banner.danger").inner_text(), "suspended", "2026-06-12", "$138.04")
    with claim("A good card pays what is owed at once, and the organization is active again"):
        page.get_by_role("link", name="Pay now").click()
        put_card(page, GOOD)
        has(words(page), "$138.04")
        page.get_by_role("button", name="Use this card").click()
        page.wait_for_url("**/payments/*")
        has(words(page), "Paid", "$138.04")
        same(here.ask("GET", "/v1/orgs/acme/subscription")["standing"], "current", "the standing")
        page.goto(ana.at("billing"))
        same(page.locator(".banner[role=alert]").count(), 0, "the number of banners")
        same(page.locator("#pay").count(), 0, "the number of forms to retry")
    page.context.close()
