"""Find the highest rate of calls at which an endpoint keeps its latency need, by asking in open loop."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from evalkit.engine.monitor import Monitor
from evalkit.engine.open_loop import Arrivals, Call, OpenLoop, OpenRate, connections, schedule
from evalkit.errors import EndpointDown, ModelUnavailable, SuiteError, SuiteMistake
from evalkit.models.base import Model
from evalkit.models.registry import facts, open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.estimate import Need
from evalkit.records.price import Price
from evalkit.records.request import Request
from evalkit.records.sweep import Sweep, SweepStep
from evalkit.running.model_context import model_context
from evalkit.running.prepare import Prepared, prepare
from evalkit.suite.prompts.contenders import Contender
from evalkit.workflows.sweep.steps import LATENCY, TTFT, Search, Trial, is_over, judge_step

_WARM_UP = 2  # answers, one after the other: connection, prompt cache, what the server does not take
_WARM_UP_TRIES = 5
_HOPELESS = 0.15  # of a step's calls over the need: three times what a p95 allows
_NO_NEED = "a sweep needs a p95 to keep: ttft_p95_ms or latency_p95_ms"
_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What a caller may set. Rates are calls a second: the search goes from `low` to `high`.

    Steps are short while rates double, and long afterwards: each has at least so many calls and seconds, and lasts
    `needs_long` times the need, so that a queue that grows is seen to grow. A share `ramp` of the calls comes before
    these and is left out. No more than `max_calls` are sent.
    """

    suite: Path
    model: str
    low: float = 1.0
    high: float = 200.0
    max_calls: int = 20_000
    arrivals: Arrivals = "poisson"
    seed: int = 7
    resolution: float = 0.05
    short_calls: int = 60
    short_s: float = 5.0
    long_calls: int = 1000
    long_s: float = 20.0
    needs_long: float = 5.0
    ramp: float = 0.1


@dataclass
class SweepWatch:
    """What a caller sees of a sweep under way."""

    monitor: Monitor = field(default_factory=Monitor)
    on_step: Callable[[SweepStep], None] = lambda _: None


async def sweep(options: SweepOptions, watch: SweepWatch | None = None) -> Sweep:
    """Sweep one model of a suite. Nothing is scored, and no answer is kept.

    Raises SuiteError for a wrong suite or a model that cannot be asked, EndpointDown where it does not answer.
    """
    prepared = prepare(options.suite, (options.model,))
    contender = prepared.contenders[0]
    with prepared.located:
        needs = _needs(prepared)
        model = _open(prepared, contender)
        work = _Rows(prepared, contender)
        price = prepared.prices.price(contender.spec)
        sweeper = Sweeper(model, iter(work), needs, options, watch or SweepWatch(), price)
        try:
            await sweeper.run()
        finally:
            await model.aclose()
    return _result(prepared, contender, sweeper, work)


@dataclass
class Sweeper:
    """One sweep: makes the steps that the search asks for. `work` never ends."""

    model: Model
    work: Iterator[tuple[Request, int]]
    needs: tuple[Need, ...]
    options: SweepOptions
    watch: SweepWatch = field(default_factory=SweepWatch)
    price: Price | None = None
    steps: list[SweepStep] = field(default_factory=list)
    calls: int = 0
    spent: float | None = 0.0
    ended: str = ""

    def __post_init__(self) -> None:
        self.search = Search(self.options.low, self.options.high, self.options.resolution)
        if self.price is None:
            self.spent = None

    async def run(self) -> None:
        """Warm up, then make steps until the search is over or no call is left."""
        await self._warm_up()
        while (trial := self.search.next()) is not None:
            n, ramp = self._size(trial)
            if self.calls + n > self.options.max_calls:
                step = f"a step at {trial.rate:g}/s takes {n:,} calls"
                self.ended = f"{step}, {self.calls:,} are made, and the limit is {self.options.max_calls:,}"
                return
            done = await self._step(trial.rate, n, ramp)
            self.steps.append(done)
            self.watch.on_step(done)
            self.search.learn(trial, done.state)
        self.ended = self._why_over()

    async def _warm_up(self) -> None:
        answered, reason = 0, ""
        for request, _ in islice(self.work, _WARM_UP_TRIES):
            outcome = await self.model.complete(request)
            self._count(outcome)
            answered += isinstance(outcome, Completion)
            reason = outcome.reason if isinstance(outcome, Failure) else reason
            if answered == _WARM_UP or (isinstance(outcome, Failure) and outcome.kind == "fatal"):
                break
        if not answered:
            raise EndpointDown(f"{self.options.model} does not answer: {reason}")

    def _size(self, trial: Trial) -> tuple[int, int]:
        """How many calls a step takes, and how many of them are its ramp."""
        o = self.options
        calls, seconds = (o.short_calls, o.short_s) if trial.length == "short" else (o.long_calls, o.long_s)
        seconds = max(seconds, o.needs_long * max(need.limit for need in self.needs) / 1000)
        calls = max(calls, math.ceil(trial.rate * seconds)) * (2 if trial.length == "twice" else 1)
        ramp = math.ceil(o.ramp * calls)
        return calls + ramp, ramp

    async def _step(self, rate: float, n: int, ramp: int) -> SweepStep:
        calls: list[Call[int]] = []
        enough, over = math.ceil(_HOPELESS * (n - ramp)), 0
        times = schedule(OpenRate(rate, self.options.arrivals, self.options.seed + len(self.steps)), n)
        first_measured = times[ramp]

        def take(call: Call[int]) -> None:
            nonlocal over
            calls.append(call)
            self._count(call.outcome)
            over += call.due_s >= first_measured and is_over(call, self.needs)

        # More would only lengthen the queue of a server that has lost already.
        loop = OpenLoop(self.model, self.watch.monitor, take, lambda: over >= enough)
        try:
            await loop.send(self.work, iter(times))
        except BaseExceptionGroup as errors:  # of a row that cannot be rendered
            raise errors.exceptions[0] from None
        return judge_step(rate, calls, self.needs, ramp, cut_short=len(calls) < n)

    def _count(self, outcome: Completion | Failure) -> None:
        self.calls += 1
        if isinstance(outcome, Completion) and self.spent is not None:
            cost = self.price.cost(outcome.usage) if self.price and outcome.usage else None
            self.spent = None if cost is None else self.spent + cost

    def _why_over(self) -> str:
        search = self.search
        if search.good is None:
            return f"{search.low:g}/s, the lowest rate to try, was not shown to be within the need"
        if search.bad is None:
            return f"{search.high:g}/s is the highest rate to try"
        return f"the next rate would lie within {self.options.resolution:.0%} of the last two".replace("%", " %")


class _Rows:
    """Endless requests: all rows that the suite has, and then again; `rows` are taken in one round."""

    def __init__(self, prepared: Prepared, contender: Contender) -> None:
        self.prepared, self.contender = prepared, contender
        self.rows = sum(split.n for split in prepared.suite.dataset.splits.values())

    def __iter__(self) -> Iterator[tuple[Request, int]]:
        """Test first; the speed of an answer needs no label, so train and dev make for fewer repeats."""
        dataset = self.prepared.suite.dataset
        while True:
            for split in ("test", "dev", "train"):
                if split in dataset.splits:
                    for number, sample in enumerate(dataset.samples(split)):
                        yield self.contender.request(sample), number


def _needs(prepared: Prepared) -> tuple[Need, ...]:
    needs = tuple(need for need in prepared.config.good_enough.needs() if need.metric in (LATENCY, TTFT))
    if not needs:
        raise SuiteMistake(("good_enough",), _NO_NEED, "such as latency_p95_ms: 500", key=True)
    return needs


def _open(prepared: Prepared, contender: Contender) -> Model:
    name = contender.spec.name
    if not facts(contender.spec.provider).hosted:
        problem = f"{name} has no endpoint whose rate could be measured"
        raise SuiteMistake(("models", name), problem, "a hosted model, such as one of openai/ with base_url")
    if contender.skipped is not None:
        raise SuiteError(f"{name} cannot be asked: {contender.skipped}")
    try:
        context = model_context(prepared.suite, contender, "test")
        return open_model(contender.spec, replace(context, concurrency=connections()))
    except ModelUnavailable as reason:
        raise SuiteError(f"{name} cannot be asked: {reason}") from None


def _result(prepared: Prepared, contender: Contender, done: Sweeper, work: _Rows) -> Sweep:
    good = done.search.good
    over = [step.rate for step in done.steps if step.state == "over" and (good is None or step.rate > good)]
    gpu_hour = contender.spec.price.gpu_hour if contender.spec.price else None
    per_1000 = None if gpu_hour is None or good is None else 1000 * gpu_hour / (_SECONDS_PER_HOUR * good)
    return Sweep(
        suite=prepared.config.name,
        model=contender.spec.name,
        provider_model=contender.spec.provider_model,
        prompt=contender.prompt,
        needs=done.needs,
        steps=tuple(done.steps),
        capacity_rps=good,
        over_rps=min(over, default=None),
        ended=done.ended,
        calls=done.calls,
        gpu_hour=gpu_hour,
        cost_per_1000_calls=per_1000,
        spent=done.spent,
        notes=tuple(_notes(prepared, done, work)),
    )


def _notes(prepared: Prepared, done: Sweeper, work: _Rows) -> Iterator[str]:
    rounds = done.calls / work.rows
    if rounds > 1:
        yield (
            f"every row was asked {rounds:.1f} times: a server that keeps whole prompts answers these faster than "
            "the calls of users, and more rows would tell"
        )
    if done.search.good is not None and done.search.good != done.search.confirmed:
        yield "the rate was held once; a second time would rule out luck"
    prompts = tuple(prepared.config.prompts)
    if len(prompts) > 1:
        yield f"the suite has {len(prompts)} prompts; the first one was asked"
    if any("client itself" in step.why for step in done.steps):
        yield "the rate ends where this machine's own sending does; ask from a faster or a quieter one"


def run_sweep(options: SweepOptions, watch: SweepWatch | None = None) -> Sweep:
    """`sweep` under an event loop of its own."""
    return asyncio.run(sweep(options, watch))
