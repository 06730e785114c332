"""The limiter as a state machine: promises that hold after any history, and its figures in simulation."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.engine.limiter import Limiter, LimiterConfig, Permit
from evalkit.engine.rate_headers import ToldLimit, seconds_of, told_limits
from evalkit.models.anthropic import PROVIDER
from evalkit.models.provider import X_RATELIMIT
from tests.engine.pacing_sim import FixedWindow, Limits, TokenBucket, World, simulate

CONFIG = LimiterConfig()
STEPS = st.floats(0, 40)
EVENTS = st.one_of(
    st.tuples(st.just("take"), st.none()),
    st.tuples(st.just("free"), st.none()),
    st.tuples(st.just("answered"), st.none()),
    st.tuples(st.just("refused"), st.none() | st.floats(0.001, 1e6)),
    st.tuples(st.just("hold"), st.floats(0, 1e6)),
    st.tuples(
        st.just("told"), st.tuples(st.sampled_from(["requests", "tokens"]), st.floats(0.01, 1e7), st.floats(0, 1))
    ),
)
HISTORIES = st.lists(st.tuples(STEPS, EVENTS), max_size=60)


@dataclass
class After:
    """A limiter after a history: the last time, and the permits that it gave."""

    limiter: Limiter
    now: float
    permits: list[Permit]


def live(history: list[tuple[float, tuple[str, object]]]) -> After:
    """Run a history; whatever happens, no permit is given before a Retry-After is over."""
    limiter, now, permits = Limiter(), 0.0, [Permit(1, 0.0)]
    for step, (name, value) in history:
        now += step
        if name == "take":
            got = limiter.take(now)
            if isinstance(got, Permit):
                assert now >= limiter.hold_until
                assert got.number == limiter.granted
                permits.append(got)
            else:
                assert 0 < got <= CONFIG.longest_wait_s
        elif name == "free":
            permits.append(Permit(limiter.free(), now))
        elif name == "answered":
            limiter.answered(now)
        elif name == "refused":
            limiter.refused(permits[-1], now, value)  # type: ignore[arg-type]
        elif name == "hold":
            limiter.hold(now, value)  # type: ignore[arg-type]
        else:
            assert isinstance(value, tuple)
            kind, limit, share = value
            limiter.told(permits[-1], (ToldLimit(kind, limit / 60, limit, limit * share),))
        assert limiter.rate(now) >= CONFIG.slowest
        assert limiter.hold_until - now <= CONFIG.longest_hold_s + 1e-9
    return After(limiter, now, permits)


@settings(deadline=None)
@given(HISTORIES)
def test_it_is_never_stuck(history: list[tuple[float, tuple[str, object]]]) -> None:
    after = live(history)
    limiter, now = after.limiter, after.now
    patience = now + CONFIG.longest_hold_s + 2 / CONFIG.slowest
    while not isinstance(got := limiter.take(now), Permit):
        now += got
        assert now <= patience


@settings(deadline=None)
@given(HISTORIES, st.floats(0.001, 1e6), STEPS)
def test_nobody_sends_before_retry_after(
    history: list[tuple[float, tuple[str, object]]], wish: float, step: float
) -> None:
    after = live(history)
    now = after.now + step
    after.limiter.refused(after.permits[-1], now, wish)
    end = now + min(wish, CONFIG.longest_hold_s)
    for share in (0.0, 0.5, 0.999):
        assert not isinstance(after.limiter.take(now + share * (end - now)), Permit) or share * wish < 1e-9


@settings(deadline=None)
@given(HISTORIES, st.integers(2, 50), st.floats(0, 0.2))
def test_a_burst_of_refusals_is_one_cut(history: list[tuple[float, tuple[str, object]]], n: int, spread: float) -> None:
    after = live(history)
    limiter, now = after.limiter, max(after.now, after.limiter.hold_until) + 60
    while len(after.permits) < n:
        after.permits.append(Permit(limiter.free(), now))
    after.permits.append(Permit(limiter.free(), now))  # the newest was refused by nobody yet
    limiter.refused(after.permits[-1], now, 0.01)
    once = limiter.ceiling
    assert once is not None
    for i, permit in enumerate(after.permits):
        limiter.refused(permit, now + spread * (i + 1) / len(after.permits), 0.01)
        assert limiter.ceiling == once
    # Late news of what was sent before the cut is the same burst, however late.
    limiter.refused(after.permits[-1], now + 5, 0.01)
    assert limiter.ceiling == once
    later = max(now, limiter.hold_until) + 6
    limiter.refused(Permit(limiter.free(), later), later, 0.01)
    assert limiter.ceiling != once or once == CONFIG.slowest


@settings(deadline=None)
@given(HISTORIES)
def test_numbers_grow(history: list[tuple[float, tuple[str, object]]]) -> None:
    numbers = [permit.number for permit in live(history).permits[1:]]
    assert numbers == sorted(set(numbers))


def test_it_asks_for_nothing_until_it_meets_a_limit() -> None:
    limiter = Limiter()
    for _ in range(1000):
        limiter.free()
        limiter.answered(1.0)
    assert not limiter.active(1.0) and limiter.rate(1.0) == inf
    limiter.refused(Permit(1000, 1.0), 1.0, None, 40.0)
    assert limiter.active(1.0) and limiter.ceiling == 40.0


def test_an_old_refusal_is_forgotten() -> None:
    limiter = Limiter()
    limiter.refused(Permit(limiter.free(), 0.0), 0.0, 0.5, 40.0)
    for second in range(1, 40):
        limiter.answered(float(second))
    assert limiter.ceiling is None and not limiter.active(40.0)


def test_a_told_limit_counts_only_when_it_is_near() -> None:
    limiter = Limiter()
    limiter.told(Permit(limiter.free(), 0.0), (ToldLimit("requests", 100, 6000, 5999),))
    assert not limiter.active(0.0)
    limiter.told(Permit(limiter.free(), 1.0), (ToldLimit("requests", 100, 6000, 800),))
    assert limiter.active(1.0)


def test_a_told_limit_that_is_far_is_not_the_one_that_was_met() -> None:
    """10,000 a day, nearly all left: a refusal is of another limit, and must not bring the pace down to that."""
    limiter = Limiter()
    limiter.told(Permit(limiter.free(), 0.0), (ToldLimit("requests", 10_000 / 86_400, 10_000, 9990),))
    limiter.refused(Permit(limiter.free(), 1.0), 1.0, 0.5, known=40.0)
    assert limiter.ceiling == 40.0


def test_tokens_pace_by_what_a_request_takes() -> None:
    """A bucket of 3,000 tokens, 1,000 a second, 100 a request: 10 requests a second when it is used up."""
    limiter, now, sent = Limiter(), 0.0, 0
    bucket = TokenBucket(1000, 3000)
    while now < 60:
        got = limiter.take(now)
        if not isinstance(got, Permit):
            now += got
            continue
        bucket.take(now)
        bucket.level -= 99
        assert bucket.level >= 0
        limiter.told(got, (ToldLimit("tokens", 1000, 60_000, bucket.level),))
        limiter.answered(now)
        sent += now >= 20
        now += 0.02
    assert 9.7 <= sent / 40 <= 10.3


def test_a_hold_without_a_known_rate_ends_spread_out() -> None:
    limiter = Limiter()
    limiter.hold(0.0, 10.0)
    assert not isinstance(limiter.take(9.99), Permit)
    granted, now = 0, 10.0
    while now < 10.5:
        got = limiter.take(now)
        granted += isinstance(got, Permit)
        now += 1e-3 if isinstance(got, Permit) else got
    assert 10 <= granted <= 20  # 32 over a tenth of the wait
    assert not limiter.active(11.1)


HEADERS = [
    ({"anthropic-ratelimit-requests-limit": "3000", "anthropic-ratelimit-requests-remaining": "12"}, 50.0, 12.0),
    ({"x-ratelimit-limit-requests": "3000", "x-ratelimit-remaining-requests": "0"}, 50.0, 0.0),
    # 10,000 a day, one used: it comes back in 8.64 seconds.
    (
        {
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "8.64s",
        },
        1 / 8.64,
        9999.0,
    ),
    (
        {
            "x-ratelimit-limit-requests": "3000",
            "x-ratelimit-remaining-requests": "2400",
            "x-ratelimit-reset-requests": "12s",
        },
        50.0,
        2400.0,
    ),
]


@pytest.mark.parametrize(("headers", "per_s", "remaining"), HEADERS)
def test_what_headers_tell(headers: dict[str, str], per_s: float, remaining: float) -> None:
    (limit,) = told_limits(headers, PROVIDER.facts.rate_headers)
    assert (limit.kind, limit.remaining) == ("requests", remaining)
    assert limit.per_s == pytest.approx(per_s)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({name for h, _, _ in HEADERS for name in h})), st.text(max_size=8)))
def test_nonsense_in_headers_is_no_limit(headers: dict[str, str]) -> None:
    for limit in told_limits(headers, PROVIDER.facts.rate_headers):
        assert 0 < limit.per_s < inf and 0 <= limit.remaining <= limit.most


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6s", 6),
        ("20ms", 0.02),
        ("1m30s", 90),
        ("1h2m3.5s", 3723.5),
        ("2", 2),
        ("", None),
        ("soon", None),
        ("1m x", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == (None if seconds is None else pytest.approx(seconds))


SEEDS = range(3)
RATE = 50.0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("latency_s", [0.05, 0.5])
def test_with_headers_nearly_nothing_is_refused(seed: int, latency_s: float) -> None:
    """A minute: 97 % of what the bucket gives without its first fill, at most 1 % of requests refused."""
    found = simulate(Limiter(), TokenBucket(RATE, RATE), World(seed=seed, latency_s=latency_s, workers=32))
    assert found.rate(5, 60) >= 0.97 * RATE
    assert found.refused_share <= 0.01
    assert not found.held


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("retry_after", [True, False])
@pytest.mark.parametrize("limits", ["bucket", "small bucket", "window"])
def test_without_headers_it_settles_at_the_limit(seed: int, retry_after: bool, limits: str) -> None:
    """From refusals alone, once it is settled."""
    made: dict[str, Limits] = {
        "bucket": TokenBucket(RATE, RATE),
        "small bucket": TokenBucket(RATE, 5),
        "window": FixedWindow(50, 1.0),
    }
    found = simulate(Limiter(), made[limits], World(headers=False, retry_after=retry_after, seed=seed, seconds=90))
    accepted, refused = (sum(t >= 30 for t in times) for times in (found.accepted, found.refused))
    assert accepted / 60 >= 0.97 * RATE
    assert refused <= 0.0125 * accepted
    assert not found.held


@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_it_recovers_within_ten_seconds_when_the_limit_doubles(seed: int, headers: bool) -> None:
    start = 30 + 1.3 * seed
    limits = TokenBucket(RATE, RATE, times=2, at=start)
    found = simulate(Limiter(), limits, World(headers=headers, seed=seed, seconds=75))
    assert max(found.rate(start + t / 4, start + t / 4 + 1) for t in range(37)) >= 0.97 * 2 * RATE
    assert found.rate(start + 10, 75) >= 0.95 * 2 * RATE


def test_the_same_seed_gives_the_same_run() -> None:
    runs = [simulate(Limiter(), TokenBucket(RATE, 5), World(headers=False, seed=3, seconds=20)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_of_two_names_for_a_limit_the_first_that_is_there_counts() -> None:
    both = {"anthropic-ratelimit-requests-limit": "60", "x-ratelimit-limit-requests": "6000"}
    left = {"anthropic-ratelimit-requests-remaining": "5", "x-ratelimit-remaining-requests": "500"}
    (limit,) = told_limits(both | left, PROVIDER.facts.rate_headers)
    assert (limit.most, limit.remaining) == (60, 5)
    # What a provider does not declare is not read.
    assert told_limits({k: v for k, v in (both | left).items() if k.startswith("anthropic")}, X_RATELIMIT) == ()


NOTHING_LEFT = ToldLimit("requests", 1.0, 60.0, 0.0)


def told_nothing_left(limiter: Limiter, seconds: float, *, refuse: bool = False) -> int:
    """How many requests are sent in that time to a gateway that always tells of nothing left."""
    now, sent = 0.0, 0
    while now < seconds:
        got = limiter.take(now) if limiter.active(now) else Permit(limiter.free(), now)
        if not isinstance(got, Permit):
            now += got
            continue
        now, sent = now + 0.01, sent + 1
        limiter.told(got, (NOTHING_LEFT,))
        if refuse:
            limiter.refused(got, now)
        else:
            limiter.answered(now)
    return sent


def test_a_gateway_that_answers_and_says_that_nothing_is_left_is_not_believed_for_ever() -> None:
    assert told_nothing_left(Limiter(), 60) > 1000
    assert told_nothing_left(Limiter(), 60, refuse=True) < 100, "where it refuses, it is believed"


def test_a_limit_that_was_not_believed_is_after_a_refusal() -> None:
    limiter = Limiter()
    told_nothing_left(limiter, 60)
    assert not limiter.active(1000.0) and limiter.watches
    permit = Permit(limiter.free(), 1000.0)
    limiter.refused(permit, 1000.0)
    limiter.told(permit, (NOTHING_LEFT,))
    assert limiter.active(1000.0)


def test_a_burst_that_uses_a_limit_up_is_no_lie() -> None:
    """All were on their way before the first answer told of nothing left."""
    limiter = Limiter()
    permits = [Permit(limiter.free(), 0.0) for _ in range(64)]
    for permit in permits:
        limiter.told(permit, (NOTHING_LEFT,))
        limiter.answered(0.1)
    assert limiter.active(0.1)
