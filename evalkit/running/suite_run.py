"""One run under way: every contender is asked, scored, estimated, held against the needs, decided and written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from evalkit.decision.unmeasured import unmeasured_cost
from evalkit.decision.verdict import decide
from evalkit.engine.budget import Budget, Purse
from evalkit.engine.config import EngineConfig
from evalkit.engine.key import RequestKey
from evalkit.engine.lane import Lane
from evalkit.engine.monitor import Monitor
from evalkit.engine.open_loop import OpenLane, connections
from evalkit.engine.primer import Primers
from evalkit.engine.throttle import Throttles
from evalkit.models.base import Model, ModelUnavailable
from evalkit.models.recorded.files import RecordedError
from evalkit.models.registry import open_model
from evalkit.records.estimate import Requirement
from evalkit.records.places import cache_folder
from evalkit.records.prompts import PromptRank
from evalkit.records.request import Request
from evalkit.records.run import ContenderResult, RunResult
from evalkit.records.sample import Sample
from evalkit.running.contender_run import ContenderRun
from evalkit.running.estimates import unmeasured
from evalkit.running.evidence import Gathered, facts_of
from evalkit.running.figures import infra_share, result_of, skipped_result
from evalkit.running.kept_ladders import marks_of_run, with_ladders
from evalkit.running.manifest import manifest
from evalkit.running.model_context import model_context
from evalkit.running.options import Interrupted, NothingToRun, RunOptions, Watch
from evalkit.running.prepare import Prepared
from evalkit.running.prompt_choice import ranked
from evalkit.store.cache import ResponseCache
from evalkit.store.runs import RunError, RunWriter
from evalkit.suite.file.errors import Place, SuiteError
from evalkit.suite.prompts.contenders import Contender, samples_of
from evalkit.suite.prompts.template import TemplateProblem


class SuiteRun:
    """One run under way; variants of it ask by batch, on a cluster, for a night or a ladder."""

    def __init__(self, prepared: Prepared, options: RunOptions, watch: Watch) -> None:
        self.prepared, self.options, self.watch = prepared, options, watch
        self.suite = prepared.suite.loaded.suite
        self.primers = Primers()
        self.throttles = Throttles()
        self.keys: dict[str, RequestKey] = {}
        self.warnings: list[str] = list(prepared.suite.warnings)
        self.runs: list[ContenderRun] = []
        self.budget = None if options.max_cost is None else Budget(options.max_cost)
        self.ranks: tuple[PromptRank, ...] = ()
        self.chosen_on_test = False

    async def execute(self) -> RunResult:
        cache = ResponseCache(cache_folder() / "responses", warn=self._warn)
        try:
            self.writer = RunWriter(self.options.runs, self.suite.name)
        except RunError:
            cache.close()
            raise
        try:
            results, requirements = await self._splits(cache)
            result = self._decided(self._result(results, requirements))
            self.writer.close(manifest(self.prepared, self.keys, result), _summary(result))
            return result
        except asyncio.CancelledError:
            monitors = self.watch.monitors.values()
            raise Interrupted(sum(r.kept for r in self.runs), sum(m.total or 0 for m in monitors)) from None
        finally:
            self.writer.discard()
            cache.close()

    async def _splits(self, cache: ResponseCache) -> tuple[list[ContenderResult], list[Requirement]]:
        """One prompt goes straight to test; several are compared on dev, and the best one goes to test."""
        everyone = self.prepared.contenders
        prompts = tuple(self.suite.prompts)
        if len(prompts) == 1:
            return await self._compete(everyone, "test", cache)
        if "dev" not in self.prepared.suite.dataset.splits:
            self.chosen_on_test = True
            self._warn("several prompts and no train split: the prompt is chosen on test")
            return await self._compete(everyone, "test", cache)
        on_dev, _ = await self._compete(everyone, "dev", cache)
        self.ranks, words = ranked(self.prepared, self.runs)
        chosen = next(rank.prompt for rank in self.ranks if rank.chosen)
        self._warn(f"prompt {words}")
        on_test, requirements = await self._compete([c for c in everyone if c.prompt == chosen], "test", cache)
        return [*on_test, *on_dev], requirements

    async def _compete(
        self, everyone: Sequence[Contender], split: str, cache: ResponseCache
    ) -> tuple[list[ContenderResult], list[Requirement]]:
        """Ask all contenders of one split side by side."""
        opened: dict[str, Model] = {}
        skipped: dict[str, str] = {}
        for contender in everyone:
            try:
                opened[contender.id] = self._open(contender, split)
            except ModelUnavailable as reason:
                skipped[contender.id] = str(reason)
            except RecordedError as error:
                raise SuiteError(str(error)) from None
        self._check_skipped(skipped, bool(opened))
        runs: dict[str, ContenderRun] = {}
        try:
            async with asyncio.TaskGroup() as group:
                for contender in everyone:
                    if contender.id in opened:
                        run = self._contender_run(contender, split, opened[contender.id])
                        runs[contender.id] = run
                        group.create_task(self._ask(run, opened[contender.id], cache))
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        finally:
            await asyncio.gather(*(model.aclose() for model in opened.values()))
        return self._figures(everyone, split, runs, opened, skipped)

    def _open(self, contender: Contender, split: str) -> Model:
        if contender.skipped is not None:
            raise ModelUnavailable(contender.skipped)
        context = model_context(self.prepared.suite, contender, split)
        if self.options.rate is not None:
            context = replace(context, concurrency=connections())
        return open_model(contender.spec, replace(context, on_headers=self.throttles.of(contender.spec).hear))

    def _check_skipped(self, skipped: dict[str, str], any_opened: bool) -> None:
        if skipped and self.options.require_all:
            name, reason = next(iter(skipped.items()))
            raise NothingToRun(f"{name} cannot be asked: {reason}", more=len(skipped) - 1)
        if not any_opened:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
            raise NothingToRun(f"no model can be asked ({reasons})")

    def _contender_run(self, contender: Contender, split: str, model: Model) -> ContenderRun:
        name = f"{contender.id}" if split == "test" else f"{contender.id} ({split})"
        n = samples_of(self.prepared.suite, contender, split)
        monitor = self.watch.monitors[name] = Monitor(total=n * self.suite.run.epochs)
        self.keys[contender.id] = RequestKey(model.identity, contender.prefix, contender.parameters)
        price = self.prepared.prices.price(contender.spec)
        run = ContenderRun(contender, split, price, self.writer, monitor)
        self.runs.append(run)
        return run

    async def _ask(self, run: ContenderRun, model: Model, cache: ResponseCache) -> None:
        contender = run.contender
        ttl = contender.parameters.cache_ttl
        config = EngineConfig(
            concurrency=contender.concurrency,
            prime=ttl != "off" and contender.spec.is_api,
            want_ttft=self.suite.wants_ttft and contender.spec.is_api,
            want_latency=self.suite.good_enough.need("latency_p95_ms") is not None,
        )
        keys = self.keys[contender.id]
        if self.options.rate is not None and contender.spec.is_api:
            open_lane = OpenLane(model, keys, self.options.rate, run.monitor, run.take)
            await open_lane.run(self._work(contender, run.split))
            if (warning := open_lane.warning()) is not None:
                self._warn(f"{contender.id}: {warning}")
            return
        throttle = self.throttles.of(contender.spec)
        lane = Lane(model, keys, config, cache, self.primers, run.monitor, run.take, throttle, self._purse(run))
        await lane.run(self._work(contender, run.split))

    def _purse(self, run: ContenderRun) -> Purse | None:
        """The contender's hand in the budget. A machine by the hour costs nothing more per call."""
        spec = run.contender.spec
        if self.budget is None or not spec.is_api or (spec.price is not None and spec.price.gpu_hour is not None):
            return None
        if run.price is None:
            problem = f"--max-cost cannot be kept: no price is known for {spec.provider_model}"
            path = ("models", spec.name)
            raise self.prepared.suite.loaded.fail(path, problem, "price: {input: …, output: …} in dollars per million")
        return Purse(self.budget, run.price)

    def _work(self, contender: Contender, split: str) -> Iterator[tuple[Request, Sample]]:
        for epoch in range(self.suite.run.epochs):
            for sample in self.prepared.suite.dataset.samples(split, contender.limit):
                try:
                    yield contender.request(sample, epoch), sample
                except TemplateProblem as problem:
                    raise SuiteError(f"sample {sample.id}: {problem.problem}", Place(self.prepared.path)) from None

    def _figures(
        self,
        everyone: Sequence[Contender],
        split: str,
        runs: dict[str, ContenderRun],
        opened: dict[str, Model],
        skipped: dict[str, str],
    ) -> tuple[list[ContenderResult], list[Requirement]]:
        results: list[ContenderResult] = []
        requirements: list[Requirement] = []
        needs = self.suite.good_enough.needs() if split == "test" else ()
        for contender in everyone:
            if contender.id in skipped:
                results.append(skipped_result(contender, split, skipped[contender.id]))
                continue
            n = samples_of(self.prepared.suite, contender, split)
            notes = tuple(opened[contender.id].notes)
            result, judged = result_of(runs[contender.id], n, needs, self.prepared.prices, notes)
            results.append(result)
            requirements += judged
        return results, requirements

    def _result(self, results: list[ContenderResult], requirements: list[Requirement]) -> RunResult:
        return RunResult(
            suite=self.suite.name,
            run=str(self.writer.folder),
            complete=all(infra_share(r) <= self.suite.run.max_infra_errors for r in results),
            contenders=tuple(results),
            requirements=tuple(requirements),
            unmeasured=tuple(unmeasured_cost(*each) for each in unmeasured(self.prepared, results)),
            warnings=tuple(self.warnings),
            prompts=self.ranks,
        )

    def _decided(self, result: RunResult) -> RunResult:
        gathered = Gathered(self.prepared, self.runs, self.options.command, self.options.vouched, self.chosen_on_test)
        facts = facts_of(gathered, result)
        kept = self.options.runs / self.suite.name
        facts = with_ladders(facts, result, marks_of_run(self.prepared, self.keys), kept)
        return replace(result, facts=facts, verdict=decide(result, facts))

    def _warn(self, warning: str) -> None:
        self.warnings.append(warning)
        self.watch.on_warning(warning)


def _summary(result: RunResult) -> object:
    from evalkit.store.summary import as_json

    return as_json(result)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first single error inside nested groups."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
