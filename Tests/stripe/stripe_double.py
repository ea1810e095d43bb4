"""Stripe, as far as meterd speaks to it: localstripe, with what it leaves out of Stripe's HTTP API in front of it.

    stripe_double.py CONTROL_SOCKET

Serves the API on a loopback port and a control channel (a JSON object a line, and one in reply) on a Unix socket; prints the API's
address when both listen, and ends with its standard input.

Added here, as Stripe's pages describe it: keys of idempotency with their saved answers (also of 500s), lists that are narrowed to a
customer and a time, declines with their code and intent, refusal of payments that want their customer to confirm, the page on which
they confirm them (a GET shows it; a POST with ok=1 or ok=0 confirms or fails, and leads back), cards that are set up by that for payments
without the customer (but 4000002760003184, which always asks), Checkout in the mode setup (a GET of its page shows a form; a POST with
number=… saves a card, one with cancel=1 goes back), signed webhooks that are kept until asked for. And faults, one by one or
at random by a seed:

    error_before   500, and nothing was done          drop_before   the connection ends, and nothing was done
    error_after    500, and it was done               drop_after    the connection ends, and it was done
    decline:CODE   402 with that decline code         hang          no answer, ever
    refuse:CODE    400 with that error code, and no bank is asked
    refund:STATUS  a refund comes to that status, until it is set to another
"""

import asyncio
import hashlib
import hmac
import json
import os
import random
import sys
import time
from urllib.parse import parse_qs

from aiohttp import ClientSession, web
from localstripe import resources, server, webhooks

API_PORT = 0


class Double:
    def __init__(self):
        self.saved = {}
        self.running = set()
        self.faults = []
        self.random = None
        self.rate = 0.0
        self.injected = 0
        self.requests = []
        self.webhooks = []
        self.webhook_came = asyncio.Event()
        self.request_came = asyncio.Event()
        self.disputes = {}
        self.sessions = {}
        # Payment methods whose customer confirmed a payment, and intents that were declined since nobody was there to.
        self.set_up = set()
        self.absent = set()
        self.address = None
        self.inner = None
        self.session = None

    # What goes wrong with a request, if anything.
    def fault(self, request):
        for index, fault in enumerate(self.faults):
            # What a bank or Stripe says is about the payment itself, not about giving it up.
            is_exact = ":" in fault["kind"]
            if fault["method"] == request.method and (
                    request.path == fault["path"] if is_exact else request.path.startswith(fault["path"])):
                fault["times"] -= 1
                if fault["times"] <= 0:
                    del self.faults[index]
                return fault["kind"]
        if self.random and request.method == "POST" and self.random.random() < self.rate:
            self.injected += 1
            return self.random.choice(["error_before", "drop_before", "drop_after", "drop_after"])
        return None

    async def handle(self, request):
        body = await request.read()
        key = request.headers.get("Idempotency-Key")
        self.requests.append([request.method, request.path, key])
        self.request_came.set()
        kind = self.fault(request)
        failure = 500, {"error": {"type": "api_error", "message": "injected"}}
        if kind == "hang":
            await asyncio.sleep(3600)
        if kind == "error_before":
            return web.json_response(failure[1], status=failure[0])
        if kind == "drop_before":
            request.transport.abort()
            return web.Response()
        if kind and kind.startswith("refuse:"):
            return web.json_response({"error": {
                "type": "invalid_request_error", "code": kind.split(":")[1], "message": "injected"}}, status=400)
        if request.method == "POST" and key:
            known = self.saved.get(key)
            if known:
                if known[0] != (request.path, body):
                    return web.json_response({"error": {
                        "type": "idempotency_error", "message": "this key was used with other parameters"}}, status=400)
                status, answer = known[1]
            elif key in self.running:
                return web.json_response(
                    {"error": {"type": "invalid_request_error", "code": "idempotency_key_in_use"}}, status=409)
            else:
                self.running.add(key)
                try:
                    status, answer = await self.execute(request, body, kind)
                finally:
                    self.running.discard(key)
                if kind == "error_after":
                    status, answer = failure
                self.saved[key] = ((request.path, body), (status, answer))
        else:
            status, answer = await self.execute(request, body, kind)
            if kind == "error_after":
                status, answer = failure
        if kind == "drop_after":
            request.transport.abort()
            return web.Response()
        return web.json_response(answer, status=status)

    async def execute(self, request, body, kind):
        if request.method == "GET" and request.path == "/v1/payment_intents":
            return 200, self.intents(request.query)
        if request.path.startswith("/v1/payment_intents/"):
            known = resources.store.get("payment_intent:" + request.path.split("/")[3])
            if request.method == "GET" and known:
                return 200, self.export(known)
            if request.path.endswith("/confirm") and known:
                return self.confirm(known, {name: value[0] for name, value in parse_qs(body.decode()).items()})
        if request.path == "/v1/checkout/sessions" and request.method == "POST":
            return self.checkout({name: value[0] for name, value in parse_qs(body.decode()).items()})
        if request.path.startswith("/v1/checkout/sessions/") and request.method == "GET":
            session = self.sessions.get(request.path.split("/")[4])
            if not session:
                return 404, {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
            shown = {name: value for name, value in session.items() if not name.startswith("_")}
            if request.query.get("expand[0]") != "setup_intent" and shown["setup_intent"]:
                shown["setup_intent"] = shown["setup_intent"]["id"]
            return 200, shown
        if request.method == "GET" and request.path == "/v1/disputes":
            return 200, self.page(list(self.disputes.values()), request.query)
        if request.method == "GET" and request.path == "/v1/refunds" and "payment_intent" not in request.query:
            refunds = [refund._export() for name, refund in resources.store.items() if name.startswith("refund:")]
            return 200, self.page(refunds, request.query)
        fields = [pair for pair in body.decode().split("&") if not pair.startswith("description=")]
        is_payment = request.method == "POST" and request.path == "/v1/payment_intents"
        if is_payment and kind and kind.startswith("decline:"):
            fields = [pair for pair in fields if not pair.startswith(("confirm=", "off_session="))]
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with self.session.request(
                request.method, self.inner + request.path_qs, data="&".join(fields) or None, headers=headers) as answer:
            status, content = answer.status, await answer.json(content_type=None)
        if not is_payment:
            if kind and kind.startswith("refund:") and status == 200:
                resources.store["refund:" + content["id"]].status = content["status"] = kind.split(":")[1]
            return status, content
        if kind and kind.startswith("decline:"):
            code = kind.split(":")[1]
            intent = resources.PaymentIntent._api_retrieve(content["id"])
            intent._canceled = True
            return 402, {"error": {"type": "card_error", "code": "card_declined", "decline_code": code,
                                   "payment_intent": intent._export()}}
        if status == 200 and content["status"] == "requires_action":
            intent = resources.PaymentIntent._api_retrieve(content["id"])
            intent.next_action = None
            if intent.payment_method in self.set_up:
                intent._create_charge(on_failure_now=intent._report_failure)
                return 200, self.export(intent)
            intent.payment_method = None
            self.absent.add(intent.id)
            return 402, {"error": {"type": "card_error", "code": "authentication_required",
                                   "decline_code": "authentication_required", "payment_intent": self.export(intent)}}
        if status == 402:
            newest = [o for name, o in resources.store.items() if name.startswith("payment_intent:")][-1]
            content["error"]["payment_intent"] = newest._export()
            content["error"].setdefault("decline_code", "generic_decline")
        return status, content

    # An intent as Stripe shows it.
    def export(self, intent):
        shown = intent._export()
        if intent.id in self.absent:
            shown["last_payment_error"] = {"code": "authentication_required", "decline_code": "authentication_required"}
        return shown

    # Confirms an intent with its customer there: if the card's bank wants it, they are sent to a page.
    def confirm(self, intent, form):
        if intent.status not in ("requires_payment_method", "requires_confirmation"):
            return 400, {"error": {"type": "invalid_request_error", "code": "payment_intent_unexpected_state",
                                   "message": "it is " + intent.status}}
        self.absent.discard(intent.id)
        intent._authentication_failed = False
        intent.payment_method = form["payment_method"]
        method = resources.PaymentMethod._api_retrieve(intent.payment_method)
        if not method._requires_authentication():
            intent._create_charge(on_failure_now=intent._report_failure)
            return 200, self.export(intent)
        intent._sets_up = form.get("setup_future_usage") == "off_session"
        intent.next_action = {"type": "redirect_to_url", "redirect_to_url": {
            "url": "%s/authenticate/%s" % (self.address, intent.id), "return_url": form["return_url"]}}
        return 200, self.export(intent)

    # A page of Checkout's on which a customer enters a card.
    def checkout(self, form):
        if form.get("mode") != "setup" or not form.get("success_url", "").startswith("http"):
            return 400, {"error": {"type": "invalid_request_error", "message": "only setup is known here"}}
        if "customer:" + form["customer"] not in resources.store:
            return 400, {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
        name = "cs_test_%d" % (len(self.sessions) + 1)
        self.sessions[name] = {
            "id": name, "object": "checkout.session", "mode": "setup", "status": "open", "customer": form["customer"],
            "url": "%s/checkout/%s" % (self.address, name), "expires_at": int(time.time()) + 86400,
            "setup_intent": None, "_success": form["success_url"], "_cancel": form["cancel_url"],
            "metadata": {key[9:-1]: value for key, value in form.items() if key.startswith("metadata[")}}
        return 200, {key: value for key, value in self.sessions[name].items() if not key.startswith("_")}

    async def enter(self, request):
        session = self.sessions.get(request.match_info["session"])
        if not session or session["status"] != "open":
            return web.Response(status=404, text="There is nothing to enter here.")
        if request.method == "GET":
            return web.Response(content_type="text/html", text="<form method=post><input name=number>"
                                "<button>Save</button> <button name=cancel value=1>Back</button></form>")
        form = await request.post()
        if "cancel" in form:
            raise web.HTTPSeeOther(session["_cancel"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
        method = resources.PaymentMethod(type="card", card={
            "number": form["number"], "exp_month": 12, "exp_year": 2090, "cvc": "123"})
        resources.PaymentMethod._api_attach(method.id, customer=session["customer"])
        session["status"] = "complete"
        session["setup_intent"] = {"id": "seti_" + session["id"], "payment_method": method.id}
        raise web.HTTPSeeOther(session["_success"].replace("{CHECKOUT_SESSION_ID}", session["id"]))

    # The bank's page.
    async def authenticate(self, request):
        intent = resources.store.get("payment_intent:" + request.match_info["intent"])
        if not intent or intent.status != "requires_action":
            return web.Response(status=404, text="There is nothing to confirm.")
        if request.method == "GET":
            return web.Response(content_type="text/html", text="<form method=post>%d cents <button name=ok value=1>Confirm"
                                "</button> <button name=ok value=0>Fail</button></form>" % intent.amount)
        is_confirmed = (await request.post())["ok"] == "1"
        back = intent.next_action["redirect_to_url"]["return_url"]
        intent.next_action = None
        if is_confirmed:
            method = resources.PaymentMethod._api_retrieve(intent.payment_method)
            if intent._sets_up and method._card_number != "4000002760003184":
                self.set_up.add(intent.payment_method)
            intent._create_charge(on_failure_now=lambda: None)
        else:
            intent._authentication_failed = True
            intent.payment_method = None
            resources.schedule_webhook(resources.Event("payment_intent.payment_failed", intent))
        result = "succeeded" if is_confirmed else "failed"
        raise web.HTTPSeeOther("%s%spayment_intent=%s&redirect_status=%s" % (
            back, "&" if "?" in back else "?", intent.id, result))

    def intents(self, query):
        since = int(query.get("created[gte]", 0))
        intents = [
            intent for name, intent in resources.store.items()
            if name.startswith("payment_intent:") and intent.customer == query.get("customer")
        ]
        # Its clock is the machine's, whatever the test's shows, so that the time is only looked at where it can be right.
        if since <= time.time():
            intents = [intent for intent in intents if intent.created >= since]
        intents.reverse()
        if "starting_after" in query:
            ids = [intent.id for intent in intents]
            intents = intents[ids.index(query["starting_after"]) + 1:]
        limit = int(query.get("limit", 10))
        return {"object": "list", "data": [self.export(intent) for intent in intents[:limit]],
                "has_more": len(intents) > limit}

    def page(self, items, query):
        items = items[::-1]
        if "starting_after" in query:
            items = items[[item["id"] for item in items].index(query["starting_after"]) + 1:]
        limit = min(int(query.get("limit", 10)), 2)
        return {"object": "list", "data": items[:limit], "has_more": len(items) > limit}

    def intent(self, mark):
        return next(intent for name, intent in resources.store.items()
                    if name.startswith("payment_intent:") and intent.metadata.get("meterd_payment") == mark)

    # The control channel.
    async def command(self, command):
        kind = command["cmd"]
        if kind == "card":
            method = resources.PaymentMethod(type="card", card={
                "number": command["number"], "exp_month": command.get("month", 12),
                "exp_year": command.get("year", 2090), "cvc": "123"})
            return {"method": method.id}
        if kind == "fault":
            self.faults.append({"method": command.get("method", "POST"), "path": command["path"],
                                "kind": command["kind"], "times": command.get("times", 1)})
            return {}
        if kind == "refund":
            resources.store["refund:" + command["id"]].status = command["status"]
            return {}
        if kind == "dispute":
            # What a bank took and gave back so far, in cents, each with its fee.
            self.disputes[command["id"]] = {
                "id": command["id"], "object": "dispute", "status": command["status"], "reason": "fraudulent",
                "amount": command["amount"], "payment_intent": self.intent(command["mark"]).id,
                "balance_transactions": [{"amount": amount, "fee": fee} for amount, fee in command["movements"]],
                "evidence_details": {"due_by": 1800000000}}
            return {}
        if kind == "refund_by_hand":
            refund = resources.Refund(payment_intent=self.intent(command["mark"]).id, amount=command["amount"])
            return {"id": refund.id}
        if kind == "expire":
            self.sessions[command["session"]]["status"] = "expired"
            return {}
        if kind == "heal":
            self.faults = []
            return {}
        if kind == "random":
            self.random, self.rate = random.Random(command["seed"]), command["rate"]
            return {}
        if kind == "requests":
            requests, self.requests = self.requests, []
            return {"requests": requests}
        if kind == "arrived":
            while not any(r[:2] == [command["method"], command["path"]] for r in self.requests):
                self.request_came.clear()
                await self.request_came.wait()
            return {}
        if kind == "webhook":
            while not self.webhooks:
                self.webhook_came.clear()
                await self.webhook_came.wait()
            return self.webhooks.pop(0)
        if kind == "sign":
            signed = b"%d." % command["time"] + command["body"].encode()
            return {"signature": "t=%d,v1=%s" % (
                command["time"], hmac.new(command["secret"].encode(), signed, hashlib.sha256).hexdigest())}
        if kind == "count":
            return {"faults": self.injected}
        if kind == "captured":
            return {"payments": self.captured()}
        return {"error": "there is no such command"}

    # What was taken and not given back, in cents, by the mark that meterd puts on each payment.
    def captured(self):
        refunded = {}
        for name, refund in resources.store.items():
            if name.startswith("refund:") and refund.status == "succeeded":
                refunded[refund.payment_intent] = refunded.get(refund.payment_intent, 0) + refund.amount
        found = []
        for name, intent in resources.store.items():
            if name.startswith("payment_intent:") and intent.status == "succeeded":
                found.append({"mark": intent.metadata.get("meterd_payment"), "amount": intent.amount,
                              "refunded": refunded.get(intent.id, 0)})
        return found

    async def serve_commands(self, reader, writer):
        while line := await reader.readline():
            writer.write(json.dumps(await self.command(json.loads(line))).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def take_webhook(self, request):
        self.webhooks.append({"body": (await request.read()).decode(),
                              "signature": request.headers["Stripe-Signature"]})
        self.webhook_came.set()
        return web.Response()


async def listen(app):
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", API_PORT)
    await site.start()
    return "http://127.0.0.1:%d" % runner.addresses[0][1]


async def main(control):
    resources.store.dump_to_disk = lambda: None
    double = Double()
    double.session = ClientSession()
    double.inner = await listen(server.app)
    front = web.Application()
    front.router.add_post("/_webhook", double.take_webhook)
    front.router.add_route("*", "/authenticate/{intent}", double.authenticate)
    front.router.add_route("*", "/checkout/{session}", double.enter)
    front.router.add_route("*", "/{path:.*}", double.handle)
    double.address = address = await listen(front)
    webhooks.register_webhook("double", address + "/_webhook", "whsec_test", None)
    await asyncio.start_unix_server(double.serve_commands, control)
    print(address, flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
