"""One run under way: every contender is asked, scored, estimated, held against the needs, decided and written.

A run is put together from a way (how requests are asked), rounds (who is asked on which split, in which order) and
stages (what is done with the answers of a round).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from evalkit.decision.unmeasured import unmeasured_cost
from evalkit.decision.verdict import decide
from evalkit.engine.key import RequestKey
from evalkit.errors import (
    Interrupted,
    ModelUnavailable,
    NothingToRun,
    RecordedError,
    RunNotWritten,
    SuiteError,
)
from evalkit.models.base import Model
from evalkit.records.places import cache_folder
from evalkit.records.run import ContenderResult, RunResult
from evalkit.running.contender_run import ContenderRun, Scored
from evalkit.running.estimates import unmeasured
from evalkit.running.evidence import Gathered, facts_of
from evalkit.running.figures import infra_share, result_of, skipped_result
from evalkit.running.kept_ladders import marks_of_run, with_ladders
from evalkit.running.manifest import manifest
from evalkit.running.prepare import Prepared
from evalkit.running.rounds import DevThenTest, Rounds
from evalkit.running.settings import RunSettings
from evalkit.running.stages import AskAndScore, Stage
from evalkit.running.state import Asking, RunState
from evalkit.running.watch import Watch
from evalkit.running.ways.way import Way
from evalkit.store.cache import ResponseCache
from evalkit.store.runs import RunWriter
from evalkit.suite.prompts.contenders import Contender, samples_of


class SuiteRun:
    """A run of a prepared suite. `stages` come after asking and scoring, each for every round."""

    def __init__(
        self,
        prepared: Prepared,
        settings: RunSettings,
        watch: Watch,
        *,
        way: Way,
        rounds: Rounds | None = None,
        stages: Sequence[Stage] = (),
    ) -> None:
        self.prepared, self.settings, self.watch = prepared, settings, watch
        self.way = way
        self.rounds: Rounds = rounds or DevThenTest()
        self.stages: tuple[Stage, ...] = (AskAndScore(way), *stages)

    async def execute(self) -> RunResult:
        """Ask, score, decide and write the run's folder.

        Raises SuiteError, Interrupted when cancelled, CacheError and RunNotWritten where the disk fails, and what the
        way raises.
        """
        cache = ResponseCache(cache_folder() / "responses", self.settings.namespace)
        self.state = state = RunState(self.prepared, self.settings, self.watch, cache)
        state.warnings.extend(self.prepared.suite.warnings)
        cache.warn = state.warn
        try:
            self.writer = RunWriter(self.settings.runs, self.prepared.config.name)
        except RunNotWritten:
            cache.close()
            raise
        try:
            self.way.start(state)
            await self.rounds.play(state, self._ask_round)
            result = self._result()
            self.writer.close(manifest(state.prepared, state.keys, result), _summary(result))
            self.way.finish()
            return result
        except asyncio.CancelledError:
            total = sum(run.monitor.total or 0 for run in state.runs)
            raise Interrupted(sum(run.kept for run in state.runs), total) from None
        finally:
            self.writer.discard()
            cache.close()

    async def _ask_round(self, contenders: Sequence[Contender], split: str) -> list[ContenderResult]:
        """Take all contenders of one split side by side through every stage, and make their figures."""
        opened: dict[str, Model] = {}
        skipped: dict[str, str] = {}
        try:
            for contender in contenders:
                try:
                    opened[contender.id] = await self._opened(contender, split)
                except ModelUnavailable as reason:
                    skipped[contender.id] = str(reason)
            self._check_skipped(skipped, bool(opened))
            asked = {c.id: self._asking(c, split, opened[c.id]) for c in contenders if c.id in opened}
            for stage in self.stages:
                await stage.work(self.state, tuple(asked.values()))
        finally:
            await asyncio.gather(*(model.aclose() for model in opened.values()))
        return [self._figures(contender, split, asked.get(contender.id), skipped) for contender in contenders]

    async def _opened(self, contender: Contender, split: str) -> Model:
        if contender.skipped is not None:
            raise ModelUnavailable(contender.skipped)
        try:
            return await self.way.open(contender, split)
        except RecordedError as error:
            raise SuiteError(str(error)) from None

    def _check_skipped(self, skipped: dict[str, str], any_opened: bool) -> None:
        if skipped and self.settings.require_all:
            name, reason = next(iter(skipped.items()))
            raise NothingToRun(f"{name} cannot be asked: {reason}", more=len(skipped) - 1)
        if not any_opened:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
            raise NothingToRun(f"no model can be asked ({reasons})")

    def _asking(self, contender: Contender, split: str, model: Model) -> Asking:
        state = self.state
        n = samples_of(state.prepared.suite, contender, split) * state.prepared.config.run.epochs
        monitor = state.monitor(contender.id if split == "test" else f"{contender.id} ({split})", n)
        keys = state.keys[contender.id] = RequestKey(model.identity, contender.prefix, contender.parameters)
        price = state.prepared.prices.price(contender.spec)
        # Only where a later stage may set other scores do answers wait for it.
        held: list[Scored] | None = [] if len(self.stages) > 1 else None
        most = state.prepared.config.run.max_infra_errors
        run = ContenderRun(contender, split, price, self.writer, monitor, held, most)
        state.runs.append(run)
        return Asking(run, model, keys, state.prepared)

    def _figures(
        self, contender: Contender, split: str, asking: Asking | None, skipped: dict[str, str]
    ) -> ContenderResult:
        """The figures of one contender; on test its needs are judged too."""
        state = self.state
        if asking is None:
            result = skipped_result(contender, split, skipped[contender.id])
        else:
            asking.run.release()
            needs = state.prepared.config.good_enough.needs() if split == "test" else ()
            n = samples_of(state.prepared.suite, contender, split)
            result, judged = result_of(asking.run, n, needs, state.prepared.prices, tuple(asking.model.notes))
            state.requirements += judged
        state.results.append(result)
        return result

    def _result(self) -> RunResult:
        """The run with its verdict, where its rounds end with one. What was measured on test comes first."""
        state = self.state
        config = state.prepared.config
        results = sorted(state.results, key=lambda result: result.split == "dev")
        result = RunResult(
            suite=config.name,
            run=str(self.writer.folder),
            complete=all(infra_share(r) <= config.run.max_infra_errors for r in results),
            contenders=tuple(results),
            requirements=tuple(state.requirements),
            unmeasured=tuple(unmeasured_cost(*each) for each in unmeasured(state.prepared, results)),
            warnings=tuple(state.warnings),
            prompts=state.ranks,
        )
        return self._decided(result) if self.rounds.decided else result

    def _decided(self, result: RunResult) -> RunResult:
        state, settings = self.state, self.settings
        gathered = Gathered(state.prepared, state.runs, settings.command, settings.vouched, state.chosen_on_test)
        facts = facts_of(gathered, result)
        facts = with_ladders(facts, result, marks_of_run(state.prepared, state.keys), settings.runs / result.suite)
        return replace(result, facts=facts, verdict=decide(result, facts))


def _summary(result: RunResult) -> object:
    from evalkit.store.summary import as_json

    return as_json(result)
