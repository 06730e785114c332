"""What was said of many harsh worlds, beside what is right: rows, counts, causes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from evalkit.decision.verdict import decide
from tests.decision.harsh.draw import draw
from tests.decision.harsh.observe import observe
from tests.decision.harsh.truth import judge_world
from tests.decision.harsh.world import World


@dataclass(frozen=True, slots=True)
class Row:
    """One world with its verdict, as it is written to a file. `said` is ERROR where the code raised."""

    seed: int
    honest: bool
    optimistic: tuple[str, ...]
    case: str | None
    subject: str
    said: str
    acceptable: tuple[str, ...]
    expects_fund: bool
    against_fund: tuple[str, ...]
    unlucky: bool
    states: tuple[str, ...]
    features: tuple[str, ...]
    sentence: str

    @property
    def wrong(self) -> bool:
        """Whether what was said is not among what is acceptable."""
        return self.said not in self.acceptable

    @property
    def right_fund(self) -> bool:
        """Whether FUND was said, and may be."""
        return self.said == "FUND" and not self.wrong


def run_seed(job: tuple[int, int]) -> Row:
    """Draw, observe and decide the world of a seed; `job` is the seed and how often ranges are drawn."""
    seed, draws = job
    world = draw(seed)
    truth = judge_world(world)
    said: str
    states: tuple[str, ...]
    try:
        result, facts = observe(world)
        verdict = decide(result, facts, draws=draws)
        said, states, sentence = verdict.outcome, tuple(a.state for a in verdict.answers), verdict.sentence
    except Exception as error:  # a crash is a finding of its own
        said, states, sentence = "ERROR", (), f"{type(error).__name__}: {error}"
    return Row(
        seed=seed,
        honest=world.honest,
        optimistic=world.optimistic,
        case=world.case,
        subject=world.subject,
        said=said,
        acceptable=tuple(sorted(truth.acceptable)),
        expects_fund=truth.expects_fund,
        against_fund=truth.against_fund,
        unlucky=truth.unlucky,
        states=states,
        features=features_of(world),
        sentence=sentence,
    )


def judged_again(row: Row) -> Row:
    """The row of an older file, held against what is right today."""
    truth = judge_world(draw(row.seed))
    return replace(
        row,
        acceptable=tuple(sorted(truth.acceptable)),
        expects_fund=truth.expects_fund,
        against_fund=truth.against_fund,
        unlucky=truth.unlucky,
    )


def features_of(world: World) -> tuple[str, ...]:
    """What is harsh about a world, in a few words each."""
    rows, labels, tuned = world.rows, world.labels, world.tuned
    measured = [a for a in world.prompted if not a.skipped]
    tests: dict[str, bool] = {
        "under 200 rows": rows.n < 200,
        "clusters not declared": rows.clustered and not rows.declared,
        "clusters declared": rows.declared,
        "bad clusters": rows.bad > 0,
        "wrong labels over 2 %": labels.wrong_in_test > 0.02,
        "contradictory rows": labels.contradictory > 0,
        "need of .99 or more": any(n.at_least and n.threshold >= 0.99 for n in world.needs),
        "several needs": len(world.needs) > 1,
        "a need of time": any(n.metric.endswith("_ms") for n in world.needs),
        "times drift": any(a.times.drift > 0 for a in measured) and any(n.metric.endswith("_ms") for n in world.needs),
        "heavy output": any(a.tokens.output_spread > 1.2 for a in measured),
        "broken prompt": any(a.constant or a.right < 0.06 for a in measured),
        "constant endpoint": tuned is not None and tuned.constant,
        "endpoint repeats label errors": tuned is not None and tuned.copies_label_errors,
        "a price is unknown": not all(a.price_known for a in measured),
        "operations": world.money.operations > 0,
        "volume over decades": _wide(world),
    }
    return tuple(name for name, holds in tests.items() if holds)


def _wide(world: World) -> bool:
    span = world.declared.get("calls_per_month")
    return span is not None and span.high > 10 * span.low


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share; 0 to 1 where n is 0. Wilson, JASA 22 (1927)."""
    if n == 0:
        return 0.0, 1.0
    z, p = float(norm.ppf(0.975)), hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_text(hits: int, n: int) -> str:
    """`3 of 40, 7.5 % [2.6, 19.9]`, or a dash."""
    if n == 0:
        return "none said"
    low, high = wilson(hits, n)
    return f"{hits} of {n}, {hits / n:.1%} [{low:.1%}, {high:.1%}]"


def wrong_share(rows: Sequence[Row], outcome: str) -> tuple[int, int]:
    """How many of these outcomes were wrong, and how many were said."""
    said = [r for r in rows if r.said == outcome]
    return sum(r.wrong for r in said), len(said)


def table(rows: Sequence[Row]) -> list[str]:
    """The counts, apart for honest and for optimistic worlds."""
    lines = []
    for name, part in (
        ("honest ranges", [r for r in rows if r.honest]),
        ("optimistic ranges", [r for r in rows if not r.honest]),
    ):
        counts = {o: sum(r.said == o for r in part) for o in ("FUND", "RULE_OUT", "NOT_YET", "ERROR")}
        lines.append(f"{name}: {len(part)} worlds; " + ", ".join(f"{k} {v}" for k, v in counts.items()))
        for outcome in ("FUND", "RULE_OUT"):
            lines.append(f"  wrong {outcome}: {share_text(*wrong_share(part, outcome))}")
        unlucky = sum(r.unlucky and r.said in ("FUND", "RULE_OUT") and not r.wrong for r in part)
        lines.append(f"  right by the declared chances, wrong by the draw (not counted as wrong): {unlucky}")
        expected = [r for r in part if r.expects_fund]
        lines.append(
            f"  right FUNDs said of those expected: {share_text(sum(r.right_fund for r in expected), len(expected))}"
        )
    return lines


def causes(rows: Sequence[Row], outcome: str) -> list[str]:
    """Wrong verdicts grouped by why they are wrong, and by what is harsh about their worlds, with seeds."""
    wrong = [r for r in rows if r.said == outcome and r.wrong]
    if not wrong:
        return [f"wrong {outcome}: none"]

    def reasons(row: Row) -> Iterable[str]:
        if outcome == "FUND":
            return row.against_fund
        against = [str(i) for i, state in enumerate(row.states, 1) if state == "against"]
        return (f"said by question {', '.join(against) or '?'} ({row.subject}, {row.case or 'no case'})",)

    lines = [f"wrong {outcome}, by cause (a world may have several):", *_groups(wrong, reasons)]
    lines += ["  by what is harsh about the world:", *_groups(wrong, lambda r: r.features or ("nothing",))]
    return lines


def _groups(rows: Sequence[Row], keys: Callable[[Row], Iterable[str]]) -> list[str]:
    groups: Mapping[str, list[int]] = defaultdict(list)
    for row in rows:
        for key in keys(row):
            groups[key].append(row.seed)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return [f"  {len(seeds):4d}  {name}: seeds {', '.join(map(str, seeds[:12]))}" for name, seeds in ordered]


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """JSON Lines."""
    path.write_text("".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """Rows that `write_rows` wrote."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(line).items()}
        rows.append(Row(**values))
    return rows


def against(rows: Sequence[Row], before: Sequence[Row]) -> list[str]:
    """How many right FUNDs of another version of the code are kept, by what is right today."""
    now = {r.seed: r for r in rows}
    lines = []
    for name, honest in (("honest ranges", True), ("optimistic ranges", False)):
        said = [now[b.seed] for b in before if b.seed in now and b.said == "FUND" and now[b.seed].honest is honest]
        right = [r for r in said if "FUND" in r.acceptable]
        kept = [r for r in right if r.said == "FUND"]
        lines.append(f"{name}: right FUNDs of before that are kept: {share_text(len(kept), len(right))}")
        sure, sure_kept = sum(r.expects_fund for r in right), sum(r.expects_fund for r in kept)
        lines.append(f"  of these where FUND is the one right answer: {share_text(sure_kept, sure)}")
        lost = ", ".join(f"{r.seed} {r.said}" for r in right if r.said != "FUND")
        if lost:
            lines.append(f"  lost: {lost}")
        new = sum(r.right_fund and r.honest is honest for r in rows) - len(kept)
        lines.append(f"  right FUNDs that are new: {new}; wrong FUNDs of before: {len(said) - len(right)}")
    return lines
