"""A model on the driver that stands for the same model on every worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from evalkit.engine.budget import Purse
from evalkit.engine.cluster.worker import Job, Opened, Reply
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Request

LOST = "its worker was lost"


class Workers(Protocol):
    """Whoever can have a request answered on a worker."""

    async def ask(self, name: str, request: Request) -> Reply | None:
        """One reply of the model opened under `name`; None where the worker was lost first."""
        ...

    async def shut(self, name: str) -> None:
        """Close a model on all workers."""
        ...


@dataclass
class RemoteModel:
    """A model that the workers ask; what it tells of itself is what theirs tell.

    `max_concurrency` is that of all workers together. `purse` is the contender's, set by whoever keeps a budget.
    """

    workers: Workers
    name: str
    job: Job
    opened: Opened
    on_headers: Callable[[Mapping[str, str]], None] | None = None
    purse: Purse | None = None
    identity: Mapping[str, str | None] = field(init=False)
    max_concurrency: int | None = field(init=False)
    cacheable: bool = field(init=False)
    notes: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.identity, self.cacheable = self.opened.identity, self.opened.cacheable
        self.max_concurrency, self.notes = self.opened.max_concurrency, list(self.opened.notes)

    async def complete(self, request: Request) -> Completion | Failure:
        """Have one request answered by whichever worker has least to do.

        Raises ValueError for a request of another prefix or other parameters than the model was opened for, and
        ClusterError for a mistake in the program.
        """
        if request.prefix is not self.job.prefix or request.parameters is not self.job.parameters:
            raise ValueError(f"{self.name} was opened for another prefix or other parameters")
        reply = await self.workers.ask(self.name, request)
        if reply is None:
            return await self._lost(request)
        if reply.headers is not None and self.on_headers is not None:
            self.on_headers(reply.headers)
        outcome = reply.completion or reply.failure
        assert outcome is not None
        return outcome

    async def _lost(self, request: Request) -> Failure:
        """What was set aside for a lost request is spent: it may have been answered. Asking again takes it anew."""
        if self.purse is not None:
            budget, most = self.purse.budget, self.purse.most(request)
            budget.settle(most, most)
            if not await budget.take(most):
                budget.settle(-most, 0.0)  # set aside again for the asker, who gives it back
                return Failure("infra", f"{LOST}; asking again would pass the budget of ${budget.limit:g}")
        return Failure("infra", LOST, retryable=True)

    async def aclose(self) -> None:
        """Close it on all workers."""
        await self.workers.shut(self.name)
