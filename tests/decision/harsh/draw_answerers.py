"""Contenders of a harsh world: prompted models with their native twins, an endpoint, trained floors, people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.records.estimate import Need
from evalkit.records.evidence import Case
from evalkit.records.model import Rates
from tests.decision.harsh.world import Answerer, Headroom, Times, Tokens

_MODELS: tuple[tuple[str, str, Rates], ...] = (
    ("haiku", "anthropic/claude-haiku-5-5", Rates(0.10, 0.50, 0.01, 0.125, 0.20)),
    ("sonnet", "anthropic/claude-sonnet-5-5", Rates(2, 10, 0.10, 2.5, 4)),
    ("opus", "anthropic/claude-opus-5-5", Rates(4, 20, 0.20, 5, 8)),
    ("haiku4", "anthropic/claude-haiku-4-5", Rates(1, 5, 0.10, 1.25, 2)),
    ("sonnet5", "anthropic/claude-sonnet-5", Rates(2, 10, 0.20, 2.5, 4)),
    ("sol", "openai/gpt-6.1-sol", Rates(2, 10, 0.10, 2.5, 4)),
    ("terra", "openai/gpt-6.1-terra", Rates(1, 5, 0.05, 1.25, 2)),
    ("luna", "openai/gpt-6-luna", Rates(0.10, 0.50, 0.01, 0.125, 0.20)),
)
_FREE = Rates(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Brief:
    """What the contenders are drawn around: the needs, the case, and how much is known of the prompt."""

    case: Case | None
    keep: bool
    tidy: bool
    evidence: str
    skipped: bool
    accuracy: float
    form: float | None
    majority: float
    prompt_optimism: bool


def draw_prompted(rng: np.random.Generator, brief: Brief) -> tuple[Answerer, ...]:
    """One to five prompted models with close accuracies, some broken, some twice (native form)."""
    count = int(rng.integers(1, 6))
    picks = rng.choice(len(_MODELS), size=count, replace=False)
    best = _best_accuracy(rng, brief)
    tokens = _tokens(rng)
    drift = float(rng.choice([0.0, 0.5, 0.9]))
    behind = np.cumsum([0.0, *rng.exponential(0.015, size=count - 1)])
    no_frontier = rng.random() < 0.04
    answerers: list[Answerer] = []
    for place, pick in enumerate(picks):
        name, provider_model, rates = _MODELS[int(pick)]
        role = "prompted" if no_frontier or (place and rng.random() < 0.25) else "frontier"
        valid = _losses(rng, brief)
        accuracy = max(0.02, best - float(behind[place]))
        answerer = Answerer(
            name=name,
            provider_model=provider_model,
            role=role,
            right=min(0.9995, accuracy / (1 - sum(valid))),
            invalid=valid[0],
            refused=valid[1],
            truncated=valid[2],
            times=_times(rng, drift),
            tokens=replace(tokens, output=tokens.output * float(rng.uniform(0.7, 1.5))),
            rates=rates,
            price_known=bool(rng.random() > (0.03 if brief.tidy else 0.2)),
            cache_works=float(rng.uniform(0.85, 1)),
        )
        answerers.append(_broken(rng, answerer, brief) if rng.random() < 0.06 else answerer)
    answerers = [_with_headroom(rng, a, brief) for a in answerers]
    answerers += _native_twins(rng, answerers, brief)
    if brief.skipped and len(answerers) > 1 and answerers[-1].role == "frontier":
        answerers[-1] = replace(answerers[-1], skipped=True)
    return tuple(answerers)


def _best_accuracy(rng: np.random.Generator, brief: Brief) -> float:
    kind = rng.random()
    mostly_met = brief.case in ("volume", "latency", "format")
    shares = (0.15, 0.20, 0.35) if mostly_met else (0.45, 0.60, 0.80)
    if kind < shares[0]:
        accuracy = brief.accuracy - rng.uniform(0.02, 0.12)
    elif kind < shares[1]:
        accuracy = brief.accuracy - rng.uniform(0.12, 0.40)
    elif kind < shares[2]:
        accuracy = brief.accuracy + rng.uniform(-0.015, 0.015)
    else:
        accuracy = brief.accuracy + rng.uniform(0.015, 0.06)
    return float(min(accuracy, 0.998))


def _losses(rng: np.random.Generator, brief: Brief) -> tuple[float, float, float]:
    """Shares of answers in the wrong form, refused, truncated."""
    if brief.form is not None:
        invalid = min(0.3, (1 - brief.form) * float(10 ** rng.uniform(-0.7, 1)))
    else:
        kind = rng.random()
        invalid = 0.0 if kind < 0.6 else float(rng.uniform(0, 0.01) if kind < 0.9 else rng.uniform(0.01, 0.08))
    few = [0.0, 0.0]
    for place in range(2):
        kind = rng.random()
        if kind < 0.075:
            few[place] = float(rng.uniform(0, 0.006))
        elif kind < 0.095:
            few[place] = float(rng.uniform(0.02, 0.2))
    return invalid, few[0], few[1]


def _broken(rng: np.random.Generator, answerer: Answerer, brief: Brief) -> Answerer:
    kind = rng.random()
    if kind < 0.5:
        return replace(answerer, constant=True, right=brief.majority)
    if kind < 0.8:
        return replace(answerer, right=float(rng.uniform(0, 0.05)))
    lost, refuses = float(rng.uniform(0.2, 0.6)), rng.random() < 0.5
    return replace(answerer, invalid=0.0, refused=lost if refuses else 0.0, truncated=0.0 if refuses else lost)


def _with_headroom(rng: np.random.Generator, answerer: Answerer, brief: Brief) -> Answerer:
    """Other prompts of this model. A broken one has a prompt that works: the model itself is not at fault."""
    others = int(rng.integers(1, 7))
    gain = 0.0 if rng.random() < 0.65 else float(rng.exponential(0.03))
    honest_vouch = brief.evidence == "vouched" and not brief.prompt_optimism
    if honest_vouch:
        gain = 0.0
    elif brief.prompt_optimism:
        gain = 0.02 + float(rng.exponential(0.05))
    if answerer.constant and not honest_vouch:
        answerer_best = max(answerer.right, brief.accuracy - float(rng.uniform(-0.03, 0.1)))
    else:
        answerer_best = min(0.9995, answerer.right + gain)
    rungs = [max(0.0, answerer.right - float(x)) for x in rng.exponential(0.02, size=others)]
    if answerer_best > answerer.right:
        rungs[int(rng.integers(others))] = answerer_best
    same = tuple(bool(x) for x in rng.random(others) < 0.1)
    rungs = [answerer.right if twin else rung for rung, twin in zip(rungs, same, strict=True)]
    dev_rows = round(float(np.exp(rng.uniform(np.log(30), np.log(400)))))
    return replace(answerer, headroom=Headroom(tuple(rungs), same, brief.evidence == "ladder", dev_rows))


def _native_twins(rng: np.random.Generator, answerers: Sequence[Answerer], brief: Brief) -> list[Answerer]:
    if rng.random() > (0.75 if brief.case == "format" else 0.15):
        return []
    mends = rng.random() < 0.5
    twins = []
    for a in answerers:
        if a.role == "frontier":
            left = a.invalid * float(rng.uniform(0, 0.1) if mends else rng.uniform(0.7, 1.2))
            twins.append(replace(a, name=f"{a.name}_native", enforce="native", invalid=min(left, 0.4)))
    return twins


def draw_endpoint(
    rng: np.random.Generator, brief: Brief, needs: Sequence[Need], prompted: Sequence[Answerer], wrong: float
) -> Answerer:
    """The measured fine-tune: one that meets the need, one that does not, or one that always says the same."""
    kind = rng.random()
    if kind < 0.45:
        accuracy = brief.accuracy + float(rng.uniform(0, 0.05))
    elif kind < 0.65:
        accuracy = brief.accuracy + float(rng.uniform(-0.015, 0.015))
    else:
        accuracy = brief.accuracy - float(rng.uniform(0.01, 0.3))
    form = next((n.threshold for n in needs if n.metric == "format_validity"), None)
    invalid = 0.0 if form is None else (1 - form) * float(10 ** rng.uniform(-1, 0.3))
    times = prompted[0].times
    time_need = next((n for n in needs if n.metric.endswith("_ms")), None)
    if time_need is not None:
        p95 = times.p95(time_need.metric.startswith("ttft"))
        times = replace(times, median=times.median * time_need.threshold / p95 * float(rng.uniform(0.3, 1.1)))
    usual = min(prompted[0].rates.input or 1.0, 2.0)
    tokens = prompted[0].tokens
    return Answerer(
        name="tuned",
        provider_model="openai/ft-job-7b",
        role="fine_tuned",
        right=brief.majority if kind > 0.95 else min(0.9995, max(0.05, accuracy) / (1 - invalid)),
        invalid=invalid,
        refused=0.0,
        truncated=0.0,
        times=times,
        tokens=replace(tokens, prefix=float(rng.uniform(20, 100)), cacheable=False),
        rates=Rates(input=usual * float(rng.uniform(0.3, 2)), output=usual * 5 * float(rng.uniform(0.3, 2))),
        price_known=bool(rng.random() > (0.03 if brief.tidy else 0.2)),
        cache_works=0.0,
        constant=kind > 0.95,
        copies_label_errors=bool(wrong > 0 and rng.random() < 0.15),
    )


def draw_floors(rng: np.random.Generator, brief: Brief, prompted: Sequence[Answerer]) -> tuple[Answerer, ...]:
    """The trained reference, where the suite has one."""
    if rng.random() > 0.6:
        return ()
    best = max(a.accuracy for a in prompted)
    right = brief.majority + float(rng.uniform(0.05, 0.9)) * max(0.0, best - brief.majority)
    if rng.random() < 0.08:
        right = best + float(rng.uniform(0, 0.02))
    return (_plain("trained", "classifier/tfidf-logreg", "floor", min(0.995, right), prompted[0].times),)


def draw_people(rng: np.random.Generator, brief: Brief) -> Answerer | None:
    """People who do the job today, with answers in the data."""
    right = float(rng.uniform(0.85, 0.99))
    slow = Times(20_000.0, 0.5, 0.0, 1.0)
    return _plain("people", "recorded", "reference", right, slow) if rng.random() < 0.1 else None


def _plain(name: str, provider_model: str, role: str, right: float, times: Times) -> Answerer:
    no_tokens = Tokens(0.0, 1.0, 1.0, 0.1, 0.1, False)
    return Answerer(name, provider_model, role, right, 0.0, 0.0, 0.0, times, no_tokens, _FREE, False, 0.0)


def _tokens(rng: np.random.Generator) -> Tokens:
    prompt = float(np.exp(rng.uniform(np.log(200), np.log(6000))))
    prefix = prompt * float(rng.uniform(0.4, 0.95))
    output_spread = 1.8 if rng.random() < 0.1 else float(rng.uniform(0.3, 1.5))
    return Tokens(
        prefix=prefix,
        suffix=prompt - prefix,
        output=float(np.exp(rng.uniform(np.log(3), np.log(400)))),
        suffix_spread=float(rng.uniform(0.2, 1)),
        output_spread=output_spread,
        cacheable=bool(rng.random() < 0.75),
    )


def _times(rng: np.random.Generator, drift: float) -> Times:
    median = float(np.exp(rng.uniform(np.log(250), np.log(2500))))
    return Times(median, float(rng.uniform(0.15, 0.7)), drift, float(rng.uniform(0.3, 0.9)))
