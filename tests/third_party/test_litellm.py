"""A LiteLLM proxy between evalkit and a model."""

from __future__ import annotations

import json

import pytest

from evalkit.records.completion import Failure
from evalkit.records.request import Parameters
from tests.models.wire import answer
from tests.third_party.conftest import PROXY_KEY
from tests.third_party.test_llama import APIS, SCHEMA, ask

TICKET = ["Ticket: I was charged twice."]
KEY = "PROXY_KEY"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, PROXY_KEY)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", APIS)
def test_answers_come_through(litellm: str, provider: str, stream: bool) -> None:
    found = answer(ask(litellm, provider, Parameters(max_tokens=8), TICKET, stream, key_env=KEY)[0])
    assert found.stop in ("end", "max_tokens") and found.usage is not None and found.usage.output > 0


def test_native_output_comes_through(litellm: str) -> None:
    found = answer(ask(litellm, "openai", Parameters(max_tokens=32, schema=SCHEMA), TICKET, False, key_env=KEY)[0])
    assert json.loads(found.text)["label"] in ("billing", "technical", "other")


def test_a_model_that_the_proxy_does_not_know_stops_at_once(litellm: str) -> None:
    failure = ask(litellm, "openai", Parameters(max_tokens=8), TICKET, False, name="nobody", key_env=KEY)[0]
    assert isinstance(failure, Failure) and not failure.retryable and "nobody" in failure.reason


def test_a_wrong_key_is_told_and_not_shown(litellm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "sk-of-somebody-else-0011223344")
    failure = ask(litellm, "openai", Parameters(max_tokens=8), TICKET, False, key_env=KEY)[0]
    assert isinstance(failure, Failure) and failure.http_status in (400, 401)
    assert "sk-of-somebody-else-0011223344" not in failure.reason
