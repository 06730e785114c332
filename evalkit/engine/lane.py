"""One contender's asking: workers take requests from one stream, never the same question twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from evalkit.engine.budget import Purse
from evalkit.engine.committer import Committer
from evalkit.engine.config import EngineConfig
from evalkit.engine.key import RequestKey
from evalkit.engine.limiter import Permit
from evalkit.engine.monitor import Monitor
from evalkit.engine.primer import Primers
from evalkit.engine.retry import is_retryable, retrying
from evalkit.engine.throttle import RATE_LIMIT, Throttle
from evalkit.models.base import Model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Request
from evalkit.store.cache import ResponseCache

T = TypeVar("T")
_AT_ONCE = 64  # requests that are looked up in the cache with one statement
_REQUESTS_PER_TURN = 128  # taken by a worker before other tasks (display, Ctrl-C) get their turn for sure


# Neither is frozen: one of each is made per sample, and setting fields around a freeze takes three times as long.
@dataclass(slots=True)
class Answer(Generic[T]):
    """An outcome with what it belongs to. `sent` is False for cached answers and for repeats of a request."""

    context: T
    request: Request
    outcome: Completion | Failure
    key: str
    from_cache: bool = False
    sent: bool = True
    retries: int = 0


@dataclass(slots=True)
class _Asked(Generic[T]):
    key: str
    request: Request
    context: T


@dataclass
class Lane(Generic[T]):
    """Asks one contender's requests and delivers every outcome exactly once, in no fixed order.

    `deliver` is called synchronously, for new answers only after they are on disk. A request equal to one
    under way is not sent: it gets the same outcome. A `fatal` failure, or nothing but failures, ends the
    asking: what follows is delivered as an infra error that was not sent, unless the cache has it.
    """

    model: Model
    keys: RequestKey
    config: EngineConfig
    cache: ResponseCache
    primers: Primers
    monitor: Monitor
    deliver: Callable[[Answer[T]], None]
    throttle: Throttle = field(default_factory=Throttle)
    purse: Purse | None = None
    _under_way: dict[str, list[_Asked[T]]] = field(default_factory=dict)
    _unclear: list[tuple[_Asked[T], Failure, int]] = field(default_factory=list)
    _answered: bool = False  # some request got through, now or in an earlier run
    _answers: int = 0  # completions that were sent for in this run
    _vain: int = 0  # requests that ended without an outcome of the model's own, since the last that had one
    _last_reason: str = ""
    _flying: int = 0
    _landed: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: str | None = None

    async def run(self, work: Iterator[tuple[Request, T]]) -> None:
        """Ask everything. What was answered is committed even where this is cancelled."""
        self._limit = min(self.config.concurrency, self.model.max_concurrency or self.config.concurrency)
        self._committer = Committer(self.cache, self.config)
        if self.model.cacheable:
            self._learn(self.cache.left_out(self.keys.note))
        self.monitor.throttle = self.throttle
        try:
            async with asyncio.TaskGroup() as group:
                committing = group.create_task(self._committer.keep_committing())
                async with asyncio.TaskGroup() as workers:
                    looked_up = self._looked_up(work)
                    for _ in range(self._limit):
                        workers.create_task(self._worker(looked_up))
                committing.cancel()
        finally:
            self._committer.flush()
        self._settle_unclear()
        self._committer.flush()

    def _looked_up(self, work: Iterator[tuple[Request, T]]) -> Iterator[tuple[_Asked[T], Completion | Failure | None]]:
        """Requests with the outcomes that the cache had when it was asked for some of them at once."""
        while some := [_Asked(self.keys.of(request), request, context) for request, context in islice(work, _AT_ONCE)]:
            known = self.cache.get_many([asked.key for asked in some]) if self.model.cacheable else {}
            for asked in some:
                yield asked, known.get(asked.key)

    async def _worker(self, work: Iterator[tuple[_Asked[T], Completion | Failure | None]]) -> None:
        for number, (asked, known) in enumerate(work, 1):
            if number % _REQUESTS_PER_TURN == 0:
                await asyncio.sleep(0)
            if self._take_cached(asked, known):
                continue
            if self.model.cacheable and asked.key in self._under_way:
                self._under_way[asked.key].append(asked)
            else:
                self._under_way[asked.key] = []
                await self._ask(asked)

    def _learn(self, left_out: Iterable[str]) -> None:
        """Parameters that the provider refuses: keys follow what is sent, and so does a model that can be told."""
        self.keys.leave_out(left_out)
        if self.keys.left_out and (tell := getattr(self.model, "leave_out", None)) is not None:
            tell(self.keys.left_out)

    def _follow(self, asked: _Asked[T], outcome: Completion) -> None:
        """An answer belongs to the request that was sent, not to one with parameters that were refused."""
        if not outcome.left_out and not self.keys.left_out:
            return
        if not self.keys.left_out.issuperset(outcome.left_out):
            self._learn(outcome.left_out)
            self.cache.note_left_out(self.keys.note, self.keys.left_out)
        self._move(asked, self.keys.of(asked.request, outcome.left_out))

    def _move(self, asked: _Asked[T], key: str) -> None:
        """Ask under another key, with everyone who waits for the same."""
        if key != asked.key:
            self._under_way.setdefault(key, []).extend(self._under_way.pop(asked.key, ()))
            asked.key = key

    def _known_since(self, asked: _Asked[T]) -> Completion | Failure | None:
        """What the cache has of a request whose key is another one since it was looked up; given to all who asked."""
        if not self.keys.left_out or not self.model.cacheable or (key := self.keys.of(asked.request)) == asked.key:
            return None
        self._move(asked, key)
        outcome = self.cache.get(key)
        if outcome is None or not self._is_usable(outcome):
            return None
        for each in (asked, *self._under_way.pop(key, ())):
            self._give_cached(each, outcome)
        return outcome

    def _take_cached(self, asked: _Asked[T], known: Completion | Failure | None) -> bool:
        if not self.model.cacheable:
            return False
        if self.keys.left_out and (key := self.keys.of(asked.request)) != asked.key:
            asked.key, known = key, None  # learned since it was looked up
        # What was not known may have been answered since, for an equal request.
        outcome = known or self.cache.get(asked.key)
        if outcome is None or not self._is_usable(outcome):
            return False
        self._give_cached(asked, outcome)
        return True

    def _is_usable(self, outcome: Completion | Failure) -> bool:
        """Whether a cached outcome tells all that this run is to measure."""
        if not isinstance(outcome, Completion):
            return True
        no_ttft = self.config.want_ttft and outcome.timing.ttft_ms is None
        return not no_ttft and not (self.config.want_latency and outcome.timing.latency_ms is None)

    def _give_cached(self, asked: _Asked[T], outcome: Completion | Failure) -> None:
        self._answered = self._answered or isinstance(outcome, Completion)
        self.monitor.done += 1
        self.monitor.cached += 1
        self.deliver(Answer(asked.context, asked.request, outcome, asked.key, from_cache=True, sent=False))

    async def _ask(self, asked: _Asked[T]) -> None:
        """Send one request, with retries, when its prefix is primed; then settle the outcome."""
        if not self.config.prime or self.primers.is_primed(self.keys.prefix_name):
            await self._ask_now(asked)
            return
        async with self.primers.turn(self.keys.prefix_name) as turn:
            turn.primed = isinstance(await self._ask_now(asked), Completion)

    async def _ask_now(self, asked: _Asked[T]) -> Completion | Failure:
        if (known := self._known_since(asked)) is not None:
            return known
        if await self._useless():
            outcome: Completion | Failure = Failure("infra", f"not asked: {self._stopped}")
            self._give_all(asked, outcome, sent=False)
            return outcome
        if self.purse is not None:
            return await self._ask_within(self.purse, asked)
        outcome, retries = await self._attempts(asked.request)
        self._settle(asked, outcome, retries)
        return outcome

    async def _ask_within(self, purse: Purse, asked: _Asked[T]) -> Completion | Failure:
        """Ask only what the budget surely allows; the first request that does not fit ends the asking."""
        most = await purse.take(asked.request)
        if most is None:
            self._stop(f"it would have passed the budget of ${purse.budget.limit:g}")
            outcome: Completion | Failure = Failure("infra", f"not asked: {self._stopped}")
            self._give_all(asked, outcome, sent=False)
            return outcome
        got: Completion | Failure | None = None
        try:
            got, retries = await self._attempts(asked.request)
        finally:
            purse.settle(most, got)
        self._settle(asked, got, retries)
        return got

    async def _useless(self) -> bool:
        """Whether asking on is useless. In doubt it waits for what is under way, which may be answered yet."""
        while self._stopped is None and self._in_doubt():
            if not self._flying:
                self._stop(self._last_reason)
            else:
                await self._landed.wait()
        return self._stopped is not None

    def _in_doubt(self) -> bool:
        if not self._answers:
            return max(self._vain, len(self._unclear)) >= self.config.give_up_after
        # An outage of a few seconds fails everything that is in flight.
        return self._vain >= self.config.give_up_after * max(self._limit, self.config.give_up_after)

    async def _attempts(self, request: Request) -> tuple[Completion | Failure, int]:
        """The outcome and how often it was asked again."""
        answers = self._answers
        self.monitor.in_flight += 1
        self._flying += 1
        try:
            outcome = await self._send(request)
            return await self._again(request, outcome, answers) if is_retryable(outcome) else (outcome, 0)
        finally:
            self.monitor.in_flight -= 1
            self._flying -= 1
            self._landed.set()
            self._landed = asyncio.Event()

    async def _again(
        self, request: Request, first: Completion | Failure, answers: int
    ) -> tuple[Completion | Failure, int]:
        """What comes after a first failure; `answers` is how many others had been answered before it was sent."""
        retries = 0
        known: Completion | Failure | None = first

        async def attempt() -> Completion | Failure:
            nonlocal known
            outcome, known = known, None
            return await self._send(request) if outcome is None else outcome

        def before_sleep(failure: Failure, seconds: float) -> None:
            nonlocal retries
            retries += 1
            self.monitor.on_retry(failure, seconds)

        def others_got_through(failure: Failure) -> bool:
            """A rate limit that lets others through is a matter of waiting, not of this request."""
            nonlocal answers
            before, answers = answers, self._answers
            return failure.http_status == RATE_LIMIT and answers > before

        outcome: Completion | Failure = await retrying(self.config, before_sleep, others_got_through)(attempt)
        return outcome, retries

    async def _send(self, request: Request) -> Completion | Failure:
        throttle = self.throttle
        permit = await throttle.turn() if throttle.active else throttle.free()
        name = self.keys.prefix_name
        if not self.config.prime or not self.primers.is_stale(name):
            return await self._complete(request, permit)
        # Asked here and not where a worker begins: what waits for a limit or for another attempt waits for long.
        async with self.primers.refresh(name):
            return await self._complete(request, permit)

    async def _complete(self, request: Request, permit: Permit) -> Completion | Failure:
        self.monitor.sent += 1
        sent_at = self.primers.clock()
        outcome = await self.model.complete(request)
        self.throttle.ended(permit, outcome)
        if isinstance(outcome, Completion):
            self.primers.used(self.keys.prefix_name, sent_at)
        return outcome

    def _settle(self, asked: _Asked[T], outcome: Completion | Failure, retries: int) -> None:
        if isinstance(outcome, Completion):
            self._answered, self._answers, self._vain = True, self._answers + 1, 0
            if self.model.cacheable:
                self._follow(asked, outcome)
            self._keep(asked, outcome, retries)
            self._settle_unclear()
            return
        self._last_reason = outcome.reason
        if outcome.kind == "rejected":
            self._vain = 0
            self._keep(asked, outcome, retries)
        elif outcome.kind == "ambiguous":
            self._unclear.append((asked, outcome, retries))
            if self._answered:
                self._vain = 0
                self._settle_unclear()
        else:
            self._vain += 1
            if outcome.kind == "fatal":
                self._stop(outcome.reason)
            self._give_all(asked, Failure("infra", outcome.reason, http_status=outcome.http_status), retries)

    def _settle_unclear(self) -> None:
        """A contender's requests differ in their sample only: once one got through, refusals are the sample's."""
        held, self._unclear = self._unclear, []
        for asked, failure, retries in held:
            if self._answered:
                rejected = Failure("rejected", failure.reason, http_status=failure.http_status)
                self._keep(asked, rejected, retries)
            else:
                self._give_all(asked, Failure("infra", failure.reason, http_status=failure.http_status), retries)

    def _keep(self, asked: _Asked[T], outcome: Completion | Failure, retries: int) -> None:
        """Commit, then deliver."""
        if self.model.cacheable:
            self._committer.add(asked.key, outcome, lambda: self._give_all(asked, outcome, retries))
        else:
            self._give_all(asked, outcome, retries)

    def _give_all(self, asked: _Asked[T], outcome: Completion | Failure, retries: int = 0, sent: bool = True) -> None:
        """Deliver to the asker and to everyone who asked the same meanwhile."""
        self._give(asked, outcome, sent, retries)
        for other in self._under_way.pop(asked.key, ()):
            self._give(other, outcome, sent=False)

    def _give(self, asked: _Asked[T], outcome: Completion | Failure, sent: bool = True, retries: int = 0) -> None:
        self.monitor.done += 1
        self.deliver(Answer(asked.context, asked.request, outcome, asked.key, False, sent, retries))

    def _stop(self, reason: str) -> None:
        if self._stopped is None:
            self._stopped = reason
            self.monitor.stopped = reason
