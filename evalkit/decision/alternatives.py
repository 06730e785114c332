"""What a fine-tune must beat besides its rival, before anybody pays for it: every other way to go on with prompting.

A client who builds nothing takes the best of what was measured, by the declared values. So a build, or an endpoint that
is kept, must pay against each of them. A contender whose price is unknown counts as free: if the fine-tune pays even
then, its price does not matter; else it must be declared first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from evalkit.decision.economics import figures
from evalkit.decision.gap import evidence
from evalkit.decision.ground import EVEN, SURE, Alternative, Ground, accuracy
from evalkit.records.economics import CallMix, Economics, EconomicsFigures, Payback
from evalkit.records.evidence import Case, Facts
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.run import ContenderResult
from evalkit.wording.numbers import percent

_NEARLY = 0.05  # of the accuracy: what a client may give away for a much lower bill
_PROMPTED = frozenset({"frontier", "prompted"})
_FREE = Price((Tier(Rates(input=0.0, output=0.0, cache_read=0.0, cache_write_5m=0.0, cache_write_1h=0.0)),), None, "")


@dataclass(frozen=True, slots=True)
class _Search:
    """One look at all alternatives; see `of_build` and `of_endpoint`."""

    ground: Ground
    found: EconomicsFigures
    meets: Mapping[str, bool | None]
    built: str | None
    draws: int

    @property
    def priced(self) -> set[str]:
        return {row.contender for row in self.found.rivals if row.suits}

    def against(self, contender: ContenderResult, case: Case | None, least: float = SURE) -> Iterator[Alternative]:
        """The payback against one contender; nothing where it cannot be computed."""
        free = contender.id not in self.priced
        result, facts = self.ground.result, self.ground.facts
        alone = (contender, *(c for c in result.contenders if c.role not in _PROMPTED))
        figures_ = figures(
            replace(result, contenders=alone),
            _as_if_free(facts, contender) if free else facts,
            self.meets,
            case,
            built=self.built,
            draws=self.draws,
            brief=True,
        )
        if figures_.payback is not None:
            yield Alternative(contender, figures_.payback, free, least)


def of_build(ground: Ground, found: EconomicsFigures, draws: int) -> tuple[Alternative, ...]:
    """What a build must beat besides its rival; empty where it does not pay against that one.

    Where only the cost counts (case `volume`), who does the job worse is none: what is left are those that meet the
    needs, or may, at an unknown price; and where nobody meets them, those that are nearly as accurate as the best.
    """
    if not _pays(found):
        return ()
    search = _Search(ground, found, ground.meets, None, draws)
    others = evidence(ground.result)
    if ground.case == "volume" and ground.winners:
        others = [c for c in others if ground.meets.get(c.id) is not False and c.id not in search.priced]
    elif ground.case == "volume":
        best = max(map(accuracy, others), default=0.0)
        others = [c for c in others if accuracy(c) >= best - _NEARLY]
    return tuple(a for c in others if not _is_rival(found, c) for a in search.against(c, ground.case))


def of_endpoint(
    ground: Ground, found: EconomicsFigures, meets: Mapping[str, bool | None], built: str, draws: int
) -> tuple[Alternative, ...]:
    """What an endpoint must beat to be kept; empty where it is not worth it against its rival.

    By cost alone it must beat who meets the needs, and who may meet them where no correct answer has a value. Declared
    values count against everybody. Against who does as well an even chance is enough there: by the needs the two are
    alike, but the margin between them may be worth more than the saving. `meets` takes contenders that do as well for
    such that meet the needs.
    """
    if not _pays(found):
        return ()
    search = _Search(ground, found, meets, built, draws)
    economics = ground.facts.economics or Economics()
    by_value = ground.case != "volume" and not (
        economics.value_of_a_correct_answer is None and economics.value_of_meeting_need_per_month is None
    )
    counted = by_value and economics.value_of_a_correct_answer is not None
    found_: list[Alternative] = []
    for contender in evidence(ground.result):
        state = meets.get(contender.id)
        if by_value:
            found_ += search.against(contender, ground.case, EVEN if state else SURE)
        if state is True or (state is None and not counted):
            found_ += search.against(contender, "volume")
    return tuple(found_)


def held_back_by(found: tuple[Alternative, ...], p: Callable[[Payback], float]) -> Alternative | None:
    """The alternative against which a probability is the lowest of those that are too low; None where none is."""
    short = [a for a in found if p(a.payback) < a.least]
    return min(short, key=lambda a: p(a.payback), default=None)


def reason(held: Alternative, p: Callable[[Payback], float]) -> str:
    """Why a "for" does not stand, without a full stop."""
    if held.free:
        return f"{held.contender.id} may do it for less: its price is unknown"
    return f"against {held.contender.id} that probability is {percent(p(held.payback))}"


def _pays(found: EconomicsFigures) -> bool:
    return found.payback is not None and found.payback.p_pays_back >= SURE


def _is_rival(found: EconomicsFigures, contender: ContenderResult) -> bool:
    return found.payback is not None and found.payback.rival == contender.id


def _as_if_free(facts: Facts, contender: ContenderResult) -> Facts:
    mix = facts.mixes.get(contender.id) or CallMix(0.0, 0.0, 0.0, None, 0)
    return replace(facts, prices={**facts.prices, contender.id: _FREE}, mixes={**facts.mixes, contender.id: mix})
