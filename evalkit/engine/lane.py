"""One contender's asking: workers take requests from one stream, never the same question twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Generic, TypeVar

from evalkit.engine.answer import Answer, Asked
from evalkit.engine.budget import Purse
from evalkit.engine.committer import Committer
from evalkit.engine.config import EngineConfig
from evalkit.engine.judge import REFUSALS, Evidence, Patience, as_infra, as_rejected, told
from evalkit.engine.key import RequestKey
from evalkit.engine.monitor import Monitor
from evalkit.engine.primer import Primers
from evalkit.engine.sender import Sender
from evalkit.engine.throttle import Throttle
from evalkit.models.base import Model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Request
from evalkit.store.cache import Entry, ResponseCache

T = TypeVar("T")
_AT_ONCE = 64  # requests that are looked up in the cache with one statement
_REQUESTS_PER_TURN = 128  # taken by a worker before other tasks (display, Ctrl-C) get their turn for sure


@dataclass
class Lane(Generic[T]):
    """Asks one contender's requests and delivers every outcome exactly once, in no fixed order.

    `deliver` is called synchronously, for new answers only after they are on disk. A request equal to one
    under way is not sent: it gets the same outcome. A `fatal` failure, or nothing but failures, ends the
    asking: what follows is delivered as an infra error that was not sent, unless the cache has it.

    What is refused is asked again after all others; then the judge says whose doing it was. What an earlier run left
    refused is asked after the others too, so that no run begins with what ended the last one.
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
    evidence: Evidence = field(default_factory=Evidence)
    _under_way: dict[str, list[Asked[T]]] = field(default_factory=dict)
    _later: list[Asked[T]] = field(default_factory=list)  # refused in an earlier run, not asked in this one
    _held: list[Asked[T]] = field(default_factory=list)  # refused in this run
    _control: Asked[T] | None = None  # a request that got through in an earlier run
    _epochs: int = 1
    _vain: int = 0  # requests that ended without an outcome of the model's own, since the last that had one
    _last: Failure | None = None
    _stopped: str | None = None

    async def run(self, work: Iterator[tuple[Request, T]]) -> None:
        """Ask everything. What was answered is committed even where this is cancelled."""
        self._open()
        try:
            async with asyncio.TaskGroup() as group:
                committing = group.create_task(self._committer.keep_committing())
                await self._ask_all(self._looked_up(work))
                later, self._later = self._later, []
                await self._ask_all((asked, None) for asked in later)
                await self._ask_refused_again()
                committing.cancel()
        finally:
            self._committer.flush()
        self._judge()
        self._committer.flush()

    def _open(self) -> None:
        self._limit = min(self.config.concurrency, self.model.max_concurrency or self.config.concurrency)
        self._committer = Committer(self.cache, self.config)
        self.monitor.throttle = self.throttle
        if self.model.cacheable:
            self._learn(self.cache.left_out(self.keys.note))
        clock = asyncio.get_running_loop().time
        name = self.throttle.name or "the provider"
        patience = Patience(name, self.config.max_wait_s, clock, not_there_s=self.config.not_there_s)
        self._sender = Sender(
            self.model,
            self.keys.prefix_name,
            self.config,
            self.primers,
            self.monitor,
            self.throttle,
            patience,
            lambda: self.evidence.answers,
        )

    async def _ask_all(self, work: Iterator[tuple[Asked[T], Entry | None]]) -> None:
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._limit):
                workers.create_task(self._worker(work))

    def _looked_up(self, work: Iterator[tuple[Request, T]]) -> Iterator[tuple[Asked[T], Entry | None]]:
        """Requests with what the cache knew of them when it was asked for some of them at once."""
        while some := [Asked(self.keys.of(request), request, context) for request, context in islice(work, _AT_ONCE)]:
            known = self.cache.entries([asked.key for asked in some]) if self.model.cacheable else {}
            for asked in some:
                yield asked, known.get(asked.key)

    async def _worker(self, work: Iterator[tuple[Asked[T], Entry | None]]) -> None:
        for number, (asked, known) in enumerate(work, 1):
            if number % _REQUESTS_PER_TURN == 0:
                await asyncio.sleep(0)
            self._epochs = max(self._epochs, asked.request.epoch + 1)
            if asked.refused:
                await self._ask(asked)
            elif self.model.cacheable and asked.key in self._under_way:
                self._under_way[asked.key].append(asked)
            elif not self._take_cached(asked, known):
                self._under_way[asked.key] = []
                if asked.refused:
                    self._later.append(asked)
                else:
                    await self._ask(asked)

    def _learn(self, left_out: Iterable[str]) -> None:
        """Parameters that the provider refuses: keys follow what is sent, and so does a model that can be told."""
        self.keys.leave_out(left_out)
        if self.keys.left_out and (tell := getattr(self.model, "leave_out", None)) is not None:
            tell(self.keys.left_out)

    def _follow(self, asked: Asked[T], outcome: Completion) -> None:
        """An answer belongs to the request that was sent, not to one with parameters that were refused."""
        if not self.model.cacheable or not (outcome.left_out or self.keys.left_out):
            return
        if not self.keys.left_out.issuperset(outcome.left_out):
            self._learn(outcome.left_out)
            self.cache.note_left_out(self.keys.note, self.keys.left_out)
        self._move(asked, self.keys.of(asked.request, outcome.left_out))

    def _move(self, asked: Asked[T], key: str) -> None:
        """Ask under another key, with everyone who waits for the same."""
        if key != asked.key:
            self._under_way.setdefault(key, []).extend(self._under_way.pop(asked.key, ()))
            asked.key = key

    def _known_since(self, asked: Asked[T]) -> Completion | Failure | None:
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

    def _take_cached(self, asked: Asked[T], known: Entry | None) -> bool:
        if not self.model.cacheable:
            return False
        if self.keys.left_out and (key := self.keys.of(asked.request)) != asked.key:
            asked.key, known = key, None  # learned since it was looked up
        # What was not known may have been answered since, for an equal request.
        entry = known if known is not None and known.outcome is not None else self.cache.entry(asked.key)
        if entry is None:
            return False
        outcome = entry.outcome
        if outcome is None:
            asked.refused, asked.refusal = 1, entry.failure
            return False
        if isinstance(outcome, Completion):
            self.evidence.before = True
        if not self._is_usable(outcome):
            return False
        self._give_cached(asked, outcome)
        return True

    def _is_usable(self, outcome: Completion | Failure) -> bool:
        """Whether a cached outcome tells all that this run is to measure."""
        if not isinstance(outcome, Completion):
            return True
        no_ttft = self.config.want_ttft and outcome.timing.ttft_ms is None
        return not no_ttft and not (self.config.want_latency and outcome.timing.latency_ms is None)

    def _give_cached(self, asked: Asked[T], outcome: Completion | Failure) -> None:
        if isinstance(outcome, Completion):
            self.evidence.before = True
            self._control = self._control or asked
        self.monitor.done += 1
        self.monitor.cached += 1
        self.deliver(Answer(asked.context, asked.request, outcome, asked.key, from_cache=True, sent=False))

    async def _ask(self, asked: Asked[T]) -> None:
        """Send one request, with retries, when its prefix is primed; then settle the outcome."""
        if not self.config.prime or self.primers.is_primed(self.keys.prefix_name):
            await self._ask_now(asked)
            return
        async with self.primers.turn(self.keys.prefix_name) as turn:
            turn.primed = isinstance(await self._ask_now(asked), Completion)

    async def _ask_now(self, asked: Asked[T]) -> Completion | Failure:
        if (known := self._known_since(asked)) is not None:
            return known
        if await self._useless():
            return self._not_asked(asked)
        got = await self._outcome(asked.request)
        if got is None:
            return self._not_asked(asked)
        outcome, retries = got
        asked.retries += retries
        self._settle(asked, outcome)
        return outcome

    async def _outcome(self, request: Request) -> tuple[Completion | Failure, int] | None:
        """The outcome, within the budget: the first request that does not fit into it ends the asking (None)."""
        if self.purse is None:
            return await self._sender.outcome(request)
        most = await self.purse.take(request)
        if most is None:
            self._stop(f"it would have passed the budget of ${self.purse.budget.limit:g}")
            return None
        got: Completion | Failure | None = None
        try:
            got, retries = await self._sender.outcome(request)
        finally:
            self.purse.settle(most, got)
        return got, retries

    def _not_asked(self, asked: Asked[T]) -> Failure:
        """What was refused before, in this run or an earlier one, says so: it is no wrong answer for that."""
        outcome = Failure("infra", f"not asked: {self._stopped}")
        self._give_all(asked, outcome, sent=False)
        return outcome

    async def _useless(self) -> bool:
        """Whether asking on is useless. In doubt it waits for what is under way, which may be answered yet."""
        while self._stopped is None and self._in_doubt():
            if not self._sender.flying:
                self._stop(told(self._last) if self._last is not None else "nothing gets through")
            else:
                await self._sender.landed.wait()
        return self._stopped is not None

    def _in_doubt(self) -> bool:
        least, vain = self.config.give_up_after, self._vain + self.evidence.unexplained()
        if not self.evidence.answers:
            return vain >= least
        # An outage of a few seconds fails everything that is in flight.
        return vain >= least * max(self._limit, least)

    def _settle(self, asked: Asked[T], outcome: Completion | Failure) -> None:
        if isinstance(outcome, Completion):
            self.evidence.answered()
            self._vain = 0
            self._follow(asked, outcome)
            self._keep(asked, outcome)
            return
        outcome = self._last = self.evidence.weighed(outcome)
        if outcome.kind in REFUSALS:
            self._hold(asked, outcome)
            return
        self._vain += 1
        if outcome.kind == "fatal":
            self._mark(asked, outcome)
            self._stop(told(outcome))
        self._give_all(asked, as_infra(outcome))

    def _hold(self, asked: Asked[T], refusal: Failure) -> None:
        """Keep a refused request until the others were asked."""
        if refusal.kind == "rejected":
            self._vain = 0
        self.evidence.refused(refusal, asked.request.suffix, again=asked.refused > 0)
        self._mark(asked, refusal)
        asked.refused, asked.refusal = asked.refused + 1, refusal
        self._held.append(asked)

    def _mark(self, asked: Asked[T], refusal: Failure) -> None:
        """Tell a later run that this request comes last: none may begin with what ended the one before."""
        if self.model.cacheable and not asked.refused and refusal.http_status is not None:
            self._committer.add(asked.key, replace(refusal, kind="ambiguous"), lambda: None)

    async def _ask_refused_again(self) -> None:
        """Ask once more, after the others, what was refused once in this run and not before."""
        again = [asked for asked in self._held if asked.refused == 1]
        if not self._held or self._stopped is not None or not self.evidence.somebody:
            return
        if again:
            await asyncio.sleep(self.config.again_s)
            self._held = [asked for asked in self._held if asked.refused > 1]
            for asked in again:
                asked.retries += 1
            self.monitor.retries += len(again)
            await self._ask_all((asked, None) for asked in again)
        if self._held and not self.evidence.answers and self._control is not None and self._stopped is None:
            # All that got through did so in an earlier run: does it still?
            got = await self._outcome(self._control.request)
            if got is not None and isinstance(got[0], Completion):
                self.evidence.answered()

    def _judge(self) -> None:
        """Say of everything that was refused whose doing it was."""
        held, self._held = self._held, []
        if held and not self.evidence.somebody and self._stopped is None and (last := held[-1].refusal) is not None:
            self._stop(told(last))
        for asked in held:
            assert asked.refusal is not None
            sample, again = asked.request.suffix, asked.refused > 1
            verdict = self.evidence.verdict(
                asked.refusal, sample, again=again, answered_before=self._was_answered(asked)
            )
            if verdict == "rejected":
                self._keep(asked, as_rejected(asked.refusal))
            else:
                self._give_all(asked, as_infra(asked.refusal))

    def _was_answered(self, asked: Asked[T]) -> bool:
        """Whether the same sample got through in another epoch."""
        if not self.model.cacheable or self._epochs == 1:
            return False
        others = (replace(asked.request, epoch=n) for n in range(self._epochs) if n != asked.request.epoch)
        return any(isinstance(self.cache.get(self.keys.of(other)), Completion) for other in others)

    def _keep(self, asked: Asked[T], outcome: Completion | Failure) -> None:
        """Commit, then deliver."""
        if self.model.cacheable:
            self._committer.add(asked.key, outcome, lambda: self._give_all(asked, outcome))
        else:
            self._give_all(asked, outcome)

    def _give_all(self, asked: Asked[T], outcome: Completion | Failure, sent: bool = True) -> None:
        """Deliver to the asker and to everyone who asked the same meanwhile."""
        others: Iterable[Asked[T]] = self._under_way.pop(asked.key, ())
        self._give(asked, outcome, sent, asked.retries)
        for other in others:
            self._give(other, outcome, sent=False)

    def _give(self, asked: Asked[T], outcome: Completion | Failure, sent: bool = True, retries: int = 0) -> None:
        self.monitor.done += 1
        self.deliver(Answer(asked.context, asked.request, outcome, asked.key, False, sent, retries))

    def _stop(self, reason: str) -> None:
        if self._stopped is None:
            self._stopped = reason
            self.monitor.stopped = reason
            self._sender.stop()
