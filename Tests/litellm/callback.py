"""LiteLLM and meterd: a callback that reserves credits before a request and sends its usage afterwards.

    litellm_settings:
      callbacks: ["callback.meter"]

- Before a request it asks meterd for a hold (`authorize`). Without credits the client gets 402.
- After a request it sends one usage record with LiteLLM's own usage object, verbatim, and LiteLLM's `response_cost` as `cost`.
  Three counts are not in that object and are taken from the answer: reranks, the characters of speech, and OpenAI's web searches.
- A record is kept until meterd acknowledges it. After a lost connection, what has no reply is sent again, unchanged.
- The callback mints each id. LiteLLM's call id is no id for billing: a client can choose it with a header.

METERD_INGEST_SOCKET is the daemon's socket. METERD_TRACE is a file for the test: what was sent, and each reply.
"""

import asyncio
import collections
import datetime
import decimal
import json
import os
import uuid

import litellm
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger

SOCKET = os.environ.get("METERD_INGEST_SOCKET", "/run/meterd/ingest.sock")
TRACE = open(os.environ.get("METERD_TRACE", os.devnull), "a", buffering=1)
# What is reserved for a request whose model has no rate.
AMOUNT = "0.25"
OUTPUT_TOKENS = 4096
STATUS = {"insufficient_credits": 402, "org_suspended": 403, "member_limit": 429, "org_budget": 429}


def trace(event, **members):
    """One line for the test."""
    TRACE.write(json.dumps(dict(members, event=event), default=str) + "\n")


class Connection:
    """Requests to the ingest socket, in order, over one connection; each is kept until it has a final reply."""

    WINDOW = 256

    def __init__(self, path):
        self.path = path
        self.waiting, self.unanswered = collections.deque(), collections.deque()
        self.task = self.wake = None

    def push(self, message):
        """Queues a request and returns at once; the result is a future of the reply."""
        loop = asyncio.get_running_loop()
        if self.task is None or self.task.done():
            self.wake = asyncio.Event()
            self.task = loop.create_task(self.run())
        reply = loop.create_future()
        # Not minified by hand: the usage object stays as LiteLLM dumped it.
        self.waiting.append((json.dumps(message, default=str).encode() + b"\n", reply))
        self.wake.set()
        return reply

    async def run(self):
        """Connects, again and again."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self.path, limit=1 << 20)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            # The lines without a reply come first, unchanged and in their order: nothing is counted twice.
            self.waiting.extendleft(reversed(self.unanswered))
            self.unanswered.clear()
            reading = asyncio.create_task(self.read(reader))
            try:
                await self.write(writer, reading)
            except OSError:
                pass
            reading.cancel()
            writer.close()
            trace("reconnect", unanswered=len(self.unanswered))
            await asyncio.sleep(0.05)

    async def write(self, writer, reading):
        """Writes what waits, at most WINDOW lines ahead of the replies, until the connection ends."""
        while not reading.done():
            while self.waiting and len(self.unanswered) < self.WINDOW:
                self.unanswered.append(self.waiting.popleft())
                writer.write(self.unanswered[-1][0])
            await writer.drain()
            self.wake.clear()
            woken = asyncio.create_task(self.wake.wait())
            await asyncio.wait({woken, reading}, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()

    async def read(self, reader):
        """Matches replies with requests, until the connection ends or meterd asks to try again."""
        while True:
            try:
                line = await reader.readline()
            except OSError:
                return
            if not line.endswith(b"\n"):
                return
            reply = json.loads(line)
            if not reply["ok"] and reply["error"]["retryable"]:
                return
            _, future = self.unanswered.popleft()
            if not future.done():
                future.set_result(reply)
            self.wake.set()


def worst_case(data):
    """What to reserve: usage of the group's first deployment, or an amount if the tokens can't be told in advance."""
    from litellm.proxy.proxy_server import llm_router

    deployments = llm_router.get_model_list(model_name=data.get("model")) or [] if llm_router else []
    if not deployments or data.get("prompt") is not None:
        return {"amount": AMOUNT}
    base = (deployments[0].get("model_info") or {}).get("base_model")
    model, provider, _, _ = litellm.get_llm_provider(base or deployments[0]["litellm_params"]["model"])
    text = json.dumps(data.get("messages") or data.get("input") or data.get("contents") or "", default=str)
    output = data.get("max_completion_tokens") or data.get("max_tokens") or data.get("max_output_tokens")
    # A token is seldom shorter than two bytes.
    usage = {"prompt_tokens": len(text) // 2 + 1, "completion_tokens": output or OUTPUT_TOKENS}
    return {"model": model, "provider": provider, "usage": usage}


def billable(payload, kwargs):
    """LiteLLM's usage object, verbatim; and what LiteLLM prices but doesn't count there."""
    usage = (payload.get("metadata") or {}).get("usage_object") or {}
    answer = payload.get("response")
    answer = answer if isinstance(answer, dict) else {}
    call = payload.get("call_type")
    if call == "arerank":
        return (answer.get("meta") or {}).get("billed_units") or usage
    if call == "aspeech":
        return {"characters": len(kwargs.get("input") or "")}
    if call == "aresponses":
        searches = sum(item.get("type") == "web_search_call" for item in answer.get("output") or [])
        if searches:
            return {**usage, "server_tool_use": {"web_search_requests": searches}}
    return usage


class MeterdLogger(CustomLogger):
    """The callback."""

    def __init__(self):
        super().__init__()
        # A hold must not wait behind a backlog of usage.
        self.holds, self.records = Connection(SOCKET), Connection(SOCKET)

    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        """Reserves credits; the request is refused if there are none."""
        headers = (data.get("proxy_server_request") or {}).get("headers") or {}
        request = {"hold": "litellm-" + uuid.uuid4().hex, "org": user_api_key_dict.team_id,
                   "user": user_api_key_dict.user_id, "request": headers.get("x-request-id")}
        hold = {"op": "authorize", "id": request["hold"], "org": request["org"], "user": request["user"], "ttl": 900}
        # LiteLLM hands this object to each later event of the request.
        data.setdefault("litellm_metadata" if "litellm_metadata" in data else "metadata", {})["meterd"] = request
        trace("authorize", **request)
        try:
            reply = await self.holds.push({**hold, **worst_case(data)})
            if not reply["ok"] and reply["error"]["code"] == "unknown_model":
                reply = await self.holds.push({**hold, "amount": AMOUNT})
        except asyncio.CancelledError:
            # The client is gone. meterd takes the lines of a connection in order, so this frees the hold.
            self.release(request, self.holds)
            raise
        trace("authorized", reply=reply, **request)
        if not reply["ok"]:
            error = reply["error"]
            raise HTTPException(STATUS.get(error["code"], 500), {"error": error["message"], "code": error["code"]})
        return data

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        """A request that ended, or a stream that the client left."""
        self.charge(kwargs, "")

    async def async_log_failure_event(self, kwargs, response_obj, start_time, end_time):
        """An attempt that failed. A stream that broke has usage, and the provider bills it; a retry is another record."""
        payload = kwargs.get("standard_logging_object") or {}
        usage = (payload.get("metadata") or {}).get("usage_object") or {}
        if usage.get("total_tokens"):
            self.charge(kwargs, "-cut-" + uuid.uuid4().hex[:8])
        else:
            trace("failed", error=payload.get("error_str"), **(self.request(kwargs) or {}))

    async def async_post_call_failure_hook(self, request_data, original_exception, user_api_key_dict, traceback_str=None):
        """The client gets an error, after all retries: what was reserved is free again."""
        for name in ("litellm_metadata", "metadata"):
            request = (request_data.get(name) or {}).get("meterd")
            if request:
                return self.release(request, self.records)

    @staticmethod
    def request(kwargs):
        """What the pre-call hook remembered of a request."""
        params = kwargs.get("litellm_params") or {}
        for name in ("litellm_metadata", "metadata"):
            request = (params.get(name) or {}).get("meterd")
            if request:
                return request

    def release(self, request, connection):
        """Frees a hold; a hold that usage settled stays as it is."""
        reply = connection.push({"op": "release", "id": request["hold"], "org": request["org"]})
        reply.add_done_callback(lambda done: trace("release", reply=done.result(), **request))

    def charge(self, kwargs, suffix):
        """Queues the usage record of a request. LiteLLM cancels callbacks after 20 seconds, so nothing is awaited here."""
        payload = kwargs.get("standard_logging_object") or {}
        request = self.request(kwargs)
        if request is None:
            return trace("stray", call_type=payload.get("call_type"), model=payload.get("model"))
        if payload.get("cache_hit"):
            # It has usage as if it were new, but no provider was asked.
            trace("cache_hit", **request)
            return self.release(request, self.records)
        cost = payload.get("response_cost")
        tier = (payload.get("cost_breakdown") or {}).get("service_tier")
        ended = datetime.datetime.fromtimestamp(payload["endTime"], datetime.timezone.utc)
        record = {
            "op": "usage", "id": request["hold"] + suffix, "hold": request["hold"], "org": request["org"],
            "user": request["user"], "at": ended.isoformat().replace("+00:00", "Z"),
            "model": (payload.get("model_map_information") or {}).get("model_map_key") or payload.get("model"),
            "provider": payload.get("custom_llm_provider"),
            "usage": billable(payload, kwargs),
            "tags": {"group": str(payload.get("model_group")), "call": str(payload.get("call_type")),
                     "request": str(request["request"])},
        }
        if cost:
            # The shortest decimal that is this float; never in exponents.
            record["cost"] = format(decimal.Decimal(repr(cost)), "f")
        if tier:
            record["tier"] = tier
        trace("usage", id=record["id"], **request)
        reply = self.records.push(record)
        reply.add_done_callback(lambda done: trace(
            "recorded", reply=done.result(), record=record, response_cost=cost, stream=bool(payload.get("stream")),
            breakdown=payload.get("cost_breakdown"), **request))


meter = MeterdLogger()
