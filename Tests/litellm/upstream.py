"""A fake provider on loopback: OpenAI, Azure, Anthropic, Gemini and Bedrock, with usage as they report it.

    upstream.py PORT LOG

The prompt says what happens: `rid=ID mode=MODE`. All figures are drawn from the id, so that a retry has the same ones. LOG gets one
line for each answer: `served` (whole), `cut` (a stream that ended early) or `error`.

    ok         an answer
    e400 e429 e500
    once500    an error at the first try, an answer at the second
    first500   an error from every model but the small ones
    drop       a stream that breaks in the middle
    gate       waits for POST /control/go/ID: before the answer, or after a stream's third word
    search     the model searched the web

GET /control/seen/ID answers when the request of that id has arrived.
"""

import asyncio
import hashlib
import json
import random
import re
import sys
import time

from aiohttp import web

LOG = open(sys.argv[2], "a", buffering=1)
WORDS = 8
TRIES = {}
SEEN, GATES = {}, {}


def event_of(table, rid):
    """The event of a request; made by whoever asks first."""
    return table.setdefault(rid, asyncio.Event())


def log(event, asked, **members):
    """One line of the truth."""
    LOG.write(json.dumps(dict(members, event=event, rid=asked["rid"], mode=asked["mode"], at=time.time())) + "\n")


def drawn(rid, what):
    """A source of figures that belongs to the request."""
    return random.Random(hashlib.sha256(("%s/%s" % (rid, what)).encode()).digest())


def identifier(asked, prefix):
    """An id as providers give their answers."""
    return prefix + hashlib.sha256(("%s %d" % (asked["rid"], TRIES[asked["rid"]])).encode()).hexdigest()[:24]


def named(text):
    """What the prompt asks for."""
    found = dict(re.findall(r"\b(rid|mode)=([\w.-]+)", text))
    return {"rid": found.get("rid", "?"), "mode": found.get("mode", "ok")}


async def begin(request, model):
    """The request's body, what it asks for, and the error that it gets, if any."""
    text = await request.text()
    asked = named(text)
    rid, mode = asked["rid"], asked["mode"]
    TRIES[rid] = TRIES.get(rid, 0) + 1
    body = json.loads(text)
    model = model or body.get("model")
    event_of(SEEN, rid).set()
    status = {"e400": 400, "e429": 429, "e500": 500}.get(mode)
    if mode == "once500" and TRIES[rid] == 1 or mode == "first500" and "mini" not in model:
        status = 500
    if status:
        log("error", asked, status=status, model=model)
        kind = {400: "invalid_request_error", 429: "rate_limit_error", 500: "server_error"}[status]
        return body, asked, web.json_response(
            {"type": "error", "error": {"message": "asked for", "type": kind, "code": None}}, status=status)
    if mode == "gate" and not body.get("stream") and "stream" not in request.path.lower():
        await asyncio.wait_for(event_of(GATES, rid).wait(), 60)
    return body, asked, None


class Stream:
    """Server-sent events; it knows when to wait and when to break."""

    def __init__(self, request, asked):
        self.request, self.asked = request, asked
        self.response = web.StreamResponse(headers={"content-type": "text/event-stream"})

    async def send(self, document, name=None):
        """One event."""
        head = "event: %s\n" % name if name else ""
        data = document if isinstance(document, str) else json.dumps(document)
        await self.response.write(("%sdata: %s\n\n" % (head, data)).encode())

    async def run(self, parts, words, end, **truth):
        """Sends the parts; `words` of them, from `parts[0]` on, may wait or break off."""
        first, documents = parts
        try:
            await self.response.prepare(self.request)
            for index, (document, name) in enumerate(documents):
                if index == first + 3 and self.asked["mode"] == "gate":
                    await asyncio.wait_for(event_of(GATES, self.asked["rid"]).wait(), 60)
                if index == first + words // 2 and self.asked["mode"] == "drop":
                    log("cut", self.asked, by="upstream", **truth)
                    self.request.transport.abort()
                    return self.response
                await self.send(document, name)
                await asyncio.sleep(0.005)
            if end:
                await self.send(end)
            await self.response.write_eof()
        except (ConnectionError, asyncio.CancelledError):
            log("cut", self.asked, by="client", **truth)
            raise
        log("served", self.asked, **truth)
        return self.response


def chat_usage(asked, model, limit):
    """OpenAI's usage object, and what others add to it."""
    figures = drawn(asked["rid"], "chat")
    prompt = figures.choice([37, 412, 1503, 2006, 9000, 60000])
    cached = prompt // 256 * 128 if prompt > 1024 and figures.random() < 0.6 else 0
    output = min(figures.choice([3, 60, 300, 1800]), limit or 1 << 30)
    usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    if "deepseek" in model:
        return dict(usage, prompt_cache_hit_tokens=cached, prompt_cache_miss_tokens=prompt - cached,
                    prompt_tokens_details={"cached_tokens": cached})
    if "mistral" in model or "Qwen" in model or "our-own" in model:
        return usage
    read, written = {"cached_tokens": cached, "audio_tokens": 0}, {
        "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
    if model.startswith("sonar"):
        # Perplexity says what it charges: tokens, and a fee for each request by the size of the search context.
        cost = {"input_tokens_cost": round(prompt * 0.000003, 9), "output_tokens_cost": round(output * 0.000015, 9),
                "request_cost": 0.006}
        cost["total_cost"] = round(sum(cost.values()), 9)
        return dict(usage, search_context_size="low", citation_tokens=0, num_search_queries=1, cost=cost)
    if "anthropic/" in model:
        # OpenRouter's: a discount that no price table knows.
        usage["cost"] = round(prompt * 0.0000021 + output * 0.0000105, 8)
        usage["cost_details"] = {"upstream_inference_cost": None}
    if "audio" in model:
        read.update(audio_tokens=prompt // 2, text_tokens=prompt - prompt // 2, cached_tokens=0)
        written.update(audio_tokens=output // 3, text_tokens=output - output // 3)
    elif model.startswith("gpt-5"):
        written["reasoning_tokens"] = output // 2
    elif model.startswith("grok"):
        # xAI's reasoning is beside the completion; only the total has both.
        written["reasoning_tokens"] = 200
        usage["total_tokens"] += 200
    return dict(usage, prompt_tokens_details=read, completion_tokens_details=written)


async def chat(request):
    """POST /v1/chat/completions, and Azure's."""
    body, asked, refusal = await begin(request, request.match_info.get("deployment"))
    if refusal is not None:
        return refusal
    model = request.match_info.get("deployment") or body["model"]
    usage = chat_usage(asked, model, body.get("max_completion_tokens") or body.get("max_tokens"))
    dated = {"gpt-4o": "gpt-4o-2024-08-06", "gpt-4o-mini": "gpt-4o-mini-2024-07-18", "gpt-5": "gpt-5-2025-08-07",
             "my-deployment": "gpt-4o-2024-08-06"}.get(model, model)
    served = {"flex": "flex", "priority": "priority"}.get(body.get("service_tier"), "default")
    head = {"id": identifier(asked, "chatcmpl-"), "created": int(time.time()), "model": dated, "service_tier": served,
            "system_fingerprint": "fp_fake"}
    truth = {"endpoint": "chat", "model": dated, "usage": usage}
    if not body.get("stream"):
        log("served", asked, **truth)
        return web.json_response(dict(head, object="chat.completion", usage=usage, choices=[
            {"index": 0, "finish_reason": "stop", "logprobs": None,
             "message": {"role": "assistant", "content": "word " * WORDS, "refusal": None}}]))
    include = (body.get("stream_options") or {}).get("include_usage")
    head["object"] = "chat.completion.chunk"
    if include:
        head["usage"] = None
    parts = [dict(head, choices=[{"index": 0, "finish_reason": None, "delta": dict(
        {"content": "word%d " % index}, **({"role": "assistant"} if index == 0 else {}))}]) for index in range(WORDS)]
    parts.append(dict(head, choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    if include:
        parts.append(dict(head, choices=[], usage=usage))
    return await Stream(request, asked).run(
        (0, [(part, None) for part in parts]), WORDS, "[DONE]", include_usage=bool(include), **truth)


async def responses(request):
    """POST /v1/responses."""
    body, asked, refusal = await begin(request, None)
    if refusal is not None:
        return refusal
    counted = chat_usage(asked, body["model"], body.get("max_output_tokens"))
    usage = {"input_tokens": counted["prompt_tokens"], "output_tokens": counted["completion_tokens"],
             "total_tokens": counted["total_tokens"],
             "input_tokens_details": {"cached_tokens": counted["prompt_tokens_details"]["cached_tokens"]},
             "output_tokens_details": {"reasoning_tokens": counted["completion_tokens_details"]["reasoning_tokens"]}}
    text = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": "word " * WORDS, "annotations": []}]}
    found = [{"type": "web_search_call", "id": "ws_%d" % index, "status": "completed"} for index in range(2)]
    answer = {
        "id": identifier(asked, "resp_"), "object": "response", "created_at": int(time.time()), "status": "completed",
        "error": None, "incomplete_details": None, "instructions": None, "max_output_tokens": None, "model": body["model"],
        "output": (found if asked["mode"] == "search" else []) + [text], "parallel_tool_calls": True,
        "previous_response_id": None, "reasoning": {"effort": None, "summary": None}, "store": True, "temperature": 1.0,
        "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": body.get("tools") or [], "top_p": 1.0,
        "truncation": "disabled", "usage": usage, "user": None, "metadata": {}, "service_tier": "default"}
    truth = {"endpoint": "responses", "model": body["model"], "usage": usage}
    if not body.get("stream"):
        log("served", asked, **truth)
        return web.json_response(answer)
    started = dict(answer, status="in_progress", usage=None, output=[])
    parts = [{"type": "response.created", "response": started}]
    parts += [{"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
               "delta": "word%d " % index} for index in range(WORDS)]
    parts.append({"type": "response.completed", "response": answer})
    parts = [(dict(part, sequence_number=index), part["type"]) for index, part in enumerate(parts)]
    return await Stream(request, asked).run((1, parts), WORDS, None, **truth)


async def messages(request):
    """POST /v1/messages."""
    body, asked, refusal = await begin(request, None)
    if refusal is not None:
        return refusal
    figures = drawn(asked["rid"], "messages")
    hour, minutes = figures.choice([(0, 0), (0, 0), (0, 1500), (2000, 0), (2000, 1000)])
    usage = {
        "input_tokens": figures.choice([21, 300, 1200]), "cache_creation_input_tokens": hour + minutes,
        "cache_read_input_tokens": figures.choice([0, 0, 2048, 50000]),
        "cache_creation": {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour},
        "output_tokens": min(figures.choice([4, 120, 700]), body.get("max_tokens") or 1 << 30),
        "service_tier": "standard", "server_tool_use": None}
    if asked["mode"] == "search":
        usage["server_tool_use"] = {"web_search_requests": figures.choice([1, 2, 5])}
    answer = {"id": identifier(asked, "msg_"), "type": "message", "role": "assistant", "model": body["model"],
              "stop_sequence": None}
    truth = {"endpoint": "messages", "model": body["model"], "usage": usage}
    if not body.get("stream"):
        log("served", asked, **truth)
        return web.json_response(dict(
            answer, content=[{"type": "text", "text": "word " * WORDS}], stop_reason="end_turn", usage=usage))
    parts = [{"type": "message_start", "message": dict(
        answer, content=[], stop_reason=None, usage=dict(usage, output_tokens=1, server_tool_use=None))},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}]
    parts += [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word%d " % index}}
              for index in range(WORDS)]
    last = {name: usage[name] for name in (
        "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")}
    if usage["server_tool_use"]:
        last["server_tool_use"] = usage["server_tool_use"]
    parts += [{"type": "content_block_stop", "index": 0},
              {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": last},
              {"type": "message_stop"}]
    return await Stream(request, asked).run((2, [(part, part["type"]) for part in parts]), WORDS, None, **truth)


async def gemini(request):
    """POST /v1beta/models/MODEL:generateContent and :streamGenerateContent."""
    model, method = request.match_info["rest"].split(":")
    body, asked, refusal = await begin(request, model)
    if refusal is not None:
        return refusal
    figures = drawn(asked["rid"], "gemini")
    # On both sides of the threshold of 200,000 tokens.
    prompt = figures.choice([40, 3000, 200000, 200001])
    written, thought = figures.choice([50, 400]), figures.choice([0, 200])
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": written, "totalTokenCount": prompt + written,
             "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}]}
    if "image" in model:
        usage.update(promptTokenCount=40, candidatesTokenCount=1290, totalTokenCount=1330,
                     promptTokensDetails=[{"modality": "TEXT", "tokenCount": 40}],
                     candidatesTokensDetails=[{"modality": "IMAGE", "tokenCount": 1290}])
    else:
        if thought:
            usage["thoughtsTokenCount"] = thought
            usage["totalTokenCount"] += thought
        if prompt > 1024 and figures.random() < 0.5:
            usage["cachedContentTokenCount"] = prompt // 2
            usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": prompt // 2}]
        elif "flash" in model and figures.random() < 0.5:
            spoken = prompt // 4
            usage["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": prompt - spoken},
                                            {"modality": "AUDIO", "tokenCount": spoken}]
    head = {"modelVersion": model, "responseId": identifier(asked, "g")}
    grounding = {"groundingMetadata": {"webSearchQueries": ["one"]}} if asked["mode"] == "search" else {}
    image = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}

    def candidate(text, **more):
        part = image if "image" in model else {"text": text}
        return dict(more, content={"role": "model", "parts": [part]}, index=0)
    truth = {"endpoint": "gemini", "model": model, "usage": usage}
    if method == "generateContent":
        log("served", asked, **truth)
        return web.json_response(dict(
            head, candidates=[candidate("word " * WORDS, finishReason="STOP", **grounding)], usageMetadata=usage))
    early = {"promptTokenCount": prompt, "totalTokenCount": prompt, "promptTokensDetails": usage["promptTokensDetails"]}
    parts = [dict(head, candidates=[candidate("word%d " % index)], usageMetadata=early) for index in range(WORDS)]
    parts.append(dict(head, candidates=[candidate("end.", finishReason="STOP", **grounding)], usageMetadata=usage))
    return await Stream(request, asked).run((0, [(part, None) for part in parts]), WORDS, None, **truth)


async def converse(request):
    """POST /model/MODEL/converse."""
    model = request.match_info["model"]
    body, asked, refusal = await begin(request, model)
    if refusal is not None:
        return refusal
    figures = drawn(asked["rid"], "converse")
    plain, read, written = figures.choice([21, 300]), figures.choice([0, 2048]), figures.choice([0, 1500])
    output = figures.choice([4, 120])
    usage = {"inputTokens": plain, "outputTokens": output, "totalTokens": plain + read + written + output,
             "cacheReadInputTokens": read, "cacheWriteInputTokens": written}
    log("served", asked, endpoint="converse", model=model, usage=usage)
    return web.json_response({
        "output": {"message": {"role": "assistant", "content": [{"text": "word " * WORDS}]}}, "stopReason": "end_turn",
        "usage": usage, "metrics": {"latencyMs": 5}})


async def embeddings(request):
    """POST /v1/embeddings."""
    body, asked, refusal = await begin(request, None)
    if refusal is not None:
        return refusal
    prompt = drawn(asked["rid"], "embeddings").choice([8, 512, 4000])
    usage = {"prompt_tokens": prompt, "total_tokens": prompt}
    log("served", asked, endpoint="embeddings", model=body["model"], usage=usage)
    return web.json_response({"object": "list", "model": body["model"], "usage": usage,
                              "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]})


async def rerank(request):
    """POST /v2/rerank, as Cohere has it."""
    body, asked, refusal = await begin(request, None)
    if refusal is not None:
        return refusal
    usage = {"search_units": drawn(asked["rid"], "rerank").choice([1, 2])}
    log("served", asked, endpoint="rerank", model=body["model"], usage=usage)
    return web.json_response({"id": identifier(asked, "rerank-"), "results": [{"index": 0, "relevance_score": 0.9}],
                              "meta": {"api_version": {"version": "2"}, "billed_units": usage}})


async def speech(request):
    """POST /v1/audio/speech: sound, without a usage object."""
    body, asked, refusal = await begin(request, None)
    if refusal is not None:
        return refusal
    log("served", asked, endpoint="speech", model=body["model"], usage={"characters": len(body["input"])})
    return web.Response(body=b"sound" * 100, content_type="audio/mpeg")


async def models(request):
    """GET /v1/models: LiteLLM asks self-hosted servers for theirs now and then."""
    return web.json_response({"object": "list", "data": []})


async def images(request):
    """POST /v1/images/generations: with the output's details, as newer answers have them, or without."""
    body, asked, refusal = await begin(request, None)
    if refusal is not None:
        return refusal
    figures = drawn(asked["rid"], "images")
    text, shown, output = figures.choice([12, 50]), figures.choice([0, 323]), figures.choice([272, 1056, 4160])
    usage = {"input_tokens": text + shown, "input_tokens_details": {"text_tokens": text, "image_tokens": shown},
             "output_tokens": output, "total_tokens": text + shown + output}
    if figures.random() < 0.5:
        usage["output_tokens_details"] = {"image_tokens": output, "text_tokens": 0}
    log("served", asked, endpoint="images", model=body["model"], usage=usage)
    return web.json_response({"created": int(time.time()), "data": [{"b64_json": "aGk="}], "usage": usage,
                              "size": "1024x1024", "quality": "low", "background": "opaque", "output_format": "png"})


async def seen(request):
    """GET /control/seen/ID."""
    await asyncio.wait_for(event_of(SEEN, request.match_info["rid"]).wait(), 60)
    return web.Response()


async def go(request):
    """POST /control/go/ID."""
    event_of(GATES, request.match_info["rid"]).set()
    return web.Response()


async def unknown(request):
    """Anything else is a mistake of the test."""
    LOG.write(json.dumps({"event": "unknown", "rid": "?", "path": request.path}) + "\n")
    return web.json_response({"error": {"message": "there is no %s" % request.path}}, status=404)


def application():
    """All paths."""
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_post("/openai/deployments/{deployment}/chat/completions", chat)
    app.router.add_post("/v1/responses", responses)
    app.router.add_post("/v1/messages", messages)
    app.router.add_post("/v1/embeddings", embeddings)
    app.router.add_post("/v1/images/generations", images)
    app.router.add_post("/v2/rerank", rerank)
    app.router.add_post("/v1/audio/speech", speech)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1beta/models/{rest}", gemini)
    app.router.add_post("/model/{model}/converse", converse)
    app.router.add_get("/control/seen/{rid}", seen)
    app.router.add_post("/control/go/{rid}", go)
    app.router.add_route("*", "/{rest:.*}", unknown)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
