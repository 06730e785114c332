"""llama.cpp's server, asked by both of its APIs."""

from __future__ import annotations

import asyncio
import json

import pytest

from evalkit.models.base import Model
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Parameters, Request, Turn
from evalkit.suite.prompts.template import make_prefix
from tests.engine.asking import context, spec
from tests.models.wire import answer

TURNS = [Turn(f"Ticket {i}: my invoice number {i} is wrong.", "billing") for i in range(6)]
LONG = make_prefix("Answer with one label only: billing, technical or other.", TURNS)
NATIVE = make_prefix("Answer in JSON.", [Turn(turn.user, '{"label":"billing"}') for turn in TURNS])
SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": ["billing", "technical", "other"]}},
    "required": ["label"],
    "additionalProperties": False,
}
APIS = {"openai": "/v1", "anthropic": ""}
# A name of a model that does not think, so that no room is left for it: a base model would fill it.
NAMES = {"openai": "small", "anthropic": "claude-3-small"}


def ask(
    url: str,
    provider: str,
    parameters: Parameters,
    texts: list[str],
    stream: bool,
    name: str | None = None,
    key_env: str | None = None,
) -> list[Completion | Failure]:
    """Ask a server by one of the two APIs; `name` is that of the model, `key_env` the variable of the key."""
    model_name = f"{provider}/{name or NAMES[provider]}"
    named = spec(provider, url + APIS[provider], provider_model=model_name, api_key_env=key_env)
    model = open_model(named, context(stream=stream, concurrency=1, timeout_s=120))
    # A base model goes on as its examples do; without them it would write white space, which JSON allows.
    prefix = LONG if parameters.schema is None else NATIVE
    asked = [Request(prefix, text, parameters, text) for text in texts]
    return asyncio.run(_in_turn(model, asked))


async def _in_turn(model: Model, requests: list[Request]) -> list[Completion | Failure]:
    """Ask one after another; once more, as a run does, where a connection that was kept had just been closed."""
    found = []
    try:
        for each in requests:
            outcome = await model.complete(each)
            if isinstance(outcome, Failure) and outcome.retryable:
                outcome = await model.complete(each)
            found.append(outcome)
    finally:
        await model.aclose()
    return found


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", APIS)
def test_answers_usage_and_cache_counters(llama: str, provider: str, stream: bool) -> None:
    texts = ["Ticket: the app crashes.", "Ticket: I was charged twice."]
    found = [answer(each) for each in ask(llama, provider, Parameters(max_tokens=8), texts, stream)]
    for each in found:
        assert each.stop in ("end", "max_tokens") and each.usage is not None
        assert 0 < each.usage.output <= 8
        assert (each.timing.ttft_ms is not None) is (stream and bool(each.text))
    usage = found[1].usage
    assert usage is not None and usage.cache_read > 40 and usage.input < usage.cache_read


@pytest.mark.parametrize("stream", [False, True])
def test_native_output_is_enforced_by_chat_completions(llama: str, stream: bool) -> None:
    parameters = Parameters(max_tokens=32, schema=SCHEMA)
    found = answer(ask(llama, "openai", parameters, ["Ticket: I was charged twice."], stream)[0])
    assert found.stop == "end" and json.loads(found.text)["label"] in ("billing", "technical", "other")


@pytest.mark.parametrize("provider", APIS)
def test_a_question_that_is_too_long_is_the_samples(llama: str, provider: str) -> None:
    failure = ask(llama, provider, Parameters(max_tokens=8), ["ticket " * 4000], False)[0]
    assert isinstance(failure, Failure) and failure.kind == "rejected"
