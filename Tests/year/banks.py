"""What banks and their customers do beside paying: chargebacks, refunds at the gateway, and payments that a customer confirms."""

import datetime
import json
import time
import urllib.error
import urllib.parse
import urllib.request

from figures import cents

GOOD, OTHER, DECLINING = "4242424242424242", "5555555555554444", "4000000000000341"
# Cards whose bank wants its customer to confirm: the first payment, or each.
ASKS_ONCE, ASKS_ALWAYS = "4000002500003155", "4000002760003184"
RETURN_URL = "https://team.example/paid/{org}/{payment}"


class Banks:
    """The part of the driver that plays them."""

    # Chargebacks, and refunds that somebody makes at the gateway.

    def charge_back(self, org):
        """A bank takes back money of a payment, all of it or a part; or only asks about it; or somebody refunds it at the gateway."""
        payment = self.to_be_disputed(org)
        if payment is None:
            return
        number, whole = payment["payment"], self.took(payment)
        amount = whole if self.chance.random() < 0.6 else self.chance.randint(min(100, whole), whole)
        org.disputed.add(number)
        way = self.chance.choice(["chargeback"] * 5 + ["refund"] * 2 + ["inquiry"])
        entry = {"payment": number, "amount": amount, "way": way, "mark": self.mark(number)}
        if way == "refund":
            left = whole - cents(payment.get("refunded", "0"))
            entry["amount"] = min(amount, left)
            if left <= 0:
                return
            entry["reference"] = self.double.ask(cmd="refund_by_hand", mark=entry["mark"], amount=entry["amount"])["id"]
            return self.tell_of(org, entry, "taken", 0)
        self.disputes += 1
        entry["reference"] = "dp-%d" % self.disputes
        entry["movements"] = []
        if way == "inquiry":
            self.dispute(entry, "warning_needs_response")
            self.tell_of(org, entry, "asked", 0)
        else:
            entry["movements"].append([-amount, 1500])
            self.dispute(entry, "needs_response")
            self.tell_of(org, entry, "taken", 1500)
        entry["owed"] = (self.look("/v1/orgs/%s/subscription" % org.name) or {}).get("owed", [])
        entry["decided"] = self.now + datetime.timedelta(days=self.chance.randint(1, 60))
        org.disputes.append(entry)
        if payment["purpose"] == "invoice" and way == "chargeback":
            # Somebody pays it again one day, or the bank decides before.
            org.repaid = self.now + datetime.timedelta(days=self.chance.choice([0, 0, 1, 2, 5, 20, 31, 45]))

    def to_be_disputed(self, org):
        """A payment whose money may go back: nothing else is under way with the org, so that it is clear what comes of it."""
        if org.closed:
            return None
        path = "/v1/orgs/%s/" % org.name
        subscription = self.look(path + "subscription") or {}
        payments = self.look(path + "payments?limit=100")["items"]
        if subscription.get("owed") or subscription.get("standing") != "current":
            return None
        if not self.is_manual and (any(p["state"] in ("pending", "refund_due") for p in payments) or any(
                r["state"] != "succeeded" for r in self.look(path + "refunds?limit=100")["items"])):
            return None
        taken = [p for p in payments if p["state"] == "succeeded" and p["gateway"] != "balance" and self.took(p) > 0
                 and p["payment"] not in org.disputed
                 and (p["purpose"] != "invoice" or not cents(subscription.get("balance", "0")))]
        return self.chance.choice(taken) if taken else None

    @staticmethod
    def took(payment):
        """What the gateway took for a payment."""
        return cents(payment["amount"]) - cents(payment.get("from_balance", "0"))

    def mark(self, number):
        """The mark that the ledger put on a payment at the gateway."""
        return next(p["mark"] for p in self.double.captured() if (p["mark"] or "").endswith("-payment-%d" % number))

    def dispute(self, entry, status):
        """Has the gateway say where a chargeback stands."""
        self.double.ask(cmd="dispute", id=entry["reference"], status=status, mark=entry["mark"], amount=entry["amount"],
                        movements=entry["movements"])

    def tell_of(self, org, entry, step, fee, again=0):
        """The gateway's news, as a webhook; returns when what it says is booked."""
        self.collect()
        before = self.cursor
        kind = {"taken": "payment_returned", "again": "payment_reinstated", "asked": "chargeback_opened",
                "decided": "chargeback_closed"}[step]
        self.webhooks += 1
        body = json.dumps({
            "id": "evt_%d" % self.webhooks, "type": "charge.dispute.updated",
            "data": {"object": {"id": entry["reference"], "object": "refund" if entry["way"] == "refund" else "dispute"}}})
        for _ in range(200):
            signature = self.double.ask(cmd="sign", time=int(time.time()), body=body, secret="whsec_test")["signature"]
            status, _ = self.mutate("POST", "/v1/webhooks/stripe", body, headers={"Stripe-Signature": signature})
            self.collect()
            if any(e["number"] > before and e["org"] == org.name and e["kind"] == kind for e in self.events):
                break
        else:
            raise SystemExit("%s of %s is not booked" % (entry["reference"], org.name))
        self.note(kind="chargeback", org=org.name, payment=entry["payment"], reference=entry["reference"], way=entry["way"], step=step,
                  amount=again or entry["amount"], fee=fee, before=before, after=self.cursor)

    def decide(self, org):
        """Banks decide: the money comes again, all of it or a part, or it doesn't. Not while something else is under way."""
        for entry in list(org.disputes):
            if entry["decided"] > self.now:
                continue
            path = "/v1/orgs/%s/" % org.name
            payments = self.look(path + "payments?limit=100")["items"]
            owed = (self.look(path + "subscription") or {}).get("owed")
            if owed and owed != entry["owed"] or any(p["state"] in ("pending", "refund_due") for p in payments):
                continue
            org.disputes.remove(entry)
            if entry["way"] == "inquiry":
                self.dispute(entry, "warning_closed")
                self.tell_of(org, entry, "decided", 0)
            elif self.chance.random() < 0.4:
                self.dispute(entry, "lost")
                self.tell_of(org, entry, "decided", 0)
            else:
                amount = entry["amount"]
                again = amount if amount < 300 or self.chance.random() < 0.7 else self.chance.randint(100, amount - 100)
                fee = self.chance.choice([0, -1500])
                entry["movements"].append([again, fee])
                self.dispute(entry, "won")
                self.tell_of(org, entry, "again", fee, again)

    def repay(self, org):
        """What a bank took of an invoice is paid again: with another card, or with the same when somebody says so."""
        if org.repaid is None or org.repaid > self.now:
            return
        org.repaid = None
        if not (self.look("/v1/orgs/%s/subscription" % org.name) or {}).get("owed"):
            return
        if self.chance.random() < 0.6:
            self.card(org, OTHER if org.card == GOOD else GOOD)
        else:
            self.mutate("POST", "/v1/orgs/%s/payments/retry" % org.name)
        if self.chance.random() < 0.2:
            org.repaid = self.now + datetime.timedelta(days=3)

    # Payments that a customer confirms.

    def follow(self, answer):
        """If an answer leads to the bank's page, the customer goes there: now, later, or never."""
        tried = answer.get("tried") if isinstance(answer.get("tried"), dict) else None
        payment = tried or answer
        if not payment.get("confirm"):
            return
        org = next(o for o in self.orgs if o.name == payment["org"])
        wait = self.chance.choice([0, 0, 0, 5, 15, None])
        if wait is None:
            return
        page = (payment["payment"], payment["confirm"]["url"], self.now + datetime.timedelta(hours=wait))
        if wait == 0:
            self.confirm(org, *page[:2])
        else:
            org.pages.append(page)

    def confirm(self, org, number, url):
        """The customer confirms a payment, or fails to; and comes back, or doesn't."""
        is_confirmed = self.chance.random() < 0.85
        data = urllib.parse.urlencode({"ok": "1" if is_confirmed else "0"}).encode()
        opener = urllib.request.build_opener(Stays())
        try:
            opener.open(urllib.request.Request(url, data=data, method="POST")).close()
            status = 200
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        self.note(kind="confirm", org=org.name, payment=number, confirmed=is_confirmed, status=status)
        if self.chance.random() < 0.8:
            self.mutate("POST", "/v1/orgs/%s/payments/%d/check" % (org.name, number))

    def confirm_later(self, org):
        """Pages that a customer comes to only now."""
        for page in list(org.pages):
            if page[2] <= self.now:
                org.pages.remove(page)
                self.confirm(org, *page[:2])


class Stays(urllib.request.HTTPRedirectHandler):
    """Where the page leads back to is nobody's business here."""

    def redirect_request(self, *_):
        return None
