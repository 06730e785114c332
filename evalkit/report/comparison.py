"""A comparison on the screen and as JSON: what differs, the figures, the flips, the words."""

from __future__ import annotations

from dataclasses import asdict
from typing import IO, Any

from evalkit.records.comparison import Comparison, Flip, Pair, SideFigures
from evalkit.records.run import Percentiles
from evalkit.report.comparison_words import left_out, p_value, points, readings
from evalkit.report.terminal import console, print_table
from evalkit.report.text import DASH, dollars, milliseconds, plain, share

_FIRST = ("a", "b", "n", "difference", "p", "p_corrected", "test", "only_a", "only_b")
_LONGEST_INPUT, _LONGEST_ANSWER = 160, 120


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data, numbers unrounded, unknown null. `reading` is what the screen says."""
    return {
        "pairs": [_pair_json(pair, comparison) for pair in comparison.pairs],
        "tested": comparison.tested,
        "notes": list(comparison.notes),
    }


def _pair_json(pair: Pair, comparison: Comparison) -> dict[str, Any]:
    data = asdict(pair)
    first = {name: data.pop(name) for name in _FIRST}
    return {**first, **data, "reading": readings(pair, comparison)}


def show_comparison(comparison: Comparison, stream: IO[str]) -> None:
    """Print a comparison for a person."""
    print_comparison(comparison, console(stream))


def print_comparison(comparison: Comparison, out: Any) -> None:
    """The same on a given rich console. What differs besides the model comes first, the words last."""
    single = len(comparison.pairs) == 1
    for line in _before(comparison, single):
        out.print(line, markup=False, soft_wrap=True)
    print_table(_table(comparison, single), out)
    for pair in comparison.pairs:
        for line in _flips(pair, single):
            out.print(line, markup=False, soft_wrap=True)
    for pair in comparison.pairs:
        a, b = _names(pair, single)
        for line in readings(pair, comparison, a, b):
            out.print(line, markup=False, soft_wrap=True)


def _names(pair: Pair, single: bool) -> tuple[str, str]:
    return ("A", "B") if single else (plain(pair.a), plain(pair.b))


def _before(comparison: Comparison, single: bool) -> list[str]:
    """What is not the same on both sides, and which samples are left out: before any figure."""
    lines: list[str] = []
    if single:
        only = comparison.pairs[0]
        lines += [f"A: {plain(only.a)}", f"B: {plain(only.b)}"]
    said: dict[str, list[str]] = {}
    for pair in comparison.pairs:
        a, b = _names(pair, single)
        texts = [f"Careful, {difference.text}" for difference in pair.differences]
        rest = left_out(pair.left_out, a, b)
        for text in [*texts, *([rest[0].upper() + rest[1:]] if rest else [])]:
            said.setdefault(plain(text), []).append(f"{b} against {a}")
    for text, pairs in said.items():
        everywhere = len(pairs) == len(comparison.pairs)
        lines.append(f"{text}." if everywhere else f"{text}: {'; '.join(pairs)}.")
    return [*lines, *(f"Note: {plain(note, 600)}." for note in comparison.notes)]


def _table(comparison: Comparison, single: bool) -> Any:
    from rich import box
    from rich.table import Table

    title = "B minus A, in percentage points with 95 % intervals, on common samples"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    if not single:
        table.add_column("A", overflow="fold")
        table.add_column("B", overflow="fold")
    for name in ("n", "accuracy A", "B", "B − A", "only A right", "only B right", "p", "p (Holm)"):
        if name != "p (Holm)" or comparison.tested > 1:
            table.add_column(name, justify="right", no_wrap=not name.startswith("only"))
    table.add_column("$/1k calls A → B", justify="right")
    table.add_column("p50 / p95 A → B", justify="right")
    for pair in comparison.pairs:
        table.add_row(*_cells(pair, comparison.tested > 1, single))
    return table


def _cells(pair: Pair, corrected: bool, single: bool) -> list[Any]:
    from rich.text import Text

    d = pair.difference
    size = DASH if d.value is None else points(d.value, signed=True)
    if d.low is not None and d.high is not None:
        size += f" [{points(d.low, signed=True)}, {points(d.high, signed=True)}]"
    cells = [
        *(() if single else (plain(pair.a), plain(pair.b))),
        f"{pair.n:,}",
        share(pair.figures_a.accuracy),
        share(pair.figures_b.accuracy),
        size,
        f"{pair.only_a:,}",
        f"{pair.only_b:,}",
        p_value(pair.p),
        *((p_value(pair.p_corrected),) if corrected else ()),
        _side_by_side(dollars(pair.figures_a.cost_per_1000_calls), dollars(pair.figures_b.cost_per_1000_calls)),
        _side_by_side(_times(pair.figures_a), _times(pair.figures_b)),
    ]
    return [Text(cell) for cell in cells]


def _side_by_side(a: str, b: str) -> str:
    return DASH if a == b == DASH else f"{a} → {b}"


def _times(side: SideFigures) -> str:
    latency: Percentiles | None = side.latency_ms
    return f"{milliseconds(latency.p50)} / {milliseconds(latency.p95)}" if latency else DASH


def _flips(pair: Pair, single: bool) -> list[str]:
    """Both ways, each with what was asked, what is right and what both sides said."""
    a, b = _names(pair, single)
    lines: list[str] = []
    for right, name, total in (("a", a, pair.only_a), ("b", b, pair.only_b)):
        flips = [flip for flip in pair.flips if flip.right == right]
        if flips:
            other = b if right == "a" else a
            lines.append(f"Right in {name}, wrong in {other}: {total:,}, of which {len(flips):,} here")
            for flip in flips:
                lines += _flip(flip, a, b)
    return lines


def _flip(flip: Flip, a: str, b: str) -> list[str]:
    def quoted(text: str | None, longest: int) -> str:
        return DASH if text is None else plain(text, longest)

    return [
        f"  {plain(flip.sample_id, 80)}: {quoted(flip.input, _LONGEST_INPUT)}",
        f"    right answer: {quoted(flip.target, _LONGEST_ANSWER)}",
        f"    {a}{_read(flip.read_a, flip.answer_a)}: {quoted(flip.answer_a, _LONGEST_ANSWER)}",
        f"    {b}{_read(flip.read_b, flip.answer_b)}: {quoted(flip.answer_b, _LONGEST_ANSWER)}",
    ]


def _read(read: str | None, answer: str | None) -> str:
    """What was read in an answer that says more."""
    return "" if read is None or answer is None or read == answer.strip() else f", read as {plain(read, 60)}"
