"""A LiteLLM proxy between evalkit and a model."""

from __future__ import annotations

import json

import pytest

from evalkit.records.completion import Failure
from evalkit.records.request import Parameters
from tests.models.wire import answer
from tests.third_party.test_llama import APIS, SCHEMA, ask


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", APIS)
def test_answers_come_through(litellm: str, provider: str, stream: bool) -> None:
    found = answer(ask(litellm, provider, Parameters(max_tokens=8), ["Ticket: I was charged twice."], stream)[0])
    assert found.stop in ("end", "max_tokens") and found.usage is not None and found.usage.output > 0


def test_native_output_comes_through(litellm: str) -> None:
    parameters = Parameters(max_tokens=32, schema=SCHEMA)
    found = answer(ask(litellm, "openai", parameters, ["Ticket: I was charged twice."], False)[0])
    assert json.loads(found.text)["label"] in ("billing", "technical", "other")


def test_a_model_that_the_proxy_does_not_know_stops_at_once(litellm: str) -> None:
    from evalkit.models.registry import open_model
    from evalkit.records.request import Request
    from tests.engine.asking import ask_all, context, spec
    from tests.third_party.test_llama import LONG

    named = spec("openai", f"{litellm}/v1", provider_model="openai/nobody", api_key_env=None)
    failure = ask_all(open_model(named, context()), [Request(LONG, "hi", Parameters(max_tokens=8), "1")])[0]
    assert isinstance(failure, Failure) and failure.kind in ("fatal", "ambiguous") and not failure.retryable
