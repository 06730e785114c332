"""How the prompts of a suite did on dev."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.records.estimate import Estimate


@dataclass(frozen=True, slots=True)
class PromptRank:
    """One prompt on dev. `accuracy` is the mean over the models that vote, None where none answered.

    `difference` is this prompt minus the leader, paired on the same samples; None for the leader. `n` counts the
    samples with an answer. Exactly one prompt of a ranking is `chosen`: it goes to test.
    """

    prompt: str
    accuracy: float | None
    difference: Estimate | None
    n: int
    chosen: bool
