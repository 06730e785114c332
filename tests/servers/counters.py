"""What a fake provider counts: requests, fault rules, rate limits."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

from evalkit.records.completion import Usage
from tests.servers.config import Config, Fault


class Bucket:
    """A token bucket: `rate` a second up to `size`; full at the start. Times are monotonic seconds."""

    def __init__(self, rate: float, size: float, now: float) -> None:
        self.rate, self.size = rate, size
        self._level, self._at = float(size), now

    def level(self, now: float) -> float:
        """How much could be taken."""
        return min(self.size, self._level + (now - self._at) * self.rate)

    def until_full(self, now: float) -> float:
        """Seconds until nothing is missing."""
        return (self.size - self.level(now)) / self.rate

    def take(self, amount: float, now: float) -> float:
        """Take and return 0, or take nothing and return the seconds after which asking again is worth it.

        More than the bucket can ever hold is granted when it is full.
        """
        level, due = self.level(now), min(amount, self.size)
        if level < due:
            return (due - level) / self.rate
        self._level, self._at = level - due, now
        return 0.0


class Rules:
    """The fault rules with what each has counted."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._rules = [(fault, Counter[bytes]()) for fault in faults]
        self._matched = [0] * len(faults)

    def pick(self, text: str, digest: bytes) -> Fault | None:
        """The first rule that takes this request (`text`: its last user message, `digest`: of its body)."""
        for i, (fault, attempts) in enumerate(self._rules):
            if fault.match is not None and fault.match not in text:
                continue
            self._matched[i] += 1
            attempts[digest] += 1
            n = self._matched[i]
            if (
                (fault.every is None or n % fault.every == 0)
                and (fault.first is None or n <= fault.first)
                and (fault.per_key_first is None or attempts[digest] <= fault.per_key_first)
            ):
                return fault
        return None


class Stats:
    """Counters of one server since its start or its last reset."""

    def __init__(self, config: Config) -> None:
        self._bodies: Counter[bytes] = Counter()
        self._answers: Counter[bytes] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._in_flight = self._in_flight_max = self._streams = self._with_key = 0
        self._usage = Usage()
        self._recorded: deque[dict[str, Any]] = deque(maxlen=config.record_last)
        self._record = config.record

    def configure(self, config: Config) -> None:
        """Take over the recording settings; what was recorded stays, as far as it fits."""
        self._record = config.record
        self._recorded = deque(self._recorded, maxlen=config.record_last)

    def arrive(self, raw: bytes) -> bytes:
        """A request is here; returns its body's digest."""
        digest = blake2b(raw, digest_size=12).digest()
        self._bodies[digest] += 1
        self._in_flight += 1
        self._in_flight_max = max(self._in_flight_max, self._in_flight)
        return digest

    def seen(self, headers: Mapping[str, str], body: object, key: str | None) -> None:
        """What the request holds; recorded only where the config asks for it."""
        self._with_key += key is not None
        if self._record:
            lower = {name.lower(): value for name, value in headers.items()}
            self._recorded.append({"headers": lower, "body": body, "key": key})

    def answered(self, digest: bytes, usage: Usage, stream: bool) -> None:
        """The request got a whole answer."""
        self._answers[digest] += 1
        self._usage += usage
        self._streams += stream

    def leave(self, outcome: str) -> None:
        """The request is done: its status, or `dropped` (by a fault), `aborted` (by the client)."""
        self._in_flight -= 1
        self._outcomes[outcome] += 1

    def report(self) -> dict[str, Any]:
        """All counters.

        `requests` sent, `distinct` bodies among them, `max_repeats` of one body; the same three of whole
        answers (`answered`, `distinct_answered`, `max_answered`); `in_flight` now, `in_flight_max`;
        `by_status`; `streams` answered; `with_key`; `tokens` by bucket of the answers; `recorded` requests.
        """
        return {
            "requests": self._bodies.total(),
            "distinct": len(self._bodies),
            "max_repeats": max(self._bodies.values(), default=0),
            "answered": self._answers.total(),
            "distinct_answered": len(self._answers),
            "max_answered": max(self._answers.values(), default=0),
            "in_flight": self._in_flight,
            "in_flight_max": self._in_flight_max,
            "by_status": dict(self._outcomes),
            "streams": self._streams,
            "with_key": self._with_key,
            "tokens": asdict(self._usage),
            "recorded": list(self._recorded),
        }
