"""A comparison on the screen and as JSON: what differs, the figures, the flips, the words."""

from __future__ import annotations

from dataclasses import asdict
from string import ascii_uppercase
from typing import IO, Any

from evalkit.records.comparison import Comparison, Flip, Pair, SideFigures
from evalkit.report.comparison_words import left_out, readings
from evalkit.report.console import console, print_table
from evalkit.wording.numbers import count, difference, money, p_value, share, times
from evalkit.wording.text import DASH, plain

_FIRST = ("a", "b", "n", "difference", "p", "p_corrected", "test", "only_a", "only_b")
_WIDE = 90  # columns from which a difference and its interval stand on one line
_LONGEST_INPUT, _LONGEST_ANSWER = 160, 120
_Letters = dict[tuple[str, str], str]


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
    letters = _letters(comparison)
    print_table(_sides_table(comparison, letters), out)
    for line in _before(comparison, letters):
        out.print(line, markup=False, soft_wrap=True)
    print_table(_pairs_table(comparison, letters, out.width < _WIDE), out)
    for pair in comparison.pairs:
        for line in _flips(pair, *_names(pair, letters)):
            out.print(line, markup=False, soft_wrap=True)
    for pair in comparison.pairs:
        for line in readings(pair, comparison, *_names(pair, letters)):
            out.print(line, markup=False, soft_wrap=True)


def _letters(comparison: Comparison) -> _Letters:
    """A letter per side, in the order in which sides appear: A … Z, then S27 and so on."""
    found: _Letters = {}
    for pair in comparison.pairs:
        for label in (pair.a, pair.b):
            n = len(found)
            found.setdefault((label, pair.split), ascii_uppercase[n] if n < 26 else f"S{n + 1}")
    return found


def _names(pair: Pair, letters: _Letters) -> tuple[str, str]:
    return letters[pair.a, pair.split], letters[pair.b, pair.split]


def _before(comparison: Comparison, letters: _Letters) -> list[str]:
    """What is not the same on both sides, and which samples are left out: before any figure."""
    said: dict[str, list[str]] = {}
    for pair in comparison.pairs:
        a, b = _names(pair, letters)
        texts = [f"Careful: {difference.text}" for difference in pair.differences]
        for text in [*texts, *filter(None, [left_out(pair.left_out, a, b)])]:
            said.setdefault(plain(text), []).append(f"{b} − {a}")
    lines = []
    for text, pairs in said.items():
        everywhere = len(pairs) == len(comparison.pairs)
        lines.append(f"{text}." if everywhere else f"{text} ({', '.join(pairs)}).")
    return [*lines, *(f"Note: {plain(note, 600)}." for note in comparison.notes)]


def _sides_table(comparison: Comparison, letters: _Letters) -> Any:
    """Who is compared, with cost and latency side by side."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    figures: dict[tuple[str, str], SideFigures] = {}
    for pair in comparison.pairs:
        figures.setdefault((pair.a, pair.split), pair.figures_a)
        figures.setdefault((pair.b, pair.split), pair.figures_b)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("side", overflow="fold")
    for name in ("infra errors", "$/1k calls", "p50 / p95"):
        table.add_column(name, justify="right")
    for (label, split), side in figures.items():
        name = plain(label) if split == "test" else f"{plain(label)} ({split})"
        cells = (f"{side.infra_errors:,}", money(side.cost_per_1000_calls), times(side.latency_ms))
        table.add_row(letters[label, split], Text(name), *cells)
    return table


def _pairs_table(comparison: Comparison, letters: _Letters, narrow: bool) -> Any:
    from rich import box
    from rich.table import Table

    title = "Differences in percentage points with 95 % intervals, on common samples"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("pair", no_wrap=True)
    several = comparison.tested > 1
    ps = ([] if several and narrow else ["p"]) + (["p (Holm)"] if several else [])
    for name in ("n", "accuracy", "difference", "right only in", *ps):
        table.add_column(name, justify="right", no_wrap=True)
    for pair in comparison.pairs:
        a, b = _names(pair, letters)
        size = difference(pair.difference)
        size = size.replace(" ", "\n", 1) if narrow else size
        accuracy = f"{share(pair.figures_a.accuracy)} → {share(pair.figures_b.accuracy)}"
        only = f"{a} {pair.only_a:,}, {b} {pair.only_b:,}"
        values = (p_value(pair.p_corrected if name == "p (Holm)" else pair.p) for name in ps)
        table.add_row(f"{b} − {a}", f"{pair.n:,}", accuracy, size, only, *values)
    return table


def _flips(pair: Pair, a: str, b: str) -> list[str]:
    """Both ways, each with what was asked, what is right and what both sides said."""
    lines: list[str] = []
    for right, name, other, total in (("a", a, b, pair.only_a), ("b", b, a, pair.only_b)):
        flips = [flip for flip in pair.flips if flip.right == right]
        if flips:
            lines.append(f"Right in {name} and not in {other}: {count(total, 'sample')}, {len(flips):,} shown")
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
