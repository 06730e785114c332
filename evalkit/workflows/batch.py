"""A run by batch APIs: submit what is missing, wait or come back later, then score all from the response cache.

It is the same run as a live one, stage by stage (dev before test): a contender whose provider has a batch API gets
its answers by batch before its turn, and whoever has none is asked live.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import time

from evalkit.engine.batch import BatchAsker, BatchCollector, Submitter
from evalkit.engine.config import EngineConfig
from evalkit.engine.key import RequestKey
from evalkit.engine.lane import Answer, Lane
from evalkit.models.base import Model, ModelContext, ModelUnavailable
from evalkit.models.batch import BatchError, BatchState
from evalkit.models.batches import BATCH_PROVIDERS, batch_api
from evalkit.models.registry import open_model
from evalkit.models.sdk import SdkModel
from evalkit.records.completion import Completion, Failure
from evalkit.records.estimate import Requirement
from evalkit.records.places import cache_folder
from evalkit.records.request import Request
from evalkit.records.run import ContenderResult, RunResult
from evalkit.records.sample import Sample
from evalkit.running.contender_run import ContenderRun
from evalkit.running.model_context import model_context
from evalkit.running.options import RunOptions, Watch
from evalkit.running.prepare import Prepared, prepare
from evalkit.running.suite_run import SuiteRun
from evalkit.store.batches import BatchRecord, BatchStore
from evalkit.store.cache import ResponseCache
from evalkit.suite.prompts.contenders import Contender

_LONGEST_POLL_S = 60.0
_TIMED = ("latency_p95_ms", "ttft_p95_ms")


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """A run by batch. Without `wait` it ends when everything is submitted. The first look is after `poll_s`."""

    run: RunOptions
    wait: bool = True
    poll_s: float = 2.0

    @property
    def command(self) -> str:
        """The command that goes on with this run, on whatever day."""
        return f"{self.run.command} --batch"


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One batch as it stands; `state` is None where it was collected or could not be asked, with the `problem`."""

    record: BatchRecord
    state: BatchState | None = None
    problem: str | None = None


class Submitted(Exception):
    """Raised where a run waits for batches and was told not to; `lines` are those under way."""

    def __init__(self, lines: tuple[BatchLine, ...]) -> None:
        self.lines = lines
        super().__init__(f"{len(lines)} batches under way")


def batch_store() -> BatchStore:
    """The records of this user's batches."""
    return BatchStore(cache_folder() / "batches")


async def run_batch(options: BatchOptions, watch: Watch | None = None) -> RunResult:
    """Run a suite by batch, to its folder under `runs/`.

    Raises Submitted where `options.wait` is False and batches are under way; otherwise what `run_suite` raises, and
    BatchStoreError.
    """
    prepared = prepare(options.run.suite, options.run.models)
    watch = watch or Watch()
    watch.on_start(prepared)
    run = _BatchRun(options, prepared, watch)
    result = await run.execute()
    for tag in run.reported:
        run.store.remove(tag)
    return result


async def submit(options: BatchOptions, watch: Watch | None = None) -> tuple[BatchLine, ...]:
    """Submit what is missing, and collect what has ended. Returns the batches under way, none where all is there.

    What could not be submitted is told as a warning.
    """
    try:
        await run_batch(replace(options, wait=False), watch)
    except Submitted as waiting:
        return waiting.lines
    return ()


async def status() -> list[BatchLine]:
    """Every batch on record, as its vendor tells it. Raises BatchStoreError."""
    return [await _with_model(record, _look) for record in batch_store().all()]


async def collect(warn: Callable[[str], None] = lambda _: None) -> list[BatchLine]:
    """Take the answers of every batch that has ended into the response cache. Raises CacheError, BatchStoreError."""
    cache = ResponseCache(cache_folder() / "responses", warn=warn)
    store = batch_store()

    async def take(record: BatchRecord, model: Model) -> BatchLine:
        api = batch_api(model)
        assert api is not None
        now, state = await BatchCollector(api, cache, store).look(record)
        return BatchLine(now, state) if now else BatchLine(record, None, "it was never submitted; its record is gone")

    try:
        return [await _with_model(record, take) for record in store.all()]
    finally:
        cache.close()


async def _look(record: BatchRecord, model: Model) -> BatchLine:
    api = batch_api(model)
    assert api is not None
    if record.collected:
        return BatchLine(record)
    if record.id is None:
        return BatchLine(record, None, "it is not known yet whether it was submitted")
    return BatchLine(record, await api.status(record.id))


async def _with_model(record: BatchRecord, what: Callable[[BatchRecord, Model], Awaitable[BatchLine]]) -> BatchLine:
    """Do something about a batch with its model; that it cannot be reached is told in the line."""
    try:
        model = open_model(record.spec, ModelContext(lambda: (), ""))
    except ModelUnavailable as reason:
        return BatchLine(record, None, str(reason))
    try:
        return await what(record, model)
    except BatchError as error:
        return BatchLine(record, None, str(error))
    finally:
        await model.aclose()


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
        return Failure("infra", failure.reason, http_status=failure.http_status)

    async def aclose(self) -> None:
        """Nothing of its own."""


class _BatchRun(SuiteRun):
    """A run whose hosted contenders are asked by batch. `reported` are the batches that its table accounts for."""

    def __init__(self, options: BatchOptions, prepared: Prepared, watch: Watch) -> None:
        super().__init__(prepared, options.run, watch)
        self.batch = options
        self.store = batch_store()
        self.reported: set[str] = set()
        self.pending: dict[str, BatchLine] = {}
        self.waits = False  # some contender was left without its answers
        self._turn = asyncio.Lock()  # contenders may share requests: one at a time looks and submits

    async def execute(self) -> RunResult:
        timed = [need.metric for need in self.suite.good_enough.needs() if need.metric in _TIMED]
        if timed:
            self._warn(f"a batch has no latency: {' and '.join(timed)} stay undecided where answers came by batch")
        return await super().execute()

    async def _compete(
        self, everyone: Sequence[Contender], split: str, cache: ResponseCache
    ) -> tuple[list[ContenderResult], list[Requirement]]:
        found = await super()._compete(everyone, split, cache)
        if self.waits:
            raise Submitted(tuple(self.pending.values()))
        return found

    def _open(self, contender: Contender, split: str) -> Model:
        if contender.skipped is not None or contender.spec.provider not in BATCH_PROVIDERS:
            return super()._open(contender, split)
        context = replace(model_context(self.prepared.suite, contender, split), stream=False)
        return open_model(contender.spec, context)

    async def _ask(self, run: ContenderRun, model: Model, cache: ResponseCache) -> None:
        api = batch_api(model)
        if api is None or not isinstance(model, SdkModel):
            await super()._ask(run, model, cache)
            return
        contender, keys = run.contender, self.keys[run.contender.id]
        collector = BatchCollector(api, cache, self.store, _adapting(model, contender))
        submitter = Submitter(contender.spec, contender.id, self.batch.command)

        def dropped() -> tuple[str, ...]:
            return tuple(sorted(model.droppable.told() | model.not_sent(contender.parameters)))

        asker = BatchAsker(collector, submitter, keys, model.encoded, dropped)
        reason = await self._by_batch(asker, run)
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
        config = EngineConfig(concurrency=1, prime=False)
        await Lane(unasked, keys, config, cache, self.primers, run.monitor, deliver).run(
            self._work(contender, run.split)
        )

    async def _by_batch(self, asker: BatchAsker, run: ContenderRun) -> str | None:
        """Submit and collect until nothing is under way, and say why what is then missing is. None: it waits."""
        wait_s, unsubmitted = self.batch.poll_s, True
        while True:
            problem: BatchError | None = None
            lines: list[BatchLine] = []
            async with self._turn:
                try:
                    if unsubmitted:
                        await asker.submit(request for request, _ in self._work(run.contender, run.split))
                        unsubmitted = False
                    lines, unsubmitted = await self._look_at_all(asker)
                except BatchError as error:
                    problem = error
            if problem is not None and not problem.again:
                run.monitor.stopped = str(problem)
                return f"the batch API refused: {problem}"
            if problem is None and not lines and not unsubmitted:
                return "not answered by its batch"
            if unsubmitted and problem is None:
                continue
            if not self.batch.wait:
                self._leave(asker, run, problem)
                return None
            run.monitor.note = f"batch API: {problem}" if problem else _told(lines)
            await asyncio.sleep(wait_s)
            wait_s = min(1.5 * wait_s, max(_LONGEST_POLL_S, self.batch.poll_s))

    async def _look_at_all(self, asker: BatchAsker) -> tuple[list[BatchLine], bool]:
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

    def _leave(self, asker: BatchAsker, run: ContenderRun, problem: BatchError | None) -> None:
        """Go without the answers: what is under way is on record."""
        self.waits = True
        for record in asker.records():
            if not record.collected:
                self.pending[record.tag] = BatchLine(record)
        if problem is not None:
            self._warn(f"{run.contender.id}: not everything is submitted: {problem}")


def _adapting(model: SdkModel, contender: Contender) -> Callable[[Failure], bool]:
    """Whether a refusal names a parameter that can go: the next batch is sent without it."""

    def adapt(failure: Failure) -> bool:
        body, _ = model.encode(contender.prefix, contender.parameters)
        return model.droppable.learn(failure, body)

    return adapt


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
