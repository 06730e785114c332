"""How many labelled examples are short of what a fine-tune needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalkit.records.evidence import Facts


@dataclass(frozen=True, slots=True)
class Shortage:
    """Rows to label: `usable` is how many train must have in all, `rare` the classes below their minimum.

    `rows` counts both; a row of a rare class counts for the total too.
    """

    usable: int
    rare: int
    rows: int


def shortage(facts: Facts) -> Shortage | None:
    """What is short, the share of wrong labels at its worst; None where nothing is, or nothing is known.

    None too where the declared share of wrong labels may be all of them: then no number of rows is enough.
    """
    labels, rules = facts.labels, facts.rules
    kept = 1 - (facts.label_error_share.high if facts.label_error_share else 0.0)
    if labels is None or kept <= 0:
        return None
    wanted = math.ceil(rules.min_labels / kept - 1e-9)
    rare = [rules.min_per_class - n for n in labels.per_class.values() if n < rules.min_per_class]
    total, of_rare = max(0, wanted - labels.usable), sum(rare)
    if not total and not of_rare:
        return None
    return Shortage(max(wanted, labels.usable + of_rare), len(rare), max(total, of_rare))
