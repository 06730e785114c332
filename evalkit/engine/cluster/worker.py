"""What runs on a worker: a Ray actor that opens its own models and asks them.

Nothing but bytes of MessagePack travels either way, and no key: a worker reads its keys from its own environment.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import getpid
from time import monotonic

import msgspec

from evalkit.errors import ModelUnavailable, WrongVariable
from evalkit.models.base import Model, ModelContext
from evalkit.models.registry import facts, open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Request

BEAT_S = 5.0  # a worker that has nothing to tell says so this often
_LINGER_S = 0.005  # a call costs more than a reply: those that end about now go together
_HEADERS_EVERY_S = 0.02  # the throttle looks no more often


class Job(msgspec.Struct, frozen=True):
    """One model with all that its requests share. `stream` to `seed` are those of ModelContext."""

    spec: ModelSpec
    prefix: Prefix
    parameters: Parameters
    stream: bool = False
    timeout_s: float = 120.0
    concurrency: int = 32
    seed: int = 7


class Asked(msgspec.Struct, array_like=True, frozen=True):
    """What is a request's own. Texts are UTF-8 that lets lone surrogates pass: rows may hold them."""

    number: int
    suffix: bytes
    sample_id: bytes
    epoch: int


class Reply(msgspec.Struct, array_like=True, frozen=True):
    """The outcome of one request: `completion` or `failure`, and headers where they may tell a rate limit."""

    number: int
    completion: Completion | None = None
    failure: Failure | None = None
    headers: dict[str, str] | None = None


class Opened(msgspec.Struct, frozen=True):
    """A model as a worker opened it: what `Model` tells of itself, or why it is `unavailable` there."""

    identity: dict[str, str | None] = msgspec.field(default_factory=dict)
    max_concurrency: int | None = None
    cacheable: bool = True
    notes: list[str] = msgspec.field(default_factory=list)
    unavailable: str | None = None


class Here(msgspec.Struct, frozen=True):
    """Where a worker runs and what it runs."""

    host: str
    pid: int
    version: str


encode = msgspec.msgpack.Encoder().encode


@dataclass
class _Asking:
    """An opened model; `heard` are the headers of the answer that is just ending, `telling` those of a rate limit."""

    job: Job
    telling: frozenset[str]
    model: Model | None = None
    heard: Mapping[str, str] | None = None
    told_at: float = -1.0

    def hear(self, headers: Mapping[str, str]) -> None:
        """Called just before an answer is returned."""
        self.heard = headers

    def news(self, failed: bool) -> dict[str, str] | None:
        """The headers of the answer that has just been returned, where they tell something new."""
        heard, self.heard, now = self.heard, None, monotonic()
        if heard is None or (not failed and now < self.told_at + _HEADERS_EVERY_S):
            return None
        self.told_at = now
        return {k.lower(): v for k, v in heard.items() if k.lower() in self.telling}


class Asker:
    """The actor. Its methods are called by the driver only; each returns at once, but for `take`."""

    def __init__(self) -> None:
        self._models: dict[str, _Asking] = {}
        self._replies: list[Reply] = []
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: str | None = None
        self._decode = msgspec.msgpack.Decoder(list[Asked]).decode

    async def here(self) -> bytes:
        """A `Here`."""
        from evalkit.version import __version__

        return encode(Here(socket.gethostname(), getpid(), __version__))

    async def open(self, name: str, job: bytes) -> bytes:
        """Open a model for a `Job`; gives `Opened`."""
        wanted = msgspec.msgpack.decode(job, type=Job)
        named = facts(wanted.spec.provider).rate_headers
        asking = _Asking(wanted, frozenset(n for h in named for n in (h.limit, h.remaining, h.reset) if n))
        context = ModelContext(
            lambda: (), "", wanted.stream, wanted.timeout_s, wanted.concurrency, wanted.seed, asking.hear
        )
        try:
            model = asking.model = open_model(wanted.spec, context)
        except (ModelUnavailable, WrongVariable) as reason:
            return encode(Opened(unavailable=str(reason)))
        self._models[name] = asking
        return encode(Opened(dict(model.identity), model.max_concurrency, model.cacheable, model.notes))

    async def shut(self, name: str) -> None:
        """Close a model."""
        asking = self._models.pop(name, None)
        if asking is not None and asking.model is not None:
            await asking.model.aclose()

    async def put(self, name: str, requests: bytes) -> None:
        """Begin with a batch of `Asked`."""
        asking = self._models[name]
        for asked in self._decode(requests):
            task = asyncio.create_task(self._ask(asking, asked))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def take(self) -> bytes:
        """Wait for replies and give all that have come since; none after a while without any.

        Raises RuntimeError where asking failed by a mistake in the program.
        """
        try:
            async with asyncio.timeout(BEAT_S):
                await self._news.wait()
                await asyncio.sleep(_LINGER_S)
        except TimeoutError:
            pass
        if self._broken is not None:
            raise RuntimeError(self._broken)
        self._news.clear()
        replies, self._replies = self._replies, []
        return encode(replies)

    async def _ask(self, asking: _Asking, asked: Asked) -> None:
        job, model = asking.job, asking.model
        assert model is not None
        request = Request(job.prefix, _text(asked.suffix), job.parameters, _text(asked.sample_id), asked.epoch)
        outcome = await model.complete(request)
        if isinstance(outcome, Completion):
            reply = Reply(asked.number, outcome, headers=asking.news(failed=False))
        else:
            reason = outcome.reason.encode("utf-8", "replace").decode()
            reply = Reply(asked.number, None, replace(outcome, reason=reason), asking.news(failed=True))
        self._replies.append(reply)
        self._news.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A model never raises for what an API can do: what it raised is told by name and place, never quoted."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        where = f" at {at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at is not None else ""
        self._broken = f"{type(error).__name__}{where}"
        self._news.set()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
