"""A run whose hosted models are asked by the workers of a Ray cluster; everything else stays as on one machine.

Local, trained and recorded models stay on the driver, and so do models of plug-ins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.engine.budget import Purse
from evalkit.engine.cluster.driver import Cluster, ClusterConfig
from evalkit.engine.cluster.remote_model import RemoteModel
from evalkit.engine.cluster.worker import Job
from evalkit.models.base import Model, ModelUnavailable
from evalkit.records.estimate import Requirement
from evalkit.records.run import ContenderResult, RunResult
from evalkit.running.contender_run import ContenderRun
from evalkit.running.model_context import model_context
from evalkit.running.options import RunOptions, Watch
from evalkit.running.prepare import Prepared, prepare
from evalkit.running.suite_run import SuiteRun
from evalkit.store.cache import ResponseCache
from evalkit.suite.prompts.contenders import Contender


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """A run on a cluster."""

    run: RunOptions
    cluster: ClusterConfig

    @property
    def command(self) -> str:
        """The command that starts this run again."""
        workers = "" if self.cluster.workers is None else f" --workers {self.cluster.workers}"
        address = "" if self.cluster.address is None else f" --address {self.cluster.address}"
        return f"{self.run.command} --cluster ray{workers}{address}"


async def run_cluster(options: ClusterOptions, watch: Watch | None = None) -> RunResult:
    """Run a suite with its hosted models asked by workers, to its folder under `runs/`.

    Raises what `run_suite` raises, and ClusterError where there are no workers.
    """
    prepared = prepare(options.run.suite, options.run.models)
    watch = watch or Watch()
    watch.on_start(prepared)
    return await _ClusterRun(options, prepared, watch).execute()


class _ClusterRun(SuiteRun):
    """A run with workers, which are started where the first hosted contender needs them."""

    def __init__(self, options: ClusterOptions, prepared: Prepared, watch: Watch) -> None:
        super().__init__(prepared, options.run, watch)
        self.config = options.cluster
        self.cluster: Cluster | None = None
        self.remote: dict[str, RemoteModel | ModelUnavailable] = {}

    async def execute(self) -> RunResult:
        if not any(self._goes_out(contender) for contender in self.prepared.contenders):
            self._warn("no model is asked over an API: there is nothing for workers to do")
        try:
            return await super().execute()
        finally:
            if self.cluster is not None:
                await self.cluster.close()

    async def _compete(
        self, everyone: Sequence[Contender], split: str, cache: ResponseCache
    ) -> tuple[list[ContenderResult], list[Requirement]]:
        self.remote = {}
        for contender in everyone:
            if self._goes_out(contender):
                self.remote[contender.id] = await self._opened(contender, split)
        return await super()._compete(everyone, split, cache)

    async def _opened(self, contender: Contender, split: str) -> RemoteModel | ModelUnavailable:
        if self.cluster is None:
            self.cluster = await Cluster.start(self.config, self._warn)
        context = model_context(self.prepared.suite, contender, split)
        job = Job(
            contender.spec,
            contender.prefix,
            contender.parameters,
            stream=context.stream,
            timeout_s=context.timeout_s,
            concurrency=context.concurrency,
            seed=context.seed,
        )
        try:
            return await self.cluster.open(f"{contender.id} {split}", job, self.throttles.of(contender.spec).hear)
        except ModelUnavailable as reason:
            return reason

    def _open(self, contender: Contender, split: str) -> Model:
        remote = self.remote.get(contender.id)
        if remote is None:
            return super()._open(contender, split)
        if isinstance(remote, ModelUnavailable):
            raise remote
        return remote

    def _purse(self, run: ContenderRun) -> Purse | None:
        purse, remote = super()._purse(run), self.remote.get(run.contender.id)
        if isinstance(remote, RemoteModel):
            remote.purse = purse
        return purse

    @staticmethod
    def _goes_out(contender: Contender) -> bool:
        return contender.skipped is None and contender.spec.is_api
