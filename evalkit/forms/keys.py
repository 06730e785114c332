"""The key under `output:` that several forms take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from evalkit.forms.base import Key, KeyProblem


def _distinct(value: Any) -> Iterable[KeyProblem]:
    labels = value if isinstance(value, tuple) else ()
    seen: set[str] = set()
    for i, label in enumerate(labels):
        if label in seen:
            yield KeyProblem(f"the label `{label}` is given twice", path=(i,))
        seen.add(label)


LABELS = Key("labels", "labels: from_data, or a list of labels", check=_distinct)
REQUIRED_LABELS = replace(LABELS, required=True)
