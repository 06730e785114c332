"""Every ending of the table, and whatever is in none, for both APIs: whole, streamed and in a batch.

The servers are the fakes in a process of their own; the endings come from the table itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest

from evalkit.models.batch import BatchItem
from evalkit.models.endings import ENDINGS, NO_ANSWER, Ending, stop_of
from evalkit.models.registry import batch_api, open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Parameters, Request
from tests.engine.asking import context, spec
from tests.models.wire import SHORT, ask
from tests.servers.launch import FakeProvider

Way = Literal["whole", "streamed", "batched"]
WAYS: tuple[Way, ...] = ("whole", "streamed", "batched")
APIS = ("openai", "anthropic")
UNKNOWN = ("a_word_of_tomorrow", "STOPPED BY OPERATOR", "stop: SOMETHING", "error: upstream")
MODEL = {"openai": "openai/gpt-4o", "anthropic": "anthropic/claude-haiku-5-5"}


@pytest.fixture
def fakes(fake_openai: FakeProvider, fake_anthropic: FakeProvider) -> dict[str, FakeProvider]:
    return {"openai": fake_openai, "anthropic": fake_anthropic}


def outcome_of(fake: FakeProvider, api: str, way: Way, **then: Any) -> Completion | Failure:
    """What one request comes to, asked in one of the three ways, where the server has a fault."""
    fake.configure(default_answer="abcd", strict=False, faults=[{"then": then}])
    if way != "batched":
        return ask(fake, api, stream=way == "streamed", provider_model=MODEL[api])[0]
    return asyncio.run(_by_batch(fake, api))


async def _by_batch(fake: FakeProvider, api: str) -> Completion | Failure:
    model = open_model(spec(api, fake.url, provider_model=MODEL[api]), context())
    try:
        batches = batch_api(model)
        assert batches is not None
        request = Request(SHORT, "third?", Parameters(max_tokens=16), "1")
        batch = await batches.submit([BatchItem("one", batches.body(request))], "tag")
        while not (await batches.status(batch)).ended:
            await asyncio.sleep(0.01)
        found: AsyncIterator[tuple[str, Completion | Failure]] = batches.collect(batch)
        outcomes = {name: outcome async for name, outcome in found}
    finally:
        await model.aclose()
    assert list(outcomes) == ["one"]
    return outcomes["one"]


@pytest.mark.parametrize("row", ENDINGS, ids=lambda row: row.word)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", APIS)
def test_every_ending_of_the_table_means_the_same_everywhere(
    fakes: dict[str, FakeProvider], api: str, way: Way, row: Ending
) -> None:
    outcome = outcome_of(fakes[api], api, way, stop_reason=row.word)
    assert isinstance(outcome, Completion), outcome
    assert (outcome.stop, outcome.text) == (row.stop, "abcd")


@pytest.mark.parametrize("word", [*NO_ANSWER, *UNKNOWN])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", APIS)
def test_all_other_words_are_no_answer_and_are_told(
    fakes: dict[str, FakeProvider], api: str, way: Way, word: str
) -> None:
    outcome = outcome_of(fakes[api], api, way, stop_reason=word)
    assert isinstance(outcome, Failure), outcome
    assert (outcome.kind, outcome.retryable) == ("infra", True)
    assert word in outcome.reason


@pytest.mark.parametrize("row", ENDINGS, ids=lambda row: row.word)
def test_case_and_dashes_make_no_difference(row: Ending) -> None:
    for word in (row.word.upper(), row.word.replace("_", "-"), f" {row.word} ", f"FINISH_REASON_{row.word.upper()}"):
        assert stop_of(word, "finish_reason") == row.stop


@pytest.mark.parametrize("word", ["content_filter: PROHIBITED_CONTENT", "stop: SAFETY", "error: RECITATION"])
def test_a_filter_named_behind_another_word_is_a_refusal(word: str) -> None:
    assert stop_of(word, "finish_reason") == "refusal"


@pytest.mark.parametrize("word", [None, "", 0, 7, True, [], {"reason": "stop"}])
def test_no_word_is_no_ending(word: Any) -> None:
    assert isinstance(stop_of(word, "finish_reason"), Failure)


def test_no_word_stands_on_both_sides() -> None:
    words = [row.word for row in ENDINGS]
    assert len(set(words)) == len(words) and not set(words) & set(NO_ANSWER)
