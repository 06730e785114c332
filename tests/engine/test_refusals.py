"""What a server may say, through the real SDKs: what it does to the sample, to the others, to a later run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.batch import MOST_ROUNDS
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from tests.engine.asking import QUICK, Asked, context, run_lane, spec
from tests.engine.test_batch import Place
from tests.servers.launch import FakeProvider
from tests.servers.refusals import EXAMPLES, Said

TEXTS = [f"text {i}" for i in range(12)]
BAD = "text 7"
Fakes = dict[str, FakeProvider]
ONE_BY_ONE = replace(QUICK, concurrency=1, max_attempts=2)

# What a batch of Anthropic's tells in the place of a status.
TYPES = {
    400: "invalid_request_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
}


@pytest.fixture
def fakes(fake_anthropic: FakeProvider, fake_openai: FakeProvider) -> Fakes:
    """Both vendors, the second as a lenient server so that no parameter is renamed first."""
    fake_openai.configure(strict=False)
    return {"anthropic": fake_anthropic, "openai": fake_openai}


def refuse(fake: FakeProvider, said: Said, match: str | None = BAD, **rule: Any) -> None:
    """Every request that matches gets that error."""
    body = dict(said.body) if isinstance(said.body, Mapping) else said.body
    fake.configure(faults=[{"then": {"status": said.status, "body": body}, "match": match, **rule}])


def ask(fake: FakeProvider, provider: str, folder: Path, stream: bool) -> Asked:
    model = open_model(spec(provider, fake.url), context(stream=stream, concurrency=1))
    return run_lane(model, folder, TEXTS, ONE_BY_ONE)


def expected(said: Said) -> str:
    """What becomes of one sample that gets that error for ever, while the others get through."""
    known_fatal = said.kind == "fatal" and said.cause is not None
    return "infra" if known_fatal or said.kind == "infra" else "rejected"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("provider", ["anthropic", "openai"])
@pytest.mark.parametrize("said", EXAMPLES, ids=str)
def test_one_sample_is_refused(fakes: Fakes, tmp_path: Path, provider: str, stream: bool, said: Said) -> None:
    fake = fakes[provider]
    refuse(fake, said)
    asked = ask(fake, provider, tmp_path, stream)
    by_text = {TEXTS[answer.context]: answer for answer in asked.answers}
    outcome = by_text[BAD].outcome
    assert isinstance(outcome, Failure) and outcome.kind == expected(said)
    assert said.message[:60] in outcome.reason or said.message.startswith(("<", "["))
    ended = said.kind == "fatal" and said.cause is not None
    assert asked.kinds.get("answer", 0) == (7 if ended else 11), "only what is wrong for all ends the asking"
    assert (asked.monitor.stopped is not None) == ended
    fake.configure(faults=[])
    before = fake.stats()["requests"]
    again = ask(fake, provider, tmp_path, stream)
    if expected(said) == "rejected":
        assert again.kinds == asked.kinds and fake.stats()["requests"] == before
    else:
        assert again.kinds == {"answer": 12}, "nothing was kept that the server said while it was unwell"


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
@pytest.mark.parametrize("said", [each for each in EXAMPLES if (each.status, each.retry) != (429, True)], ids=str)
def test_all_samples_are_refused(fakes: Fakes, tmp_path: Path, provider: str, said: Said) -> None:
    fake = fakes[provider]
    refuse(fake, said, match=None)
    asked = ask(fake, provider, tmp_path, False)
    assert asked.kinds == {"infra": 12} and asked.monitor.stopped is not None
    if said.kind == "fatal" and said.cause != "max_tokens":  # whose other name is tried too
        assert fake.stats()["requests"] == 1
    fake.configure(faults=[])
    assert ask(fake, provider, tmp_path, False).kinds == {"answer": 12}


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
@pytest.mark.parametrize("said", [e for e in EXAMPLES if e.cause is None or e.kind == "rejected"], ids=str)
def test_a_refusal_that_passes_ends_as_an_answer(fakes: Fakes, tmp_path: Path, provider: str, said: Said) -> None:
    fake = fakes[provider]
    refuse(fake, said, first=1)
    asked = ask(fake, provider, tmp_path, False)
    if said.retry or said.kind in ("rejected", "ambiguous") or said.kind == "fatal":
        assert asked.kinds == {"answer": 12}
    else:
        assert asked.kinds == {"answer": 11, "infra": 1}  # too large for the limit per minute: never fits


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
@pytest.mark.parametrize("said", [e for e in EXAMPLES if isinstance(e.body, Mapping)], ids=str)
def test_one_sample_is_refused_in_a_batch(fakes: Fakes, tmp_path: Path, provider: str, said: Said) -> None:
    fake = fakes[provider]
    if provider == "anthropic":
        if said.status not in TYPES or "error" not in said.body:
            pytest.skip("a batch of Anthropic's cannot say it")
        inner = {**said.body["error"], "type": TYPES[said.status]}
        said = replace(said, body={"type": "error", "error": inner})
    refuse(fake, said)
    fake.configure(batch_looks=0)
    place = Place(tmp_path, provider, fake.url)
    sizes = []
    for _ in range(MOST_ROUNDS + 1):
        sizes += [len(record.keys) for record in place.submit(TEXTS)]
        place.collect()
    found = dict(zip(TEXTS, place.cached(TEXTS), strict=True))
    outcome = found.pop(BAD)
    assert all(isinstance(each, Completion) for each in found.values())
    if expected(said) == "rejected":
        assert sizes == [12, 1], "a second batch confirms it"
        assert isinstance(outcome, Failure) and outcome.kind == "rejected"
    else:
        assert outcome is None
        assert sizes == ([12, 1, 1] if said.retry else [12])


def test_the_reason_of_an_error_that_is_a_list(fakes: Fakes, tmp_path: Path) -> None:
    body = json.dumps([{"error": {"code": 400, "message": "Bad thing", "status": "INVALID_ARGUMENT"}}])
    refuse(fakes["openai"], Said(400, body, "ambiguous"))
    asked = ask(fakes["openai"], "openai", tmp_path, False)
    assert asked.reasons == {"HTTP 400: Bad thing"}
