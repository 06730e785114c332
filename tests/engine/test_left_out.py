"""Keys follow what is sent: an answer got without a refused parameter is never found under a key that has it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.engine.key import RequestKey
from evalkit.engine.lane import Answer, Lane
from evalkit.engine.monitor import Monitor
from evalkit.engine.primer import Primers
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion
from evalkit.records.request import Parameters
from evalkit.store.cache import ResponseCache
from tests.engine.asking import PREFIX, QUICK, Asked, context, request, spec
from tests.models.wire import sent
from tests.servers.launch import FakeProvider

HOT = Parameters(16, temperature=0.5, seed=3)
COLD = replace(HOT, temperature=None)
TEXTS = [f"text {i}" for i in range(20)]


def keys_of(fake: FakeProvider, parameters: Parameters) -> RequestKey:
    model = open_model(spec("openai", fake.url, provider_model="openai/my-7b"), context())
    return RequestKey(model.identity, PREFIX, parameters)


def run(fake: FakeProvider, folder: Path, parameters: Parameters = HOT, texts: list[str] = TEXTS) -> Asked:
    """One run of a contender as a process of its own would do it: model, keys and cache opened anew."""
    asked, cache = Asked(), ResponseCache(folder)
    model = open_model(spec("openai", fake.url, provider_model="openai/my-7b"), context())
    deliver = asked.answers.append
    keys = RequestKey(model.identity, PREFIX, parameters)
    lane: Lane[int] = Lane(model, keys, QUICK, cache, Primers(), Monitor(), deliver)

    async def ask() -> None:
        try:
            await lane.run((request(text, i, parameters=parameters), i) for i, text in enumerate(texts))
        finally:
            await model.aclose()

    asyncio.run(ask())
    cache.close()
    return asked


def outcomes(asked: Asked) -> list[Completion]:
    found = [answer.outcome for answer in sorted(asked.answers, key=lambda answer: answer.context)]
    assert all(isinstance(outcome, Completion) for outcome in found)
    return [outcome for outcome in found if isinstance(outcome, Completion)]


@pytest.fixture
def fake(fake_openai: FakeProvider) -> FakeProvider:
    fake_openai.configure(strict=False, record=True, reject_parameters=["temperature"])
    return fake_openai


def test_a_warm_rerun_sends_nothing_and_tells_the_same(fake: FakeProvider, tmp_path: Path) -> None:
    first = run(fake, tmp_path)
    assert fake.stats()["requests"] == len(TEXTS) + 1
    again = run(fake, tmp_path)
    assert fake.stats()["requests"] == len(TEXTS) + 1
    assert outcomes(first) == outcomes(again)
    assert {outcome.dropped for outcome in outcomes(again)} == {("temperature",)}


def test_nothing_is_under_a_key_that_has_the_parameter(fake: FakeProvider, tmp_path: Path) -> None:
    asked = run(fake, tmp_path)
    hot, cold = keys_of(fake, HOT), keys_of(fake, COLD)
    cache = ResponseCache(tmp_path)
    for answer in asked.answers:
        assert cache.get(hot.of(answer.request)) is None
        assert answer.key == cold.of(answer.request)
        assert cache.get(answer.key) == answer.outcome
    cache.close()


def test_a_rerun_with_more_rows_does_not_learn_again(fake: FakeProvider, tmp_path: Path) -> None:
    run(fake, tmp_path)
    before = len(sent(fake))
    run(fake, tmp_path, texts=[*TEXTS, "one more", "and one"])
    assert ["temperature" in body for body in sent(fake)[before:]] == [False, False]


def test_a_contender_that_never_set_it_shares_the_answers(fake: FakeProvider, tmp_path: Path) -> None:
    run(fake, tmp_path, COLD)
    run(fake, tmp_path, HOT)
    # One is refused and then asked without it, before that is known; all others are found.
    assert fake.stats()["requests"] <= len(TEXTS) + 2


def test_equal_requests_are_answered_once_each_while_it_is_learned(fake: FakeProvider, tmp_path: Path) -> None:
    asked = run(fake, tmp_path, texts=["a", "b", "a", "a", "b"])
    assert asked.numbers == [0, 1, 2, 3, 4] and fake.stats()["requests"] == 3


def test_a_server_that_takes_it_keeps_its_answers_apart(fake_openai: FakeProvider, tmp_path: Path) -> None:
    fake_openai.configure(strict=False)
    asked = run(fake_openai, tmp_path)
    hot = keys_of(fake_openai, HOT)
    assert all(answer.key == hot.of(answer.request) for answer in asked.answers)
    answers: list[Answer[int]] = run(fake_openai, tmp_path, COLD).answers
    assert not any(answer.from_cache for answer in answers)
