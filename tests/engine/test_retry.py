"""How long to wait before asking again, and how often."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.config import EngineConfig
from evalkit.engine.retry import retrying, wait_seconds
from evalkit.engine.throttle import Throttle
from evalkit.records.completion import Completion, Failure
from tests.engine.asking import said

CONFIG = EngineConfig()
SECONDS = st.floats(0.001, 1e9)
UNIT = st.floats(0, 1, exclude_max=True)
ATTEMPTS = st.integers(1, 60)


def busy(retry_after_s: float | None = None, status: int = 429) -> Failure:
    return Failure("infra", "busy", True, retry_after_s, status)


@given(ATTEMPTS, SECONDS, UNIT)
def test_the_providers_wish_is_honoured_up_to_a_cap(attempt: int, wish: float, drawn: float) -> None:
    wait = wait_seconds(CONFIG, attempt, busy(wish), lambda: drawn)
    at_least = min(wish, CONFIG.max_wait_s)
    assert at_least <= wait <= at_least * 1.1


@given(ATTEMPTS, UNIT)
def test_without_a_wish_waits_grow_up_to_a_cap(attempt: int, drawn: float) -> None:
    wait = wait_seconds(CONFIG, attempt, busy(), lambda: drawn)
    ceiling = min(CONFIG.longest_wait_s, 0.5 * 2 ** (attempt - 1))
    assert ceiling / 2 <= wait < ceiling or wait == pytest.approx(ceiling)


@given(st.none() | SECONDS, ATTEMPTS)
def test_waits_are_spread(wish: float | None, attempt: int) -> None:
    early, late = (wait_seconds(CONFIG, attempt, busy(wish), lambda d=d: d) for d in (0.0, 0.99))  # type: ignore[misc]
    assert early * 1.05 < late


def attempts(outcomes: list[Completion | Failure], config: EngineConfig, forgiven: int = 0) -> tuple[int, int, object]:
    """How often it was asked, how often it slept, and the outcome; `forgiven` first failures do not count."""
    asked, slept, left = 0, 0, forgiven

    async def send() -> Completion | Failure:
        nonlocal asked
        asked += 1
        return outcomes[min(asked, len(outcomes)) - 1]

    def sleeping(_: Failure, __: float) -> None:
        nonlocal slept
        slept += 1

    def forgive(_: Failure) -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    outcome: object = asyncio.run(retrying(config, sleeping, forgive)(send))
    return asked, slept, outcome


QUICK = EngineConfig(first_wait_s=0, longest_wait_s=0, max_attempts=3)


def test_attempts_run_out_with_the_last_outcome() -> None:
    last = busy(status=503)
    assert attempts([busy(), busy(), last], QUICK) == (3, 2, last)


def test_an_answer_ends_it() -> None:
    assert attempts([busy(), said()], QUICK) == (2, 1, said())


def test_what_is_final_is_asked_once() -> None:
    final = Failure("ambiguous", "no")
    assert attempts([final], QUICK) == (1, 0, final)


def test_counting_starts_anew_after_an_attempt_that_is_forgiven() -> None:
    assert attempts([busy()], QUICK, forgiven=4)[:2] == (4 + 3, 6)


def test_a_wish_on_a_limit_holds_for_everybody_with_that_key() -> None:
    now = 100.0
    throttle = Throttle("anthropic", clock=lambda: now)
    throttle.ended(throttle.free(), busy(5.0, status=408))
    assert throttle.hold_seconds() == 0  # this request's own trouble
    throttle.ended(throttle.free(), busy(5.0))
    throttle.ended(throttle.free(), busy(1.0, status=529))
    assert throttle.hold_seconds() == 5
    assert throttle.waiting() == "waiting 5 s: anthropic asked to"
    now = 106.0
    assert throttle.hold_seconds() == 0
