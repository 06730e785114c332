"""The gates of a night: what failed, what is only noted, and what the data cannot judge.

In a night without any change the chance that some drop test fails, over all suites and contenders, is at most 1 %.
A drop goes through three steps:

1. The first run: its one-sided paired p against the baseline is at most 0.02 over the number of drop tests of the
   night, and the drop is larger than the tolerance. Then the contender is asked again.
2. The fresh run must show the same by itself: chance in one night, or a baseline that was a little lucky, rarely does.
3. The p over both runs together, of which the baseline's own sampling error is a part, is corrected by Holm over all
   drop tests of the night, those without a second run counting as 1. It fails at 0.01.
4. Both runs share the night. The larger p counts in step 3: that over both runs, or that of "a bad night"
   (`stats/nights.py`), in which the variance between nights belongs to the null. The earlier nights of the suite tell
   it; before there are any it is assumed. Nights just before this one that showed the drop too are in question with it,
   not among those that tell what is usual.

Steps 1, 2 and 4 only ever hold failures back, so that step 3 keeps the level, whatever the tests have in common. For
baselines that are one run the simulation in scripts/bench/nightly_gate finds false alarms on far fewer nights, and even
where each baseline is the best of five runs on fewer than 1 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalkit.records.baseline import Baseline
from evalkit.records.check import DropTest, Finding, GateName, Gates, Limit, Outcome, Then
from evalkit.records.estimate import Requirement
from evalkit.records.model import ASIDE
from evalkit.regression import gate_words as words
from evalkit.regression.drop import Fall, fall, means_of, together
from evalkit.stats.multiple import holm
from evalkit.stats.nights import NightTest, night_test
from evalkit.wording.numbers import change

NIGHT_LEVEL = 0.01
RUN_LEVEL = 0.02  # of each of the two runs, over the tests of the night (Bonferroni)
NOTE_LEVEL = 0.05
DROPS: tuple[GateName, ...] = ("drop", "format_validity_drop")


@dataclass(frozen=True, slots=True)
class Held:
    """One contender tonight, with what it is held against; `baseline` is None where there is none yet."""

    tonight: Baseline
    baseline: Baseline | None
    gates: Gates
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """The fresh run of a suspect: its results, or the reason why there are none; and earlier nights, oldest first."""

    results: Baseline | None = None
    reason: str = ""
    earlier: tuple[Baseline, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstLook:
    """All drop tests of the first runs: `falls[i]` belongs to contender i of the night, by gate."""

    falls: tuple[Mapping[GateName, Fall], ...]
    suspects: tuple[int, ...]

    @property
    def tests(self) -> int:
        """How many tests the correction is over: those that could be made."""
        return sum(fell.p is not None for falls in self.falls for fell in falls.values())

    def shows(self, fell: Fall | None, limit: Limit) -> bool:
        """Whether one run by itself shows a drop beyond the tolerance."""
        if fell is None or fell.p is None:
            return False
        return fell.p <= RUN_LEVEL / max(1, self.tests) and fell.drop > limit.most


def first_look(night: Sequence[Held]) -> FirstLook:
    """Test all contenders of the night. `suspects` are those to be asked again before anything fails."""
    look = FirstLook(tuple(_falls(held) for held in night), ())
    return replace(look, suspects=tuple(i for i, held in enumerate(night) if _is_suspect(held, look, i)))


def judge_night(night: Sequence[Held], look: FirstLook, again: Mapping[int, Again]) -> list[tuple[Finding, ...]]:
    """What every gate says of every contender, in the order of the night."""
    cases = [_Case(held, look, look.falls[i], again.get(i)) for i, held in enumerate(night)]
    flat = [(case, gate) for case in cases for gate in case.falls]
    first = holm([case.falls[gate].p for case, gate in flat])
    final = holm([case.final_p(gate) for case, gate in flat])
    for (case, gate), p_first, p_final in zip(flat, first, final, strict=True):
        case.corrected[gate] = (p_first, p_final)
    level = NIGHT_LEVEL / max(1, look.tests)
    return [tuple(case.findings(level)) for case in cases]


def _falls(held: Held) -> dict[GateName, Fall]:
    if held.baseline is None:
        return {}
    return {gate: fall(gate, held.baseline, held.tonight) for gate in DROPS if _limit(held, gate).then != "ignore"}


def _limit(held: Held, gate: GateName) -> Limit:
    limit = getattr(held.gates, gate)
    assert isinstance(limit, Limit)
    return limit


def _is_suspect(held: Held, look: FirstLook, index: int) -> bool:
    """Whether any gate would fail unless a fresh run says otherwise."""
    before = held.baseline
    if before is None:
        return False
    falls = look.falls[index]
    drops = any(look.shows(fell, _limit(held, gate)) for gate, fell in falls.items() if _fails(held, gate))
    growths = (gate for gate in _GROWTHS if _fails(held, gate))
    return drops or any(_grown(growth(gate, before, held.tonight), _limit(held, gate)) for gate in growths)


def _fails(held: Held, gate: GateName) -> bool:
    return _limit(held, gate).then == "fail"


_GROWTHS: tuple[GateName, ...] = ("cost_up", "latency_up")


def growth(gate: GateName, before: Baseline, now: Baseline) -> float | None:
    """By what part of itself the cost per 1,000 calls or the median latency grew; None where one is unknown."""
    if gate == "cost_up":
        old, new = before.cost_per_1000_calls, now.cost_per_1000_calls
    else:
        old = before.latency_ms.p50 if before.latency_ms else None
        new = now.latency_ms.p50 if now.latency_ms else None
    return None if not old or new is None else new / old - 1


def _grown(by: float | None, limit: Limit) -> bool:
    return by is not None and by > limit.most


@dataclass(eq=False)
class _Case:
    """One contender with its tests, while it is judged."""

    held: Held
    look: FirstLook
    falls: Mapping[GateName, Fall]
    again: Again | None
    corrected: dict[GateName, tuple[float | None, float | None]] = field(default_factory=dict)
    both: dict[GateName, Fall] = field(default_factory=dict)
    second: dict[GateName, Fall] = field(default_factory=dict)
    nights: dict[GateName, NightTest] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fresh = self.again.results if self.again else None
        if self.again is None or fresh is None or self.held.baseline is None:
            return
        merged = together(self.held.tonight, fresh)
        for gate, fell in self.falls.items():
            if self.look.shows(fell, _limit(self.held, gate)):
                self.both[gate] = fall(gate, self.held.baseline, merged)
                self.second[gate] = fall(gate, self.held.baseline, fresh)
                found = self._night(gate, self.again.earlier, merged, fresh)
                if found is not None:
                    self.nights[gate] = found

    def _night(
        self, gate: GateName, earlier: Sequence[Baseline], merged: Baseline, fresh: Baseline
    ) -> NightTest | None:
        """Whether one night may do this. Nights that showed the drop, up to tonight, are in question with it."""
        before, limit = self.held.baseline, _limit(self.held, gate)
        assert before is not None
        usual, bad = list(earlier), [merged]
        while usual and self.look.shows(fall(gate, before, usual[-1]), limit):
            bad.append(usual.pop())
        means = means_of(gate, [before, *usual, *bad, self.held.tonight, fresh])
        k, epochs = 1 + len(usual), before.epochs
        return night_test(means[:k], means[k:-2], means[-2:], epochs) if means.shape[1] else None

    def final_p(self, gate: GateName) -> float | None:
        """The p that may fail: over both runs where there are two, else 1; None for a test that was not made."""
        if self.falls[gate].p is None:
            return None
        if gate not in self.both:
            return 1.0
        p, night = self.both[gate].p, self.nights.get(gate)
        return p if p is None or night is None else max(p, night.p)

    def findings(self, level: float) -> Iterator[Finding]:
        """All findings; `level` is that of one test of the night."""
        yield from self._needs()
        for gate in self.falls:
            yield self._drop(gate, level)
        for gate in _GROWTHS:
            yield from self._growth(gate)
        yield from self._infra()
        yield from self._served()

    def _drop(self, gate: GateName, level: float) -> Finding:
        fell, limit = self.falls[gate], _limit(self.held, gate)
        p_first, p_final = self.corrected[gate]
        second, both, night = self.second.get(gate), self.both.get(gate), self.nights.get(gate)
        test = DropTest(
            n=fell.paired.n,
            difference=fell.estimate,
            p=fell.p,
            p_corrected=p_final if both else p_first,
            visible=fell.visible(level) if fell.paired.decides else None,
            second=second.paired.difference if second else None,
            both=both.paired.difference if both else None,
            night=night.spread if night else None,
            nights=night.nights if night else None,
        )
        outcome, text = self._judge_drop(gate, test, p_first)
        return Finding(gate, outcome, text, -fell.drop if fell.paired.n else None, -limit.most, test)

    def _judge_drop(self, gate: GateName, test: DropTest, p_first: float | None) -> tuple[Outcome, str]:
        fell, limit = self.falls[gate], _limit(self.held, gate)
        said = words.DropWords(gate, fell, test, limit.most)
        if test.p is None:
            return "undecided", said.cannot_be_tested()
        if self.look.shows(fell, limit):
            if limit.then == "note":
                return "note", said.noted()
            return self._judge_suspect(gate, said)
        if fell.drop > limit.most:
            return "undecided", said.not_told_from_chance()
        if p_first is not None and p_first <= NOTE_LEVEL and fell.drop > 0:
            return "note", said.within_tolerance()
        if test.visible is None:
            return "undecided", said.nothing_visible()
        return "pass", said.passed()

    def _judge_suspect(self, gate: GateName, said: words.DropWords) -> tuple[Outcome, str]:
        limit = _limit(self.held, gate)
        second, both = self.second.get(gate), self.both.get(gate)
        p_final = self.corrected[gate][1]
        if second is None or both is None or second.p is None or p_final is None:
            return "undecided", said.not_asked_again(self.again.reason if self.again else "")
        if second.drop <= limit.most or both.drop <= limit.most:
            return "note", said.not_confirmed()
        night = self.nights.get(gate)
        if p_final > NIGHT_LEVEL and night is not None and both.p is not None and night.p > both.p:
            return "undecided", said.one_night()
        if p_final > NIGHT_LEVEL or not self.look.shows(second, limit):
            return "undecided", said.not_enough()
        return "fail", said.confirmed()

    def _needs(self) -> Iterator[Finding]:
        then = self.held.gates.below_good_enough
        if then == "ignore":
            return
        if self.held.tonight.role in ASIDE:
            then = "note"
        for requirement in self.held.requirements:
            outcome: Outcome = "pass" if requirement.state == "met" else "undecided"
            if requirement.state == "unmet":
                outcome = _as_outcome(then)
            gap, need = requirement.gap.value, requirement.need
            value = None if gap is None else need.threshold - gap if need.at_least else need.threshold + gap
            text = f"{need.metric} is {requirement.state}: {requirement.why}"
            yield Finding("below_good_enough", outcome, text, value, need.threshold, metric=need.metric)

    def _growth(self, gate: GateName) -> Iterator[Finding]:
        limit, before = _limit(self.held, gate), self.held.baseline
        if limit.then == "ignore" or before is None:
            return
        by = growth(gate, before, self.held.tonight)
        if by is None:
            return
        if not _grown(by, limit):
            yield Finding(gate, "pass", words.grew(gate, before, self.held.tonight, by), by, limit.most)
            return
        text = words.grew(gate, before, self.held.tonight, by)
        if limit.then == "note":
            yield Finding(gate, "note", text, by, limit.most)
            return
        fresh = self.again.results if self.again else None
        second = growth(gate, before, fresh) if fresh else None
        if second is None:
            reason = self.again.reason if self.again else ""
            yield Finding(gate, "undecided", f"{text}; {words.no_fresh_run(reason)}", by, limit.most)
        elif _grown(second, limit):
            yield Finding(gate, "fail", f"{text}; the fresh run confirms it ({change(second)})", by, limit.most)
        else:
            yield Finding(gate, "note", f"{text}; the fresh run does not confirm it ({change(second)})", by, limit.most)

    def _infra(self) -> Iterator[Finding]:
        then, lost = self.held.gates.infra_errors, self.held.tonight.status.get("infra_error", 0)
        if then == "ignore":
            return
        total = sum(self.held.tonight.status.values())
        text = f"{lost:,} of {total:,} answers were lost to infrastructure" if lost else "no infrastructure error"
        yield Finding("infra_errors", _as_outcome(then) if lost else "pass", text, lost / total if total else None, 0.0)

    def _served(self) -> Iterator[Finding]:
        then, before = self.held.gates.served_model_change, self.held.baseline
        if then == "ignore" or before is None:
            return
        old, new = before.provenance.served_model, self.held.tonight.provenance.served_model
        if old is None or new is None:
            return
        if old == new:
            yield Finding("served_model_change", "pass", f"{new} answers, as in the baseline")
        else:
            text = f"another model answers: {new}, in the baseline {old}"
            yield Finding("served_model_change", _as_outcome(then), text)


def _as_outcome(then: Then) -> Outcome:
    return "fail" if then == "fail" else "note"
