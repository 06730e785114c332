"""The answer in plain words, ending with the next step as a command."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.records.estimate import Need, Requirement
from evalkit.records.run import Bound, ContenderResult, RunResult
from evalkit.report.text import count, dollars, interval, listed, milliseconds, plain, share

_PROMPTED = ("frontier", "prompted")


def answer(result: RunResult, command: str) -> list[str]:
    """Sentences for a person. `command` is what started the run."""
    asked = [c for c in result.contenders if c.skipped is None and c.split == "test"]
    lines: list[str] = []
    if not result.complete:
        lines.append(_incomplete(result))
    for contender in asked:
        if contender.role != "floor":
            lines.append(_standing(contender, _needs_of(result, contender)))
    if not any(c.role == "frontier" for c in asked):
        lines.append(_no_frontier(result))
    lines += _floor(asked, result)
    lines += [bound.text for bound in result.unmeasured if bound.role != "fine_tuned" or bound.per_month is not None]
    lines.append(_next_step(result, command))
    return [line for line in lines if line]


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
    if r.need.at_least:
        short, least = 100 * r.gap.value, 100 * r.gap.low
        return f"{short:.1f} points short of {share(r.need.threshold)} (at least {least:.1f})"
    return f"{amount(r.need, r.gap.value)} over {amount(r.need, r.need.threshold)}"


def _why(r: Requirement) -> str:
    return f"{r.why} (about {r.n_to_decide:,} rows would)" if r.n_to_decide else r.why


def _of(need: Need) -> str:
    return need.metric.replace("_", " ")


def amount(need: Need, value: float) -> str:
    """A value in the unit of an at-most need."""
    return dollars(value) if need.metric.startswith("cost") else milliseconds(value)


def _incomplete(result: RunResult) -> str:
    hit = [c for c in result.contenders if c.status and c.status["infra_error"]]
    parts = [f"{c.id} lost {count(c.status['infra_error'], 'answer')}" for c in hit if c.status]
    return f"INCOMPLETE: {listed(parts)} to infrastructure errors; they count neither as right nor as wrong."


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


def _accuracy(contender: ContenderResult) -> float | None:
    estimate = (contender.metrics or {}).get("accuracy")
    return None if estimate is None else estimate.value


def _next_step(result: RunResult, command: str) -> str:
    """The cheapest thing to do now, to be pasted."""
    if not result.complete:
        return f"Next: {command}   # asks only what is missing"
    missing = [b for b in result.unmeasured if b.role == "frontier" and b.reason.endswith(" is not set")]
    if missing:
        return _with_keys(missing, command)
    open_ = [r for r in result.requirements if r.state == "undecided" and r.n_to_decide]
    if open_:
        plan = command.replace(" run ", " plan ", 1)
        return f"Next: label more test rows; {plan}   # shows what a larger sample could see"
    return f"Next: evalkit report {result.run}   # this table again, with every figure"


def _with_keys(missing: Sequence[Bound], command: str) -> str:
    variables = list(dict.fromkeys(plain(b.reason.removesuffix(" is not set").split()[-1]) for b in missing))
    costs = [b.run_cost for b in missing]
    about = f"   # about {dollars(sum(c or 0 for c in costs))}" if costs and all(c is not None for c in costs) else ""
    exports = "; ".join(f"export {name}=…" for name in variables)
    return f"Next: {exports}; {command}{about}"
