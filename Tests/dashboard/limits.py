"""What a client can take: tries per minute, bytes, time, connections; and requests that no browser sends."""

import sluggish
import wild
from claims import has, must, same
from world import GOOD, world


def run(stage):
    """All of them. Slow clients are slow while everything else is tried."""
    with world(stage) as here:
        ana, _, _, gil = here.everybody()
        here.save_card(GOOD)
        slow = sluggish.begin(here)
        with sluggish.crowd(stage.claim, here, ana) as crowd:
            tries(stage.claim, here, ana, gil)
            wild.run(stage.claim, here, ana)
            sluggish.end(stage.claim, slow)
            sluggish.gone(stage.claim, here, ana, crowd)
        with stage.claim("After all of it the dashboard is the same process, serves pages, and its log has no error"):
            ana.sign_in()
            same(here.dashboard.process.poll(), None, "its exit status")
            same(ana.get("/orgs/acme/billing").status, 200, "a page")
            with open(here.dashboard.log) as log:
                lines = log.read()
            has(lines, " info serving", " info somebody signed in")
            for word in ("Fatal", " error ", " critical ", "Crash"):
                must(word not in lines, "%r is in the log" % word)
        proxy(stage.claim, here)


def proxy(claim, here):
    """Behind a reverse proxy."""
    same(here.dashboard.stop(), 0, "the exit status")
    here.dashboard.configure("behind_proxy: true\n")
    here.dashboard.start()

    def tries(*addresses):
        """How many links of a client are answered before the first 429."""
        numbers = iter(range(1000))
        return until_refused(lambda: here.raw.ask("GET", "/join", {
            "X-Forwarded-For": ", ".join(addresses).replace("N", str(next(numbers)))}), 20)[0]

    with claim("Behind a proxy, tries are counted by the address that the proxy adds last, whatever the client says before it"):
        same(tries("10.0.0.1"), 10, "the tries of one client")
        same(tries("10.0.0.2"), 10, "the tries of another client")
        same(tries("192.0.2.N", "10.0.0.3"), 10, "the tries of a client that makes addresses up")
        same(tries("10.1.0.N"), 21, "the tries of 21 clients")


def until_refused(ask, most):
    """How many answers come before the first 429, and that answer."""
    for count in range(most + 1):
        answer = ask()
        if answer.status == 429:
            return count, answer
    return most + 1, answer


def tries(claim, here, ana, gil):
    """Rates, by a clock that is moved."""
    token, other = ana.token(), gil.token()
    for what, limit, ask, else_ in (
            ("Invitations' pages per address", 10, lambda: here.raw.ask("GET", "/join"), lambda: ana.get("/orgs/acme/usage")),
            ("Links per address", 10, lambda: here.raw.ask("GET", "/join/" + "x" * 43), lambda: ana.get("/orgs/acme/usage")),
            ("Forms of invitations per address", 10, lambda: here.raw.form("/join", {}, {"Origin": here.url}), lambda: ana.get("/orgs/acme/usage")),
            ("Sign-ins by passkey per address", 20, lambda: here.raw.form("/sign-in/passkey", {}, {"Origin": here.url}),
             lambda: ana.get("/orgs/acme/usage")),
            ("Forms that spend money per person", 10, lambda: ana.post("/orgs/acme/payments/retry", token=token),
             lambda: gil.post("/orgs/globex/payments/retry", token=other)),
            ("Other forms per person", 60, lambda: ana.post("/orgs/acme/subscription/keep", token=token),
             lambda: gil.post("/orgs/globex/subscription/keep", token=other))):
        with claim("%s: %d in a minute, then 429 with Retry-After; others aren't affected, and a minute later it works again" % (what, limit)):
            here.move(61)
            count, answer = until_refused(ask, limit)
            same((count, answer.status), (limit, 429), "the number before, and the status")
            same(answer.field("Retry-After"), "60", "Retry-After")
            has(answer.text, "Wait a minute")
            must(else_().status != 429, "somebody else is refused")
            here.move(30)
            same(ask().status, 429, "the answer half a minute later")
            here.move(31)
            must(ask().status != 429, "the answer a minute later is still 429")
    with claim("A client's own word for its address gets it no more tries: X-Forwarded-For counts behind a proxy only"):
        here.move(61)
        numbers = iter(range(1000))
        count, _ = until_refused(lambda: here.raw.ask("GET", "/join", {
            "X-Forwarded-For": "10.0.0.%d" % next(numbers), "Forwarded": "for=10.0.0.1", "X-Real-IP": "10.0.0.1"}), 20)
        same(count, 10, "the number of tries")
    with claim("A refused form of money charges nothing: after the limit no order is paid"):
        token = ana.sign_in().token()
        orders = [ana.post("/orgs/acme/orders", {"kind": "credits", "amount": "50"}, token=token).field("Location") for _ in range(12)]
        before = len(here.payments())
        statuses = [ana.post(order + "/confirm", {"total": "59.50"}, token=token).status for order in orders]
        same(sorted(statuses), [303] * 10 + [429] * 2, "the statuses")
        made = here.payments()[before:]
        same(len(made), sum(1 for each in statuses if each == 303), "the payments")
