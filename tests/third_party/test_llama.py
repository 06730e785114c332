"""llama.cpp's server, asked by both of its APIs."""

from __future__ import annotations

import json

import pytest

from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Parameters, Request, Turn
from evalkit.suite.prompts.template import make_prefix
from tests.engine.asking import ask_all, context, spec
from tests.models.wire import answer

TURNS = [Turn(f"Ticket {i}: my invoice number {i} is wrong.", "billing") for i in range(6)]
LONG = make_prefix("Answer with one label only: billing, technical or other.", TURNS)
SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": ["billing", "technical", "other"]}},
    "required": ["label"],
    "additionalProperties": False,
}
APIS = {"openai": "/v1", "anthropic": ""}


def ask(url: str, provider: str, parameters: Parameters, texts: list[str], stream: bool) -> list[Completion | Failure]:
    named = spec(provider, url + APIS[provider], provider_model=f"{provider}/small", api_key_env=None)
    model = open_model(named, context(stream=stream, concurrency=1, timeout_s=120))
    return ask_all(model, [Request(LONG, text, parameters, text) for text in texts])


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
