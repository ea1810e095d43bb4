"""Orders of an owner's, and what became of them."""

from claims import has, same
from world import words

PAY = ("POST", "/v1/payment_intents")


class Orders:
    """What an owner orders."""

    def __init__(self, here, owner):
        self.here, self.owner, self.before, self.begun = here, owner, 0, 0

    def begin(self, amount="$100", page=None, **options):
        """The preview of an order, in a browser of its own. The next look at payments() has what comes from now on."""
        page = page or self.owner.page(None, **options)
        self.begun += 1
        if self.begun % 3 == 0:
            # Forms that spend money are counted per minute of the clock.
            self.here.move(61)
        page.goto(self.owner.at("billing"))
        page.get_by_role("button", name=amount, exact=True).click()
        page.wait_for_url("**/orders/*")
        self.before = len(self.here.payments())
        if self.here.double:
            self.here.double.ask(cmd="requests")
        return page

    def payments(self):
        """The payments since the order was begun."""
        return self.here.payments()[self.before:]

    def attempts(self):
        """How often the gateway was asked for money since the order was begun."""
        return sum(1 for each in self.here.double.ask(cmd="requests")["requests"] if tuple(each[:2]) == PAY)

    def paid_once(self, page):
        """There is one payment, the gateway was asked once, and the page is the payment's."""
        made = self.payments()
        same([each["state"] for each in made], ["succeeded"], "the payments")
        page.wait_for_url("**/payments/%d" % made[0]["payment"])
        has(words(page), "Credits are there", "Succeeded")

    def none(self, page):
        """There is no payment, and the page says so."""
        same(self.payments(), [], "the payments")
        has(words(page), "Nothing was charged")


def settle(page):
    """Looks again until the order isn't on its way any more, as the page tells a customer to."""
    page.wait_for_load_state()
    while page.get_by_role("button", name="Look again").count():
        page.get_by_role("button", name="Look again").click()
        page.wait_for_load_state()
