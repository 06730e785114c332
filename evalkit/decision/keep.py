"""The questions where a fine-tuned endpoint was measured: the build is sunk, so is it worth keeping?

FUND keeps it: it meets every need itself, and prompting does not do as well for less. RULE OUT returns to prompting: a
prompted contender meets the needs (or is not inferior to an endpoint that meets them) and costs less; where the
endpoint misses a need, the cost does not matter. Where nobody meets the needs, or the endpoint is undecided, nothing is
decided.
"""

from __future__ import annotations

from dataclasses import replace

from evalkit.decision import clearing
from evalkit.decision.alternatives import held_back_by, reason
from evalkit.decision.clearing import Doubt
from evalkit.decision.gap import evidence, frontier, requirements_of, tuned
from evalkit.decision.ground import Ground, accuracy, likely
from evalkit.decision.likely import PAYS_BACK, chance
from evalkit.decision.sense import Lack, lacks
from evalkit.records.evidence import PairedGap
from evalkit.records.run import ContenderResult
from evalkit.records.verdict import Answer
from evalkit.wording.names import metric, what_is_missing
from evalkit.wording.numbers import difference, in_points, money, points
from evalkit.wording.text import listed

MARGIN = 0.02  # "as good" where the suite's accuracy need sets no margin of its own


def endpoint(ground: Ground) -> ContenderResult:
    """The fine-tuned endpoint in question: one that meets the needs before others, then the most accurate one.

    Raises ValueError where none was measured.
    """
    order = {True: 2, None: 1, False: 0}
    return max(tuned(ground.result), key=lambda c: (order[ground.meets.get(c.id)], accuracy(c)))


def margin(ground: Ground) -> float:
    """How much less accurate prompting may be and still counts as good as the endpoint."""
    margins = [r.need.margin for r in ground.result.requirements if r.need.metric == "accuracy" and r.need.margin]
    return margins[0] if margins else MARGIN


def as_good(ground: Ground) -> list[ContenderResult]:
    """Prompted contenders that meet all needs, or are not inferior to an endpoint that does by more than the margin.

    Non-inferiority is read from the paired difference's upper bound, corrected for the pairs that were looked at. It
    says nothing of a contender that is known to miss a need.
    """
    mine = endpoint(ground)
    found = []
    for contender in evidence(ground.result):
        meets = ground.meets.get(contender.id)
        pair = pair_of(ground, mine.id, contender.id)
        bound = pair.upper_corrected if pair else None
        alike = bound is not None and bound < margin(ground)
        if meets or (alike and meets is None and ground.meets.get(mine.id) is True):
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
        meeting = [c for c in good if ground.meets.get(c.id)]
        one = len(good) == 1
        does, it, is_, meets = ("does", "it", "is", "meets") if one else ("do", "they", "are", "meet")
        how = f"{meets} all needs" if meeting else f"{is_} at most {in_points(margin(ground))} worse"
        return Answer(1, "against", f"{names} {does} as well as {mine.id}: {it} {how}.", lines)
    if ground.meets.get(mine.id) is False:
        why = f"{mine.id} misses a need ({_missed(ground, mine)}), and no prompted contender is known to meet all"
        return Answer(1, "undecided", f"{why}; {better(ground)}.", lines)
    if ground.meets.get(mine.id) is None:
        why = f"Whether {mine.id} meets all needs is not decided"
        return Answer(1, "undecided", f"{why}; {better(ground)}.", lines)
    asked = frontier(ground.result)
    if not asked or ground.unmeasured:
        names = listed(ground.unmeasured) or "any frontier model"
        return Answer(1, "undecided", f"Not measured beside {mine.id}: {names}.", lines)
    open_ = [c for c in asked if not _is_worse(ground, mine, c)]
    if open_:
        why = f"Whether {open_[0].id} does as well as {mine.id} is not decided"
        return Answer(1, "undecided", f"{why}; {better(ground)}.", lines)
    lacking = [*(lack.why for lack in _best_prompted_lacks(ground)), *(d.why for d in _lost_answers(ground))]
    if lacking:
        why = f"{mine.id} meets all needs, and no frontier contender is as good; but {lacking[0]}."
        return Answer(1, "undecided", why, lines)
    than = f"or is less accurate by more than {in_points(margin(ground))}"
    return Answer(1, "for", f"{mine.id} meets all needs; every frontier contender misses one, {than}.", lines)


def question3(ground: Ground) -> Answer:
    """Does the endpoint earn what it costs to run?"""
    mine = endpoint(ground)
    winners = [c.id for c in ground.winners]
    if winners and ground.meets.get(mine.id) is False:
        why = f"{mine.id} misses a need ({_missed(ground, mine)}), and {winners[0]} meets all needs."
        return Answer(3, "against", why)
    payback = ground.economics.payback
    if payback is None:
        missing = what_is_missing(ground.economics.missing)
        why = f"It cannot be computed without {missing}." if missing else "No economics are declared."
        return Answer(3, "undecided", why)
    p = payback.p_pays_back
    state = likely(p)
    net, months = payback.net, ground.facts.economics.horizon_months if ground.facts.economics else 12
    why = (
        f"Keeping it is worth {money(net.median)} over {months} months against {payback.rival} "
        f"({payback.option}), and is worth more than nothing with a probability of {chance(p, payback)}"
    )
    lines = (f"80 % interval: {money(net.low)} to {money(net.high)}.",)
    lacking = lacks(mine, ground.result, ground.facts)
    if state == "for" and lacking:
        return Answer(3, "undecided", f"{why}; but {lacking[0].why}.", lines)
    held = held_back_by(ground.alternatives, PAYS_BACK)
    if state == "for" and held is not None:
        return Answer(3, "undecided", f"{why}; but {reason(held, PAYS_BACK)}.", lines)
    cheaper = ground.unmeasured_cheaper_than(payback)
    if state == "for" and cheaper:
        return Answer(3, "undecided", f"{why}; but {listed(cheaper)} was not measured and may do it for less.", lines)
    if state == "for" and ground.meets.get(mine.id) is not True:
        missed = ground.meets.get(mine.id) is False
        tail = f"misses a need: {_missed(ground, mine)}" if missed else "is not known to meet all needs"
        return Answer(3, "undecided", f"{why}; but it {tail}.", lines)
    return Answer(3, state, f"{why}.", lines)


def better(ground: Ground) -> str:
    """Which of the endpoint and the best prompted contender is more accurate, and by how much."""
    mine = endpoint(ground)
    pairs = [p for p in ground.facts.pairs if p.a == mine.id and p.difference.value is not None]
    asked = {c.id: accuracy(c) for c in evidence(ground.result)}
    pair = max((p for p in pairs if p.b in asked), key=lambda p: asked[p.b], default=None)
    if pair is None:
        return "no prompted contender was compared with it on the same rows"
    d = pair.difference
    if d.low is None or d.high is None:
        return f"{pair.a} less {pair.b} is {points(d.value, signed=True)} points, of unknown certainty"
    span = f"{difference(d)} points"
    if d.low > 0:
        return f"{pair.a} is more accurate than {pair.b} by {span}"
    if d.high < 0:
        return f"{pair.b} is more accurate: {pair.a} less {pair.b} is {span}"
    return f"which of {pair.a} and {pair.b} is more accurate is open: the difference is {span}"


def _missed(ground: Ground, contender: ContenderResult) -> str:
    unmet = [r for r in requirements_of(ground.result, contender.id) if r.state == "unmet"]
    return "; ".join(f"{metric(r.need.metric)} is {r.why}" for r in unmet)


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


def doubts(ground: Ground) -> tuple[Doubt, ...]:
    """What keeps the endpoint's own figures from counting."""
    mine = endpoint(ground)
    found = [Doubt(each.kind, mine.model, "", each.why) for each in lacks(mine, ground.result, ground.facts)]
    return (
        *found,
        *(Doubt(each.kind, "", "", each.why) for each in _best_prompted_lacks(ground)),
        *([] if as_good(ground) else _lost_answers(ground)),
    )


def _lost_answers(ground: Ground) -> list[Doubt]:
    """Frontier contenders that may miss their needs only because answers were refused or cut off."""
    found: list[Doubt] = []
    for contender in frontier(ground.result):
        unmet = [r for r in requirements_of(ground.result, contender.id) if r.state == "unmet"]
        each = [_losses(clearing.doubts(contender, r, ground.result, ground.facts)) for r in unmet]
        if each and all(each):
            found.append(replace(each[0][0], why=f"of {contender.id} {each[0][0].why}"))
    return found


def _losses(found: list[Doubt]) -> list[Doubt]:
    return [doubt for doubt in found if doubt.kind in ("truncation", "answers")]


def _best_prompted_lacks(ground: Ground) -> list[Lack]:
    """Why the answers of the best prompted contender are to be looked at before an endpoint is held against them."""
    asked = evidence(ground.result)
    if not asked or as_good(ground):  # then only the cost is left to tell
        return []
    best = max(asked, key=accuracy)
    return [lack for lack in lacks(best, ground.result, ground.facts) if lack.kind == "answers"]
