"""The ladder: ready-made prompts on dev, from no example to many and to reasoning, and whether they still help."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.records.estimate import Requirement
from evalkit.records.ladder import LadderReport
from evalkit.records.run import ContenderResult, RunResult
from evalkit.running.contender_run import ContenderRun
from evalkit.running.kept_ladders import marks_of_run
from evalkit.running.options import NothingToRun, RunOptions, Watch
from evalkit.running.prepare import Prepared, _check_examples, prepare
from evalkit.running.prompt_choice import ranked
from evalkit.running.suite_run import SuiteRun
from evalkit.scoring.sample_means import sample_means
from evalkit.store.cache import ResponseCache
from evalkit.store.ladders import read_ladders
from evalkit.store.runs import RunError, load_run, newest_run
from evalkit.suite.file.errors import SuiteError, nearest
from evalkit.suite.file.load import load_suite
from evalkit.suite.prompts.contenders import Contender, contenders
from evalkit.suite.prompts.guide import label_guide
from evalkit.suite.prompts.rungs import Rung, RungPrompt, higher_reasoning, parse_rungs, rung_prompts, with_prompts
from evalkit.workflows.ladder.report import Climbed, ladder_report

CLIMBS = ".ladder"  # the folder of climbs under `runs/`, so that they are not a suite's newest run


@dataclass(frozen=True, slots=True)
class LadderOptions:
    """What a caller may set. `rungs` are names (`suite.rungs.parse_rungs`), none for all."""

    suite: Path
    models: tuple[str, ...] = ()
    rungs: tuple[str, ...] = ()
    runs: Path = Path("runs")

    @property
    def command(self) -> str:
        """The command that climbs this ladder again."""
        models = "".join(f" --model {shlex.quote(name)}" for name in self.models)
        rungs = f" --rungs {shlex.quote(','.join(self.rungs))}" if self.rungs else ""
        return f"python -m evalkit ladder {shlex.quote(str(self.suite))}{models}{rungs}"


async def climb(options: LadderOptions, watch: Watch | None = None) -> LadderReport:
    """Climb the ladder of a suite on dev, and keep the evidence for its next verdicts. Test is not read.

    A second call sends nothing that was answered. Raises SuiteError for a wrong suite, wrong rungs, a suite without
    dev, or where no model can be asked; Interrupted when cancelled; CacheError and RunError as `run_suite`.
    """
    rungs = parse_rungs(options.rungs)
    prepared = prepare(options.suite, options.models)
    dataset, loaded = prepared.suite.dataset, prepared.suite.loaded
    if "dev" not in dataset.splits or dataset.splits["dev"].n == 0:
        problem = "the ladder is climbed on dev, and this suite has no rows for it"
        raise loaded.fail(("dataset",), problem, "`train:` under dataset, of which a fifth becomes dev, or `dev:`")
    watch = watch or Watch()
    watch.on_start(prepared)
    run = _Climb(prepared, RunOptions(options.suite, options.models, runs=options.runs / CLIMBS), watch)
    run.rungs = rungs
    result = await run.execute()
    return ladder_report(options, run.climbed(result))


def rung_yaml(options: LadderOptions, rung: str) -> str:
    """A rung of the suite's newest climb as YAML, to be pasted under `prompts:`.

    Raises SuiteError for a rung that is no prompt of it, and RunError where nothing was climbed.
    """
    from evalkit.workflows.ladder.rung_yaml import prompt_yaml

    suite = load_suite(options.suite).suite
    newest = newest_run(options.runs / CLIMBS / suite.name)
    if newest is None:
        raise RunError(f"no ladder of {suite.name} was climbed yet; climb it with: {options.command}")
    prompts = load_run(newest).manifest.get("prompts", {})
    bases = {name: on for kept in reversed(read_ladders(options.runs / suite.name)) for name, on in kept.bases.items()}
    base = bases.get(rung, rung)
    if base not in prompts:
        raise SuiteError(
            f"{rung} is no prompt of the newest climb",
            expected=f"one of {', '.join([*prompts, *bases])}",
            hint=nearest(rung, [*prompts, *bases]),
        )
    level = f"# with `reasoning: {rung.removeprefix('reasoning-')}` on the model\n" if rung in bases else ""
    return level + prompt_yaml(suite, base, prompts[base])


class _Climb(SuiteRun):
    """A run on dev in four stages: the suite's own prompts, without examples, with examples, with reasoning."""

    rungs: tuple[Rung, ...] = ()

    def __init__(self, prepared: Prepared, options: RunOptions, watch: Watch) -> None:
        super().__init__(prepared, options, watch)
        self.own = tuple(self.suite.prompts)
        self.chosen = self.own[0]
        self.order: list[str] = list(self.own)
        self.made: list[RungPrompt] = []
        self.left_out: dict[str, str] = {}  # models
        self.skipped: dict[tuple[str, str], str] = {}  # (model, rung); "" for every model
        self.bases: dict[tuple[str, str], str] = {}  # (model, rung of reasoning): the prompt under it
        self.marks: dict[str, str] = {}
        self._texts: dict[tuple[str, str], str] = {}

    def climbed(self, result: RunResult) -> Climbed:
        """What the report is made of."""
        return Climbed(
            self.prepared,
            result,
            self.runs,
            self.own,
            self.chosen,
            self.order,
            self.left_out,
            self.skipped,
            self.bases,
            self.marks,
        )

    async def _splits(self, cache: ResponseCache) -> tuple[list[ContenderResult], list[Requirement]]:
        results, _ = await self._compete(self._climbers(), "dev", cache)
        self.left_out |= {r.model: r.skipped for r in results if r.skipped is not None}
        if len(self.own) > 1:
            self.chosen = next(rank.prompt for rank in ranked(self.prepared, self.runs)[0] if rank.chosen)
        self.marks = marks_of_run(self.prepared, self.keys)
        self._texts = {self._text(c): c.prompt for c in reversed(self.prepared.contenders)}
        config = self.suite.prompts[self.chosen]
        seed = config.examples.seed if config.examples is not None else 7
        guide = label_guide(self.prepared.suite, self.chosen, seed)
        bare = [rung for rung in self.rungs if rung.kind in ("zero-shot", "label-guide")]
        results += await self._stage(bare, guide, False, cache)
        guided = "label-guide" in {rung.kind for rung in bare} and self._helps(guide)
        results += await self._stage([r for r in self.rungs if r.kind == "examples"], guide, guided, cache)
        thinking = self._thinking([rung for rung in self.rungs if rung.kind == "reasoning"])
        if thinking:
            results += (await self._compete(thinking, "dev", cache))[0]
        return results, []

    def _decided(self, result: RunResult) -> RunResult:
        return result

    def _climbers(self) -> list[Contender]:
        for contender in self.prepared.contenders:
            reason = _no_climber(contender, self.options.models)
            if reason is not None:
                self.left_out[contender.spec.name] = reason
        found = [c for c in self.prepared.contenders if c.spec.name not in self.left_out]
        if not found:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.left_out.items())
            raise NothingToRun(f"no model can climb the ladder ({reasons})")
        return found

    async def _stage(
        self, rungs: Sequence[Rung], guide: str | None, guided: bool, cache: ResponseCache
    ) -> list[ContenderResult]:
        """Ask every model with the prompts of these rungs."""
        suite = self.prepared.suite
        prompts, skipped = rung_prompts(suite, self.chosen, rungs, guide, guided=guided)
        self.skipped |= {("", name): reason for name, reason in skipped.items()}
        self.order += [*(p.name for p in prompts), *skipped]
        derived = with_prompts(suite, prompts)
        everyone: list[Contender] = []
        for prompt in prompts:
            found = [c for c in contenders(derived, (prompt.name,)) if self._climbs(c)]
            reason = self._needless(replace(self.prepared, suite=derived), found)
            if reason is not None:
                self.skipped["", prompt.name] = reason
                continue
            self.made.append(prompt)
            self._texts |= {self._text(c): prompt.name for c in found}
            everyone += found
        if not everyone:
            return []
        kept = with_prompts(suite, [p for p in prompts if p in self.made])
        self.prepared = replace(self.prepared, suite=kept, contenders=(*self.prepared.contenders, *everyone))
        return (await self._compete(everyone, "dev", cache))[0]

    def _climbs(self, contender: Contender) -> bool:
        asked = not self.options.models or contender.spec.name in self.options.models
        return asked and contender.spec.name not in self.left_out

    def _needless(self, prepared: Prepared, found: Sequence[Contender]) -> str | None:
        """Why a prompt is not asked: its text was asked already, or its examples cannot be made."""
        same = self._texts.get(self._text(found[0]))
        if same is not None:
            return f"the same text as {same}"
        try:
            _check_examples(prepared.suite, tuple(found))
        except SuiteError as error:
            return error.problem
        return None

    @staticmethod
    def _text(contender: Contender) -> tuple[str, str]:
        return contender.prefix.digest, contender.user.source

    def _helps(self, guide: str | None) -> bool:
        """Whether the guide stays in the later prompts: it did no worse than the bare text, the mean over models."""
        bare, guided = self._mean("zero-shot"), self._mean("label-guide")
        if bare is None:
            same = self.skipped.get(("", "zero-shot"), "")
            bare = self._mean(same.removeprefix("the same text as "))
        return guide is not None and guided is not None and (bare is None or guided >= bare)

    def _mean(self, prompt: str) -> float | None:
        names = (prompt, f"ladder-{prompt}")
        found = [_accuracy(run) for run in self.runs if run.contender.prompt in names]
        known = [value for value in found if value is not None]
        return sum(known) / len(known) if known else None

    def _thinking(self, rungs: Sequence[Rung]) -> list[Contender]:
        """A contender per model and level, each with the best prompt that this model has had so far."""
        found: list[Contender] = []
        for model in dict.fromkeys(run.contender.spec.name for run in self.runs):
            mine = [run for run in self.runs if run.contender.spec.name == model]
            best = max(mine, key=lambda run: _accuracy(run) or 0.0).contender
            for rung in rungs:
                level = higher_reasoning(rung.level or "medium", best.parameters.reasoning)
                reason = _no_reasoning(best) if level is not None else "the suite asks it with the highest already"
                name = rung.name if level is None or reason else Rung("reasoning", level=level).name
                if name not in self.order:
                    self.order.append(name)
                if reason is not None:
                    self.skipped[model, name] = reason
                elif (model, name) not in self.bases:
                    self.bases[model, name] = best.prompt
                    identity = f"{model}/{name}/{best.output.enforce}"
                    parameters = replace(best.parameters, reasoning=level)
                    found.append(replace(best, id=identity, prompt=name, parameters=parameters))
        return found


def _no_climber(contender: Contender, named: Sequence[str]) -> str | None:
    spec = contender.spec
    if spec.provider == "recorded":
        return "recorded answers cannot be asked with another prompt"
    if spec.provider == "classifier":
        return "a trained reference has no prompt"
    if spec.role in ("floor", "fine_tuned") and spec.name not in named:
        what = "a reference is no evidence" if spec.role == "floor" else "a fine-tune has a prompt of its own"
        return f"{what}; --model {shlex.quote(spec.name)} climbs it all the same"
    return None


def _no_reasoning(contender: Contender) -> str | None:
    spec = contender.spec
    if not spec.is_api:
        return f"{spec.provider} models take no reasoning effort"
    if spec.base_url is not None:
        return "whether a server of your own takes a reasoning effort is unknown; set `reasoning:` on the model"
    return None


def _accuracy(run: ContenderRun) -> float | None:
    """The mean over samples of the share of right answers; None where infrastructure lost all."""
    columns = run.tally.columns()
    correct = sample_means(run.tally, 1 + int(columns.sample.max(initial=-1))).correct
    there = correct[correct == correct]
    return float(there.mean()) if there.size else None
