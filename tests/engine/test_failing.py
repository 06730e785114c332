"""What a lane does with every kind of failure, through the real SDKs against the fakes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.records.completion import Completion, Failure
from tests.engine.asking import QUICK, Scripted, run_fake, run_lane, said
from tests.servers.launch import FakeProvider

ONE_BY_ONE = replace(QUICK, concurrency=1)
TEXTS = [f"text {i}" for i in range(40)]
Fakes = dict[str, FakeProvider]


@pytest.fixture
def fakes(fake_anthropic: FakeProvider, fake_openai: FakeProvider) -> Fakes:
    """Both vendors, the second as a lenient server so that no parameter is renamed first."""
    fake_openai.configure(strict=False)
    return {"anthropic": fake_anthropic, "openai": fake_openai}


def break_all(fake: FakeProvider, **rule: Any) -> None:
    """One fault rule, or none."""
    fake.configure(faults=[rule] if rule else [])


PASSING = [
    *({"status": status} for status in (408, 425, 429, 500, 502, 503, 504, 529)),
    *({"kind": kind} for kind in ("drop", "drop_midway", "html_200", "not_api_json", "overloaded_midstream")),
]


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_passing_trouble_is_asked_again(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    """The first send of each text meets one kind of trouble, the second gets through."""
    texts = [f"{then} text" for then in PASSING]
    rules = [{"then": then, "match": text, "per_key_first": 1} for then, text in zip(PASSING, texts, strict=True)]
    fakes[provider].configure(faults=rules)
    asked = run_fake(fakes[provider], provider, tmp_path, texts)
    assert asked.kinds == {"answer": len(texts)}
    assert {answer.retries for answer in asked.answers} == {1}
    assert asked.monitor.retries == len(texts)
    assert fakes[provider].stats()["requests"] == 2 * len(texts)


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_a_silent_server_is_left_after_the_time_limit(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    break_all(fakes[provider], then={"kind": "hang"}, match="0")
    config = replace(QUICK, max_attempts=2)
    asked = run_fake(fakes[provider], provider, tmp_path, ["text 0", "text 1"], config, timeout_s=0.8)
    assert asked.kinds == {"answer": 1, "infra": 1}
    assert asked.reasons == {"no answer within 0.8 s"}
    assert asked.monitor.sent == 1 + config.max_attempts


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_attempts_run_out_and_a_later_run_asks_again(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    break_all(fakes[provider], then={"status": 503}, match="text 7")
    asked = run_fake(fakes[provider], provider, tmp_path, TEXTS[:10])
    assert asked.kinds == {"answer": 9, "infra": 1}
    assert next(iter(asked.reasons)).startswith("HTTP 503: ")
    lost = next(answer for answer in asked.answers if isinstance(answer.outcome, Failure))
    assert (lost.context, lost.sent, lost.retries) == (7, True, QUICK.max_attempts - 1)
    assert lost.outcome == Failure("infra", next(iter(asked.reasons)), http_status=503)
    break_all(fakes[provider])
    before = fakes[provider].stats()["requests"]
    again = run_fake(fakes[provider], provider, tmp_path, TEXTS[:10])
    assert again.kinds == {"answer": 10}
    assert fakes[provider].stats()["requests"] == before + 1


FATAL: list[tuple[dict[str, Any], str]] = [
    ({"status": 401}, "HTTP 401"),
    ({"status": 402}, "HTTP 402"),
    ({"status": 404}, "HTTP 404"),
    ({"kind": "bad_key"}, "HTTP 401"),
    ({"kind": "model_not_found"}, "HTTP 404"),
    ({"kind": "insufficient_quota"}, "HTTP 4"),
    ({"kind": "spend_limit"}, "HTTP 429"),
]


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
@pytest.mark.parametrize(("then", "reason"), FATAL, ids=lambda value: str(value))
def test_a_wrong_set_up_is_asked_once(
    fakes: Fakes, tmp_path: Path, provider: str, then: dict[str, Any], reason: str
) -> None:
    break_all(fakes[provider], then=then)
    asked = run_fake(fakes[provider], provider, tmp_path, TEXTS)
    assert fakes[provider].stats()["requests"] == 1
    assert asked.numbers == list(range(len(TEXTS)))
    assert asked.kinds == {"infra": len(TEXTS)}
    assert sum(answer.sent for answer in asked.answers) == 1
    first = next(answer.outcome.reason for answer in asked.answers if answer.sent)  # type: ignore[union-attr]
    assert first.startswith(reason)
    assert asked.monitor.stopped is not None and asked.monitor.stopped.startswith(first.rstrip("."))
    assert asked.reasons == {first, f"not asked: {asked.monitor.stopped}"}
    assert (asked.monitor.done, asked.monitor.in_flight) == (len(TEXTS), 0)


def test_a_wrong_set_up_does_not_hide_what_the_cache_has(fakes: Fakes, tmp_path: Path) -> None:
    run_fake(fakes["openai"], "openai", tmp_path, TEXTS[20:30])
    break_all(fakes["openai"], then={"kind": "bad_key"})
    asked = run_fake(fakes["openai"], "openai", tmp_path, TEXTS)
    assert asked.kinds == {"infra": 30, "answer": 10}
    assert sorted(answer.context for answer in asked.answers if answer.from_cache) == list(range(20, 30))


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
@pytest.mark.parametrize("prime", [True, False])
@pytest.mark.parametrize("bad", [[0], [17], [39]])
def test_a_refusal_of_one_sample_is_the_samples(
    fakes: Fakes, tmp_path: Path, provider: str, prime: bool, bad: list[int]
) -> None:
    """Also where it comes first: it is held until the others were asked, and asked again."""
    texts = [f"{'bad' if i in bad else 'good'} {i}" for i in range(40)]
    break_all(fakes[provider], then={"status": 400}, match="bad")
    config = replace(QUICK, prime=prime)
    asked = run_fake(fakes[provider], provider, tmp_path, texts, config)
    assert asked.kinds == {"answer": 40 - len(bad), "rejected": len(bad)}
    assert [answer.context for answer in asked.answers if isinstance(answer.outcome, Failure)] == bad
    before = fakes[provider].stats()["requests"]
    again = run_fake(fakes[provider], provider, tmp_path, texts)
    assert again.kinds == asked.kinds
    assert {answer.from_cache for answer in again.answers} == {True}
    assert fakes[provider].stats()["requests"] == before


def test_many_bad_samples_among_the_first_do_not_stop_a_fan_out(fakes: Fakes, tmp_path: Path) -> None:
    """Refusals come back sooner than answers: what is still under way must be waited for."""
    texts = [f"{'bad' if i < 8 else 'good'} {i}" for i in range(40)]
    fakes["openai"].configure(latency_ms=100)
    break_all(fakes["openai"], then={"status": 400}, match="bad")
    asked = run_fake(fakes["openai"], "openai", tmp_path, texts, replace(QUICK, prime=False, concurrency=12))
    assert asked.kinds == {"answer": 32, "infra": 8}  # one text for several samples


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_a_refusal_of_every_sample_stops_the_contender(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    break_all(fakes[provider], then={"status": 400})
    asked = run_fake(fakes[provider], provider, tmp_path, TEXTS)
    assert fakes[provider].stats()["requests"] == QUICK.give_up_after
    assert asked.kinds == {"infra": len(TEXTS)}
    assert sum(reason.startswith("not asked: HTTP 400") for reason in asked.reasons) == 1
    break_all(fakes[provider])
    assert run_fake(fakes[provider], provider, tmp_path, TEXTS).kinds == {"answer": len(TEXTS)}


def test_refusals_of_the_only_samples_are_nobodys_answers(fakes: Fakes, tmp_path: Path) -> None:
    break_all(fakes["openai"], then={"status": 400})
    asked = run_fake(fakes["openai"], "openai", tmp_path, TEXTS[:3])
    assert asked.kinds == {"infra": 3} and (asked.monitor.stopped or "").startswith("HTTP 400")


def test_a_refusal_after_a_cached_answer_is_the_samples(fakes: Fakes, tmp_path: Path) -> None:
    run_fake(fakes["openai"], "openai", tmp_path, ["good"])
    break_all(fakes["openai"], then={"status": 400}, match="bad")
    assert run_fake(fakes["openai"], "openai", tmp_path, ["good", "bad"]).kinds == {"answer": 1, "rejected": 1}
    assert fakes["openai"].stats()["requests"] == 1 + 2 + 1  # whether the good one still gets through was asked too


def test_a_refusal_after_a_cached_answer_is_nobodys_where_nothing_gets_through_now(
    fakes: Fakes, tmp_path: Path
) -> None:
    run_fake(fakes["openai"], "openai", tmp_path, ["good"])
    break_all(fakes["openai"], then={"status": 400})
    assert run_fake(fakes["openai"], "openai", tmp_path, ["good", "bad"]).kinds == {"answer": 1, "infra": 1}


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
@pytest.mark.parametrize("kind", ["context_too_long", "content_filter"])
def test_what_a_provider_will_not_take_is_rejected_and_kept(
    fakes: Fakes, tmp_path: Path, provider: str, kind: str
) -> None:
    break_all(fakes[provider], then={"kind": kind}, match="text 1")
    asked = run_fake(fakes[provider], provider, tmp_path, TEXTS)
    assert asked.kinds == {"answer": 29, "rejected": 11}  # a known text may hit several samples
    assert fakes[provider].stats()["requests"] == len(TEXTS) + 11  # each was asked again, after the others
    again = run_fake(fakes[provider], provider, tmp_path, TEXTS)
    assert again.kinds == asked.kinds
    assert fakes[provider].stats()["requests"] == len(TEXTS) + 11


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
@pytest.mark.parametrize("kind", ["context_too_long", "content_filter"])
def test_what_a_provider_takes_of_nobody_is_the_set_ups(fakes: Fakes, tmp_path: Path, provider: str, kind: str) -> None:
    break_all(fakes[provider], then={"kind": kind})
    asked = run_fake(fakes[provider], provider, tmp_path, TEXTS)
    assert asked.kinds == {"infra": len(TEXTS)}
    assert fakes[provider].stats()["requests"] == len(TEXTS)
    assert "; " in (asked.monitor.stopped or "")  # what to do
    break_all(fakes[provider])
    assert run_fake(fakes[provider], provider, tmp_path, TEXTS).kinds == {"answer": len(TEXTS)}


def test_a_short_wish_is_honoured(fakes: Fakes, tmp_path: Path) -> None:
    then = {"status": 429, "headers": {"retry-after-ms": "40"}}
    fakes["anthropic"].configure(faults=[{"then": then, "first": 1}])
    asked = run_fake(fakes["anthropic"], "anthropic", tmp_path, TEXTS)
    assert asked.kinds == {"answer": len(TEXTS)} and asked.monitor.retries == 1


def test_x_should_retry_false_is_honoured(fakes: Fakes, tmp_path: Path) -> None:
    then = {"status": 503, "headers": {"x-should-retry": "false"}}
    break_all(fakes["openai"], then=then, match="text 7")
    asked = run_fake(fakes["openai"], "openai", tmp_path, TEXTS)
    assert asked.kinds == {"answer": 39, "infra": 1} and asked.monitor.retries == 0


def test_a_rate_limit_that_lets_others_through_loses_nothing(fakes: Fakes, tmp_path: Path) -> None:
    fakes["openai"].configure(rate_limit_rps=150, rate_limit_burst=1)
    asked = run_fake(fakes["openai"], "openai", tmp_path, [f"text {i}" for i in range(100)])
    assert asked.kinds == {"answer": 100}
    assert asked.monitor.retries > 0


def test_a_server_that_is_down_is_left_after_a_few_requests(tmp_path: Path) -> None:
    """Each after all its attempts: 2,000 requests one by one would take hours."""
    down = Failure("infra", "connection failed", True)
    for config in (QUICK, ONE_BY_ONE):
        model = Scripted(lambda *_: down)
        asked = run_lane(model, tmp_path / str(config.concurrency), TEXTS, config)
        assert asked.kinds == {"infra": len(TEXTS)}
        assert len(model.sent) == config.give_up_after * config.max_attempts
        assert asked.reasons == {"connection failed", "not asked: connection failed"}


def test_a_server_that_breaks_down_midway_is_left_later(tmp_path: Path) -> None:
    """An outage fails all that is in flight at once, which alone is no reason to stop."""
    texts = [str(i) for i in range(600)]

    def outcome(answered: int) -> Any:
        down = Failure("infra", "HTTP 529", True, http_status=529)
        return Scripted(lambda r, _: said() if int(r.suffix) < answered else down)

    config = replace(QUICK, prime=False, concurrency=8)
    asked = run_lane(outcome(100), tmp_path / "down", texts, config)
    assert asked.kinds == {"answer": 100, "infra": 500}
    sent = sum(answer.sent for answer in asked.answers)
    at_most = config.give_up_after * config.concurrency
    assert 100 + at_most <= sent <= 100 + at_most + 2 * config.concurrency


def test_a_short_outage_stops_nothing(tmp_path: Path) -> None:
    texts = [str(i) for i in range(400)]
    down = Failure("infra", "HTTP 529", True, http_status=529)
    model = Scripted(lambda r, _: down if 100 <= int(r.suffix) < 200 else said())
    asked = run_lane(model, tmp_path, texts)
    assert asked.kinds == {"answer": 300, "infra": 100} and asked.monitor.stopped is None


def test_everyone_gets_an_outcome_whatever_happens(tmp_path: Path) -> None:
    """A mixture of everything, with repeats: each asker is answered exactly once."""
    outcomes: list[Completion | Failure] = [
        said(),
        Failure("rejected", "r"),
        Failure("ambiguous", "a"),
        Failure("infra", "i", True),
    ]
    model = Scripted(lambda r, n: outcomes[(int(r.suffix) + n) % 4])
    texts = [str(i % 150) for i in range(450)]
    asked = run_lane(model, tmp_path, texts)
    assert asked.numbers == list(range(450))
    assert asked.monitor.in_flight == 0 and asked.monitor.done == 450
