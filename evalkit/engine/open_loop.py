"""Open-loop asking: a request starts when the schedule says so, whether or not earlier ones were answered.

A closed loop waits for an answer before it asks again, so that a slow server is asked less, and the calls that real
users would have made meanwhile are missing from its percentiles (coordinated omission, Gil Tene). Here nothing waits,
nothing is asked again, and no answer comes from the response cache or goes there: it belongs to this rate alone.
"""

from __future__ import annotations

import asyncio
import math
import random
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, count, islice
from typing import Generic, Literal, TypeVar

from evalkit.engine.answer import Answer
from evalkit.engine.config import MAX_WAIT_S
from evalkit.engine.judge import REFUSALS, Evidence, Patience, as_infra, as_rejected, told
from evalkit.engine.key import RequestKey
from evalkit.engine.monitor import Monitor
from evalkit.models.base import Model
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.request import Request

T = TypeVar("T")
Arrivals = Literal["poisson", "constant"]

_MOST_CONNECTIONS = 10_000
_LATE_MS = 10.0  # a timer of the operating system is a few ms late
_FILES_KEPT = 64  # for all else that a process opens


@dataclass(frozen=True, slots=True)
class OpenRate:
    """`rate` requests a second, at random times (`poisson`, as independent users come) or evenly spaced."""

    rate: float
    arrivals: Arrivals = "poisson"
    seed: int = 7


def arrival_times(pace: OpenRate) -> Iterator[float]:
    """Endless start times in seconds, from 0 up; the same for the same pace. Raises ValueError for a rate not above 0.

    `poisson`: the gaps are independent and exponential, with mean 1 / rate. The first request starts at once.
    """
    if not pace.rate > 0:
        raise ValueError(f"a rate must be above 0, not {pace.rate}")
    return _evenly(pace.rate) if pace.arrivals == "constant" else _at_random(pace)


def schedule(pace: OpenRate, n: int) -> tuple[float, ...]:
    """The first `n` arrival times."""
    return tuple(islice(arrival_times(pace), n))


def _evenly(rate: float) -> Iterator[float]:
    for number in count():
        yield number / rate


def _at_random(pace: OpenRate) -> Iterator[float]:
    draw = random.Random(pace.seed).expovariate
    at = 0.0
    while True:
        yield at
        at += draw(pace.rate)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request that was sent: what came of it, and when, in seconds since the schedule began.

    `outcome` keeps the time that the server took, counted from sending; `late_ms` is how much later than `due_s` the
    client itself sent it. What a user waited is the sum of both: `timing`.
    """

    context: T
    request: Request
    outcome: Completion | Failure
    due_s: float
    late_ms: float
    ended_s: float

    @property
    def timing(self) -> Timing | None:
        """Milliseconds from the scheduled start; None for a failure."""
        return _from_due(self.outcome.timing, self.late_ms) if isinstance(self.outcome, Completion) else None


@dataclass(frozen=True)
class OpenLoop(Generic[T]):
    """Sends to a model by a schedule; `take` gets every call as it ends.

    Nothing is sent any more once `stopped` is true. `monitor` counts what is sent and in flight.
    """

    model: Model
    monitor: Monitor
    take: Callable[[Call[T]], None]
    stopped: Callable[[], bool] = lambda: False

    async def send(self, work: Iterator[tuple[Request, T]], times: Iterator[float]) -> tuple[Request, T] | None:
        """Send each request at its time, in seconds from now, until either ends; return when all have ended.

        A request is taken from `work` before it is due, so that reading and rendering make nothing late. One that was
        taken and not sent, because `stopped` turned true, is returned.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        left: tuple[Request, T] | None = None
        async with asyncio.TaskGroup() as calls:
            for due, (request, context) in zip(times, work, strict=False):
                # Even where it is late already, others get their turn.
                await asyncio.sleep(max(0.0, began + due - clock()))
                if self.stopped():
                    left = request, context
                    break
                calls.create_task(self._call(request, context, began, due))
        return left

    async def _call(self, request: Request, context: T, began: float, due: float) -> None:
        clock = asyncio.get_running_loop().time
        late_ms = max(0.0, clock() - began - due) * 1000
        self.monitor.sent += 1
        self.monitor.in_flight += 1
        try:
            outcome = await self.model.complete(request)
        finally:
            self.monitor.in_flight -= 1
        self.take(Call(context, request, outcome, due, late_ms, clock() - began))


@dataclass
class OpenLane(Generic[T]):
    """Asks one contender's requests at a given rate, and delivers every outcome exactly once, as `Lane` does.

    A delivered answer's timing counts from its scheduled start. How late the client was is kept apart: `late_ms`, in
    no fixed order. A `fatal` failure ends the asking. Repeats of a request are sent like any other. Nothing is asked
    again: at the end the judge says of what was refused whose doing it was. `name` is the provider's.
    """

    model: Model
    keys: RequestKey
    pace: OpenRate
    monitor: Monitor
    deliver: Callable[[Answer[T]], None]
    name: str = "the provider"
    max_wait_s: float = MAX_WAIT_S
    late_ms: array[float] = field(default_factory=lambda: array("d"))
    evidence: Evidence = field(default_factory=Evidence)
    _held: list[Answer[T]] = field(default_factory=list)
    _samples: set[int] = field(default_factory=set)  # those that got through
    _stopped: str | None = None

    async def run(self, work: Iterator[tuple[Request, T]]) -> None:
        """Ask everything."""
        self._patience = Patience(self.name, self.max_wait_s, asyncio.get_running_loop().time)
        loop = OpenLoop(self.model, self.monitor, self._take, lambda: self._stopped is not None)
        left = await loop.send(work, arrival_times(self.pace))
        self._judge()
        for request, context in chain([left] if left else [], work):
            missed = Failure("infra", f"not asked: {self._stopped}")
            self._give(Answer(context, request, missed, self.keys.of(request), sent=False))

    def warning(self) -> str | None:
        """What to know of a finished run's latencies; None where the client kept the schedule."""
        late = sorted(self.late_ms)
        p95 = late[math.ceil(0.95 * len(late)) - 1] if late else 0.0
        if p95 <= _LATE_MS:
            return None
        return f"at {self.pace.rate:g}/s the client itself sent up to {p95:,.0f} ms late (p95); latencies include that"

    def _take(self, call: Call[T]) -> None:
        self.late_ms.append(call.late_ms)
        outcome = self._patience.weighed(call.outcome)
        answer = Answer(call.context, call.request, outcome, self.keys.of(call.request))
        if isinstance(outcome, Completion):
            self.evidence.answered()
            self._samples.add(hash(call.request.suffix))
            timed = replace(outcome, timing=_from_due(outcome.timing, call.late_ms))
            self._give(replace(answer, outcome=timed))
            return
        outcome = answer.outcome = self.evidence.weighed(outcome)
        if outcome.kind in REFUSALS:
            self.evidence.refused(outcome, call.request.suffix)
            self._held.append(answer)
            return
        if outcome.kind == "fatal" and self._stopped is None:
            self._stopped = self.monitor.stopped = told(outcome)
        self._give(replace(answer, outcome=as_infra(outcome)))

    def _judge(self) -> None:
        """Say of everything that was refused whose doing it was."""
        for answer in self._held:
            refusal, sample = answer.outcome, answer.request.suffix
            assert isinstance(refusal, Failure)
            verdict = self.evidence.verdict(refusal, sample, answered_before=hash(sample) in self._samples)
            settled = as_rejected(refusal) if verdict == "rejected" else as_infra(refusal)
            self._give(replace(answer, outcome=settled))

    def _give(self, answer: Answer[T]) -> None:
        self.monitor.done += 1
        self.deliver(answer)


def connections() -> int:
    """How many connections an open loop may open: what the process may hold of files, at most 10,000.

    A smaller pool would make requests wait for each other inside the client, which is a closed loop again.
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return 500
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return min(_MOST_CONNECTIONS, max(16, soft - _FILES_KEPT)) if soft > 0 else _MOST_CONNECTIONS


def _from_due(timing: Timing, late_ms: float) -> Timing:
    latency, first = timing.latency_ms, timing.ttft_ms
    return Timing(
        None if latency is None else latency + late_ms,
        None if first is None else first + late_ms,
    )
