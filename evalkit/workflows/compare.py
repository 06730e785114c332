"""Which sides are compared with which: runs, single contenders of runs, baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from evalkit.errors import CompareError
from evalkit.quote import nearest
from evalkit.records.comparison import CompareOptions, Comparison, Side
from evalkit.regression.baseline_side import is_baseline, sides_of_baselines
from evalkit.regression.compare import common_samples, compare_sides
from evalkit.regression.sides import sides_of_run
from evalkit.store.read import is_run

_SPLITS = ("test", "dev")


@dataclass(frozen=True, slots=True)
class _Opener:
    """A kind of source: `takes` says whether a path is of this kind, `sides` reads all its contenders."""

    takes: Callable[[Path], bool]
    sides: Callable[[Path, bool], list[Side]]


# Tried in this order.
_OPENERS = (_Opener(is_run, sides_of_run), _Opener(is_baseline, sides_of_baselines))


def compare(arguments: Sequence[str], options: CompareOptions) -> Comparison:
    """Compare what the arguments name: `RUN`, `RUN:CONTENDER`, `runs/SUITE` for its newest run, or a baseline.

    One run alone pairs all its contenders. Of two sources the same contender id is paired with itself; where
    they share none, all pairs across are made. Side b is the one named later. Raises CompareError where nothing
    can be compared, RunError and BaselineError for a source that cannot be read.
    """
    sources = [(argument, sides_of(argument, texts=options.flips > 0)) for argument in arguments]
    notes: list[str] = []
    if len(sources) == 1:
        pairs = _all_pairs(*sources[0], notes)
    else:
        pairs = [pair for one, other in combinations(sources, 2) for pair in _across(one, other, notes)]
    several = len({side.source for pair in pairs for side in pair}) > 1
    kept = [pair for pair in pairs if _has_common(*pair, notes)]
    if not kept:
        more = f" (and {len(pairs) - 1:,} more pairs alike)" if len(pairs) > 1 else ""
        raise CompareError(f"{notes[-1]}{more}" if notes else "nothing to compare")
    labelled = [(_labelled(a, several), _labelled(b, several)) for a, b in kept]
    made = compare_sides(labelled, options)
    return Comparison(made, sum(pair.p is not None for pair in made), tuple(dict.fromkeys(notes)))


def sides_of(argument: str, texts: bool = False) -> list[Side]:
    """All sides that an argument names, one per contender and split.

    `texts` reads inputs and answers too. Raises CompareError for an argument that names nothing, with what was
    meant perhaps, RunError and BaselineError for a source that cannot be read.
    """
    path, name = _split(argument)
    for opener in _OPENERS:
        if opener.takes(path):
            sides = opener.sides(path, texts)
            break
    else:
        what = "is neither a run, nor a suite's folder with runs, nor a baseline" if path.exists() else "does not exist"
        raise CompareError(f"{path}: {what}")
    if not sides:
        raise CompareError(f"{path}: no contender was asked there")
    return sides if name is None else _named(sides, name, path)


def _split(argument: str) -> tuple[Path, str | None]:
    """The path and the contender: a colon divides them, but a path that exists may hold colons."""
    if Path(argument).exists():
        return Path(argument), None
    places = [i for i, character in enumerate(argument) if character == ":"]
    for place in reversed(places):
        if Path(argument[:place]).exists():
            return Path(argument[:place]), argument[place + 1 :]
    return Path(argument), None


def _named(sides: list[Side], name: str, path: Path) -> list[Side]:
    """The contender with this id, or with this model name where that is only one."""
    found = [side for side in sides if side.contender == name] or [side for side in sides if side.model == name]
    ids = list(dict.fromkeys(side.contender for side in found))
    if len(ids) == 1:
        return found
    everyone = list(dict.fromkeys(side.contender for side in sides))
    if ids:
        raise CompareError(f"{path}: {name!r} is several contenders: {', '.join(ids)}")
    meant = nearest(name, [*everyone, *(side.model for side in sides)])
    hint = f" Did you mean {meant}?" if meant else ""
    raise CompareError(f"{path}: no contender {name!r}.{hint} It has: {', '.join(everyone)}")


def _all_pairs(argument: str, sides: list[Side], notes: list[str]) -> list[tuple[Side, Side]]:
    """All contenders of one run, on test; on dev only where there is nothing on test."""
    for split in _SPLITS:
        there = [side for side in sides if side.split == split]
        if len(there) > 1:
            left = list(dict.fromkeys(s.contender for s in sides if s.contender not in {t.contender for t in there}))
            if left:
                notes.append(f"not compared, as not asked on {split}: {', '.join(left)}")
            return list(combinations(there, 2))
    only = sides[0].contender
    raise CompareError(f"{argument}: nothing to compare {only} with; name a second run or contender")


def _across(one: tuple[str, list[Side]], other: tuple[str, list[Side]], notes: list[str]) -> list[tuple[Side, Side]]:
    """Like with like; all pairs across where the two sources share no contender."""
    first, second = _by_contender(one[1]), _by_contender(other[1])
    shared = [name for name in first if name in second]
    if shared:
        for source, mine, theirs in ((one[0], first, second), (other[0], second, first)):
            if alone := [name for name in mine if name not in theirs]:
                notes.append(f"only in {source}, not compared: {', '.join(alone)}")
        named = [(name, name) for name in shared]
    else:
        named = [(x, y) for x in first for y in second]
    pairs = []
    for x, y in named:
        split = next((s for s in _SPLITS if s in first[x] and s in second[y]), None)
        if split is None:
            notes.append(f"{x} and {y} were not asked on the same split")
            continue
        a, b = first[x][split], second[y][split]
        if (a.source, a.contender) == (b.source, b.contender):
            raise CompareError(f"{a.source}: {a.contender} is named twice; there is nothing to compare it with")
        pairs.append((a, b))
    return pairs


def _by_contender(sides: list[Side]) -> dict[str, dict[str, Side]]:
    found: dict[str, dict[str, Side]] = {}
    for side in sides:
        found.setdefault(side.contender, {})[side.split] = side
    return found


def _has_common(a: Side, b: Side, notes: list[str]) -> bool:
    """Whether any sample stands on both sides; else the reason goes to the notes."""
    common, other_target = common_samples(a, b)
    if common:
        return True
    names = f"{a.contender} of {a.source} and {b.contender} of {b.source}"
    if other_target:
        notes.append(f"{names}: all {other_target:,} common samples have other right answers")
    else:
        ids = f"sample ids such as {a.ids[0]!r} against {b.ids[0]!r}"
        notes.append(f"{names} have no common samples ({ids}); samples are paired by id")
    return False


def _labelled(side: Side, several: bool) -> Side:
    """The label can be given as an argument again; within one run the contender alone is enough."""
    return replace(side, label=f"{side.source}:{side.contender}" if several else side.contender)
