"""The answer in plain words, ending with the verdict and its next step."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.records.estimate import Need, Requirement
from evalkit.records.metric import is_share
from evalkit.records.model import ASIDE
from evalkit.records.run import ContenderResult, RunResult
from evalkit.wording.labels import conflict_lines
from evalkit.wording.names import metric
from evalkit.wording.needs import shortfall
from evalkit.wording.numbers import count, interval
from evalkit.wording.text import listed, plain


def answer(result: RunResult) -> list[str]:
    """Sentences for a person, ending with the verdict."""
    asked = [c for c in result.contenders if c.skipped is None and c.split == "test"]
    lines: list[str] = []
    if not result.complete:
        lines.append(_incomplete(result))
    for contender in asked:
        if contender.role not in ASIDE:
            lines.append(_standing(contender, _needs_of(result, contender)))
    if not any(c.role == "frontier" for c in asked):
        lines.append(_no_frontier(result))
    lines += _floor(asked, result)
    lines += _in_use(asked)
    lines += [each.text for each in result.unmeasured if each.role != "fine_tuned" or each.per_month is not None]
    if result.facts is not None:
        lines += conflict_lines(result.facts.label_conflicts)
    return [*lines, *verdict_lines(result)]


def _needs_of(result: RunResult, contender: ContenderResult) -> list[Requirement]:
    return [r for r in result.requirements if r.contender == contender.id]


def _standing(contender: ContenderResult, requirements: Sequence[Requirement]) -> str:
    """One contender against all needs."""
    unmet = [r for r in requirements if r.state == "unmet"]
    open_ = [r for r in requirements if r.state == "undecided"]
    name = contender.model if contender.prompt == "default" else f"{contender.model} ({contender.prompt})"
    if unmet:
        return f"{name} is not good enough: " + "; ".join(f"{_of(r.need)} is {_short(r)}" for r in unmet) + "."
    if open_:
        return f"{name} is not decided: " + "; ".join(f"{_of(r.need)}: {_why(r)}" for r in open_) + "."
    return f"{name} is good enough: " + "; ".join(f"{_of(r.need)} is {r.why}" for r in requirements) + "."


def _short(r: Requirement) -> str:
    if r.gap.value is None or r.gap.low is None:
        return r.why
    missed, least = shortfall(r.need, r.gap)
    return f"{missed} (at least {least})" if is_share(r.need.metric) else missed


def _why(r: Requirement) -> str:
    return f"{r.why} (80 % with about {r.n_to_decide:,})" if r.n_to_decide else r.why


def _of(need: Need) -> str:
    return metric(need.metric)


def _incomplete(result: RunResult) -> str:
    lost = [(c.id, (c.status or {}).get("infra_error", 0)) for c in result.contenders]
    parts = [f"{name} lost {count(n, 'answer')}" for name, n in lost if n]
    which = listed(parts) if parts else "answers were lost"
    return f"INCOMPLETE: {which} to infrastructure errors; they count neither as right nor as wrong."


def _no_frontier(result: RunResult) -> str:
    skipped = [c.model for c in result.contenders if c.skipped and c.role == "frontier"]
    tail = f" ({listed(sorted(set(skipped)))} skipped)" if skipped else ""
    return f"No frontier model was measured{tail}: what prompting gives is not yet known."


def _floor(asked: Sequence[ContenderResult], result: RunResult) -> list[str]:
    """What comes for free, as the mark that a paid model must pass; never evidence for the verdict."""
    known = [c for c in asked if c.role == "floor" and _accuracy(c) is not None]
    if not known:
        return []
    best = max(known, key=lambda c: _accuracy(c) or 0.0)
    estimate = (best.metrics or {}).get("accuracy")
    return [f"Reference without a key: {best.model} reaches {interval(estimate)}; it is a floor, not evidence."]


def _in_use(asked: Sequence[ContenderResult]) -> list[str]:
    """What people, or the system in use today, reach: shown and compared, never evidence for the verdict."""
    return [
        f"For reference: {c.model} reaches {interval((c.metrics or {}).get('accuracy'))}; it is compared, no evidence."
        for c in asked
        if c.role == "reference" and _accuracy(c) is not None
    ]


def _accuracy(contender: ContenderResult) -> float | None:
    estimate = (contender.metrics or {}).get("accuracy")
    return None if estimate is None else estimate.value


_QUESTIONS = ("1 what prompting gives", "2 enough labels", "3 pays back")
_STATES = {"for": "for", "against": "against", "undecided": "open", "not_applicable": "n/a"}


def verdict_lines(result: RunResult) -> list[str]:
    """The verdict with its three answers and the next step; what was vouched for or chosen on test comes first."""
    verdict = result.verdict
    if verdict is None:
        return []
    lines = [plain(line) for line in verdict.first]
    lines.append(plain(verdict.sentence, 1000))
    for name, given in zip(_QUESTIONS, verdict.answers, strict=True):
        lines.append(f"  {name}: {_STATES[given.state]}. {plain(given.why, 1000)}")
    if verdict.instead:
        lines.append(f"Instead: {plain(verdict.instead, 1000)}")
    if verdict.reopen_when:
        lines.append(f"Reopen when: {plain(verdict.reopen_when, 1000)}.")
    lines.append(f"Next: {plain(verdict.next_step, 1000)}")
    return lines
