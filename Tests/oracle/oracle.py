#!/usr/bin/env python3
"""Prices generated usage records by LiteLLM's own cost functions and by meterctl, and compares.

usage: oracle.py METERCTL [--seed N] [--record FILE] [--sample N] [--dumps N]

Every token-priced chat, completion and responses model of LiteLLM's table is priced at each of its tiers, just below,
at and just above each of its thresholds, in and out of its hours, with and without cached, written, reasoning, audio,
image and video tokens. Each record is priced in three forms: as the provider reports it, and as a LiteLLM callback would
dump LiteLLM's Usage object for it, with nulls and without. meterctl has to charge the same for all three, and the same as
LiteLLM within the error of floating point. If a model may differ, exceptions.json names it with the reason. An exception
that is no longer needed is an error too.

LiteLLM's table is the one in its wheel; LITELLM_LOCAL_MODEL_COST_MAP keeps it from fetching another.
"""
import argparse
import datetime
import gzip
import json
import os
import random
import re
import subprocess
import sys
import time

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402
from litellm._internal_context import pinned_billing_time  # noqa: E402
from litellm.cost_calculator import cost_per_token  # noqa: E402
from litellm.llms.anthropic.chat.transformation import AnthropicConfig  # noqa: E402
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig  # noqa: E402
from litellm.responses.utils import ResponseAPILoggingUtils  # noqa: E402
from litellm.types.utils import Usage  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(os.path.dirname(litellm.__file__), "model_prices_and_context_window_backup.json")
MODES = {"chat", "completion", "responses"}
TIERS = {"batch": "_batches", "flex": "_flex", "priority": "_priority", "balanced": "_balanced", "ultrafast": "_ultrafast"}
NOON = "2026-11-24T12:00:00Z"
# Floating point: a sum of a dozen products, each with half a unit in the last place.
RELATIVE = 1e-12


def provider_of(name):
    """The name under which LiteLLM's functions know the provider of an entry."""
    if name.startswith("vertex_ai"):
        return "vertex_ai"
    return {
        "bedrock_converse": "bedrock",
        "cohere_chat": "cohere",
        "text-completion-openai": "openai",
        "text-completion-codestral": "codestral",
        "azure_text": "azure",
        "fireworks_ai-embedding-models": "fireworks_ai",
    }.get(name, name)


def thresholds(entry):
    found = {int(size) * 1000 for key in entry for size in re.findall(r"_above_(\d+)k_tokens", key)}
    for tier in entry.get("tiered_pricing", []):
        found.update(int(bound) for bound in tier.get("range", []) if bound)
    return sorted(found)


def moments(entry):
    if "off_peak_pricing" not in entry:
        return [NOON]
    # Around each edge of a Tuesday's windows, and on a Sunday.
    times = [f"2026-11-24T{hour:02}:{minute:02}:00Z" for hour in (0, 1, 3, 4, 5, 6, 9, 10, 15, 23) for minute in (0, 59)]
    return times + ["2026-11-22T02:30:00Z", "2026-11-22T16:30:00Z", "2026-11-23T16:30:00Z", "2026-11-20T17:00:00Z"]


def tiers(entry):
    yield "standard"
    for tier, suffix in TIERS.items():
        if all(f"{side}_cost_per_token{suffix}" in entry for side in ("input", "output")):
            yield tier


def usages(entry, prompt, tier, dice):
    """Usage objects with a prompt of that length, in the shape of Chat Completions."""
    completion = dice.randint(1, 5000)
    yield {"prompt_tokens": prompt, "completion_tokens": completion}
    if prompt < 16:
        return
    read = dice.randint(1, prompt // 2)
    details = {"cached_tokens": read}
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "prompt_tokens_details": details}
    if any("cache_creation" in key for key in entry):
        details["cache_creation_tokens"] = dice.randint(1, prompt // 4)
        part = dice.randint(1, details["cache_creation_tokens"])
        rest = details["cache_creation_tokens"] - part
        lifetimes = None
        if any("_above_12hr" in key for key in entry):
            lifetimes = {"ephemeral_30m_input_tokens": rest, "ephemeral_12h_input_tokens": part}
        elif any("_above_1hr" in key for key in entry):
            lifetimes = {"ephemeral_5m_input_tokens": rest, "ephemeral_1h_input_tokens": part}
        if lifetimes is not None:
            yield {**usage, "prompt_tokens_details": {**details, "cache_creation_token_details": lifetimes}}
    yield usage
    if tier == "batch":
        # LiteLLM's batch calculator prices text only.
        return
    reasoning = dice.randint(1, completion)
    yield {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    modal = {"prompt_tokens": prompt, "completion_tokens": completion}
    inside = {"cached_tokens": dice.randint(0, prompt // 4)}
    for kind in ("audio", "image", "video"):
        if dice.random() < 0.6:
            inside[f"{kind}_tokens"] = dice.randint(1, prompt // 6)
    if "cache_read_input_audio_token_cost" in entry and inside.get("audio_tokens"):
        cached = dice.randint(0, min(inside["audio_tokens"], inside["cached_tokens"]))
        inside["cached_tokens_details"] = {"audio_tokens": cached, "text_tokens": inside["cached_tokens"] - cached}
    modal["prompt_tokens_details"] = inside
    parts = {}
    for kind in ("audio", "image", "video"):
        if any(f"output_cost_per_{kind}_token" in key for key in entry) and completion > 8:
            parts[f"{kind}_tokens"] = dice.randint(1, completion // 4)
    if parts:
        modal["completion_tokens_details"] = parts
    yield modal
    if "provider_specific_entry" in entry and entry["litellm_provider"] == "anthropic":
        for condition in entry["provider_specific_entry"]:
            extra = {"speed": "fast"} if condition == "fast" else {"inference_geo": condition}
            yield {**usage, **extra}


def messages(entry, prompt, dice):
    """Anthropic's own usage objects: the three kinds of prompt tokens lie beside each other."""
    read, written = dice.randint(0, prompt // 2), dice.randint(0, prompt // 4)
    hour = dice.randint(0, written)
    usage = {
        "input_tokens": prompt - read - written,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": dice.randint(1, 5000),
    }
    yield usage
    split = {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour}
    yield {**usage, "cache_creation": split, "service_tier": "standard", "inference_geo": "global"}


def generated(entry, prompt, dice):
    """Gemini's own: cached within the prompt, thoughts and the prompts of tools beside it."""
    cached = dice.randint(0, prompt // 2)
    audio, image = dice.randint(0, prompt // 8), dice.randint(0, prompt // 8)
    visible, thoughts = dice.randint(1, 4000), dice.randint(0, 4000)
    usage = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": visible,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": prompt + visible + thoughts,
    }
    yield usage
    yield {**usage, "cachedContentTokenCount": cached}
    kinds = {"TEXT": prompt - audio - image, "AUDIO": audio, "IMAGE": image}
    yield {**usage, "promptTokensDetails": [{"modality": k, "tokenCount": n} for k, n in kinds.items()]}


def responses(entry, prompt, dice):
    """OpenAI's Responses: all parts within their whole."""
    read, written = dice.randint(0, prompt // 2), dice.randint(0, prompt // 4)
    output = dice.randint(1, 5000)
    usage = {"input_tokens": prompt, "output_tokens": output, "total_tokens": prompt + output}
    yield {
        **usage,
        "input_tokens_details": {"cached_tokens": read},
        "output_tokens_details": {"reasoning_tokens": dice.randint(0, output)},
    }
    if "cache_creation_input_token_cost_above_12hr" in entry:
        long = dice.randint(0, written)
        lifetimes = {"ttl_30m_tokens": written - long, "ttl_12h_tokens": long}
        yield {
            **usage,
            "input_tokens_details": {
                "cached_tokens": read, "cache_write_tokens": written, "cache_write_tokens_details": lifetimes,
            },
            "output_tokens_details": {"reasoning_tokens": 0},
        }


def own_shapes(name, entry, provider):
    """How the provider itself reports the usage of a model, where that is not as in Chat Completions."""
    if provider == "anthropic":
        yield messages
    if provider == "gemini" or (provider == "vertex_ai" and name.removeprefix("vertex_ai/").startswith("gemini")):
        yield generated
    if provider == "openai":
        yield responses


def vectors(table, seed):
    for name, entry in table.items():
        dice = random.Random(f"{seed} {name}")
        if entry.get("mode") not in MODES or "litellm_provider" not in entry:
            continue
        if "input_cost_per_token" not in entry and "tiered_pricing" not in entry:
            continue
        provider = provider_of(entry["litellm_provider"])
        edges = thresholds(entry)
        prompts = [dice.randint(16, 20_000), dice.choice([1, 15, 1_000, 64_000])]
        prompts += [edge + step for edge in edges for step in (-1, 0, 1)]
        if edges:
            prompts.append(edges[-1] + dice.randint(2, 100_000))
        # By its key alone, as LiteLLM's users name it: no other seller's price may come of it.
        plain = {"prompt_tokens": prompts[0], "completion_tokens": 100, "total_tokens": prompts[0] + 100}
        yield name, None, "standard", NOON, plain
        for tier in tiers(entry):
            for moment in moments(entry):
                for prompt in prompts:
                    for usage in usages(entry, prompt, tier, dice):
                        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
                        yield name, provider, tier, moment, usage
                    if tier == "batch" or prompt < 16:
                        continue
                    for shape in own_shapes(name, entry, provider):
                        for usage in shape(entry, prompt, dice):
                            yield name, provider, tier, moment, usage


def whole_usage(usage):
    """The usage object as LiteLLM's own functions make one of it."""
    if "promptTokenCount" in usage:
        return VertexGeminiConfig._calculate_usage({"usageMetadata": usage})
    if "cache_read_input_tokens" in usage:
        return AnthropicConfig().calculate_usage(usage, None)
    if "input_tokens" in usage:
        return ResponseAPILoggingUtils._transform_response_api_usage_to_chat_usage(usage)
    return Usage(**usage)


# How a record is handed to meterctl. A callback dumps the Usage object, and some drop the nulls.
FORMS = ("provider's own", "dump with nulls", "dump without nulls")


def forms(usage, whole):
    """The usage object in each of FORMS."""
    return usage, whole.model_dump(), whole.model_dump(exclude_none=True)


def by_litellm(model, provider, tier, moment, whole):
    raw = litellm.model_cost[model]["litellm_provider"]
    provider = provider or provider_of(raw)
    if raw.startswith("text-completion-") or raw in ("cohere_chat", "azure_text"):
        provider = raw
    at = datetime.datetime.fromisoformat(moment.replace("Z", "+00:00"))
    with pinned_billing_time(at):
        prompt, completion = cost_per_token(
            model=model,
            custom_llm_provider=provider,
            usage_object=whole,
            prompt_tokens=whole.prompt_tokens,
            completion_tokens=whole.completion_tokens,
            service_tier=None if tier in ("standard", "batch") else tier,
            call_type="retrieve_batch" if tier == "batch" else "completion",
        )
    return prompt + completion


def progress(words, done, total, started):
    if sys.stderr.isatty():
        rate = done / max(0.001, time.time() - started)
        sys.stderr.write(f"\r\x1b[K{words}: {done} of {total}, {rate:.0f}/s")
        if done == total:
            sys.stderr.write("\r\x1b[K")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("meterctl")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--record", metavar="FILE", help="write a sample of the vectors, as the suite prices them")
    arguments.add_argument("--sample", type=int, default=1200, help="how many of those are in the providers' own shapes")
    arguments.add_argument("--dumps", type=int, default=400, help="how many of LiteLLM's dumps follow them")
    options = arguments.parse_args()

    with open(TABLE) as file:
        table = json.load(file)
    with gzip.open(os.path.join(HERE, "prices.json.gz")) as file:
        if json.load(file) != table:
            print("prices.json.gz, which the suite reads, is not this wheel's table")
            return 1
    cases = list(vectors(table, options.seed))
    wholes = [whole_usage(case[4]) for case in cases]
    # Dumped before they are priced: LiteLLM's functions may write into them.
    objects = [forms(case[4], whole) for case, whole in zip(cases, wholes)]
    records = len(cases) * len(FORMS)
    print(f"{records} usage records over {len({case[0] for case in cases})} models of LiteLLM {version()}")
    print(f"{len(cases)} in the provider's own shape, and LiteLLM's dump of each with nulls and without")

    lines = [
        json.dumps(
            {"id": f"{number}.{form}", "model": model, "tier": tier, "at": moment, "usage": usage}
            | ({"provider": provider} if provider else {})
        )
        for number, (model, provider, tier, moment, _) in enumerate(cases)
        for form, usage in enumerate(objects[number])
    ]
    started = time.time()
    answers = subprocess.run(
        [options.meterctl, "price", "--stdin", "--rates", TABLE],
        input="\n".join(lines).encode(), stdout=subprocess.PIPE, check=True,
    ).stdout.decode().splitlines()
    print(f"meterctl: {time.time() - started:.1f} s")
    assert len(answers) == records

    litellm.suppress_debug_info = True
    litellm.set_verbose = False
    import logging

    logging.disable(logging.CRITICAL)
    started = time.time()
    differences = {}
    disagreements = []
    recorded = []
    for number, (case, whole) in enumerate(zip(cases, wholes)):
        words = None
        try:
            theirs = by_litellm(*case[:4], whole)
        except Exception as error:
            theirs, words = None, f"LiteLLM: {str(error).splitlines()[0][:160]}"
        ours = [json.loads(answer) for answer in answers[number * len(FORMS):(number + 1) * len(FORMS)]]
        for form, answer in enumerate(ours):
            found = words or difference(answer, theirs)
            handed = (*case[:4], objects[number][form])
            if found:
                differences.setdefault(case[0], []).append((handed, answer, found, form))
            else:
                recorded.append((handed, theirs, form, case[4]))
            if outcome(answer) != outcome(ours[0]):
                disagreements.append((handed, answer, case[4], ours[0], form))
        if number % 500 == 0:
            progress("LiteLLM", number, len(cases), started)
    progress("LiteLLM", len(cases), len(cases), started)
    print(f"LiteLLM: {time.time() - started:.1f} s")
    if options.record:
        record(options, recorded)
    return judge(records, differences, disagreements)


def outcome(answer):
    """What has to be the same in every form: the cost, what has no price, and the reason if there is no cost."""
    return answer.get("cost"), tuple(answer.get("unpriced_units", ())), (answer.get("error") or {}).get("code")


def difference(ours, theirs):
    """How an answer of meterctl's differs from LiteLLM's cost; None if it doesn't."""
    if ours.get("cost") is None:
        return f"{theirs!r} by LiteLLM"
    exact = sum(float(line["amount"]) for line in ours["lines"] if line["unit"] != "rounding")
    if ours.get("unpriced_units"):
        # The rest is charged, but the cost is not the whole cost, even if LiteLLM's happens to be the same.
        return f"{theirs!r} by LiteLLM, {exact!r} by us without {', '.join(ours['unpriced_units'])}"
    if abs(exact - theirs) > RELATIVE * max(exact, theirs, 1e-12):
        return f"{theirs!r} by LiteLLM, {exact!r} by us"
    return None


def record(options, recorded):
    """A sample: a third at the edges of thresholds, a fifth in the providers' own shapes, a fifth at other tiers.

    LiteLLM's dumps come after it.
    """
    own = [(case, cost) for case, cost, form, _ in recorded if form == 0]
    random.Random(options.seed).shuffle(own)
    edges = {edge + step for edge in (32_000, 128_000, 200_000, 256_000, 272_000) for step in (-1, 0, 1)}

    def stratum(case):
        usage = case[4]
        prompt = usage.get("prompt_tokens", usage.get("promptTokenCount", 0))
        if "prompt_tokens" not in usage:
            return "shape"
        return "edge" if prompt in edges else "tier" if case[2] != "standard" else "hour" if case[3] != NOON else "plain"

    room = {name: int(options.sample * share) for name, share in
            {"edge": 0.35, "shape": 0.2, "tier": 0.2, "hour": 0.05, "plain": 0.2}.items()}
    sample = []
    for case, cost in own:
        name = stratum(case)
        if room[name] > 0:
            room[name] -= 1
            sample.append((case, cost))
    sample += dumps(options, recorded)
    with open(options.record, "w") as file:
        for (model, provider, tier, moment, usage), cost in sample:
            vector = {
                "model": model, "provider": provider, "tier": tier, "at": moment, "usage": usage, "litellm": repr(cost),
            }
            file.write(json.dumps(vector, separators=(",", ":")) + "\n")
    print(f"{len(sample)} vectors are in {options.record}")


def dumps(options, recorded):
    """Dumps, half with nulls: a fifth of each provider's own shape, the rest of Chat's, over all providers in turn."""
    def shape(usage):
        if "promptTokenCount" in usage:
            return "gemini"
        if "prompt_tokens" in usage:
            return "chat"
        return "anthropic" if "cache_read_input_tokens" in usage else "responses"

    groups = {}
    for case, cost, form, usage in recorded:
        # A dump of nothing but two counts proves little; records without a provider are like that.
        if form and case[1] and len(usage) > 3:
            groups.setdefault((shape(usage), form), {}).setdefault(case[1], []).append((case, cost))
    dice = random.Random(f"{options.seed} dumps")
    sample = []
    for (name, _), providers in sorted(groups.items()):
        room = int(options.dumps * (0.4 if name == "chat" else 0.2) / 2)
        for found in providers.values():
            dice.shuffle(found)
        order = sorted(providers)
        dice.shuffle(order)
        while room > 0 and any(providers.values()):
            for provider in order:
                if room > 0 and providers[provider]:
                    sample.append(providers[provider].pop())
                    room -= 1
    return sample


def judge(records, differences, disagreements):
    with open(os.path.join(HERE, "exceptions.json")) as file:
        exceptions = json.load(file)
    total = sum(len(found) for found in differences.values())
    # An exception is of some tiers only, where its reason is.
    tiers_of = {name: group.get("tiers") for group in exceptions for name in group["models"]}
    unexpected = {}
    for name, found in differences.items():
        left = [item for item in found if name not in tiers_of or (tiers_of[name] and item[0][2] not in tiers_of[name])]
        if left:
            unexpected[name] = left
    stale = sorted(set(tiers_of) - set(differences))
    print(f"{records - total} agree; {total} differ, of {len(differences)} models")
    for form, name in enumerate(FORMS):
        count = sum(item[3] == form for found in differences.values() for item in found)
        print(f"  {count} of {records // len(FORMS)} differ as {name}")
    for group in exceptions:
        counts = [
            sum(item[3] == form for name in group["models"] for item in differences.get(name, []))
            for form in range(len(FORMS))
        ]
        words = " + ".join(map(str, counts))
        print(f"  {words} records, {len(group['models'])} models: {group['reason']}")
    for name, found in sorted(unexpected.items()):
        print(f"NOT EXPECTED: {name}: {len(found)}, such as {found[0][2]}, as {FORMS[found[0][3]]}")
        print(f"  {json.dumps(found[0][0])}")
        print(f"  {json.dumps(found[0][1])[:400]}")
    for name in stale:
        print(f"NO EXCEPTION ANY MORE: {name}")
    print(f"{len(disagreements)} dumps cost another amount than the provider's own shape")
    for handed, answer, own, ours, form in disagreements[:20]:
        print(f"ANOTHER COST AS {FORMS[form]}: {json.dumps(handed)}")
        print(f"  {json.dumps(answer)[:400]}")
        print(f"  {json.dumps(own)}: {json.dumps(ours)[:400]}")
    return 1 if unexpected or stale or disagreements else 0


def version():
    import importlib.metadata

    return importlib.metadata.version("litellm")


if __name__ == "__main__":
    sys.exit(main())
