"""One need of one model in plain lines, for a test's failure or skip."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.records.baseline import Baseline
from evalkit.records.estimate import Requirement
from evalkit.records.run import ContenderResult, RunResult
from evalkit.wording.names import metric, not_ok
from evalkit.wording.needs import figure as figure_text
from evalkit.wording.needs import need, shortfall
from evalkit.wording.numbers import count, points, share
from evalkit.wording.text import plain


def requirement_line(requirement: Requirement, contender: ContenderResult) -> str:
    """`accuracy .812 [.760, .855] at n 320, 10.8 points short of .920 (at least 7.2)`."""
    asked, figure = requirement.need, contender.figure(requirement.need.metric)
    name = metric(asked.metric)
    if figure is None or figure.value is None:
        return f"{name}: {requirement.why}"
    text = f"{name} {figure_text(asked.metric, figure)}"
    text += f" at n {figure.n:,}" if figure.n else ""
    gap = requirement.gap
    if requirement.state == "unmet" and gap.value is not None and gap.low is not None:
        missed, least = shortfall(asked, gap)
        return f"{text}: {missed} (at least {least}, 95 % bound)"
    if requirement.state == "undecided":
        decides = requirement.n_to_decide
        rows = f"; about {count(decides, 'row')} would decide with a chance of 80 %" if decides else ""
        return f"{text}: undecided against {need(asked)}: {requirement.why}{rows}"
    return f"{text}: meets {need(asked)}"


def requirement_text(
    requirement: Requirement, contender: ContenderResult, result: RunResult, baseline: Baseline | None = None
) -> str:
    """Some lines: what is missed and by how much, what was accepted before, where the answers are."""
    return "\n".join(plain(line, 600) for line in _lines(requirement, contender, result, baseline))


def _lines(
    requirement: Requirement, contender: ContenderResult, result: RunResult, baseline: Baseline | None
) -> Iterator[str]:
    yield f"{result.suite}, {contender.id}: {requirement_line(requirement, contender)}"
    yield f"needed: {need(requirement.need)}"
    before = baseline.metrics.get(requirement.need.metric) if baseline else None
    now = contender.figure(requirement.need.metric)
    if before is not None and before.value is not None and now is not None and now.value is not None:
        moved = points(now.value - before.value, signed=True)
        yield (
            f"accepted baseline: {share(before.value)} at n {before.n:,}, so {moved} points since; "
            f"python -m evalkit compare baselines/{result.suite} {result.run} tells whether that is chance"
        )
    if bad := not_ok(contender.status):
        yield f"answers: {', '.join(bad)}"
    yield f"run: {result.run}"
