"""Whether every target can be answered: in the suite's own form, and right by its own scoring.

A target that no answer can match makes every model look worse than it is, and the verdict leans to a fine-tune.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalkit.errors import Place, SuiteError
from evalkit.forms.base import as_json
from evalkit.forms.parsing.misfit import Misfit
from evalkit.forms.table import form_of
from evalkit.records.completion import Completion, Timing
from evalkit.records.output import Output
from evalkit.records.sample import Sample, Target
from evalkit.running.kept_facts import kept
from evalkit.scoring.scorer import Scorer
from evalkit.suite.open import OpenSuite
from evalkit.suite.prompts.contenders import Contender
from evalkit.version import __version__

MOST_TOLD = 0.01
"""The share of a split's rows above which targets that cannot be answered are an error, not a warning."""
_MOST_LINES = 10
_MOST_KEPT = 100_000


@dataclass(slots=True)
class _Found:
    """Rows of a split with the same thing wrong."""

    misfit: Misfit
    places: list[Place] = field(default_factory=list)
    n: int = 0


@dataclass(frozen=True)
class _Checked:
    """That all targets were looked at, and can be answered."""

    rows: int


def check_targets(suite: OpenSuite, contenders: Sequence[Contender]) -> list[str]:
    """Warnings of single targets that no answer can match. Raises SuiteError where they are more than 1 in 100."""
    if suite.config.facts.open_ended:
        return []
    outputs = {contender.output.enforce: contender.output for contender in contenders}
    warnings: dict[str, None] = {}
    for output in outputs.values():
        found: dict[str, list[_Found]] = {}

        def look(output: Output = output, found: dict[str, list[_Found]] = found) -> _Checked | None:
            for split in suite.dataset.splits:
                found[split] = list(_of_split(suite, output, split))
            return None if any(found.values()) else _Checked(suite.dataset.splits["test"].n)

        declared = as_json([output.form, output.labels, output.schema, output.answer, output.pattern, output.enforce])
        kept(suite, [__version__, output.task, declared], _Checked, 1, look)
        for split, each in found.items():
            warnings |= dict.fromkeys(_told(each, split, suite.dataset.splits[split].n))
    return list(warnings)


def _of_split(suite: OpenSuite, output: Output, split: str) -> Iterator[_Found]:
    check = _check(output)
    column = suite.config.dataset.target
    known: dict[str, Misfit | None] = {}
    found: dict[str, _Found] = {}
    for place, sample in suite.dataset.placed_samples(split):
        cell = sample.fields[column] if isinstance(column, str) else sample.target
        misfit = _once(check, known, sample, cell)
        if misfit is None:
            continue
        same = found.setdefault(misfit.kind, _Found(misfit))
        same.n += 1
        if len(same.places) < _MOST_LINES:
            same.places.append(place)
    yield from found.values()


def _once(
    check: Callable[[Target, Any], Misfit | None], known: dict[str, Misfit | None], sample: Sample, cell: Any
) -> Misfit | None:
    """What the check says, of equal texts said once."""
    target = sample.target
    if not isinstance(target, str) or not isinstance(cell, str):
        return check(target, cell)
    if target not in known:
        if len(known) >= _MOST_KEPT:
            known.clear()
        known[target] = check(target, cell)
    return known[target]


def _check(output: Output) -> Callable[[Target, Any], Misfit | None]:
    """The form's own check, and then the score of an answer that is the target."""
    form_check, scorer = form_of(output).target_check(output), Scorer(output)

    def check(target: Target, cell: Any) -> Misfit | None:
        found = form_check(target, cell)
        if not isinstance(found, str):
            return found
        score = scorer.score(Completion(found, "end", Timing(0.0)), target)
        if score.valid and score.correct:
            return None
        why = f" ({score.note})" if score.note else ""
        return Misfit(
            f"the answer {found[:80]!r}, which is the target itself, is not scored as right{why}", kind="score"
        )

    return check


def _told(found: Sequence[_Found], split: str, n: int) -> Iterator[str]:
    """A line for each kind of rows. Raises SuiteError where those that cannot be right are too many."""
    never = [each for each in found if not each.misfit.likely]
    bad = sum(each.n for each in never)
    if bad > MOST_TOLD * n:
        first = min(never, key=lambda each: each.places[0].line or 0)
        misfit = first.misfit
        rows = f"{bad:,} of {n:,} rows of {split} have a target that no answer can match"
        raise SuiteError(
            f"no answer can be right here: {misfit.problem} ({rows})",
            first.places[0],
            expected=misfit.expected,
            hint=misfit.hint,
            more=len(never) - 1,
        )
    for each in found:
        misfit, counted = each.misfit, f"{each.n:,} of {n:,} rows of {split}"
        expected = f"; expected {misfit.expected}" if misfit.expected else ""
        what = "hardly ever" if misfit.likely else "never"
        yield f"{counted} can {what} be answered right: {misfit.problem}{expected}; {_lines(each)}"


def _lines(found: _Found) -> str:
    shown = ", ".join(f"{place.file.name}:{place.line}" for place in found.places)
    return f"see {shown}{' …' if found.n > len(found.places) else ''}"
