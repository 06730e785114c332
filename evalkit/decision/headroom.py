"""Is there anything left to gain by better prompts? The rule on a ladder of prompts that were asked on dev."""

from __future__ import annotations

from evalkit.records.evidence import Ladder
from evalkit.wording.numbers import in_points

MIN_RUNGS = 3
SMALLEST_GAIN = 0.01  # a gain below one point is not worth another prompt
_SHARE_OF_GAP = 0.25


def headroom_used_up(ladder: Ladder, gap: float | None) -> tuple[bool | None, str]:
    """Whether a model's prompt headroom is used up, with the reason in one sentence.

    `gap` is the shortfall against the need as a fraction (0.03 for 3 points), as in `Gap.value`; None where it is
    unknown. True: over at least 3 materially different rungs, the upper 95 % bound of the paired gain of the last one
    is under max(1 point, a quarter of the gap). False: the bound allows more. None: it cannot be told, for too few
    rungs or no bound. That a gain is not significant never makes it True. A flat curve clears nothing either while
    the prompt that goes to test may be as far below its top: then it is False, naming the better prompt.
    """
    rungs = [rung for rung in ladder.rungs if rung.distinct]
    if len(rungs) < MIN_RUNGS:
        tried = "prompt was" if len(rungs) == 1 else "materially different prompts were"
        return None, f"{len(rungs)} {tried} tried with {ladder.model} on dev: at least {MIN_RUNGS} are needed"
    last = rungs[-1]
    if last.upper is None:
        return (
            None,
            f"the gain of the last prompt ({last.prompt}) of {ladder.model} has no bound: too few samples of dev",
        )
    limit = SMALLEST_GAIN if gap is None else max(SMALLEST_GAIN, _SHARE_OF_GAP * gap)
    if ladder.best is not None and ladder.behind is not None and ladder.behind >= limit:
        return False, (
            f"the prompt {ladder.best} may gain {ladder.model} up to {in_points(ladder.behind)} (95 % bound) over the "
            f"suite's own, and {in_points(limit)} would matter"
        )
    found = f"the last of {len(rungs)} prompts ({last.prompt}) gains {ladder.model}"
    most = f"at most {in_points(last.upper)} (95 % bound)"
    if last.upper < limit:
        # A prompt that is surely worse bounds the gain too, but says little of what a good one would bring.
        worse = "; it is surely worse than the best before it" if last.upper < 0 else ""
        return True, f"{found} {most}, under the {in_points(limit)} that would matter{worse}"
    return False, f"{found} {most}, and {in_points(limit)} would matter: a better prompt may still help"
