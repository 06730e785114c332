"""Sending one request until it has an outcome: within the rate limit, asked again where that may help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from evalkit.engine.config import EngineConfig
from evalkit.engine.judge import Patience
from evalkit.engine.limiter import Permit
from evalkit.engine.monitor import Monitor
from evalkit.engine.primer import Primers
from evalkit.engine.retry import is_retryable, retrying
from evalkit.engine.throttle import RATE_LIMIT, Throttle
from evalkit.models.base import Model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Request


@dataclass
class Sender:
    """Sends one contender's requests; `answers` says how many of them got through so far.

    `stop` ends all waiting: what waits for another attempt keeps the outcome that it has.
    """

    model: Model
    prefix_name: str
    config: EngineConfig
    primers: Primers
    monitor: Monitor
    throttle: Throttle
    patience: Patience
    answers: Callable[[], int]
    flying: int = 0
    landed: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Nothing is sent any more."""
        self._stopped.set()

    async def outcome(self, request: Request) -> tuple[Completion | Failure, int]:
        """The outcome and how often it was asked again."""
        answers = self.answers()
        self.monitor.in_flight += 1
        self.flying += 1
        try:
            outcome = await self._send(request)
            return await self._again(request, outcome, answers) if is_retryable(outcome) else (outcome, 0)
        finally:
            self.monitor.in_flight -= 1
            self.flying -= 1
            self.landed.set()
            self.landed = asyncio.Event()

    async def _again(
        self, request: Request, first: Completion | Failure, answers: int
    ) -> tuple[Completion | Failure, int]:
        """What comes after a first failure; `answers` is how many others had been answered before it was sent."""
        retries = 0
        known: Completion | Failure = first
        asked = False

        async def attempt() -> Completion | Failure:
            nonlocal known, asked, retries
            if not asked:
                asked = True
            elif self._stopped.is_set() and isinstance(known, Failure):
                retries, self.monitor.retries = retries - 1, self.monitor.retries - 1
                known = replace(known, retryable=False)
            else:
                known = await self._send(request)
            return known

        def before_sleep(failure: Failure, seconds: float) -> None:
            nonlocal retries
            retries, self.monitor.retries = retries + 1, self.monitor.retries + 1

        def others_got_through(failure: Failure) -> bool:
            """A rate limit that lets others through is a matter of waiting, not of this request."""
            nonlocal answers
            before, answers = answers, self.answers()
            return failure.http_status == RATE_LIMIT and answers > before

        outcome: Completion | Failure = await retrying(
            self.config, before_sleep, others_got_through, self._sleep, self.patience.left_s
        )(attempt)
        return outcome, retries

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def _send(self, request: Request) -> Completion | Failure:
        throttle = self.throttle
        permit = await throttle.turn(self._stopped.is_set) if throttle.active else throttle.free()
        if permit is None:
            return Failure("infra", "not asked")
        name = self.prefix_name
        if not self.config.prime or not self.primers.is_stale(name):
            return await self._complete(request, permit)
        # Asked here and not where a worker begins: what waits for a limit or for another attempt waits for long.
        async with self.primers.refresh(name):
            return await self._complete(request, permit)

    async def _complete(self, request: Request, permit: Permit) -> Completion | Failure:
        self.monitor.sent += 1
        sent_at = self.primers.clock()
        outcome = await self.model.complete(request)
        # Judged before the throttle hears of it: a wait that is not worth it must hold nobody else up.
        outcome = self.patience.weighed(outcome)
        self.throttle.ended(permit, outcome)
        if isinstance(outcome, Completion):
            self.primers.used(self.prefix_name, sent_at)
        return outcome
