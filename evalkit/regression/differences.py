"""What besides the model is not the same on two sides: to be said before any figure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from evalkit.records.comparison import Difference, Provenance, Side


def target_digest(target: str) -> str:
    """A short digest of a right answer, for telling whether the same sample means the same: 16 hex digits."""
    return hashlib.sha256(target.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def differences(a: Side, b: Side) -> tuple[Difference, ...]:
    """Data, prompt and scoring first. What is unknown on a side is not held to differ."""
    return tuple(_differences(a, b))


def _differences(a: Side, b: Side) -> Iterator[Difference]:
    x, y = a.provenance, b.provenance
    if _differ(x.data, y.data):
        yield Difference("data", f"the data differ: {len(a.ids):,} and {len(b.ids):,} samples of {a.split}")
    form = _differ(x.enforce, y.enforce)
    if _differ(x.prompt, y.prompt) and not (form and x.prompt_name == y.prompt_name):
        yield Difference("prompt", f"the prompt differs{_names(x.prompt_name, y.prompt_name)}")
    if _differ(x.scoring, y.scoring):
        yield Difference("scoring", "the scoring differs (task, output or target of the suite)")
    if _differ(x.version, y.version):
        yield Difference("version", f"scored by different versions of evalkit ({x.version}, {y.version})")
    if form:
        yield Difference("form", f"the form is enforced in different ways ({x.enforce}, {y.enforce})")
    if a.epochs != b.epochs:
        yield Difference("epochs", f"every sample was asked {a.epochs} and {b.epochs} times")
    if a.contender == b.contender:
        yield from _of_one_contender(x, y)
    if _differ(x.needs, y.needs):
        yield Difference("needs", "good_enough differs; it plays no part in the comparison")


def _of_one_contender(x: Provenance, y: Provenance) -> Iterator[Difference]:
    """What is plain between two contenders, and news between two runs of the same one."""
    if _differ(x.provider_model, y.provider_model):
        yield Difference("model", f"the model differs ({x.provider_model}, {y.provider_model})")
    elif _differ(x.served_model, y.served_model):
        yield Difference("model", f"another model answered ({x.served_model}, {y.served_model})")
    changed = [
        name for name in sorted({*x.parameters, *y.parameters}) if x.parameters.get(name) != y.parameters.get(name)
    ]
    if x.parameters and y.parameters and changed:
        words = ", ".join(
            f"{name} {_value(x.parameters.get(name))} and {_value(y.parameters.get(name))}" for name in changed
        )
        yield Difference("parameters", f"the request differs ({words})")


def _differ(x: str | None, y: str | None) -> bool:
    return x is not None and y is not None and x != y


def _names(x: str | None, y: str | None) -> str:
    return f" ({x}, {y})" if _differ(x, y) else ""


def _value(value: object) -> str:
    text = "unset" if value is None else str(value)
    return text if len(text) <= 40 else text[:39] + "…"
