"""Asking by batch APIs: submit what is missing, wait or come back later, then score all from the response cache.

It is the same run as a live one, round by round: a contender whose provider has a batch API gets its answers by batch,
and whoever has none is asked live.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import time

from evalkit.engine.answer import Answer
from evalkit.engine.batch import BatchAsker, BatchCollector, Submitter
from evalkit.engine.config import EngineConfig
from evalkit.engine.judge import Patience, as_infra, told
from evalkit.engine.key import RequestKey
from evalkit.engine.lane import Lane
from evalkit.errors import BatchError, Submitted
from evalkit.models.base import Model
from evalkit.models.batch import BatchApi, BatchState
from evalkit.models.registry import batch_api, facts, open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.metric import kind_of
from evalkit.records.places import cache_folder
from evalkit.records.request import Request
from evalkit.records.sample import Sample
from evalkit.running.contender_run import ContenderRun
from evalkit.running.model_context import model_context
from evalkit.running.state import Asking, RunState
from evalkit.running.ways.live import LiveWay
from evalkit.running.ways.way import Way
from evalkit.store.batches import BatchRecord, BatchStore
from evalkit.suite.prompts.contenders import Contender

_LONGEST_POLL_S = 60.0


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One batch as it stands; `state` is None where it was collected or could not be asked, with the `problem`."""

    record: BatchRecord
    state: BatchState | None = None
    problem: str | None = None


def batch_store() -> BatchStore:
    """The records of this user's batches."""
    return BatchStore(cache_folder() / "batches")


@dataclass
class BatchDesk:
    """What all runs of one command share: the records, and turns.

    Contenders may share requests, within a suite and across suites: `turn` lets one at a time look and submit. Suites
    of a night wait for their batches side by side, but `here` lets only one model at a time work on this machine: it
    needs memory. Without `wait` nobody waits for a batch; the first look is after `first_look_s`.
    """

    wait: bool = True
    first_look_s: float = 2.0
    store: BatchStore = field(default_factory=batch_store)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    here: asyncio.Lock = field(default_factory=asyncio.Lock)


class BatchWay(Way):
    """Asks hosted contenders by batch. `reported` are the batches that the run's table accounts for."""

    def __init__(self, live: LiveWay, desk: BatchDesk) -> None:
        self.live, self.desk = live, desk
        self.reported: set[str] = set()
        self.left: dict[str, BatchLine] = {}
        self.waits = False  # some contender was left without its answers

    def start(self, state: RunState) -> None:
        """Say which needs a batch cannot show."""
        super().start(state)
        self.live.start(state)
        needs = state.prepared.config.good_enough.needs()
        if timed := [need.metric for need in needs if kind_of(need.metric) == "time"]:
            state.warn(f"a batch has no latency: {' and '.join(timed)} stay undecided where answers came by batch")

    async def open(self, contender: Contender, split: str) -> Model:
        """Open without streaming what has a batch API."""
        if not facts(contender.spec.provider).batch:
            return await self.live.open(contender, split)
        context = replace(model_context(self.state.prepared.suite, contender, split), stream=False)
        return open_model(contender.spec, context)

    async def ask(self, asking: Asking) -> None:
        """Have everything answered by batch, then deliver it from the response cache."""
        run, model, keys = asking.run, asking.model, asking.keys
        api = batch_api(model)
        if api is None:
            await self._ask_live(asking)
            return
        contender = run.contender
        collector = BatchCollector(api, self.state.cache, self.desk.store, _adapting(api, contender))
        submitter = Submitter(contender.spec, contender.id, self.state.settings.going_on)
        asker = BatchAsker(collector, submitter, keys, api.body, lambda: api.dropped(contender.parameters))
        reason = await self._by_batch(asker, asking)
        if reason is None:
            return
        run.monitor.note = None
        records = asker.records()
        self.reported.update(record.tag for record in records if record.collected)
        paid = {key for record in records for key in record.keys}

        def deliver(answer: Answer[Sample]) -> None:
            """What came by a batch of this run was paid for by this run, although it is read from the cache."""
            run.take(replace(answer, from_cache=False, sent=True) if answer.key in paid else answer)

        unasked = _Unasked(model.identity, keys, asker.failures(), Failure("infra", reason))
        config = EngineConfig(concurrency=1, prime=False, again_s=0)
        primers = self.live.pace.primers
        await Lane(unasked, keys, config, self.state.cache, primers, run.monitor, deliver).run(asking.work())
        fatal = next((failure for failure in unasked.failures.values() if failure.kind == "fatal"), None)
        if fatal is not None:
            run.monitor.stopped = told(fatal)

    async def _ask_live(self, asking: Asking) -> None:
        if facts(asking.run.contender.spec.provider).hosted:
            await self.live.ask(asking)
            return
        async with self.desk.here:
            await self.live.ask(asking)
            # Others may wait for hours yet: a local model does not stay in memory for that.
            await asking.model.aclose()

    async def _by_batch(self, asker: BatchAsker, asking: Asking) -> str | None:
        """Submit and collect until nothing is under way, and say why what is then missing is. None: it waits."""
        run = asking.run
        wait_s, unsubmitted = self.desk.first_look_s, True
        most_s = self.state.prepared.config.run.max_wait_s
        patience = Patience(run.contender.spec.provider, most_s, asyncio.get_running_loop().time)
        while True:
            problem: BatchError | None = None
            lines: list[BatchLine] = []
            async with self.desk.turn:
                try:
                    if unsubmitted:
                        await asker.submit(request for request, _ in asking.work())
                        unsubmitted = False
                    lines, unsubmitted = await _look_at_all(asker)
                except BatchError as error:
                    problem = error
            if problem is not None and (end := _end(problem, asker, patience)) is not None:
                run.monitor.stopped = end
                return f"the batch API refused: {end}"
            if problem is None:
                patience.got_through()
            if problem is None and not lines and not unsubmitted:
                return "not answered by its batch"
            if unsubmitted and problem is None:
                continue
            if not self.desk.wait:
                self._leave(asker, run, problem)
                return None
            run.monitor.note = f"batch API: {problem}" if problem else _told(lines)
            await asyncio.sleep(wait_s)
            wait_s = min(1.5 * wait_s, max(_LONGEST_POLL_S, self.desk.first_look_s))

    def _leave(self, asker: BatchAsker, run: ContenderRun, problem: BatchError | None) -> None:
        """Go without the answers: what is under way is on record."""
        self.waits = True
        for record in asker.records():
            if not record.collected:
                self.left[record.tag] = BatchLine(record)
        if problem is not None:
            self.state.warn(f"{run.contender.id}: not everything is submitted: {problem}")

    def end_round(self) -> None:
        """Raises Submitted where a contender waits: the next round builds on its answers."""
        if self.waits:
            raise Submitted(tuple(self.left.values()))

    def finish(self) -> None:
        """Forget the batches that the run accounts for."""
        for tag in self.reported:
            self.desk.store.remove(tag)


@dataclass
class _Unasked:
    """A model of which only cached answers are read: whatever is missing has failed in its batch.

    `failures` say why, by request key, and `otherwise` for the rest.
    """

    identity: Mapping[str, str | None]
    keys: RequestKey
    failures: Mapping[str, Failure]
    otherwise: Failure
    max_concurrency: int | None = 1
    cacheable: bool = True
    notes: list[str] = field(default_factory=list)

    async def complete(self, request: Request) -> Completion | Failure:
        """Why there is no answer."""
        failure = self.failures.get(self.keys.of(request), self.otherwise)
        return as_infra(failure)

    async def aclose(self) -> None:
        """Nothing of its own."""


async def _look_at_all(asker: BatchAsker) -> tuple[list[BatchLine], bool]:
    """The batches still under way, and whether one ended, after which requests may have to be sent again."""
    lines, ended = [], False
    for record in asker.records():
        if not record.collected:
            now, state = await asker.collector.look(record)
            if now is None or now.collected:
                ended = True
            else:
                lines.append(BatchLine(now, state))
    return lines, ended


def _end(problem: BatchError, asker: BatchAsker, patience: Patience) -> str | None:
    """Why nothing more is to be hoped for; what is under way is waited for as long as it takes."""
    failure = Failure("infra", str(problem), problem.again, problem.wait_s, cause=problem.cause)
    if not problem.again:
        return told(failure)
    if any(not record.collected for record in asker.records()):
        return None
    weighed = patience.weighed(failure)
    return told(weighed) if isinstance(weighed, Failure) and weighed.kind == "fatal" else None


def _adapting(api: BatchApi, contender: Contender) -> Callable[[Failure], bool]:
    """Whether a refusal names a parameter that can go: the next batch is sent without it."""
    return lambda failure: api.adapts(failure, contender.prefix, contender.parameters)


def _told(lines: list[BatchLine]) -> str:
    """The progress of batches under way, as `2 batches of 1,200 requests, 300 answered, by 18:03`."""
    n = sum(len(line.record.keys) for line in lines)
    states = [line.state for line in lines if line.state is not None]
    done = sum(state.succeeded + state.failed for state in states)
    ends = max((state.ends_by for state in states if state.ends_by is not None), default=None)
    batches = "1 batch" if len(lines) == 1 else f"{len(lines)} batches"
    answered = f", {done:,} answered" if done else ""
    day = "%H:%M" if ends is not None and ends - time() < 43_200 else "%d %b %H:%M"
    by = f", by {datetime.fromtimestamp(ends):{day}}" if ends is not None else ""
    return f"{batches} of {n:,} requests{answered}{by}"
