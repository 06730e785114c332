"""Seeded choices that hang on content, never on position: adding a row does not reshuffle the others."""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def number(salt: str, data: bytes) -> int:
    """A uniform number below 2**60: the largest that Python keeps in two digits, and far from any clash."""
    return int.from_bytes(hashlib.blake2b(salt.encode() + b":" + data, digest_size=8).digest()) >> 4


def shares(sizes: Mapping[str, int], n: int, seed: int) -> dict[str, int]:
    """How many of `n` (at most the sum of `sizes`) each stratum gets: its share, rounded by largest remainder.

    Equal remainders are ordered by seed, not by name: where every target is its own stratum, the order of
    names would choose the rows.
    """
    total = sum(sizes.values())
    quotas = {name: size * n // total for name, size in sizes.items()}
    order = sorted(sizes, key=lambda name: (-(sizes[name] * n % total), number(f"share:{seed}", name.encode())))
    for name in order[: n - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


def spread(entries: Iterable[tuple[str, int, T]], count: int, seed: int) -> list[T]:
    """`count` of the entries (stratum, rank, item), as evenly over the strata as they allow, in order of rank.

    The lowest ranks win. Of entries of a stratum with one rank, which are copies, the first counts. Holds at
    most `count` entries of each stratum.
    """
    best: dict[str, list[tuple[int, T]]] = defaultdict(list)
    held: set[tuple[str, int]] = set()
    for stratum, rank, item in entries:
        if (stratum, rank) in held:
            continue
        held.add((stratum, rank))
        if len(best[stratum]) < count:
            heapq.heappush(best[stratum], (-rank, item))
        else:
            held.discard((stratum, -heapq.heappushpop(best[stratum], (-rank, item))[0]))
    queues = [sorted(best[name], key=_rank) for name in sorted(best, key=lambda n: number(f"turn:{seed}", n.encode()))]
    turns = (queue[turn] for turn in range(count) for queue in queues if turn < len(queue))
    chosen = [entry for entry, _ in zip(turns, range(count), strict=False)]
    # In turn, the order of the examples would spell the order of the labels.
    return [item for _, item in sorted(chosen, key=_rank)]


def _rank(entry: tuple[int, T]) -> int:
    return -entry[0]
