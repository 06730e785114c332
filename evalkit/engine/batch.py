"""Asking through a vendor's batch API: what is missing goes out in as few batches as its limits allow.

The custom id comes from the request key, so that an outcome finds its place in the response cache whoever collects it,
and on whatever day. A record of the batch is on disk before it is sent. Batches belong to a namespace of the response
cache, as their answers do: those of one night say nothing of the requests of another.

A refusal in a batch is confirmed in a second one, as a live one is by asking again; the same judge decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from time import time

from evalkit.engine.judge import REFUSALS, Evidence, as_infra, as_rejected
from evalkit.engine.key import RequestKey
from evalkit.errors import BatchError
from evalkit.models.batch import CANCELLED, BatchApi, BatchItem, BatchState, not_answered
from evalkit.records.completion import Completion, Failure
from evalkit.records.model import ModelSpec
from evalkit.records.request import Request
from evalkit.store.batches import BatchRecord, BatchStore, new_tag
from evalkit.store.cache import ResponseCache

MOST_ROUNDS = 3  # submissions of a request that got no outcome
_COMMIT_ANSWERS = 256
_LINE_BYTES = 200  # what a vendor's line adds to a body


def custom_id(namespace: str, key: str) -> str:
    """What a vendor knows a request by: its key, or, in a namespace, one that no other namespace has.

    A batch whose id was lost is found again by its size, where a vendor keeps no mark. Were ids the same every night,
    it might be last night's.
    """
    return hashlib.sha256(f"{namespace}:{key}".encode()).hexdigest() if namespace else key


@dataclass(frozen=True, slots=True)
class Submitter:
    """Whose requests they are: what a record tells besides the keys."""

    spec: ModelSpec
    contender: str
    command: str


@dataclass
class BatchCollector:
    """Takes the outcomes of batches into the response cache, each into the namespace of its record.

    `adapt` is told of a refusal and may say: ask anew.
    """

    api: BatchApi
    cache: ResponseCache
    store: BatchStore
    adapt: Callable[[Failure], bool] = lambda _: False

    async def look(self, record: BatchRecord) -> tuple[BatchRecord | None, BatchState | None]:
        """The record as it stands now, collected where its batch has ended; None for a batch that never was.

        Raises BatchError where the vendor cannot be asked, CacheError and BatchStoreError where the disk fails.
        """
        if record.collected or record.being_sent:
            return record, None
        if record.id is None:
            found = await self._lost(record)
            if found is None:
                self.store.remove(record.tag)
                return None, None
            record = found
        assert record.id is not None
        state = await self.api.status(record.id)
        return (await self._collect(record, state) if state.ended else record), state

    async def _lost(self, record: BatchRecord) -> BatchRecord | None:
        """Whoever submitted this did not live to write the id down: the vendor may know the batch."""
        known = {other.id for other in self.store.all()}
        for batch_id in await self.api.find(record.tag, record.created, len(record.keys)):
            if batch_id not in known:
                found = replace(record, id=batch_id)
                self.store.save(found)
                return found
        return None

    async def _collect(self, record: BatchRecord, state: BatchState) -> BatchRecord:
        assert record.id is not None
        cache = self.cache.within(record.namespace)
        found = _Found(set(record.keys), Evidence(before=record.others_answered))
        if state.problem is not None:
            problem = Failure("fatal", f"the batch failed: {state.problem}")
            found.failures, found.left = dict.fromkeys(found.left, problem), set()
        else:
            key_of = {custom_id(record.namespace, key): key for key in record.keys}
            try:
                async for name, outcome in self.api.collect(record.id):
                    found.take(key_of.get(name, ""), outcome, record.dropped)
                    if len(found.ready) >= _COMMIT_ANSWERS:
                        _commit(cache, found.ready)
            finally:
                _commit(cache, found.ready)  # what was read is paid for, even where the rest cannot be read now
        found.failures |= {key: not_answered("lost") for key in found.left}
        answers = found.evidence.answers
        self._judge(record, found, cache)
        if state.cancelled:
            # Somebody decided so: it is not for this run to submit them again without a word.
            found.failures = {key: Failure("infra", CANCELLED) for key in found.failures}
        _commit(cache, found.ready)
        done = replace(record, collected=True, failures=found.failures, answers=answers)
        self.store.save(done)
        return done

    def _judge(self, record: BatchRecord, found: _Found, cache: ResponseCache) -> None:
        """Say of everything that was refused whose doing it was, or have it asked once more."""
        evidence = found.evidence
        if not found.refused:
            return
        again = not evidence.somebody and any(self.adapt(failure) for failure in found.refused.values())
        for other in self.store.all():
            if other.tag != record.tag and (other.contender, other.namespace) == (record.contender, record.namespace):
                evidence.answers += other.answers
                for key, failure in other.failures.items():
                    if failure.kind in REFUSALS:
                        evidence.refused(failure, key)
        refused = {key: evidence.weighed(failure) for key, failure in found.refused.items()}
        for key, failure in refused.items():
            if failure.kind in REFUSALS:
                evidence.refused(failure, key)
        for key, failure in refused.items():
            entry = cache.entry(key)
            before = entry is not None and entry.outcome is None  # a mark: it was refused before
            if failure.kind not in REFUSALS:
                found.failures[key] = failure
            elif evidence.verdict(failure, key, again=before) == "rejected":
                found.ready.append((key, as_rejected(failure)))
            elif evidence.somebody and not before:
                # A mark, and a failure that may be asked again: the next round brings it.
                found.ready.append((key, replace(failure, kind="ambiguous")))
                found.failures[key] = replace(failure, retryable=True)
            else:
                found.failures[key] = replace(as_infra(failure), retryable=again)


@dataclass
class _Found:
    """What a batch brought: outcomes that are `ready` to be kept, and those of its keys that are `left`."""

    left: set[str]
    evidence: Evidence
    ready: list[tuple[str, Completion | Failure]] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    refused: dict[str, Failure] = field(default_factory=dict)

    def take(self, key: str, outcome: Completion | Failure, dropped: tuple[str, ...]) -> None:
        """One outcome; what belongs to no key that is left is nobody's."""
        if key not in self.left:
            return
        self.left.discard(key)
        if isinstance(outcome, Completion):
            self.evidence.answered()
            self.ready.append((key, replace(outcome, dropped=dropped)))
        elif outcome.kind in (*REFUSALS, "fatal"):
            self.refused[key] = outcome
        else:
            self.failures[key] = outcome


def _commit(cache: ResponseCache, ready: list[tuple[str, Completion | Failure]]) -> None:
    """An answer that came live meanwhile has its latency, and stays."""
    cache.commit([(key, outcome) for key, outcome in ready if cache.get(key) is None])
    ready.clear()


@dataclass
class BatchAsker:
    """One contender's requests, by batch. `body` is what would be sent live, as JSON.

    `dropped` names the parameters that are not sent.
    """

    collector: BatchCollector
    submitter: Submitter
    keys: RequestKey
    body: Callable[[Request], bytes]
    dropped: Callable[[], tuple[str, ...]] = tuple
    _wanted: set[str] = field(default_factory=set)
    _earlier: set[str] = field(default_factory=set)
    _others: bool = False  # somebody got through, as far as the requests were looked at

    def records(self) -> list[BatchRecord]:
        """The batches, of whatever run, that hold requests of this contender; known after `submit`."""
        mine = self._wanted | self._earlier
        return [record for record in self._of_namespace() if not mine.isdisjoint(record.keys)]

    def _of_namespace(self) -> list[BatchRecord]:
        namespace = self.collector.cache.namespace
        return [record for record in self.collector.store.all() if record.namespace == namespace]

    async def submit(self, requests: Iterable[Request]) -> list[BatchRecord]:
        """Submit what has no outcome and is not under way, but for what failed too often. Returns new records.

        Raises BatchError, after which everything submitted so far is on record.
        """
        self._follow()
        tried: dict[str, int] = {}
        under_way: set[str] = set()
        for record in self._of_namespace():
            if not record.collected:
                under_way.update(record.keys)
            for key, failure in record.failures.items():
                rounds = record.round if failure.retryable else MOST_ROUNDS
                tried[key] = max(rounds, tried.get(key, 0))
        made = []
        for chunk in self._chunks(self._missing(requests, tried, under_way)):
            made.append(await self._send(chunk, 1 + max(tried.get(key, 0) for key in chunk)))
        return made

    def _follow(self) -> None:
        """Keys follow what is sent: parameters that the provider refuses, now or in an earlier run, are in none."""
        api, cache, keys = self.collector.api, self.collector.cache, self.keys
        known = cache.left_out(keys.note)
        api.leave_out(known)
        keys.leave_out((*known, *api.left_out()))
        if not keys.left_out.issubset(known):
            cache.note_left_out(keys.note, keys.left_out)
        # Batches whose requests had other keys belong to this contender all the same.
        self._earlier |= self._wanted
        self._wanted.clear()

    def failures(self) -> dict[str, Failure]:
        """Why requests have no outcome, by key: the newest reason of each."""
        found: dict[str, Failure] = {}
        for record in self.records():
            found |= {key: failure for key, failure in record.failures.items() if key in self._wanted}
        return found

    def _missing(
        self, requests: Iterable[Request], tried: dict[str, int], under_way: set[str]
    ) -> Iterator[tuple[str, Request]]:
        for request in requests:
            key = self.keys.of(request)
            if key in self._wanted:
                continue
            self._wanted.add(key)
            known = self.collector.cache.get(key)
            self._others = self._others or isinstance(known, Completion)
            if key not in under_way and tried.get(key, 0) < MOST_ROUNDS and known is None:
                yield key, request

    def _chunks(self, missing: Iterable[tuple[str, Request]]) -> Iterator[dict[str, BatchItem]]:
        """As many as one batch takes, by request key."""
        api, items, size = self.collector.api, dict[str, BatchItem](), 0
        namespace = self.collector.cache.namespace
        for key, request in missing:
            item = BatchItem(custom_id(namespace, key), self.body(request))
            n_bytes = len(item.body) + _LINE_BYTES
            if items and (len(items) == api.most_requests or size + n_bytes > api.most_bytes):
                yield items
                items, size = {}, 0
            items[key] = item
            size += n_bytes
        if items:
            yield items

    async def _send(self, items: dict[str, BatchItem], round_: int) -> BatchRecord:
        """Record, send, record the id."""
        store, who = self.collector.store, self.submitter
        record = BatchRecord(
            new_tag(),
            who.spec,
            who.contender,
            who.command,
            tuple(items),
            time(),
            self.dropped(),
            round_,
            namespace=self.collector.cache.namespace,
            others_answered=self._others,
        )
        store.save(record)
        try:
            batch_id = await self.collector.api.submit(list(items.values()), record.tag)
        except BatchError as error:
            if not error.unclear:
                store.remove(record.tag)
            raise
        sent = replace(record, id=batch_id)
        store.save(sent)
        return sent
