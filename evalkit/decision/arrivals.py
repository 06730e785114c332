"""How often a call finds the prompt's prefix in the provider's cache, from the rate at which calls arrive."""

from __future__ import annotations

from typing import overload

import numpy as np

from evalkit.stats.clusters import FloatArray

TTL_SECONDS = {"5m": 300.0, "1h": 3600.0, "off": 0.0}
_DAYS_PER_MONTH = 365.25 / 12


def active_seconds(active_hours: float) -> float:
    """Seconds of a mean month in which calls arrive, at `active_hours` a day."""
    return _DAYS_PER_MONTH * active_hours * 3600


@overload
def hit_share(calls_per_month: float, active_hours: float, ttl_seconds: float) -> float: ...


@overload
def hit_share(calls_per_month: FloatArray, active_hours: float, ttl_seconds: float) -> FloatArray: ...


def hit_share(calls_per_month: float | FloatArray, active_hours: float, ttl_seconds: float) -> float | FloatArray:
    """Share of calls that find the prefix cached: 1 − exp(−rate × TTL), of the shape of `calls_per_month`.

    A hit starts the TTL anew and a miss writes, so a call hits when the call before it came within the TTL. With
    Poisson arrivals that gap is exponential, whence the formula. Calls that come in bursts hit more often than this
    where few calls come within a TTL, and less often where several do (scripts/bench/cache_model has figures).
    """
    share = -np.expm1(-np.asarray(calls_per_month, dtype=np.float64) * (ttl_seconds / active_seconds(active_hours)))
    return float(share) if share.ndim == 0 else share
