"""When and how long to wait before asking again, by tenacity. The table in models/failures says for what."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from math import inf

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from evalkit.engine.config import EngineConfig
from evalkit.records.completion import Completion, Failure

Outcome = Completion | Failure


def is_retryable(outcome: Outcome) -> bool:
    """Whether another attempt may help."""
    return isinstance(outcome, Failure) and outcome.retryable


def wait_seconds(config: EngineConfig, attempt: int, outcome: Outcome, uniform: Callable[[], float]) -> float:
    """Seconds before the next attempt; `attempt` counts from 1 and `uniform` draws from [0, 1).

    The provider's Retry-After is honoured, with up to 10 % on top so that waiting requests do not come back at one
    moment; the judge ends the asking before a wait that is longer than `max_wait_s`. Without one, exponential back-off
    with full jitter (half of it kept as a floor).
    """
    if isinstance(outcome, Failure) and outcome.retry_after_s is not None:
        return min(outcome.retry_after_s, config.max_wait_s) * (1 + 0.1 * uniform())
    ceiling = min(config.longest_wait_s, config.first_wait_s * 2.0 ** (attempt - 1))
    return ceiling * (0.5 + 0.5 * uniform())


def retrying(
    config: EngineConfig,
    before_sleep: Callable[[Failure, float], None],
    forgive: Callable[[Failure], bool] = lambda _: False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    left_s: Callable[[], float] = lambda: inf,
) -> AsyncRetrying:
    """A tenacity controller; where attempts run out it returns the last outcome, it never raises for it.

    Counting starts anew with an attempt that `forgive` is true of. No back-off is longer than `left_s`.
    """
    forgiven = 0

    def stop(state: RetryCallState) -> bool:
        nonlocal forgiven
        assert state.outcome is not None
        if forgive(state.outcome.result()):
            forgiven = state.attempt_number
        return state.attempt_number - forgiven >= config.max_attempts

    def wait(state: RetryCallState) -> float:
        assert state.outcome is not None
        return min(left_s(), wait_seconds(config, state.attempt_number, state.outcome.result(), random.random))

    def tell(state: RetryCallState) -> None:
        assert state.outcome is not None and state.next_action is not None
        before_sleep(state.outcome.result(), state.next_action.sleep)

    def last(state: RetryCallState) -> Outcome:
        assert state.outcome is not None
        outcome: Outcome = state.outcome.result()
        return outcome

    return AsyncRetrying(
        sleep=sleep,
        stop=stop,
        retry=retry_if_result(is_retryable),
        wait=wait,
        before_sleep=tell,
        retry_error_callback=last,
    )
