"""From the answers of a climb to its figures, its rule and the evidence that is kept."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from evalkit.decision.headroom import MIN_RUNGS, headroom_used_up
from evalkit.decision.unmeasured import tokens
from evalkit.diagnosis.ladder import PromptAnswers, ladder
from evalkit.records.estimate import Estimate
from evalkit.records.evidence import Ladder
from evalkit.records.ladder import KeptLadder, LadderReport, ModelLadder, RungFigures
from evalkit.records.metric import is_another_name
from evalkit.records.run import ContenderResult, RunResult
from evalkit.records.score import Status
from evalkit.running.contender_run import ContenderRun
from evalkit.running.figures import infra_share
from evalkit.running.prepare import Prepared
from evalkit.running.prompt_choice import answers_on_dev, clusters_of, sent_text
from evalkit.stats.paired import compare_paired
from evalkit.store.ladders import keep_ladders
from evalkit.suite.config.dataset import FromTrain

_MOST_BROKEN = 0.01  # share of answers that were rejected or cut off, from which on a rung says nothing of the prompt
_EVALKIT = "python -m evalkit"


class _Options(Protocol):
    @property
    def suite(self) -> Path: ...
    @property
    def runs(self) -> Path: ...
    @property
    def command(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Climbed:
    """A finished climb. `order` are all rungs; `skipped` is by (model, rung), with "" for every model; `bases` names
    the prompt under a rung of reasoning; `marks` is by contender id."""

    prepared: Prepared
    result: RunResult
    runs: Sequence[ContenderRun]
    own: tuple[str, ...]
    chosen: str
    order: Sequence[str]
    left_out: Mapping[str, str]
    skipped: Mapping[tuple[str, str], str]
    bases: Mapping[tuple[str, str], str]
    marks: Mapping[str, str]


def ladder_report(options: _Options, climbed: Climbed) -> LadderReport:
    """The figures of every rung, the rule for each model, and the evidence written. Raises RunError."""
    suite = climbed.prepared.suite
    most = suite.config.run.max_infra_errors
    found = [_Model(climbed, name) for name in answers_on_dev(climbed.prepared, climbed.runs)]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = [
        KeptLadder(model.mark, now, climbed.result.run, model.ladder, model.bases)
        for model in found
        if model.is_whole(most)
    ]
    folder = options.runs / climbed.result.suite
    evidence = keep_ladders(folder, kept)
    everything = [c for c in climbed.result.contenders if c.skipped is None]
    report = LadderReport(
        suite=climbed.result.suite,
        run=climbed.result.run,
        evidence=str(evidence),
        complete=climbed.result.complete or all(model.is_whole(most) for model in found),
        n=suite.dataset.splits["dev"].n,
        models=tuple(model.figures() for model in found),
        skipped=dict(climbed.left_out),
        spent=_sum([c.cost.spent if c.cost else None for c in everything]),
        cold=_sum([c.cost.cold if c.cost else None for c in everything]),
        sent=sum(sum((c.status or {}).values()) - c.from_cache for c in everything),
        warnings=climbed.result.warnings,
    )
    return replace(report, next_step=_next_step(options, climbed, report))


class _Model:
    """One model's climb."""

    def is_whole(self, most: float) -> bool:
        """Whether no rung lost more answers than that share; a rung that the provider does not take is no loss."""
        sound = (result for prompt, result in self.results.items() if prompt not in self.broken)
        return all(infra_share(result) <= most for result in sound)

    def __init__(self, climbed: Climbed, name: str) -> None:
        self.climbed, self.name = climbed, name
        on_dev = answers_on_dev(climbed.prepared, climbed.runs)
        self.groups, self.epochs = clusters_of(on_dev)
        self.results = {c.prompt: c for c in climbed.result.contenders if c.model == name and c.skipped is None}
        self.broken: dict[str, str] = {}
        for run, _ in on_dev[name]:
            if reason := _broken(run):
                self.broken[run.contender.prompt] = reason
        steps = sorted(on_dev[name], key=lambda pair: climbed.order.index(pair[0].contender.prompt))
        # What is measured once counts as evidence; the suite's own prompt counts however broken it is.
        sound = [(r, s) for r, s in steps if r.contender.prompt not in self.broken or r.contender.prompt in climbed.own]
        self.runs = {run.contender.prompt: run for run, _ in steps}
        self.correct = {run.contender.prompt: seen.correct for run, seen in sound}
        answers = [PromptAnswers(r.contender.prompt, _material(r), seen.correct) for r, seen in sound]
        climb = ladder(name, answers, self.groups, self.epochs)
        self.best = max(climb.rungs, key=lambda rung: rung.accuracy.value or 0.0, default=None)
        self.over: Estimate | None = None
        self.ladder = self._with_best(climb)

    @property
    def mark(self) -> str:
        """The mark of the suite's own contender of this model."""
        return self.climbed.marks[self.runs[self.climbed.chosen].contender.id]

    @property
    def bases(self) -> dict[str, str]:
        """The prompt under each rung of reasoning."""
        return {rung: prompt for (model, rung), prompt in self.climbed.bases.items() if model == self.name}

    def _with_best(self, climb: Ladder) -> Ladder:
        chosen = self.climbed.chosen
        if self.best is None or self.best.prompt == chosen or chosen not in self.correct:
            return climb
        found = compare_paired(self.correct[chosen], self.correct[self.best.prompt], self.groups, self.epochs)
        if not found.difference:
            return climb
        self.over = found.estimate()
        return replace(climb, best=self.best.prompt, behind=found.upper() if found.decides else None)

    def figures(self) -> ModelLadder:
        """Its rungs, those that were not asked too, and the rule."""
        climbed = self.climbed
        spec = self.runs[climbed.chosen].contender.spec
        gap = self._gap()
        used_up, why = headroom_used_up(self.ladder, gap)
        return ModelLadder(
            model=self.name,
            provider_model=spec.provider_model,
            role=spec.role,
            chosen=climbed.chosen,
            rungs=tuple(rung for name in climbed.order if (rung := self._figures(name)) is not None),
            best=self.best.prompt if self.best else None,
            used_up=used_up,
            why=why,
            gap=gap,
            over_chosen=self.over,
        )

    def _gap(self) -> float | None:
        """What the suite's prompt lacks on dev of the accuracy that is needed."""
        needs = self.climbed.prepared.config.good_enough.needs()
        need = next((need for need in needs if is_another_name(need.metric, "accuracy")), None)
        value = next((r.accuracy.value for r in self.ladder.rungs if r.prompt == self.climbed.chosen), None)
        return None if need is None or value is None else max(0.0, need.threshold - value)

    def _figures(self, name: str) -> RungFigures | None:
        climbed = self.climbed
        reason = climbed.skipped.get((self.name, name)) or climbed.skipped.get(("", name)) or self.broken.get(name)
        own, on = name in climbed.own, climbed.bases.get((self.name, name))
        if name not in self.runs or (reason is not None and not own):
            return None if reason is None else RungFigures(name, own, on=on, skipped=reason)
        rung = next(r for r in self.ladder.rungs if r.prompt == name)
        result: ContenderResult | None = self.results.get(name)
        prefix = self.runs[name].contender.prefix
        turns = sum(tokens(turn.user) + tokens(turn.assistant) for turn in prefix.examples)
        return RungFigures(
            prompt=name,
            own=own,
            n=rung.accuracy.n,
            accuracy=rung.accuracy,
            gain=rung.gain,
            upper=rung.upper,
            on=on,
            cost_per_1000_calls=result.cost.per_1000_calls if result and result.cost else None,
            prefix_tokens=tokens(prefix.system) + turns,
        )


def _material(run: ContenderRun) -> str:
    """The prompt with the effort of reasoning, which makes another rung of the same text."""
    return f"{sent_text(run.contender)}\nreasoning: {run.contender.parameters.reasoning}"


def _broken(run: ContenderRun) -> str | None:
    """Why answers say nothing of the prompt: they would pull the last rung down and make the curve look flat."""
    status, total = run.tally.status_counts(), max(1, len(run.tally))
    if "reasoning_effort" in run.dropped:
        return f"{run.contender.spec.model} does not take reasoning_effort"
    for n, words in ((run.refused, "were rejected by the provider"), (status[Status.TRUNCATED], "were cut off")):
        if n > _MOST_BROKEN * total:
            return f"{n:,} of {total:,} answers {words}"
    return None


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _next_step(options: _Options, climbed: Climbed, report: LadderReport) -> str:
    """One command; where several models differ, the first that is not cleared."""
    suite = shlex.quote(str(options.suite))
    run = f"{_EVALKIT} run {suite}"
    if not report.complete:
        return f"{options.command}   # asks only what is missing"
    open_ = [model for model in report.models if not model.used_up]
    if not open_:
        return f"{run}   # the verdict now counts this ladder"
    model = open_[0]
    rungs = {rung.prompt: rung for rung in model.rungs if rung.skipped is None}
    if model.over_chosen is not None and model.best in rungs and not rungs[model.best].own:
        return _adopt(model, rungs[model.best], suite, run)
    if len(rungs) < MIN_RUNGS:
        return f"{_EVALKIT} ladder {suite} --model {shlex.quote(model.model)}   # the whole ladder"
    sliced = isinstance(climbed.prepared.config.dataset.dev, FromTrain)
    more = "Label more rows for train, or raise `dataset.dev.fraction`" if sliced else "Label more rows for dev"
    return f"{more} ({report.n:,} rows of dev now); {options.command}"


def _adopt(model: ModelLadder, best: RungFigures, suite: str, run: str) -> str:
    prompt = best.on or best.prompt
    if best.on is not None and prompt == model.chosen:
        return f"Set `reasoning: {best.prompt.removeprefix('reasoning-')}` for {model.model} under `models:`; {run}"
    return f"{_EVALKIT} ladder {suite} --show {best.prompt}   # to paste under `prompts:`; then {run}"
