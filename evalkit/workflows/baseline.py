"""Baselines accepted, listed, shown and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import BaselineError
from evalkit.quote import nearest
from evalkit.records.baseline import Baseline
from evalkit.records.comparison import CompareOptions, Comparison, Side
from evalkit.regression.baseline_side import is_baseline, side_of_baseline, sides_of_baselines
from evalkit.regression.baselines import (
    ROOT,
    accept_command,
    baseline_files,
    baseline_path,
    find_baseline,
    read_baseline,
    write_baseline,
)
from evalkit.regression.compare import compare_sides
from evalkit.regression.results import RunResults, results_of_run
from evalkit.regression.sides import sides_of_run
from evalkit.store.read import is_run


@dataclass(frozen=True, slots=True)
class Accepted:
    """One baseline that was accepted: what stood there before, None for the first, and whether the file changed."""

    path: Path
    baseline: Baseline
    before: Baseline | None
    changed: bool


def accept(run: Path, contenders: Sequence[str] = (), root: Path = ROOT) -> list[Accepted]:
    """Accept a run's results on test as baselines: of all contenders that were asked, or of some by id or model.

    Raises BaselineError for an incomplete run, a contender that is not there, or a name that cannot be a file; and
    RunError for a folder that is no run.
    """
    results = results_of_run(run)
    if not results.complete:
        raise BaselineError(
            f"{results.folder}: incomplete: too many infrastructure errors. Run it again; only what is missing is sent"
        )
    chosen = [results.baselines[name] for name in _chosen(results, contenders)]
    for baseline in chosen:  # all names are checked before anything is written
        baseline_path(root, baseline.suite, baseline.contender)
    return [_accept(root, baseline) for baseline in chosen]


def _accept(root: Path, baseline: Baseline) -> Accepted:
    try:
        before = find_baseline(root, baseline.suite, baseline.contender)
    except BaselineError:  # damaged: accepting is the way out; another contender's is refused by the writer
        before = None
    path, changed = write_baseline(root, baseline)
    return Accepted(path, baseline, before[1] if before else None, changed)


def _chosen(results: RunResults, wanted: Sequence[str]) -> list[str]:
    everyone = list(results.baselines)
    if not everyone:
        raise BaselineError(f"{results.folder}: no contender was asked on test there")
    if not wanted:
        return everyone
    found: list[str] = []
    for name in wanted:
        ids = [c for c in everyone if name in (c, results.baselines[c].model)]
        if not ids:
            hint = nearest(name, everyone)
            meant = f"; did you mean {hint}?" if hint else ""
            raise BaselineError(f"{results.folder}: no contender {name!r} on test{meant} It has: {', '.join(everyone)}")
        found += ids
    return list(dict.fromkeys(found))


def accepted_baselines(root: Path = ROOT, suite: str | None = None) -> list[tuple[Path, Baseline | BaselineError]]:
    """All baselines, or those of a suite; a file that cannot be read stands with its error."""
    found: list[tuple[Path, Baseline | BaselineError]] = []
    for path in baseline_files(root, suite):
        try:
            found.append((path, read_baseline(path)))
        except BaselineError as error:
            found.append((path, error))
    return found


def open_baseline(argument: str, root: Path = ROOT) -> tuple[Path, Baseline]:
    """A baseline by its file, or as `SUITE/MODEL.PROMPT.FORM` or `SUITE:MODEL/PROMPT/FORM`. Raises BaselineError."""
    path = Path(argument)
    suite, colon, contender = argument.partition(":")
    if not path.exists() and colon:
        path = baseline_path(root, suite, contender)
    elif not path.exists() and (root / f"{argument}.json").is_file():
        path = root / f"{argument}.json"
    if not path.is_file():
        known = ", ".join(str(p) for p in baseline_files(root)) or "none yet"
        raise BaselineError(f"{argument}: no baseline. There are: {known}. One comes from: {accept_command('RUN')}")
    return path, read_baseline(path)


def diff(first: str, second: str | None, options: CompareOptions, root: Path = ROOT) -> Comparison:
    """Compare a baseline with a run or with another baseline; a run alone with the baselines of its suite.

    Side a is the baseline that is named first. Raises BaselineError where nothing can be compared, and RunError for
    a run that cannot be read.
    """
    if second is not None:
        a, b = _sides(first, root, options), _sides(second, root, options)
    else:
        b = _sides(first, root, options)
        found = [find_baseline(root, side.suite, side.contender) for side in b]
        a = [side_of_baseline(baseline, str(path)) for path, baseline in (f for f in found if f)]
    theirs = {side.contender: side for side in b}
    pairs = [(side, theirs[side.contender]) for side in a if side.contender in theirs]
    if not pairs and len(a) == len(b) == 1:
        pairs = [(a[0], b[0])]
    if not pairs:
        raise BaselineError(f"{first}: no baseline of the same contender. One comes from: {accept_command(first)}")
    made = compare_sides([(_labelled(x), _labelled(y)) for x, y in pairs], options)
    left = [side.contender for side in b if side.contender not in {x.contender for x, _ in pairs}]
    notes = (f"no baseline yet: {', '.join(left)}",) if left else ()
    return Comparison(made, sum(pair.p is not None for pair in made), notes)


def _sides(argument: str, root: Path, options: CompareOptions) -> list[Side]:
    path = Path(argument)
    if is_run(path):
        return [side for side in sides_of_run(path, options.flips > 0) if side.split == "test"]
    if is_baseline(path):
        return sides_of_baselines(path)
    path, baseline = open_baseline(argument, root)
    return [side_of_baseline(baseline, str(path))]


def _labelled(side: Side) -> Side:
    from dataclasses import replace

    return replace(side, label=f"{side.source}:{side.contender}")
