"""Sides of a comparison made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalkit.records.comparison import Provenance, SampleText, Side
from evalkit.records.run import Percentiles


def side(
    correct: Sequence[float | None],
    contender: str = "m/default/prompt",
    *,
    ids: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    epochs: int = 1,
    texts: Mapping[str, SampleText] | None = None,
    provenance: Provenance | None = None,
) -> Side:
    """A contender with these means per sample; ids are s0, s1 … where none are given."""
    n = len(correct)
    lost = sum(value is None for value in correct)
    return Side(
        source="runs/made",
        suite="made",
        contender=contender,
        model=contender.partition("/")[0],
        split="test",
        ids=tuple(ids) if ids is not None else tuple(f"s{i}" for i in range(n)),
        correct=tuple(correct),
        targets=tuple(targets) if targets is not None else ("yes",) * n,
        groups=None if groups is None else tuple(groups),
        epochs=epochs,
        status={"ok": n - lost, "infra_error": lost},
        cost_per_1000_calls=0.1,
        latency_ms=Percentiles(400.0, 900.0),
        provenance=provenance or Provenance(),
        texts=texts or {},
    )
