"""The rounds of a climb: the suite's own prompts, without examples, with examples, with reasoning; all on dev."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from evalkit.errors import NothingToRun, SuiteMistake
from evalkit.models.registry import facts
from evalkit.records.model import ASIDE
from evalkit.records.run import RunResult
from evalkit.running.contender_run import ContenderRun
from evalkit.running.examples import check_examples
from evalkit.running.kept_ladders import marks_of_run
from evalkit.running.prepare import Prepared
from evalkit.running.prompt_choice import ranked
from evalkit.running.rounds import AskRound
from evalkit.running.state import RunState
from evalkit.scoring.sample_means import sample_means
from evalkit.suite.prompts.contenders import Contender, contenders
from evalkit.suite.prompts.guide import label_guide
from evalkit.suite.prompts.rungs import Rung, RungPrompt, higher_reasoning, rung_prompts, with_prompts
from evalkit.workflows.ladder.report import Climbed


class Climb:
    """Rounds on dev, each built on the answers before. `models` are those that the user named, none for all."""

    decided: ClassVar[bool] = False

    def __init__(self, prepared: Prepared, rungs: tuple[Rung, ...], models: tuple[str, ...]) -> None:
        self.rungs, self.models = rungs, models
        self.own = tuple(prepared.config.prompts)
        self.chosen = self.own[0]
        self.order: list[str] = list(self.own)
        self.made: list[RungPrompt] = []
        self.left_out: dict[str, str] = {}  # models
        self.skipped: dict[tuple[str, str], str] = {}  # (model, rung); "" for every model
        self.bases: dict[tuple[str, str], str] = {}  # (model, rung of reasoning): the prompt under it
        self.marks: dict[str, str] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._same: dict[str, str] = {}

    def climbed(self, result: RunResult) -> Climbed:
        """What the report is made of, once all rounds were played."""
        return Climbed(
            self.state.prepared,
            result,
            self.state.runs,
            self.own,
            self.chosen,
            self.order,
            self.left_out,
            self.skipped,
            self.bases,
            self.marks,
        )

    async def play(self, state: RunState, ask: AskRound) -> None:
        """Climb from bare texts to reasoning."""
        self.state, self._ask = state, ask
        results = await ask(self._climbers(), "dev")
        self.left_out |= {r.model: r.skipped for r in results if r.skipped is not None}
        if len(self.own) > 1:
            self.chosen = next(rank.prompt for rank in ranked(state.prepared, state.runs)[0] if rank.chosen)
        self.marks = marks_of_run(state.prepared, state.keys)
        self._texts = {self._text(c): c.prompt for c in reversed(state.prepared.contenders)}
        config = state.prepared.config.prompts[self.chosen]
        seed = config.examples.seed if config.examples is not None else 7
        guide = label_guide(state.prepared.suite, self.chosen, seed)
        bare = [rung for rung in self.rungs if rung.kind in ("zero-shot", "label-guide")]
        await self._ask_rungs(bare, guide, guided=False)
        guided = "label-guide" in {rung.kind for rung in bare} and self._helps(guide)
        await self._ask_rungs([r for r in self.rungs if r.kind == "examples"], guide, guided=guided)
        thinking = self._thinking([rung for rung in self.rungs if rung.kind == "reasoning"])
        if thinking:
            await ask(thinking, "dev")

    def _climbers(self) -> list[Contender]:
        for contender in self.state.prepared.contenders:
            reason = _no_climber(contender, self.models)
            if reason is not None:
                self.left_out[contender.spec.name] = reason
        found = [c for c in self.state.prepared.contenders if c.spec.name not in self.left_out]
        if not found:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.left_out.items())
            raise NothingToRun(f"no model can climb the ladder ({reasons})")
        return found

    async def _ask_rungs(self, rungs: Sequence[Rung], guide: str | None, *, guided: bool) -> None:
        """Ask every model with the prompts of these rungs."""
        suite = self.state.prepared.suite
        prompts, skipped = rung_prompts(suite, self.chosen, rungs, guide, guided=guided)
        self.skipped |= {("", name): reason for name, reason in skipped.items()}
        self.order += [*(p.name for p in prompts), *skipped]
        derived = with_prompts(suite, prompts)
        everyone: list[Contender] = []
        for prompt in prompts:
            found = [c for c in contenders(derived, (prompt.name,)) if self._climbs(c)]
            reason = self._needless(replace(self.state.prepared, suite=derived), found)
            if reason is not None:
                self.skipped["", prompt.name] = reason
                continue
            self.made.append(prompt)
            self._texts |= {self._text(c): prompt.name for c in found}
            everyone += found
        if not everyone:
            return
        kept = with_prompts(suite, [p for p in prompts if p in self.made])
        known = self.state.prepared
        self.state.prepared = replace(known, suite=kept, contenders=(*known.contenders, *everyone))
        await self._ask(everyone, "dev")

    def _climbs(self, contender: Contender) -> bool:
        asked = not self.models or contender.spec.name in self.models
        return asked and contender.spec.name not in self.left_out

    def _needless(self, prepared: Prepared, found: Sequence[Contender]) -> str | None:
        """Why a prompt is not asked: its text was asked already, or its examples cannot be made."""
        same = self._texts.get(self._text(found[0]))
        if same is not None:
            self._same[found[0].prompt] = same
            return f"the same text as {same}"
        try:
            check_examples(found)
        except SuiteMistake as mistake:
            return mistake.problem
        return None

    @staticmethod
    def _text(contender: Contender) -> tuple[str, str]:
        return contender.prefix.digest, contender.user.source

    def _helps(self, guide: str | None) -> bool:
        """Whether the guide stays in the later prompts: it did no worse than the bare text, the mean over models."""
        bare, guided = self._mean("zero-shot"), self._mean("label-guide")
        if bare is None:
            same = next((self._same[name] for name in _names("zero-shot") if name in self._same), None)
            bare = None if same is None else self._mean(same)
        return guide is not None and guided is not None and (bare is None or guided >= bare)

    def _mean(self, prompt: str) -> float | None:
        found = [_accuracy(run) for run in self.state.runs if run.contender.prompt in _names(prompt)]
        known = [value for value in found if value is not None]
        return sum(known) / len(known) if known else None

    def _thinking(self, rungs: Sequence[Rung]) -> list[Contender]:
        """A contender per model and level, each with the best prompt that this model has had so far."""
        found: list[Contender] = []
        for model in dict.fromkeys(run.contender.spec.name for run in self.state.runs):
            mine = [run for run in self.state.runs if run.contender.spec.name == model]
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


def _names(rung: str) -> tuple[str, str]:
    """How a rung's prompt is called: otherwise where the suite has a prompt of that name."""
    return rung, f"ladder-{rung}"


def _no_climber(contender: Contender, named: Sequence[str]) -> str | None:
    spec = contender.spec
    known = facts(spec.provider)
    if known.learns:
        return "a trained reference has no prompt"
    if not known.prompted:
        return f"{spec.provider} answers cannot be asked with another prompt"
    if spec.role in {*ASIDE, "fine_tuned"} and spec.name not in named:
        what = "a reference is no evidence" if spec.role in ASIDE else "a fine-tune has a prompt of its own"
        return f"{what}; --model {shlex.quote(spec.name)} climbs it all the same"
    return None


def _no_reasoning(contender: Contender) -> str | None:
    spec = contender.spec
    if not facts(spec.provider).takes_reasoning:
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
