"""Whose doing a refusal is."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.judge import Evidence, likeness
from evalkit.records.completion import Completion, Failure
from evalkit.store.cache import ResponseCache
from tests.engine.asking import QUICK, Scripted, lane_of, request, run_lane, said

UNKNOWN = Failure("ambiguous", "HTTP 400: something is off", http_status=400)
TOO_LONG = Failure("rejected", "HTTP 400: prompt is too long", http_status=400, cause="context")
TEXTS = [f"text {i}" for i in range(40)]
ONE_BY_ONE = replace(QUICK, concurrency=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTP 400: id req_01a9 failed", "HTTP 400: id req_99zz3 failed"),
        ('HTTP 400: "a b c" is not allowed', 'HTTP 400: "another text" is not allowed'),
        ("see https://a.b/c?d=1", "see https://a.b/other"),
        ("limit 100, used 99.5", "limit 100, used 3"),
        ("it's   bad", "It's bad"),
    ],
)
def test_texts_that_differ_in_numbers_ids_and_quotations_are_alike(one: str, other: str) -> None:
    assert likeness(one) == likeness(other)


def test_texts_that_quote_the_sample_are_alike() -> None:
    assert likeness("refused: my cat is ill", "my cat is ill") == likeness("refused: the sky fell", "the sky fell")
    assert likeness("prompt is too long") != likeness("this organization has been disabled")


@given(
    st.sampled_from([UNKNOWN, TOO_LONG]),
    st.booleans(),
    st.integers(0, 3),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
def test_a_refusal_is_the_samples_only_where_all_speaks_for_it(
    refusal: Failure, before: bool, answers: int, samples: int, again: bool, answered_before: bool
) -> None:
    evidence = Evidence(before=before)
    for _ in range(answers):
        evidence.answered()
    for n in range(samples):
        evidence.refused(refusal, f"sample {n}")
    verdict = evidence.verdict(refusal, "sample 0", again=again, answered_before=answered_before)
    got_through = answers > 0 if refusal is UNKNOWN else before or answers > 0
    shown = got_through and again and not answered_before and (refusal is TOO_LONG or samples == 1)
    assert verdict == ("rejected" if shown else "infra")


def test_what_only_its_status_calls_fatal_is_so_while_nobody_got_through() -> None:
    evidence, lost = Evidence(), Failure("fatal", "HTTP 404: ?", http_status=404)
    assert evidence.weighed(lost).kind == "fatal"
    evidence.answered()
    assert evidence.weighed(lost).kind == "ambiguous"
    assert evidence.weighed(replace(lost, cause="model")).kind == "fatal"
    assert evidence.weighed(Failure("fatal", "no worker is left")).kind == "fatal"


def bad(*numbers: int, refusal: Failure = UNKNOWN, times: int = 99) -> Scripted:
    """A model that refuses some texts, so many times each."""
    texts = {f"text {n}" for n in numbers}
    return Scripted(lambda each, n: refusal if each.suffix in texts and n <= times else said())


def test_a_refusal_is_confirmed_after_all_others(tmp_path: Path) -> None:
    model = bad(0)
    asked = run_lane(model, tmp_path, TEXTS, ONE_BY_ONE)
    assert asked.kinds == {"answer": 39, "rejected": 1}
    assert model.sent == [*TEXTS, TEXTS[0]]
    assert next(a for a in asked.answers if a.context == 0).retries == 1
    assert run_lane(bad(), tmp_path, TEXTS).kinds == asked.kinds


def test_a_refusal_that_passes_is_an_answer(tmp_path: Path) -> None:
    assert run_lane(bad(0, 5, 6, times=1), tmp_path, TEXTS).kinds == {"answer": 40}


def test_one_unknown_text_for_several_samples_is_nobodys(tmp_path: Path) -> None:
    asked = run_lane(bad(3, 30), tmp_path, TEXTS)
    assert asked.kinds == {"answer": 38, "infra": 2} and asked.monitor.stopped is None
    later = bad()
    assert run_lane(later, tmp_path, TEXTS).kinds == {"answer": 40} and len(later.sent) == 2


def test_texts_of_their_own_are_each_samples(tmp_path: Path) -> None:
    words = ("odd", "even", "prime")
    refusals = {f"text {n}": replace(UNKNOWN, reason=f"HTTP 400: {words[n]}") for n in range(3)}
    model = Scripted(lambda each, _: refusals.get(each.suffix) or said())
    assert run_lane(model, tmp_path, TEXTS).kinds == {"answer": 37, "rejected": 3}


def test_a_sample_that_was_answered_in_another_epoch_is_not_refused_for_itself(tmp_path: Path) -> None:
    cache, answers = ResponseCache(tmp_path), []
    model = Scripted(lambda each, _: UNKNOWN if each.epoch == 1 and each.suffix == "text 3" else said())
    work = [(request(text, i, epoch=epoch), i) for epoch in range(2) for i, text in enumerate(TEXTS)]

    async def run() -> None:
        await lane_of(model, cache, answers.append).run(iter(work))

    asyncio.run(run())
    cache.close()
    kinds = [a.outcome.kind for a in answers if isinstance(a.outcome, Failure)]
    assert kinds == ["infra"] and len(answers) == 80


def test_a_run_does_not_begin_with_what_ended_the_last_one(tmp_path: Path) -> None:
    """A text that is known as fatal comes for one sample: the next run asks it last, and loses only that one."""
    spend = Failure("fatal", "HTTP 400: no credit", http_status=400, cause="spend")
    first = run_lane(bad(2, refusal=spend), tmp_path, TEXTS, ONE_BY_ONE)
    assert first.kinds == {"answer": 2, "infra": 38}
    second = run_lane(bad(2, refusal=spend), tmp_path, TEXTS, ONE_BY_ONE)
    assert second.kinds == {"answer": 39, "infra": 1}


def test_a_stop_by_one_unknown_text_makes_progress_when_it_is_over(tmp_path: Path) -> None:
    after = Scripted(lambda each, _: said() if int(each.suffix.split()[1]) < 8 else UNKNOWN)
    asked = run_lane(after, tmp_path, TEXTS, ONE_BY_ONE)
    assert asked.kinds == {"answer": 8, "infra": 32}
    assert asked.monitor.stopped == "HTTP 400: something is off"
    assert run_lane(bad(), tmp_path, TEXTS).kinds == {"answer": 40}


def test_what_earlier_versions_kept_is_asked_once_more(tmp_path: Path) -> None:
    run_lane(bad(), tmp_path, TEXTS[1:])
    cache = ResponseCache(tmp_path)
    key = lane_of(bad(), cache, print).keys.of(request(TEXTS[0]))
    cache.commit([(key, replace(TOO_LONG, kind="ambiguous"))])  # an entry without a confirmation
    assert cache.get(key) is None and cache.entry(key) is not None
    cache.close()
    still = bad(0, refusal=TOO_LONG)
    assert run_lane(still, tmp_path, TEXTS).kinds == {"answer": 39, "rejected": 1}
    assert len(still.sent) == 2, "it, and one that got through before"
    none = bad()
    assert run_lane(none, tmp_path, TEXTS).kinds == {"answer": 39, "rejected": 1} and none.sent == []


@given(
    st.lists(st.sampled_from(["answer", "unknown", "other", "long", "infra"]), min_size=1, max_size=25),
    st.integers(1, 4),
)
def test_no_refusal_is_counted_that_was_not_confirmed(outcomes: list[str], concurrency: int) -> None:
    """Whatever a provider says: who is rejected was refused twice, and somebody got through."""

    table: dict[str, Completion | Failure] = {
        "answer": said(),
        "unknown": UNKNOWN,
        "other": replace(UNKNOWN, reason="HTTP 422: another text"),
        "long": TOO_LONG,
        "infra": Failure("infra", "HTTP 503", False, http_status=503),
    }
    model = Scripted(lambda each, _: table[outcomes[int(each.suffix.split()[1])]])
    with tempfile.TemporaryDirectory() as folder:
        config = replace(QUICK, concurrency=concurrency, prime=False)
        asked = run_lane(model, Path(folder), [f"text {i}" for i in range(len(outcomes))], config)
    assert asked.numbers == list(range(len(outcomes)))
    for answer in asked.answers:
        if isinstance(answer.outcome, Failure) and answer.outcome.kind == "rejected":
            name = outcomes[answer.context]
            assert name == "long" or (name in ("unknown", "other") and outcomes.count(name) == 1)
            assert "answer" in outcomes and model.sent.count(answer.request.suffix) == 2
