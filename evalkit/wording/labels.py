"""What contradictory labels mean, in sentences."""

from __future__ import annotations

import math

from evalkit.records.economics import Span
from evalkit.records.evidence import LabelConflicts
from evalkit.wording.numbers import count, percent, share
from evalkit.wording.text import plain

_SHOWN = 3


def conflict_lines(found: LabelConflicts | None) -> list[str]:
    """One sentence on test and one on train, each only where rows contradict each other."""
    if found is None:
        return []
    lines: list[str] = []
    if found.rows:
        named = "; ".join(plain(example, 200) for example in found.examples[:_SHOWN])
        lines.append(
            f"In test {found.rows:,} of {count(found.of, 'row')} show the same text as another row and have another "
            f"label ({count(found.groups, 'text')}). Whatever is answered, at most {share(found.ceiling)} can count as "
            f"right: {percent(found.least_wrong, 1)} of the labels or more are wrong, or the text does not say enough. "
            f"Rows {named}."
        )
    if found.train_rows or found.against_test:
        lines.append(_train(found))
    return lines


def may_be_wrong(share_of_wrong: Span) -> str:
    """The most wrong labels that a suite declares.

    >>> may_be_wrong(Span(0, 0.03)), may_be_wrong(Span(0.01, 0.045))
    ('up to 3 % of the labels may be wrong', 'up to 4.5 % of the labels may be wrong')
    """
    whole = math.isclose(100 * share_of_wrong.high, round(100 * share_of_wrong.high), abs_tol=1e-9)
    return f"up to {percent(share_of_wrong.high, 0 if whole else 1)} of the labels may be wrong"


def _train(found: LabelConflicts) -> str:
    parts = []
    if found.train_rows:
        parts.append(
            f"{found.train_rows:,} of {count(found.train_of, 'row')} show the same text as another row of train and "
            f"have another label (at least {percent(found.train_least_wrong, 1)} of the labels are wrong)"
        )
    if found.against_test:
        rows = count(found.against_test, "row contradicts", "rows contradict")
        parts.append(f"{rows} a row of test")
    return f"In train {' and '.join(parts)}."
