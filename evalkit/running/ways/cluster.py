"""Asking from the workers of a Ray cluster; what cannot be opened anywhere stays on the driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalkit.engine.cluster.driver import Cluster, ClusterConfig
from evalkit.engine.cluster.remote_model import RemoteModel
from evalkit.engine.cluster.worker import Job
from evalkit.errors import ClusterError
from evalkit.models.base import Model
from evalkit.models.registry import facts
from evalkit.running.model_context import model_context
from evalkit.running.state import Asking, RunState
from evalkit.running.ways.live import LiveWay
from evalkit.running.ways.way import Way
from evalkit.suite.prompts.contenders import Contender


class Crew:
    """The workers of a command, started where its first run needs them, and shared by all its runs."""

    def __init__(self, config: ClusterConfig) -> None:
        self.config = config
        self.cluster: Cluster | None = None
        self._failed: ClusterError | None = None

    async def open(
        self, name: str, job: Job, on_headers: Callable[[Mapping[str, str]], None], warn: Callable[[str], None]
    ) -> RemoteModel:
        """Open a model on every worker; `warn` is told of losses from now on.

        Raises ModelUnavailable, and ClusterError where there are no workers: at once, where there were none before.
        """
        if self._failed is not None:
            raise self._failed
        if self.cluster is None:
            try:
                self.cluster = await Cluster.start(self.config, warn)
            except ClusterError as error:
                self._failed = error
                raise
        self.cluster.warn = warn
        return await self.cluster.open(name, job, on_headers)

    async def close(self) -> None:
        """End the workers."""
        if self.cluster is not None:
            await self.cluster.close()


class ClusterWay(Way):
    """Has hosted models asked by workers. Rate limits, budget, cache and retries stay here, as they are live."""

    def __init__(self, live: LiveWay, crew: Crew) -> None:
        self.live, self.crew = live, crew

    def start(self, state: RunState) -> None:
        """Warn where there is nothing for workers to do."""
        super().start(state)
        self.live.start(state)
        if not any(_goes_out(contender) for contender in state.prepared.contenders):
            state.warn("no model is asked over an API: there is nothing for workers to do")

    async def open(self, contender: Contender, split: str) -> Model:
        """Open on every worker what is asked over an API, and here what is not."""
        if not _goes_out(contender):
            return await self.live.open(contender, split)
        context = model_context(self.state.prepared.suite, contender, split)
        job = Job(
            contender.spec,
            contender.prefix,
            contender.parameters,
            stream=context.stream,
            timeout_s=context.timeout_s,
            concurrency=context.concurrency,
            seed=context.seed,
        )
        hear = self.live.pace.throttles.of(contender.spec).hear
        return await self.crew.open(f"{contender.id} {split}", job, hear, self.state.warn)

    async def ask(self, asking: Asking) -> None:
        """As live: the model stands for those of the workers. What a lost request may have cost, it spends itself."""
        if isinstance(asking.model, RemoteModel):
            asking.model.purse = self.live.purse(asking.run)
        await self.live.ask(asking)


def _goes_out(contender: Contender) -> bool:
    return contender.skipped is None and facts(contender.spec.provider).opens_anywhere
