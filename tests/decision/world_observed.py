"""What a run sees of a world: counts, times and a ladder, drawn from the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.diagnosis.ladder import PromptAnswers, ladder
from evalkit.records.estimate import Need, Requirement
from evalkit.records.evidence import Facts, LabelFacts, Ladder
from evalkit.records.output import Enforce
from evalkit.records.run import ContenderResult, Cost, RunResult
from evalkit.stats.measured import Measured, measured_counts, measured_quantile
from evalkit.stats.requirement import judge
from tests.decision.world import Ability, Talent, World

_INFRA_ERRORS = 0.002
_TTFT_SPREAD = 0.4  # standard deviation of the log of the time
_P95 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class _Seen:
    """One contender with its judged needs."""

    result: ContenderResult
    judged: tuple[Requirement, ...]


def observe(world: World, n: int, seed: int) -> tuple[RunResult, Facts]:
    """A run on `n` rows of test and as many of dev, with its facts."""
    rng = np.random.default_rng((seed, n))
    seen: list[_Seen] = []
    ladders: list[Ladder] = []
    for talent in world.talents:
        for how, able in talent.contenders:
            one = _asked(world, talent, "native" if how == "native" else "prompt", able, n, rng)
            seen.append(one)
            ladders += _ladder(talent, one.result.model, able, n, rng)
    result = RunResult(
        suite="world",
        run="runs/world/1",
        complete=True,
        contenders=tuple(each.result for each in seen),
        requirements=tuple(r for each in seen for r in each.judged),
    )
    return result, _facts(world, result, tuple(ladders))


def _asked(world: World, talent: Talent, enforce: Enforce, able: Ability, n: int, rng: np.random.Generator) -> _Seen:
    lost = int(rng.binomial(n, _INFRA_ERRORS)) if rng.random() < 0.5 else 0
    answered = n - lost
    shares = [able.accuracy, able.valid - able.accuracy, 1 - able.valid]
    right, wrong, invalid = (int(count) for count in rng.multinomial(answered, shares))
    forgiven = right + int(rng.binomial(invalid, talent.content))
    figures: dict[str, Measured] = {
        "accuracy": measured_counts(right, answered, lost),
        "format_validity": measured_counts(right + wrong, answered, lost),
        "accuracy_lenient": measured_counts(forgiven, answered, lost),
    }
    if world.case == "latency":
        times = able.ttft * np.exp(_TTFT_SPREAD * (rng.standard_normal(answered) - _P95))
        figures["ttft_p95_ms"] = measured_quantile(times, 0.95, lost)
    name = talent.name if enforce == "prompt" else f"{talent.name}_native"
    status = {"ok": right + wrong, "format_invalid": invalid, "infra_error": lost}
    result = ContenderResult(
        id=f"{name}/default/{enforce}",
        model=name,
        provider_model=f"anthropic/{talent.name}",
        prompt="default",
        enforce=enforce,
        role="frontier",
        split="test",
        n=n,
        status=status,
        metrics={metric: m.estimate for metric, m in figures.items()},
        cost=Cost(1.0, 1.0, 1.0),
    )
    return _Seen(result, tuple(judge(result.id, need, figures[need.metric]) for need in _needs(world)))


def _needs(world: World) -> Iterator[Need]:
    yield Need("accuracy", world.need, world.margin)
    yield Need("format_validity", world.form_need)
    if world.case == "latency":
        yield Need("ttft_p95_ms", world.ttft_need, at_least=False)


def _ladder(talent: Talent, name: str, able: Ability, n: int, rng: np.random.Generator) -> list[Ladder]:
    """The prompts on dev: the last differs from the one before by `gain` on a share `discord` of the rows."""
    if talent.rungs < 2:
        return []
    best = min(0.999, able.accuracy - max(talent.gain, 0.0))
    before = rng.random(n) < best
    steps = [_changed(before, best, -0.02, 0.05, rng), before, _changed(before, best, talent.gain, talent.discord, rng)]
    kept = steps if talent.rungs == 3 else steps[1:]
    return [ladder(name, [PromptAnswers(f"p{i}", f"prompt {i}", step.astype(float)) for i, step in enumerate(kept)])]


def _changed(
    before: NDArray[np.bool_], share: float, gain: float, discord: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Answers to another prompt on the same rows: `gain` more right, `discord` of the rows other than before."""
    discord = max(abs(gain), min(discord, 2 * (1 - share) - gain, 2 * share + gain))  # what the shares leave room for
    lost, won = (discord - gain) / 2 / share, (discord + gain) / 2 / (1 - share)
    return np.where(before, rng.random(before.size) >= lost, rng.random(before.size) < won)


def _facts(world: World, result: RunResult, ladders: tuple[Ladder, ...]) -> Facts:
    by_name = {talent.name: talent for talent in world.talents}
    of = {c.id: by_name[c.model.removesuffix("_native")] for c in result.contenders}
    names = [c.model for c in result.contenders] + (["skipped"] if world.one_unmeasured else [])
    return Facts(
        suite="suites/world.yaml",
        command="python -m evalkit run suites/world.yaml",
        case=world.case,
        economics=world.declared,
        labels=LabelFacts(
            rows=world.usable,
            exact=0,
            near=0,
            in_test=0,
            usable=world.usable,
            per_class={"rarest": world.rarest, "rest": world.usable - world.rarest},
        ),
        label_error_share=world.declared_wrong,
        ladders=ladders,
        mixes={name: talent.mix for name, talent in of.items()},
        prices={name: talent.price for name, talent in of.items()},
        cache_ttl=dict.fromkeys(of, "5m"),
        has_native=True,
        listed_frontier=tuple(names),
        vouched=world.vouched,
    )
