"""The questions where a fine-tuned endpoint was measured: the build is sunk, so is it worth keeping?"""

from __future__ import annotations

from evalkit.decision.gap import evidence, frontier, tuned
from evalkit.decision.questions import SURE, UNLIKELY, Ground, accuracy
from evalkit.records.evidence import PairedGap
from evalkit.records.run import ContenderResult
from evalkit.records.verdict import Answer, AnswerState
from evalkit.wording.names import what_is_missing
from evalkit.wording.numbers import difference, in_points, money, percent
from evalkit.wording.text import listed

MARGIN = 0.02  # "as good" where the suite's accuracy need sets no margin of its own


def endpoint(ground: Ground) -> ContenderResult:
    """The fine-tuned endpoint in question: the most accurate one. Raises ValueError where none was measured."""
    return max(tuned(ground.result), key=accuracy)


def margin(ground: Ground) -> float:
    """How much less accurate prompting may be and still counts as good as the endpoint."""
    margins = [r.need.margin for r in ground.result.requirements if r.need.metric == "accuracy" and r.need.margin]
    return margins[0] if margins else MARGIN


def as_good(ground: Ground) -> list[ContenderResult]:
    """Prompted contenders that meet all needs, or are not inferior to the endpoint by more than the margin.

    Non-inferiority is read from the paired difference's upper bound, corrected for the pairs that were looked at.
    """
    mine = endpoint(ground)
    found = []
    for contender in evidence(ground.result):
        pair = pair_of(ground, mine.id, contender.id)
        bound = pair.upper_corrected if pair else None
        # An endpoint that meets what prompting does not is needed, however small the difference.
        needed = ground.meets.get(mine.id) is True and ground.meets.get(contender.id) is False
        if ground.meets.get(contender.id) or (bound is not None and bound < margin(ground) and not needed):
            found.append(contender)
    return found


def pair_of(ground: Ground, endpoint_id: str, other: str) -> PairedGap | None:
    """The paired difference of the endpoint to another contender, if it was computed."""
    return next((p for p in ground.facts.pairs if p.a == endpoint_id and p.b == other), None)


def question1(ground: Ground) -> Answer:
    """Does prompting do as well as the endpoint?"""
    mine = endpoint(ground)
    good = as_good(ground)
    lines = _pair_lines(ground, mine)
    if good:
        names = listed([c.id for c in good])
        why = f"{names} does as well as {mine.id} (meets all needs, or at most {in_points(margin(ground))} worse)."
        return Answer(1, "against", why, lines)
    asked = frontier(ground.result)
    if not asked or ground.unmeasured:
        names = listed(ground.unmeasured) or "any frontier model"
        return Answer(1, "undecided", f"Not measured beside {mine.id}: {names}.", lines)
    open_ = [c for c in asked if not _is_worse(ground, mine, c)]
    if open_:
        return Answer(1, "undecided", f"Whether {open_[0].id} does as well as {mine.id} is not decided.", lines)
    return Answer(1, "for", f"{mine.id} does what no frontier contender does.", lines)


def question3(ground: Ground) -> Answer:
    """Does the endpoint earn what it costs to run?"""
    payback = ground.economics.payback
    if payback is None:
        missing = what_is_missing(ground.economics.missing)
        why = f"It cannot be computed without {missing}." if missing else "No economics are declared."
        return Answer(3, "undecided", why)
    p = payback.p_pays_back
    state: AnswerState = "for" if p >= SURE else "against" if p <= UNLIKELY else "undecided"
    net, months = payback.net, ground.facts.economics.horizon_months if ground.facts.economics else 12
    why = (
        f"Keeping it is worth {money(net.median)} over {months} months against {payback.rival} "
        f"({payback.option}), and is worth more than nothing with a probability of {percent(p)}."
    )
    return Answer(3, state, why, (f"80 % interval: {money(net.low)} to {money(net.high)}.",))


def _is_worse(ground: Ground, mine: ContenderResult, other: ContenderResult) -> bool:
    if ground.meets.get(mine.id) is True and ground.meets.get(other.id) is False:
        return True
    pair = pair_of(ground, mine.id, other.id)
    return pair is not None and pair.lower is not None and pair.lower > margin(ground)


def _pair_lines(ground: Ground, mine: ContenderResult) -> tuple[str, ...]:
    lines = []
    for pair in ground.facts.pairs:
        d = pair.difference
        if pair.a == mine.id and None not in (d.value, d.low, d.high):
            lines.append(f"{pair.a} less {pair.b}: {difference(d)} points on {d.n:,} common samples.")
    return tuple(lines)
