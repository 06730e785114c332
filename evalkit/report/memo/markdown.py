"""The memo for a pull request: short, the verdict first; every text of the data is inert in Markdown."""

from __future__ import annotations

from evalkit.records.memo import Memo
from evalkit.records.model import ASIDE
from evalkit.records.run import ContenderResult, RunResult
from evalkit.report.memo.sections.accuracy import shares
from evalkit.report.memo.sections.lookups import asked, estimate, requirement
from evalkit.report.memo.sections.verdict import first_things
from evalkit.wording.markdown import fenced, inert
from evalkit.wording.names import ANSWER, OUTCOME, QUESTION, ROLE, metric
from evalkit.wording.needs import ends, need
from evalkit.wording.numbers import interval, money, times
from evalkit.wording.text import DASH, is_command


def memo_markdown(memo: Memo) -> str:
    """The verdict, what was vouched for, the next step, the three answers and the contenders' figures."""
    verdict = memo.verdict
    parts = [f"## {OUTCOME[verdict.outcome]}: {inert(memo.result.suite, 120)}", inert(verdict.sentence, 1200)]
    parts += [f"> {inert(line)}" for line in first_things(memo)]
    step = verdict.next_step
    parts.append("**Next step**\n\n" + fenced(step) if is_command(step) else f"**Next step:** {inert(step, 1200)}")
    if verdict.instead:
        parts.append(f"**Instead:** {inert(verdict.instead)}")
    if verdict.reopen_when:
        parts.append(f"**Reopen when:** {inert(verdict.reopen_when)}")
    parts += ["### The three questions", _answers(memo), "### Contenders", *_contenders(memo.result)]
    parts.append(_footing(memo))
    return "\n\n".join(parts) + "\n"


def _answers(memo: Memo) -> str:
    lines = ["| | question | answer | why |", "| --- | --- | --- | --- |"]
    for a in memo.verdict.answers:
        lines.append(f"| {a.question} | {QUESTION[a.question]} | **{ANSWER[a.state]}** | {inert(a.why)} |")
    return "\n".join(lines)


def _contenders(result: RunResult) -> list[str]:
    measured = asked(result)
    needs = "; ".join(inert(need(n)) for n in dict.fromkeys(r.need for r in result.requirements))
    parts = [f"Good enough: {needs}"] if needs else []
    if measured:
        names = shares(result)
        head = ["contender", "role", "n", *(metric(m) for m in names), "$ per 1,000 calls", "p50 / p95"]
        lines = [_row([inert(h) for h in head]), _row(["---", "---", *["---:"] * (len(head) - 2)])]
        lines += [_row(_cells(result, c, names)) for c in measured]
        parts.append("\n".join(lines))
    else:
        parts.append("No contender was measured on the test split.")
    skipped = [c for c in result.contenders if c.skipped is not None and c.split == "test"]
    if skipped:
        parts.append("\n".join(f"- Not measured: {inert(c.id, 120)} ({inert(c.skipped or '', 200)})" for c in skipped))
    return parts


def _cells(result: RunResult, c: ContenderResult, names: list[str]) -> list[str]:
    figures = []
    for name in names:
        held = requirement(result, c, name)
        state = f", {held.state}" if held and c.role not in ASIDE else ""
        figures.append(inert(interval(estimate(c, name)) + state))
    cost = money(c.cost.per_1000_calls if c.cost else None)
    latency = times(c.latency_ms) + ends("latency_p95_ms", c.figure("latency_p95_ms"))
    return [inert(c.id, 120), ROLE[c.role], f"{c.n:,}", *figures, inert(cost), inert(latency)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _footing(memo: Memo) -> str:
    rows = ", ".join(f"{inert(name, 40)} {n:,}" for name, n in memo.splits.items())
    dates = sorted({p.as_of for p in memo.prices if p.as_of})
    prices = f" Prices as of {inert(', '.join(dates), 120)}." if dates else ""
    said = f"Rows: {rows}. " if rows else ""
    return (
        f"{said}Figures with two-sided 95 % intervals; a dash is an unknown.{prices} "
        f"Data {inert(memo.fingerprint or DASH, 80)}; run {inert(memo.result.run, 120)}, {inert(memo.created, 60)}."
    )
