"""The coverage table as text: a row per cell, and below each family the cells that do not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from tests.stats.coverage.cell import COVERS, MOST_WRONG, Cell, Share, World
from tests.stats.coverage.classes import classes
from tests.stats.coverage.latencies import latencies
from tests.stats.coverage.pairs import pairs
from tests.stats.coverage.shares import clustered, independent

FAMILIES: dict[str, tuple[str, Callable[[], Iterable[World]]]] = {
    "shares": ("share of independent rows (shown: Wilson; decides: exact one-sided bounds)", independent),
    "clusters": ("share of rows in clusters, or asked several times", clustered),
    "macro_f1": ("macro-F1", classes),
    "p95": ("p95 of latencies", latencies),
    "pairs": ("paired difference (ungrouped: McNemar, Tango; else the test over clusters)", pairs),
}
"""Of each family its title and its worlds."""


def worlds(families: Iterable[str]) -> Iterator[tuple[str, World]]:
    """All worlds of these families, each with the name of its family."""
    for family in families:
        yield from ((family, world) for world in FAMILIES[family][1]())


def section(family: str, cells: Sequence[Cell]) -> list[str]:
    """The table of one family, and what does not hold in it."""
    width = max(len(cell.name) for cell in cells)
    head = f"{'world':{width}}  {'covers':>17}  {'wrong met':>17}  {'wrong unmet':>17}  by rule  no bound  found"
    tested = any(cell.test is not None for cell in cells)
    lines = [f"{FAMILIES[family][0]}, {cells[0].simulations:,} simulations a cell", head + "   p ≤ .05" * tested]
    for cell in cells:
        found = "–" if cell.found is None else f"{cell.found.value:.0%}"
        line = (
            f"{cell.name:{width}}  {_with_interval(cell.covers)}  {_with_interval(cell.met)}"
            f"  {_with_interval(cell.unmet)}  {cell.by_rule.value:7.0%}  {cell.unbounded.value:8.0%}  {found:>5}"
        )
        lines.append(line + (f"  {_with_interval(cell.test)}" if cell.test else ""))
    return [*lines, *notes(cells)]


def notes(cells: Sequence[Cell]) -> list[str]:
    """The cells outside what is allowed, by name."""
    lines = [f"  covers outside {COVERS[0]:.0%} to {COVERS[1]:.0%}:"]
    lines += [f"    {cell.name}: {_with_interval(cell.covers)}" for cell in cells if cell.outside] or ["    none"]
    lines.append(f"  wrong in more than {MOST_WRONG:.0%} of the simulations (* beyond doubt):")
    wrong = [
        f"    {cell.name}: {name} {_with_interval(share)}{' *' if name in cell.clearly else ''}"
        for cell in cells
        for name, share in cell.too_often.items()
    ]
    return [*lines, *(wrong or ["    none"])]


def _with_interval(share: Share) -> str:
    low, high = share.interval
    return f"{100 * share.value:4.1f} [{100 * low:4.1f}, {100 * high:5.1f}]"
