"""Half to test on, half to learn from: seeded, by label, with everything that is alike on one side."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict

from evalkit.workflows.init.survey import FileRows

SEED = 7
MOST_TEST_ROWS = 1_000
NONE, TEST, TRAIN = 0, 1, 2


def split_rows(rows: FileRows, grouped: bool, strata: bool) -> bytearray:
    """The side of every row: TEST or TRAIN.

    Test is half of the rows, at most 1,000, with the labels in their shares (largest remainder) where
    `strata`. Rows that show the same stay together, and with `grouped` those of one group; such a unit
    goes to test where most of it is still wanted there. Chance comes from hashes of what rows show, so that
    adding rows hardly moves the others. All is TEST where no unit can be spared.
    """
    units = _units(rows, grouped)
    labels = rows.stratum if strata else [0] * len(rows)
    wanted = _quotas(Counter(labels), min(len(rows) // 2, MOST_TEST_ROWS))
    room = sum(wanted.values())
    sides = bytearray([TRAIN]) * len(rows)
    for unit in sorted(units, key=lambda unit: _chance(min(rows.inputs[i] for i in unit))):
        held = Counter(labels[i] for i in unit)
        useful = sum(min(n, wanted[label]) for label, n in held.items())
        if len(unit) > room or 2 * useful <= len(unit):
            continue
        room -= len(unit)
        for label, n in held.items():
            wanted[label] = max(0, wanted[label] - n)
        for i in unit:
            sides[i] = TEST
    return sides if TEST in sides else bytearray([TEST]) * len(rows)


def given_sides(rows: FileRows) -> bytearray:
    """The sides that a split column names; NONE where it names neither."""
    sides = {ord("T"): TEST, ord("R"): TRAIN}
    return bytearray(sides.get(mark, NONE) for mark in rows.given)


def _units(rows: FileRows, grouped: bool) -> list[list[int]]:
    """Rows that must stay together: connected by what they show or, with `grouped`, by their group."""
    parents = list(range(len(rows)))

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    for hashes in (rows.inputs, rows.groups) if grouped else (rows.inputs,):
        first: dict[int, int] = {}
        for i, number in enumerate(hashes):
            parents[root(i)] = root(first.setdefault(number, i))
    units: dict[int, list[int]] = defaultdict(list)
    for i in range(len(rows)):
        units[root(i)].append(i)
    return list(units.values())


def _quotas(counts: Counter[int], total: int) -> Counter[int]:
    """`total` shared out in proportion to the counts, rounded by largest remainder."""
    n = counts.total()
    exact = {label: count * total / n for label, count in counts.items()}
    quotas = Counter({label: int(share) for label, share in exact.items()})
    by_remainder = sorted(exact, key=lambda label: (quotas[label] - exact[label], label))
    for label in by_remainder[: total - quotas.total()]:
        quotas[label] += 1
    return quotas


def _chance(number: int) -> bytes:
    return hashlib.blake2b(f"split:{SEED}:{number}".encode(), digest_size=8).digest()
