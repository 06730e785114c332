"""The contenders that none beats: the front of cost against accuracy."""

from __future__ import annotations

from evalkit.records.model import ASIDE
from evalkit.records.run import RunResult


def cost_front(result: RunResult) -> tuple[str, ...]:
    """The ids of those measured on test that no other beats in accuracy at the same or a lower cost; by cost.

    References, and contenders whose cost or accuracy is unknown, are left out.
    """
    known = []
    for contender in result.contenders:
        if contender.skipped is not None or contender.split != "test" or contender.role in ASIDE:
            continue
        cost, accuracy = contender.figure("cost_per_1000_calls"), contender.figure("accuracy")
        if cost is not None and cost.value is not None and accuracy is not None and accuracy.value is not None:
            known.append((cost.value, -accuracy.value, contender.id))
    front: list[str] = []
    best = 1.0
    for _, worse, name in sorted(known):
        if not front or worse < best:
            front.append(name)
            best = worse
    return tuple(front)
