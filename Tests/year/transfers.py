"""An operator who records what comes by bank transfer: the whole sum, a part, more, or for nothing in particular; and what goes back."""

import datetime

from figures import cents, money


class Transfers:
    """The part of the driver that plays the operator where no gateway collects payments."""

    def transfer(self, org):
        """Records what came for the payments that an operator waits for, and the refunds that were transferred."""
        path = "/v1/orgs/%s/" % org.name
        for payment in self.look(path + "payments?limit=100")["items"]:
            record = "%spayments/%d/record" % (path, payment["payment"])
            if payment["state"] == "pending" and payment["gateway"] == "manual":
                self.record(org, payment, record)
            elif payment["state"] == "canceled" and payment["purpose"] != "invoice" and "from_balance" not in payment and (
                    self.chance.random() < 0.01):
                # It comes when nobody waits for it any more.
                self.mutate("POST", record, {"state": "paid", "reference": "late"})
        for refund in self.look(path + "refunds?limit=100")["items"]:
            if refund["state"] == "due" and self.chance.random() < 0.3:
                self.mutate("POST", "%srefunds/%d/record" % (path, refund["refund"]), {"reference": "back"})

    def give_all_back(self, org):
        """Records each refund that is due as transferred."""
        path = "/v1/orgs/%s/refunds" % org.name
        for refund in self.pages(path) if org.born else []:
            if refund["state"] == "due":
                self.mutate("POST", "%s/%d/record" % (path, refund["refund"]), {"reference": "back"})

    def record(self, org, payment, path):
        """What came for a payment today, if anything."""
        is_invoice, asked = payment["purpose"] == "invoice", self.took(payment)
        if is_invoice and org.in_trouble:
            if org.recovers is None:
                low, high = {"grace": (14, 16), "suspension": (18, 45), "erasure": (49, 90)}.get(org.profile, (400, 401))
                org.recovers = self.now + datetime.timedelta(days=self.chance.randint(low, high))
            if self.now < org.recovers:
                return
            org.in_trouble, org.recovers = False, None
            org.trouble = self.now + datetime.timedelta(days=self.chance.randint(20, 60))
        elif self.chance.random() > (0.25 if is_invoice else 0.5 if not org.paid_first else 0.12):
            return
        draw = self.chance.random()
        body = {"state": "paid", "reference": "transfer of " + self.now.strftime("%d %B")}
        if draw < 0.25:
            body["amount"] = money(self.chance.randint(1, max(1, asked - 1)))
        elif draw < 0.4:
            body["amount"] = money(asked + self.chance.randint(1, 20000))
        elif draw < 0.45 and not is_invoice:
            body = {"state": self.chance.choice(["declined", "canceled"])}
        status, _ = self.mutate("POST", path, body)
        org.paid_first = org.paid_first or status == 200

    def deposit(self, org):
        """Money comes that nobody asked for."""
        self.mutate("POST", "/v1/orgs/%s/payments/deposit" % org.name, {
            "amount": self.chance.choice(["0.07", "25.00", "333.33", "1200.00"]), "reference": "for whatever it is"})

    def reverse(self, org):
        """Money of a transfer goes back: a returned debit, or it was another org's."""
        payment = self.to_be_disputed(org)
        if payment is None:
            return
        left = self.took(payment) - cents(payment.get("refunded", "0")) - cents(payment.get("returned", "0"))
        if left <= 0:
            return
        amount = left if self.chance.random() < 0.6 else self.chance.randint(1, left)
        self.collect()
        before = self.cursor
        body = {"reason": "returned debit"}
        if amount < left or self.chance.random() < 0.5:
            body["amount"] = money(amount)
        status, _ = self.mutate("POST", "/v1/orgs/%s/payments/%d/reverse" % (org.name, payment["payment"]), body)
        self.collect()
        if status == 200:
            org.disputed.add(payment["payment"])
            self.note(kind="chargeback", org=org.name, payment=payment["payment"], reference="by hand", way="reversal", step="taken",
                      amount=amount, fee=0, before=before, after=self.cursor)
