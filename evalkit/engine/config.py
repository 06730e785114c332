"""Everything that steers the asking, passed whole."""

from __future__ import annotations

from dataclasses import dataclass

MAX_WAIT_S = 180.0  # three windows of the usual limit per minute


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How one contender is asked.

    `concurrency`: requests in flight at most. `prime`: the first request of a prefix is answered before the
    rest fan out, so that one cache write serves all reads. `want_ttft`: a cached answer without time to first
    token is a miss. `want_latency`: one without a latency is, because it came by batch. Waits are in seconds.
    `max_wait_s`: a provider that asks for a longer wait, or under which nothing gets through for so long, is left.
    `give_up_after`: so many requests in a row without an answer (refused for an unclear cause, or failed in all
    their attempts) stop a contender that has had none yet; later it takes so many for each request in flight.
    `not_there_s`: for so long an address where nobody is, is tried. `again_s`: so much later than its last refusal a
    sample is asked again.
    """

    concurrency: int = 32
    prime: bool = True
    want_ttft: bool = False
    want_latency: bool = False
    max_attempts: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    max_wait_s: float = MAX_WAIT_S
    give_up_after: int = 5
    not_there_s: float = 1.0
    again_s: float = 1.0
    commit_answers: int = 64
    commit_seconds: float = 0.05
