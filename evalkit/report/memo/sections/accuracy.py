"""Accuracy and format validity of every contender, and the table of all figures."""

from __future__ import annotations

from evalkit.records.memo import Memo
from evalkit.records.metric import is_share
from evalkit.records.model import ASIDE
from evalkit.records.run import ContenderResult, RunResult
from evalkit.report.memo.blocks import Block, Cell, Figure, Listing, Section, Table, Text, absent
from evalkit.report.memo.charts.intervals import Dot, interval_chart
from evalkit.report.memo.sections.lookups import STATE_TONE, asked, estimate, need_of, requirement
from evalkit.wording.names import ROLE, not_ok
from evalkit.wording.names import metric as metric_name
from evalkit.wording.needs import distance, ends, figure, need
from evalkit.wording.numbers import count, interval, money, percent, times
from evalkit.wording.text import listed

_COLUMNS = ("accuracy", "format_validity")


def accuracy_section(memo: Memo) -> Section:
    """Charts against the threshold, then all contenders as a table."""
    result = memo.result
    blocks: list[Block] = []
    needs = list(dict.fromkeys(r.need for r in result.requirements))
    if needs:
        blocks.append(Text((f"Good enough is: {'; '.join(map(need, needs))}.",)))
    measured = asked(result)
    if not measured:
        why = "No contender was measured on the test split, so there are no figures to show."
        return Section("accuracy", "Accuracy and format", "Accuracy", (*blocks, *absent(why), *_skipped(result)))
    blocks += [f for f in (_chart(result, name) for name in shares(result)) if f]
    blocks += [contender_table(result), *_warnings(measured), *_skipped(result)]
    return Section("accuracy", "Accuracy and format", "Accuracy", blocks)


def shares(result: RunResult) -> list[str]:
    """The metrics that have a chart: accuracy, format validity, and every other share that is needed."""
    others = (r.need.metric for r in result.requirements if is_share(r.need.metric))
    return list(dict.fromkeys((*_COLUMNS, *others)))


def contender_table(result: RunResult) -> Table:
    """A row per contender that was measured on test."""
    extra = [m for m in shares(result) if m not in _COLUMNS]
    columns = ["contender", "n", *(metric_name(m) for m in (*_COLUMNS, *extra))]
    columns += ["$ per 1,000 calls", "p50 / p95", "first token p95", "cache read"]
    rows = tuple(_row(result, c, extra) for c in asked(result))
    numeric = frozenset(range(1, len(columns)))
    note = "Figures with two-sided 95 % intervals; a state is decided by its one-sided 95 % bound."
    return Table("All contenders on test", tuple(columns), rows, numeric, note)


def _row(result: RunResult, c: ContenderResult, extra: list[str]) -> tuple[Cell | str, ...]:
    cost = c.cost.per_1000_calls if c.cost else None
    return (
        Cell(c.id, ROLE[c.role]),
        f"{c.n:,}",
        *(_held(result, c, m, interval(estimate(c, m))) for m in (*_COLUMNS, *extra)),
        _held(result, c, "cost_per_1000_calls", money(cost)),
        _held(result, c, "latency_p95_ms", times(c.latency_ms) + ends("latency_p95_ms", c.figure("latency_p95_ms"))),
        _held(result, c, "ttft_p95_ms", figure("ttft_p95_ms", c.figure("ttft_p95_ms"))),
        percent(c.cache_read_share),
    )


def _held(result: RunResult, c: ContenderResult, metric: str, text: str) -> Cell:
    """A figure with its state under it, and the distance to the need."""
    found = requirement(result, c, metric)
    if found is None:
        return Cell(text)
    state = "reference" if c.role in ASIDE else found.state
    words = state if found.gap.value is None else f"{state}, {distance(found.need, found.gap)}"
    return Cell(text, words, STATE_TONE.get(state, "muted"))


def _chart(result: RunResult, metric: str) -> Figure | None:
    dots = []
    for c in asked(result):
        found = estimate(c, metric)
        if found is None:
            continue
        held = requirement(result, c, metric)
        state = "reference" if c.role in ASIDE else held.state if held else "no need"
        dots.append(Dot(c.id, found, state))
    return interval_chart(metric, dots, need_of(result, metric)) if dots else None


def _warnings(measured: list[ContenderResult]) -> list[Listing]:
    """What is not plainly ok: statuses with their numbers, errors and warnings; the same words once."""
    lines: dict[str, list[str]] = {}
    for c in measured:
        bad = not_ok(c.status)
        said = [listed(bad)] if bad else []
        said += [f"{reason} ({count(n, 'answer')})" for reason, n in c.errors.items()]
        for line in (*said, *c.warnings, *c.notes):
            lines.setdefault(line, []).append(c.id)
    whole = [f"{'All' if len(who) == len(measured) > 1 else listed(who)}: {line}" for line, who in lines.items()]
    return [Listing(tuple(whole))] if whole else []


def _skipped(result: RunResult) -> list[Listing]:
    found = [c for c in result.contenders if c.skipped is not None and c.split == "test"]
    return [Listing(tuple(f"Not measured: {c.id} ({c.skipped})" for c in found))] if found else []
