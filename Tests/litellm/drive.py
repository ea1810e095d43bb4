"""A mixed load on the proxy, the same for the same seed.

    drive.py --proxy URL --upstream URL --log FILE [--requests 1000] [--at-once 24] [--seed 1] [--kinds KIND,...]

FILE gets one line for each request that ended. Cancels depend on no clock: a stream's client leaves after the first words, and
another one's client is killed by SIGKILL there; a client without a stream leaves when the provider has its request.
"""

import argparse
import asyncio
import json
import random
import sys

import aiohttp

# The kinds of requests, and how often each is drawn; each kind is there at least once.
KINDS = {
    "chat": 22, "chat stream": 16, "chat stream, no usage": 8, "chat audio": 3, "chat flex": 2, "chat priority": 2,
    "responses": 5, "responses stream": 4, "embedding": 8, "image": 3,
    "claude": 15, "claude stream": 10, "claude search": 3, "messages": 8, "messages stream": 5, "messages search": 2,
    "gemini": 8, "gemini stream": 5, "gemini flash": 5, "gemini image": 2,
    "azure": 3, "azure deployment": 3, "bedrock": 3, "bedrock converse": 2, "deepseek": 3, "grok": 3, "mistral": 3, "groq": 2, "perplexity": 3,
    "openrouter": 3, "rerank": 2, "speech": 2, "responses search": 2, "gemini search": 2, "self-hosted": 3, "own price": 3,
    "cached": 6, "retry": 4, "fallback": 4, "error 400": 2, "error 429": 2, "error 500": 2, "broken stream": 3,
    "no credits": 2, "same call id": 3,
    "cancel": 3, "cancel stream": 5, "cancel messages": 3, "kill stream": 3,
}
MODES = {"retry": "once500", "fallback": "first500", "error 400": "e400", "error 429": "e429", "error 500": "e500",
         "broken stream": "drop", "cancel": "gate", "cancel stream": "gate", "cancel messages": "gate", "kill stream": "gate",
         "claude search": "search", "messages search": "search",
         "responses search": "search", "gemini search": "search"}
GROUPS = {"chat audio": "audio", "chat flex": "gpt-5", "chat priority": "gpt-4o", "embedding": "embedding",
          "image": "image",
          "responses": "gpt-5", "responses stream": "gpt-5", "responses search": "gpt-5", "gemini flash": "gemini-flash", "gemini image": "gemini-image",
          "azure": "azure", "azure deployment": "azure-deployment", "own price": "own-price",
          "bedrock converse": "bedrock-converse", "fallback": "flaky",
          "cached": "gpt-4o", "no credits": "gpt-5", "cancel messages": "claude"}
ORGS, USERS = ["acme", "globex"], ["ana", "bo", "cy"]
# A client of its own, to be killed: it says so when it has the first words.
CLIENT = """
import http.client, json, sys
host, port, path, body, headers = json.loads(sys.argv[1])
connection = http.client.HTTPConnection(host, port)
connection.request("POST", path, body, headers)
answer = connection.getresponse()
while b"word2" not in answer.readline(): pass
print(answer.status, flush=True)
answer.read()
"""


def request_of(kind, rid, figures):
    """The path and body of a request."""
    mode = MODES.get(kind, "ok")
    # Requests of one prompt in ten: most are answered from the proxy's cache.
    name = "%s-cached-%d" % (rid.split("-")[0], figures.randrange(10)) if kind == "cached" else rid
    prompt = "rid=%s mode=%s" % (name, mode)
    group = GROUPS.get(kind) or next((name for name in (
        "claude", "gemini", "bedrock", "deepseek", "grok", "mistral", "groq", "perplexity", "openrouter", "rerank",
        "speech", "self-hosted") if kind.startswith(name)), None)
    if kind.startswith("messages"):
        group = "claude"
    group = group or figures.choice(["gpt-4o", "gpt-4o-mini", "gpt-5"])
    if kind == "embedding":
        return "/v1/embeddings", {"model": group, "input": prompt}
    if kind == "rerank":
        return "/v1/rerank", {"model": group, "query": prompt, "documents": ["one", "two"]}
    if kind == "speech":
        # OpenAI charges for each character; LiteLLM doesn't count white space.
        return "/v1/audio/speech", {"model": group, "input": prompt.replace(" ", ","), "voice": "alloy"}
    if kind == "image":
        return "/v1/images/generations", {"model": group, "prompt": prompt}
    if kind.startswith("responses"):
        body = {"model": group, "input": prompt, "max_output_tokens": 1000, "stream": "stream" in kind}
        if kind == "responses search":
            body["tools"] = [{"type": "web_search"}]
        return "/v1/responses", body
    body = {"model": group, "messages": [{"role": "user", "content": prompt}], "max_tokens": 2000}
    if "stream" in kind or kind == "cancel messages":
        body["stream"] = True
    if kind == "cached":
        body["cache"] = {"use-cache": True}
    if kind in ("chat flex", "chat priority"):
        body["service_tier"] = kind.split()[1]
    if kind in ("chat stream", "claude stream", "gemini stream", "cancel stream"):
        body["stream_options"] = {"include_usage": True}
    return "/v1/messages" if "messages" in kind else "/v1/chat/completions", body


class Load:
    """The requests, and those who send them."""

    def __init__(self, given):
        self.given = given
        self.log = open(given.log, "a", buffering=1)
        self.done = 0

    async def run(self):
        """Sends all."""
        given = self.given
        chosen = given.kinds.split(",") if given.kinds else list(KINDS)
        weighted = [kind for kind in chosen for _ in range(KINDS[kind])]
        figures = random.Random(given.seed)
        kinds = chosen[:given.requests]
        kinds += [figures.choice(weighted) for _ in range(given.requests - len(kinds))]
        figures.shuffle(kinds)
        queue = list(enumerate(kinds))[::-1]
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(300)) as self.session:
            async def client():
                while queue:
                    await self.one(*queue.pop())
            await asyncio.gather(*[client() for _ in range(given.at_once)])

    async def one(self, index, kind):
        """Sends one request and logs its end."""
        rid = "s%d-%d" % (self.given.seed, index)
        figures = random.Random(rid)
        path, body = request_of(kind, rid, figures)
        org, user = figures.choice(ORGS), figures.choice(USERS)
        headers = {"authorization": "Bearer sk-%s-%s" % (org, user), "x-request-id": rid,
                   "content-type": "application/json"}
        if kind == "no credits":
            org, headers["authorization"] = "initech", "Bearer sk-initech-%s" % user
        if kind == "same call id":
            # LiteLLM takes it as its call id: whoever bills by that can be paid once and used for ever.
            headers["x-litellm-call-id"] = "the-same-id-always"
        entry = {"rid": rid, "kind": kind, "org": org, "user": user, "group": body["model"]}
        try:
            send = self.killed if kind == "kill stream" else self.left if kind.startswith("cancel") else self.whole
            entry.update(await send(rid, path, body, headers))
        except Exception as error:
            entry["end"] = "error"
            entry["error"] = repr(error)[:300]
        self.log.write(json.dumps(entry) + "\n")
        self.done += 1

    async def whole(self, rid, path, body, headers):
        """Reads the answer to its end."""
        async with self.session.post(self.given.proxy + path, json=body, headers=headers) as answer:
            try:
                data = await answer.read()
            except aiohttp.ClientPayloadError:
                return {"end": "broken", "status": answer.status}
        # A stream that breaks says so in its last event.
        end = "answer" if answer.status == 200 and b'"error":' not in data.replace(b'"error":null', b"") else "error"
        return {"end": end, "status": answer.status, "body": data[:300].decode(errors="replace") if end == "error" else None}

    async def control(self, method, action, rid):
        """Talks to the fake provider."""
        async with self.session.request(method, "%s/control/%s/%s" % (self.given.upstream, action, rid)) as answer:
            answer.raise_for_status()

    async def left(self, rid, path, body, headers):
        """Leaves in the middle of a stream, or when the provider has the request."""
        status = None
        if body.get("stream"):
            async with self.session.post(self.given.proxy + path, json=body, headers=headers) as answer:
                status = answer.status
                async for line in answer.content:
                    if b"word2" in line:
                        break
                answer.close()
        else:
            asking = asyncio.create_task(self.whole(rid, path, body, headers))
            await self.control("GET", "seen", rid)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await self.control("POST", "go", rid)
        return {"end": "left", "status": status}

    async def killed(self, rid, path, body, headers):
        """A client that is a process of its own and dies in the middle of a stream."""
        host, port = self.given.proxy.split("//")[1].split(":")
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", CLIENT, json.dumps([host, int(port), path, json.dumps(body), headers]),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
        line = await client.stdout.readline()
        client.kill()
        await client.wait()
        await self.control("POST", "go", rid)
        return {"end": "killed", "status": int(line)}


def main():
    """Reads the options and drives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proxy", required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", help="only these, with commas")
    asyncio.run(Load(parser.parse_args()).run())


if __name__ == "__main__":
    main()
