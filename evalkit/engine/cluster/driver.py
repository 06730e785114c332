"""Asking from several machines: Ray actors ask, the driver keeps everything that must exist once.

A `RemoteModel` on the driver stands for a model that every worker has opened for itself. Lane, retries, prompt
primers, cache and run folder do not know of it, so rate and money stay one budget without any lease: a request gets
its permit from the one throttle, and what it may cost is set aside in the one purse, before it travels.

Requests and replies travel in batches that make themselves: what comes while a call is under way goes with the next.
A lost worker's unanswered requests fail as a retryable failure; the lane asks them again, with a new permit, and
another worker gets them. Ray's own restarts and retries are off: they would repeat batches of which half is answered.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import msgspec

from evalkit.engine.cluster.ray_connection import RayConnection
from evalkit.engine.cluster.remote_model import RemoteModel
from evalkit.engine.cluster.worker import Asked, Asker, Here, Job, Opened, Reply, encode
from evalkit.errors import ClusterError, ModelUnavailable
from evalkit.records.completion import Failure
from evalkit.records.request import Request


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """`workers`: None is two, or one for each node of a cluster. `address`: None is a Ray of this machine alone.

    Within `start_s` seconds workers must have started; one that says nothing for `silent_s` is lost. A worker that is
    lost `most_losses` times in a row without having answered anything is not replaced.
    """

    workers: int | None = None
    address: str | None = None
    start_s: float = 120.0
    silent_s: float = 60.0
    most_losses: int = 3


class Cluster:
    """The workers of a run. `warn` is told of losses."""

    def __init__(self, connection: RayConnection, config: ClusterConfig, warn: Callable[[str], None]) -> None:
        self.connection, self.config, self.warn = connection, config, warn
        self.jobs: dict[str, bytes] = {}
        self.broken: ClusterError | None = None
        self.seats = [_Seat(self, number) for number in range(1, connection.workers + 1)]
        self._numbers = itertools.count()
        self._changed = asyncio.Event()

    @classmethod
    async def start(cls, config: ClusterConfig, warn: Callable[[str], None] = lambda _: None) -> Cluster:
        """Connect to Ray and start the workers. Raises ClusterError where none comes."""
        cluster = cls(await RayConnection.open(config.address, config.workers), config, warn)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(cluster.close)  # where it does not start, or is stopped while it does
            await cluster._seated()
            stack.pop_all()
        return cluster

    async def _seated(self) -> None:
        for seat in self.seats:
            seat.task = asyncio.create_task(seat.serve())
        try:
            async with asyncio.timeout(self.config.start_s):
                while not all(seat.ready or seat.given_up for seat in self.seats):
                    await self._changed.wait()
        except TimeoutError:
            pass
        here = [seat for seat in self.seats if seat.ready]
        if not here:
            reason = next((seat.given_up for seat in self.seats if seat.given_up), None)
            raise ClusterError(f"no worker started: {reason or 'the cluster has no free CPU'}")
        if len(here) < len(self.seats):
            self.warn(f"only {len(here)} of {len(self.seats)} workers started; the run goes on with them")
            for seat in self.seats:
                if not seat.ready:
                    await seat.leave()
            self.seats = here

    async def open(
        self, name: str, job: Job, on_headers: Callable[[Mapping[str, str]], None] | None = None
    ) -> RemoteModel:
        """Open a model on every worker under a `name` of its own.

        Raises ModelUnavailable where a worker cannot, or where two of them would ask different places.
        """
        self.jobs[name] = order = encode(job)
        seats = [seat for seat in self.seats if seat.ready]
        try:
            found = [opened for opened in await asyncio.gather(*(s.open(name, order) for s in seats)) if opened]
            refusals = [opened.unavailable for opened in found if opened.unavailable]
            if refusals:
                where = "" if len(refusals) == len(found) else f" on {len(refusals)} of {len(found)} workers"
                raise ModelUnavailable(f"{refusals[0]}{where}")
            if not found:
                raise ModelUnavailable("the workers were lost")
            if any(opened.identity != found[0].identity for opened in found):
                raise ModelUnavailable("the workers' variables name different places to ask")
        except ModelUnavailable:
            await self.shut(name)
            raise
        return RemoteModel(self, name, job, found[0], on_headers)

    async def shut(self, name: str) -> None:
        """Close a model everywhere."""
        if self.jobs.pop(name, None) is not None:
            await asyncio.gather(*(seat.shut(name) for seat in self.seats if seat.ready))

    async def ask(self, name: str, request: Request) -> Reply | None:
        """One reply; None where the worker was lost first. Raises ClusterError for a mistake in the program."""
        while not (ready := [seat for seat in self.seats if seat.ready]):
            if self.broken is not None:
                raise self.broken
            if all(seat.given_up for seat in self.seats):
                reason = f"no worker is left: {self.seats[0].given_up}"
                return Reply(0, failure=Failure("fatal", reason))
            await self._changed.wait()
        seat = min(ready, key=lambda seat: len(seat.unanswered))
        number = next(self._numbers)
        return await seat.ask(name, Asked(number, _bytes(request.suffix), _bytes(request.sample_id), request.epoch))

    def changed(self) -> None:
        """Some worker came or went."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def close(self) -> None:
        """End the workers, and Ray where it was started here. Safe to call twice."""
        await asyncio.gather(*(seat.leave() for seat in self.seats))
        await self.connection.close()


class _Lost(Exception):
    """Raised where a worker cannot be used any longer; the text says why."""


class _Seat:
    """A place for one worker, and the requests that it has not answered. `given_up` says why it stays empty."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.cluster, self.number = cluster, number
        self.ready = False
        self.given_up: str | None = None
        self.unanswered: dict[int, asyncio.Future[Reply | None]] = {}
        self.task: asyncio.Task[None] | None = None
        self.pid: int | None = None
        self._actor: Any = None
        self._outbox: dict[str, list[Asked]] = {}
        self._sending: asyncio.Task[None] | None = None
        self._losses = 0  # in a row
        self._decode = msgspec.msgpack.Decoder(list[Reply]).decode

    async def serve(self) -> None:
        """Have a worker here, one after the other, until the run ends."""
        while self.given_up is None:
            try:
                await self._begin()
                self.ready = True
                self.cluster.changed()
                await self._listen()
            except _Lost as reason:
                self._lose(str(reason))
            finally:
                self._empty()

    async def _begin(self) -> None:
        from evalkit.version import __version__

        connection = self.cluster.connection
        self._actor = connection.actor(Asker)
        here: Here = msgspec.msgpack.decode(await self._call("here"), type=Here)
        if here.version != __version__:
            raise _Lost(f"{here.host} has evalkit {here.version}, here it is {__version__}")
        self.pid = here.pid
        for name, job in list(self.cluster.jobs.items()):
            opened = await self.open(name, job)
            if opened is None or opened.unavailable:
                raise _Lost(opened.unavailable if opened and opened.unavailable else "it was lost at once")

    async def _listen(self) -> None:
        """Take replies until the worker is lost."""
        while self.given_up is None:
            for reply in self._decode(await self._call("take")):
                self._losses = 0
                future = self.unanswered.pop(reply.number, None)
                if future is not None and not future.done():
                    future.set_result(reply)

    async def _call(self, method: str, *arguments: object) -> bytes:
        errors = self.cluster.connection.errors
        silent_s = self.cluster.config.start_s if not self.ready else self.cluster.config.silent_s
        try:
            # Not wait_for: in Python 3.11 it may lose a cancellation.
            async with asyncio.timeout(silent_s):
                answer: bytes = await getattr(self._actor, method).remote(*arguments)
        except TimeoutError:
            raise _Lost(f"it said nothing for {silent_s:.0f} s") from None
        except errors.RayTaskError as error:
            cause = str(error).strip().splitlines()[-1]
            self.cluster.broken = ClusterError(f"a worker failed by a mistake in the program: {cause}")
            raise _Lost(cause) from None
        except errors.RayError as error:
            raise _Lost(_told(error)) from None
        return answer

    async def open(self, name: str, job: bytes) -> Opened | None:
        """Open a model here; None where the worker is lost."""
        try:
            return msgspec.msgpack.decode(await self._call("open", name, job), type=Opened)
        except _Lost:
            return None

    async def shut(self, name: str) -> None:
        """Close a model here."""
        try:
            await self._call("shut", name)
        except _Lost:
            return

    def ask(self, name: str, asked: Asked) -> asyncio.Future[Reply | None]:
        """Send with whatever else comes before the last batch has arrived."""
        future = self.unanswered[asked.number] = asyncio.get_running_loop().create_future()
        self._outbox.setdefault(name, []).append(asked)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(self._actor))
        return future

    async def _send(self, actor: Any) -> None:
        try:
            while self._outbox:
                outbox, self._outbox = self._outbox, {}
                await asyncio.gather(*(actor.put.remote(name, encode(batch)) for name, batch in outbox.items()))
        except self.cluster.connection.errors.RayError:
            self.cluster.connection.kill(actor)  # whoever listens to it learns that it is lost
        finally:
            if self._sending is asyncio.current_task():
                self._sending = None

    def _lose(self, reason: str) -> None:
        self._losses += 1
        n = sum(not future.done() for future in self.unanswered.values())
        if n and self.cluster.broken is None:
            again = "1 request is" if n == 1 else f"{n} requests are"
            paid = "and may have been paid for already"
            self.cluster.warn(f"worker {self.number} was lost ({reason}); {again} asked again, {paid}")
        if self._losses >= self.cluster.config.most_losses or self.cluster.broken is not None:
            self.given_up = reason

    def _empty(self) -> None:
        """End what is left of the worker, and tell those who wait for it."""
        self.ready, self.pid = False, None
        if self._sending is not None:
            self._sending.cancel()
        self._outbox, self._sending = {}, None
        if self._actor is not None:
            self.cluster.connection.kill(self._actor)
            self._actor = None
        unanswered, self.unanswered = self.unanswered, {}
        for future in unanswered.values():
            if not future.done():
                future.set_result(None)
        self.cluster.changed()

    async def leave(self) -> None:
        """No worker here any more."""
        self.given_up = self.given_up or "the run is over"
        task, self.task = self.task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _told(error: BaseException) -> str:
    """One line of what Ray tells at length."""
    text = str(error)
    if "ModuleNotFoundError" in text:
        return "evalkit is not installed on its node"
    lines: Iterable[str] = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line), type(error).__name__)[:200]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
