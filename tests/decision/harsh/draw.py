"""Seeded random worlds, harsh ones. The table was written before any verdict on them was seen.

| what | how it is drawn |
| --- | --- |
| case | none .15, volume .25, domain .20, latency .12, format .16, quality .12 (half of these diagnosed) |
| subject | a measured fine-tuned endpoint (keep) in .22, else a build |
| tidy | in .75 all that a FUND needs is declared; else each of its parts is missing with .30 |
| rows | n log-uniform 60 … 200 in .20, 200 … 2,000 in .80; infra errors in .10, up to .008 |
| clusters | .40: mean size log-uniform 2 … 30, lognormal spread 0 … 1.2, shared difficulty .02 … .30; in .40 of these |
| | .05 … .20 of the clusters are bad (2 … 6 times the errors); half have no `group` in the suite |
| difficulty of a row | shared by all contenders: .2 … .7 of the variance |
| classes | 2 … 12, the most frequent from even to .90 |
| wrong labels, not told | none .35, up to .03 .40, .03 … .08 .25, in test, dev and train alike |
| contradictory rows | .20 of worlds: .005 … .20 of the test rows stand there twice with two labels |
| share of wrong labels | tidy: a range that holds it .5, vouched .5 (then under .005); untidy: not at all .4 |
| train | log-uniform 300 … 1,300 rows in .25, 1,300 … 10,000 in .75; duplicates and rows of test up to .12 each |
| accuracy need | .75 … .98 in all cases but .30 of latency and format; a margin of .01 in .12 |
| other needs | form .95 … .999 (format: always, else .15); time (latency: always, else .10); cost .05 |
| prompted contenders | 1 … 5, each next one behind by an exponential of .015 |
| the best of them | below the need by .02 … .12 .45, by .12 … .40 .15, within .015 .20, above .20; |
| | in volume, latency and format .15, .05, .15 and .65 |
| roles | frontier .8, prompted .2; no frontier model at all in .04; one frontier model skipped in .06 (untidy .25) |
| broken prompts | .06 of contenders: a constant answer .5, nearly nothing right .3, mostly refused or truncated .2 |
| refused, truncated | a few under .01 in .15; more, up to .2, in .04 |
| headroom | other prompts: 1 … 6; the best gains nothing in .65, else an exponential of .03; dev has 30 … 400 rows |
| evidence for it | tidy: ladder .45, vouched .55 (then nothing to gain); untidy: neither .5 |
| native form | can be had in .80, measured in .75 of format (.15 else); it mends all in half, nothing in half |
| times | p95 against the need: 10^(-.35 … .5) in latency; drift of 0, .5 or .9 from call to call |
| tokens | prompt 200 … 6,000, cacheable in .75; logarithms spread .2 … 1, of outputs .3 … 1.5 (.10: 1.8) |
| prices | of eight listed models; unknown in .03 of contenders (untidy .2) |
| trained floor | .60 of worlds, from the majority's accuracy to the best prompted; above that in .08 of these |
| endpoint (keep) | meets .45, within .015 .20, misses by up to .30 .30, a constant answer .05; |
| | in .15 of the worlds with wrong labels it repeats their mistakes |
| volume | log-uniform 1e3 … 1e9 calls a month; in case volume half of them 3e6 … 1e9 |
| build | 8,000 … 120,000 $ |
| running it | machines .30, else .03 … 1.1 of the prompted cost of a call (log-uniform), hosting in .8 |
| tuned accuracy | above the need by up to .05 .70, within .02 .20, below by up to .08 .10 |
| operations | .5 of worlds: 300 … 8,000 $ a month, declared; none in the others |
| values | such that benefit ÷ all costs is 10^(-.4 … 1.6): the need .25 (latency, format .75), else a correct |
| | answer; both in .15 |
| declared ranges | one figure .15, 1.2 … 2.5 times .70, up to 6 times .15; volume 1 … 4 decades in .25; |
| | the truth anywhere inside |
| optimistic | .22 of worlds: one or two of tuned accuracy, volume, build, tuned cost, value, share of wrong labels, |
| | vouched prompt, vouched labels, vouched form are better as declared than they are |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from evalkit.records.estimate import Need
from evalkit.records.evidence import Case, Vouch
from tests.decision.harsh.draw_answerers import Brief, draw_endpoint, draw_floors, draw_people, draw_prompted
from tests.decision.harsh.draw_labels import draw_labels
from tests.decision.harsh.draw_money import draw_money
from tests.decision.harsh.world import Answerer, Rows, World

_CASES: tuple[tuple[Case | None, float], ...] = (
    (None, 0.15),
    ("volume", 0.25),
    ("domain", 0.20),
    ("latency", 0.12),
    ("format", 0.16),
    ("quality", 0.12),
)
_VAGUE_OPTIMISM = ("tuned_accuracy", "calls", "build", "tuned_cost", "value", "share", "prompt", "labels", "format")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is settled first about a world, and steers the rest. `evidence`: ladder, vouched or nothing."""

    case: Case | None
    diagnosed: Case | None
    keep: bool
    tidy: bool
    optimism: tuple[str, ...]
    evidence: str
    labels: str
    skipped: bool

    @property
    def ruling(self) -> Case | None:
        """The case whose rules hold in the end."""
        return self.diagnosed if self.case == "quality" else self.case


def draw(seed: int) -> World:
    """The world of a seed."""
    rng = np.random.default_rng([seed, 0])
    plan = _plan(rng)
    labels = draw_labels(rng, plan.labels, plan.optimism)
    accuracy_need = _accuracy_need(rng, plan)
    form_need = float(rng.choice([0.95, 0.98, 0.99, 0.995, 0.999]))
    brief = Brief(
        case=plan.ruling,
        keep=plan.keep,
        tidy=plan.tidy,
        evidence=plan.evidence,
        skipped=plan.skipped,
        accuracy=float(rng.choice([0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.97, 0.98]))
        if accuracy_need is None
        else accuracy_need.threshold,
        form=form_need if plan.ruling == "format" else None,
        majority=labels.classes[0],
        prompt_optimism="prompt" in plan.optimism,
    )
    prompted = draw_prompted(rng, brief)
    needs = _needs(rng, plan, accuracy_need, form_need, prompted)
    tuned = draw_endpoint(rng, brief, needs, prompted, labels.wrong_in_test) if plan.keep else None
    floors = draw_floors(rng, brief, prompted)
    people = draw_people(rng, brief)
    has_native = bool(rng.random() < 0.8) or any(a.enforce == "native" for a in prompted)
    money, declared, has_economics = draw_money(rng, plan.ruling, plan.tidy, plan.optimism, needs, prompted, tuned)
    return World(
        seed=seed,
        case=plan.case,
        diagnosed=plan.diagnosed,
        needs=needs,
        rows=_rows(rng),
        labels=labels,
        prompted=prompted,
        floors=floors,
        people=people,
        tuned=tuned,
        has_native=has_native,
        vouched=_vouched(rng, plan, prompted),
        money=money,
        declared=declared,
        has_economics=has_economics,
        optimistic=plan.optimism,
    )


def _plan(rng: np.random.Generator) -> Plan:
    cases = [case for case, _ in _CASES]
    case = cases[int(rng.choice(len(cases), p=[p for _, p in _CASES]))]
    diagnosed: Case | None = None
    if case == "quality" and rng.random() < 0.5:
        diagnosed = cast("Case", str(rng.choice(["domain", "format", "latency"])))
    keep = bool(rng.random() < 0.22)
    tidy = bool(rng.random() < 0.75)
    optimism: tuple[str, ...] = ()
    if rng.random() < 0.22:
        known = [k for k in _VAGUE_OPTIMISM if not (keep and k in ("tuned_accuracy", "build", "tuned_cost"))]
        if (diagnosed if case == "quality" else case) != "format":
            known.remove("format")
        if (diagnosed if case == "quality" else case) == "volume":
            known.remove("value")
        optimism = tuple(sorted(str(k) for k in rng.choice(known, size=int(rng.integers(1, 3)), replace=False)))
    evidence = str(rng.choice(["ladder", "vouched", "nothing"], p=[0.45, 0.55, 0.0] if tidy else [0.3, 0.2, 0.5]))
    labels = str(rng.choice(["share", "vouched", "nothing"], p=[0.5, 0.5, 0.0] if tidy else [0.35, 0.25, 0.4]))
    if "prompt" in optimism:
        evidence = "vouched"
    if "labels" in optimism:
        labels = "vouched"
    elif "share" in optimism:
        labels = "share"
    if "labels" in optimism and "share" in optimism:
        optimism = tuple(o for o in optimism if o != "share")
    skipped = bool(rng.random() < (0.06 if tidy else 0.25))
    return Plan(case, diagnosed, keep, tidy, optimism, evidence, labels, skipped)


def _accuracy_need(rng: np.random.Generator, plan: Plan) -> Need | None:
    threshold = float(rng.choice([0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.97, 0.98]))
    margin = 0.01 if rng.random() < 0.12 else 0.0
    left_out = plan.ruling in ("latency", "format") and rng.random() < 0.3
    return None if left_out else Need("accuracy", threshold, margin)


def _needs(
    rng: np.random.Generator, plan: Plan, accuracy: Need | None, form: float, prompted: Sequence[Answerer]
) -> tuple[Need, ...]:
    needs = [] if accuracy is None else [accuracy]
    if plan.ruling == "format" or rng.random() < 0.15:
        needs.append(Need("format_validity", form if plan.ruling == "format" else min(form, 0.98)))
    time_matters = plan.ruling == "latency"
    if time_matters or rng.random() < 0.10:
        first = bool(rng.random() < 0.7)
        fastest = min(a.times.p95(first) for a in prompted)
        factor = 10 ** rng.uniform(-0.5, 0.35) if time_matters else rng.uniform(0.9, 2.5)
        needs.append(
            Need("ttft_p95_ms" if first else "latency_p95_ms", float(round(fastest * factor, 1)), at_least=False)
        )
    if rng.random() < 0.05:
        dearest = max(_rough_cost(a) for a in prompted)
        needs.append(Need("cost_per_1000_calls", float(dearest * rng.uniform(0.5, 2)), at_least=False))
    return tuple(needs) or (Need("accuracy", 0.9),)


def _rough_cost(answerer: Answerer) -> float:
    rates = answerer.rates
    return (answerer.tokens.prompt * (rates.input or 0) + answerer.tokens.output * (rates.output or 0)) / 1000


def _rows(rng: np.random.Generator) -> Rows:
    low, high = (60, 200) if rng.random() < 0.2 else (200, 2000)
    n = round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))
    clustered = rng.random() < 0.4
    bad = clustered and rng.random() < 0.4
    rows = Rows(
        n=n,
        cluster_size=float(np.exp(rng.uniform(np.log(2), np.log(30)))),
        size_spread=float(rng.uniform(0, 1.2)),
        shared_cluster=float(rng.uniform(0.02, 0.3)),
        shared_item=float(rng.uniform(0.2, 0.7)),
        bad=float(rng.uniform(0.05, 0.2)) if bad else 0.0,
        bad_times=float(rng.uniform(2, 6)) if bad else 1.0,
        declared=bool(rng.random() < 0.5),
        lost=float(rng.uniform(0, 0.008)) if rng.random() < 0.1 else 0.0,
    )
    return rows if clustered else replace(rows, cluster_size=1.0, shared_cluster=0.0, declared=False)


def _vouched(rng: np.random.Generator, plan: Plan, prompted: Sequence[Answerer]) -> tuple[Vouch, ...]:
    vouched: list[Vouch] = []
    if plan.evidence == "vouched":
        vouched.append("prompt")
    if plan.labels == "vouched":
        vouched.append("labels")
    native_measured = any(a.enforce == "native" for a in prompted)
    wish = plan.ruling == "format" and not native_measured and rng.random() < (0.7 if plan.tidy else 0.3)
    if wish or "format" in plan.optimism:
        vouched.append("format")
    return tuple(vouched)
