"""Whose doing a refusal is. Live, at a rate and by batch alike, this module decides it, by evidence.

The table of failures knows many texts: what ends the asking (`fatal`), what is the sample's (`rejected`: a content
filter, a prompt that is too long). The rest is `ambiguous`. A refused request is no wrong answer until it is shown:

- Somebody else got through. Where nobody did, it is the set-up.
- It was refused again when it was asked later, after the others.
- An unknown text was not heard for several samples, nor for one that was answered before.

Only then is it the sample's, counted as the model's and kept in the response cache.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from evalkit.models.failures import NOT_THERE, advice
from evalkit.records.completion import Completion, Failure

REFUSALS = ("rejected", "ambiguous")
_OK = 200
_REMEMBERED = 1000  # samples per text
_LOOKED_AT = 160  # characters of a text in which two may differ: reasons are shortened at different places

_QUOTED = re.compile(r"""(?<!\w)(["'`])(?=\S).{0,300}?\1(?!\w)|“[^”]{0,300}”""")
_URL = re.compile(r"https?://\S+")
_WITH_DIGITS = re.compile(r"[\w.,:-]*\d[\w.,:-]*")
_NO_WORD = re.compile(r"[\W_]+")


def likeness(reason: str, sample: str = "") -> str:
    """A refusal's text without what differs from request to request: numbers, ids, quotations, the sample's text."""
    if len(sample) > 3:
        reason = reason.replace(sample, " ").replace(sample[:60], " ")
    for part in (_QUOTED, _URL, _WITH_DIGITS, _NO_WORD):
        reason = part.sub(" ", reason)
    return reason.lower().strip()[:_LOOKED_AT]


def told(failure: Failure) -> str:
    """The provider's own words, and what to do."""
    help_ = advice(failure.cause)
    return f"{failure.reason.rstrip('.')}; {help_}" if help_ else failure.reason


def as_infra(failure: Failure) -> Failure:
    """A failure as it is delivered where it is nobody's answer."""
    return Failure("infra", failure.reason, http_status=failure.http_status, cause=failure.cause)


def as_rejected(failure: Failure) -> Failure:
    """A refusal as it is delivered, and kept, where it is the sample's."""
    return Failure("rejected", failure.reason, http_status=failure.http_status, cause=failure.cause)


@dataclass
class Evidence:
    """What is known of one contender's refusals. `before`: somebody got through in an earlier run."""

    before: bool = False
    answers: int = 0
    _texts: dict[str, set[int]] = field(default_factory=dict)
    _streak: dict[str, int] = field(default_factory=dict)

    @property
    def somebody(self) -> bool:
        """Whether some sample got through, now or earlier."""
        return self.before or self.answers > 0

    def answered(self) -> None:
        """A request got through."""
        self.answers += 1
        if self._streak:
            self._streak.clear()

    def weighed(self, failure: Failure) -> Failure:
        """A failure as it counts here: what only the status calls fatal is so only while nobody got through."""
        if failure.kind == "fatal" and failure.cause is None and failure.http_status and self.somebody:
            return replace(failure, kind="ambiguous")
        return failure

    def refused(self, failure: Failure, sample: str, *, again: bool = False) -> None:
        """A sample was refused; `again`: it was so before, which does not tell whether asking others helps."""
        text = likeness(failure.reason, sample)
        samples = self._texts.setdefault(text, set())
        if len(samples) < _REMEMBERED:
            samples.add(hash(sample))
        if failure.kind == "ambiguous" and not again:
            self._streak[text] = self._streak.get(text, 0) + 1

    def unexplained(self) -> int:
        """Refusals of unknown cause since the last answer: of one text, where somebody once got through."""
        if self.somebody:
            return max(self._streak.values(), default=0)
        return sum(self._streak.values())

    def is_shared(self, failure: Failure, sample: str) -> bool:
        """Whether several samples were refused in these words."""
        return len(self._texts.get(likeness(failure.reason, sample), ())) > 1

    def verdict(
        self, failure: Failure, sample: str, *, again: bool = True, answered_before: bool = False
    ) -> Literal["rejected", "infra"]:
        """Whose doing a refusal is. `again`: it was refused again, or cannot be asked again."""
        if not again or answered_before:
            return "infra"
        if failure.kind == "rejected":
            return "rejected" if self.somebody else "infra"
        # An unknown text may be the day's trouble: what got through in an earlier run does not speak against that.
        return "rejected" if self.answers and not self.is_shared(failure, sample) else "infra"


@dataclass
class Patience:
    """For how long nothing may get through, and how long a wait is worth it.

    `name` is the provider's. A provider that asks for a longer wait than `most_s` is left at once, one under which
    nothing gets through is left after so long, an address where nobody is after `not_there` attempts and
    `not_there_s` seconds, and a server that never gave an answer after `no_answer` bodies that are none.
    """

    name: str
    most_s: float
    clock: Callable[[], float]
    not_there: int = 3
    not_there_s: float = 1.0
    no_answer: int = 10
    _since: float | None = None  # the first failure since the last answer
    _heard: bool = False
    _nowhere: int = 0
    _answered: bool = False
    _strange: int = 0  # bodies that were no answers, before the first that was

    def weighed(self, outcome: Completion | Failure) -> Completion | Failure:
        """An outcome, made fatal where waiting on is of no use."""
        if isinstance(outcome, Completion) or outcome.kind == "rejected":
            self._answered |= isinstance(outcome, Completion)
            self.got_through()
            return outcome
        if outcome.http_status is not None:
            self._heard = True
        if outcome.kind == "fatal" and outcome.cause == "quota" and (outcome.retry_after_s or 0) > self.most_s:
            return replace(outcome, reason=self._wish(outcome))
        if outcome.kind != "infra":
            return outcome
        now = self.clock()
        self._since = now if self._since is None else self._since
        if outcome.cause in NOT_THERE and not self._heard:
            self._nowhere += 1
            if self._nowhere >= self.not_there and now - self._since >= self.not_there_s:
                return _ended(outcome, outcome.reason, outcome.cause)
        if not outcome.retryable:
            return outcome
        if outcome.http_status == _OK and not self._answered:
            self._strange += 1
            if self._strange >= self.no_answer:
                return _ended(outcome, f"the server never gave an answer: {outcome.reason}", outcome.cause)
        return self._waiting(outcome, now - self._since)

    def got_through(self) -> None:
        """Something did."""
        self._since, self._heard = None, True

    def _waiting(self, failure: Failure, quiet_s: float) -> Failure:
        wish = failure.retry_after_s
        if wish is not None and wish > self.most_s:
            return _ended(failure, self._wish(failure), "wait")
        if quiet_s >= self.most_s or (wish is not None and quiet_s + wish > self.most_s):
            wait = f" and {self.name} asks to wait {duration(wish)} more" if wish is not None else ""
            reason = f"nothing got through for {duration(quiet_s)}{wait}: {failure.reason}"
            return _ended(failure, reason, "wait")
        return failure

    def _wish(self, failure: Failure) -> str:
        wish = duration(failure.retry_after_s or 0)
        limit = f"longer than run.max_wait_s, {duration(self.most_s)}"
        return f"{self.name} asks to wait {wish} ({limit}): {failure.reason}"

    def left_s(self) -> float:
        """Seconds until it ends, where nothing gets through any more."""
        return self.most_s if self._since is None else max(0.0, self._since + self.most_s - self.clock())


def _ended(failure: Failure, reason: str, cause: str | None) -> Failure:
    return replace(failure, kind="fatal", retryable=False, reason=reason, cause=cause)


def duration(seconds: float) -> str:
    """A wait as people say it: 24 h, 10 min, 90 s."""
    for unit, size in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size or (seconds >= size and unit == "h"):
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{seconds:.0f} s"
