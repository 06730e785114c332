"""Small facts for the tests of costs: one mix, one price, contenders by name."""

from __future__ import annotations

from evalkit.records.economics import CallMix
from evalkit.records.estimate import Estimate
from evalkit.records.model import Rates, Role
from evalkit.records.price import Price, Tier
from evalkit.records.run import ContenderResult

MIX = CallMix(prompt=2000, eligible=1800, output=20, read_share=0.99, calls=300)
PRICE = Price((Tier(Rates(1, 5, 0.1, 1.25, 2)),), "2026-11-24", "test", 0.5)


def contender(
    model: str, accuracy: float | None = 0.9, *, role: Role = "frontier", prompt: str = "p", split: str = "test"
) -> ContenderResult:
    """A measured contender whose accuracy is known to two points either way."""
    estimate = None if accuracy is None else Estimate(accuracy, accuracy - 0.02, accuracy + 0.02, 300, "wilson")
    return ContenderResult(
        id=f"{model}/{prompt}/prompt",
        model=model,
        provider_model=f"openai/{model}",
        prompt=prompt,
        enforce="prompt",
        role=role,
        split=split,
        n=300,
        metrics={"accuracy": estimate},
    )
