"""One contender inside a run: every answer is scored, tallied and written as it comes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from evalkit.engine.answer import Answer
from evalkit.engine.monitor import Monitor
from evalkit.records.completion import Completion, Failure, Usage
from evalkit.records.price import Price
from evalkit.records.sample import Sample
from evalkit.records.score import Score, Status
from evalkit.running.enforcement import Enforcement
from evalkit.running.sample_row import sample_row
from evalkit.scoring.scorer import Scorer
from evalkit.scoring.tally import Tally
from evalkit.store.runs import RunWriter
from evalkit.suite.prompts.contenders import Contender
from evalkit.wording.numbers import percent

_MOST_REASONS = 5
REFUSED_CAUSES = frozenset({"context", "moderation"})  # what a provider says of a request, whoever's doing it is


@dataclass(slots=True)
class Scored:
    """An answer with its score, which a later stage may replace, and what the call cost."""

    answer: Answer[Sample]
    score: Score
    cost: float | None


@dataclass
class ContenderRun:
    """Takes answers and keeps what the figures need: a few bytes per answer, and running sums.

    Where later stages may set other scores, `held` has the answers until `release`; None where nothing is held.

    Usage and cold cost count each distinct request once; `eligible` is the prefix that the provider caches, in
    tokens. What was answered from the response cache keeps its
    first usage, and is not in `spent`.

    What the provider refused waits for `release` too: the sample's doing is counted wrong as long as it is a small
    share of all. Where it is more than `most_refused`, and not one sample alone, the set-up may be the cause: then
    refusals count neither as right nor as wrong, and `questioned` says it.
    """

    contender: Contender
    split: str
    price: Price | None
    writer: RunWriter
    monitor: Monitor
    held: list[Scored] | None = None
    most_refused: float = 1.0
    errors: Counter[str] = field(default_factory=Counter)
    served: Counter[str] = field(default_factory=Counter)
    dropped: set[str] = field(default_factory=set)
    usage: Usage | None = None
    cold: float | None = 0.0
    spent: float | None = 0.0
    from_cache: int = 0
    asked_with_usage: int = 0
    eligible: int = 0
    refused: int = 0
    questioned: str | None = None
    _rejected: list[Scored] = field(default_factory=list)
    _groups: dict[str, int] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.scorer = Scorer(self.contender.output)
        self.tally = Tally(self.contender.output)
        self.enforcement = Enforcement(self.contender)

    def take(self, answer: Answer[Sample]) -> None:
        """Score one answer and add it everywhere, or hold it for the next stage."""
        outcome = answer.outcome
        scored = Scored(answer, self.scorer.score(outcome, answer.context.target), self._account(answer))
        self.from_cache += answer.from_cache
        if isinstance(outcome, Completion):
            self.enforcement.see(outcome)
        else:
            self._note_error(outcome.reason)
            self.refused += outcome.kind == "rejected" or outcome.cause in REFUSED_CAUSES
        if scored.score.status is Status.REJECTED:
            self._rejected.append(scored)
        elif self.held is None:
            self._add(scored)
        else:
            self.held.append(scored)

    def release(self) -> None:
        """Add what was held, with the scores that it has now."""
        held, self.held = self.held or [], None
        for scored in held:
            self._add(scored)
        rejected, self._rejected = self._rejected, []
        total = len(self.tally) + len(rejected)
        if len({each.answer.context.index for each in rejected}) > 1 and len(rejected) > self.most_refused * total:
            self._question(rejected, total)
        for scored in rejected:
            self._add(scored)

    def _question(self, rejected: list[Scored], total: int) -> None:
        """No figure is drawn from refusals that are too many to be the samples' own."""
        reasons: Counter[str] = Counter()
        for scored in rejected:
            outcome = scored.answer.outcome
            assert isinstance(outcome, Failure)
            reasons[outcome.reason] += 1
            lost = Failure("infra", outcome.reason, http_status=outcome.http_status, cause=outcome.cause)
            scored.score = self.scorer.score(lost, scored.answer.context.target)
        reason, n = reasons.most_common(1)[0]
        more = f" ({n:,} times, and in other words)" if len(reasons) > 1 else ""
        self.questioned = (
            f"{percent(len(rejected) / total)} of the answers were refused by the provider: {reason}{more}. More than "
            f"run.max_infra_errors ({percent(self.most_refused)}) may be the set-up's doing and not the model's, so "
            "they count neither as right nor as wrong; mend the prompt, leave those rows out, or raise the limit"
        )

    @property
    def kept(self) -> int:
        """Answers that a rerun need not ask for again."""
        waiting = sum(each.score.status is not Status.INFRA_ERROR for each in self.held or ())
        return waiting + len(self._rejected) + len(self.tally) - self.tally.status_counts()[Status.INFRA_ERROR]

    def _add(self, scored: Scored) -> None:
        """Into the sums and onto the disk."""
        sample, outcome = scored.answer.context, scored.answer.outcome
        timing = outcome.timing if isinstance(outcome, Completion) else None
        self.tally.add(scored.score, sample.index, sample.target, self._group(sample), timing, scored.cost)
        self.writer.add(sample_row(self.contender.id, self.split, scored.answer, scored.score, scored.cost))

    def _account(self, answer: Answer[Sample]) -> float | None:
        """The cost of this call, added to the sums that it belongs to."""
        outcome = answer.outcome
        if not isinstance(outcome, Completion):
            return None
        if outcome.served_model:
            self.served[outcome.served_model] += 1
        self.dropped.update(outcome.dropped)
        usage = outcome.usage
        cost = self.price.cost(usage, outcome.batch) if self.price and usage else None
        number = int(answer.key[:15], 16)  # 60 bits: the longest that Python keeps in a small integer
        if number not in self._seen:
            self._seen.add(number)
            if usage:
                self.usage = usage if self.usage is None else self.usage + usage
                self.asked_with_usage += 1
                # The prefix is the same for all: the most that the provider's cache ever took of a prompt.
                self.eligible = max(self.eligible, usage.prompt - usage.input)
            self.cold = _plus(self.cold, cost)
            if answer.sent:
                self.spent = _plus(self.spent, cost)
                self.monitor.spent = self.spent
        return cost

    def _note_error(self, reason: str) -> None:
        """Count reasons, a few distinct ones; the rest under one heading."""
        if reason in self.errors or len(self.errors) < _MOST_REASONS:
            self.errors[reason] += 1
        else:
            self.errors["other reasons"] += 1

    def _group(self, sample: Sample) -> int:
        return -1 if sample.group is None else self._groups.setdefault(sample.group, len(self._groups))


def _plus(total: float | None, cost: float | None) -> float | None:
    """A sum with an unknown part is unknown."""
    return None if total is None or cost is None else total + cost
