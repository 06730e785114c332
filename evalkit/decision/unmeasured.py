"""What a model that was not measured would cost: rendered tokens × dated prices. Estimates, and named so."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.decision.arrivals import TTL_SECONDS, hit_share
from evalkit.records.completion import Usage
from evalkit.records.model import ModelSpec
from evalkit.records.plan import TokenMix
from evalkit.records.price import Price, Tier
from evalkit.records.request import CacheTtl
from evalkit.records.run import UnmeasuredCost
from evalkit.wording.numbers import calls, money, money_range

BYTES_PER_TOKEN = 4.0  # a common rule for English text; tokenizers differ by a fifth either way
_TOKENS_OFF = 1.2


@dataclass(frozen=True, slots=True)
class Volume:
    """Declared use: calls a month, spread over `active_hours` a day.

    `hosting_low` is the least that hosting a fine-tune costs, US dollars a month.
    """

    calls_per_month: float | None = None
    active_hours: float = 24.0
    hosting_low: float | None = None


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A skipped model and what is known of its calls. `shortest` is the least cacheable prefix in tokens."""

    spec: ModelSpec
    reason: str
    mix: TokenMix
    price: Price | None
    cache_ttl: CacheTtl
    shortest: int | None
    requests: int


def tokens(text: str) -> float:
    """Estimated tokens of a text, by its UTF-8 length."""
    return len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN


def cost_of_calls(model: Unmeasured, calls: float, hits: float, caching: bool | None = None) -> float | None:
    """US dollars of `calls`, of which a share `hits` reads the prefix from cache and the rest writes it.

    Without `caching` all calls pay the prefix fresh; None takes what is likely: that the model caches the prefix
    unless it is known to be too short. None where the price, or a rate that is needed, is unknown.
    """
    if model.price is None:
        return None
    mix = model.mix
    cached = _likely_caches(model) if caching is None else caching
    reads = calls * hits if cached else 0.0
    writes = calls - reads if cached else 0.0
    long = model.cache_ttl == "1h"
    usage = Usage(
        input=round(calls * mix.suffix + (0.0 if cached else calls * mix.prefix)),
        cache_read=round(reads * mix.prefix),
        cache_write_5m=0 if long else round(writes * mix.prefix),
        cache_write_1h=round(writes * mix.prefix) if long else 0,
        output=round(calls * mix.output),
    )
    # The tier is that of one prompt, not of all of them together.
    return Price((Tier(model.price.rates_for(round(mix.prefix + mix.suffix))),), None, "").cost(usage)


def cost_range(model: Unmeasured, calls: float, hits: float) -> tuple[float | None, float | None]:
    """The least and the most that `calls` cost: with the prefix cached and without, where it is not known which.

    Both ends are the same where it is known.
    """
    likely = cost_of_calls(model, calls, hits)
    if likely is None or _surely_caches(model) is not None:
        return likely, likely
    either = [cost_of_calls(model, calls, hits, caching) for caching in (True, False)]
    known = [cost for cost in either if cost is not None]
    return min(known), max(known)


def unmeasured_cost(model: Unmeasured, volume: Volume) -> UnmeasuredCost:
    """What one skipped model would cost, with the sentence that the report shows."""
    share = _hits(model, volume)
    at_volume = 1.0 if share is None else share
    thousand = cost_of_calls(model, 1e6, at_volume)
    least, most = cost_range(model, 1e6, at_volume)
    calls = volume.calls_per_month
    month = cost_of_calls(model, calls, at_volume) if calls else None
    months = cost_range(model, calls, at_volume) if calls else (None, None)
    n = max(model.requests, 1)
    runs = cost_range(model, model.requests, (n - 1) / n)
    return UnmeasuredCost(
        model=model.spec.name,
        provider_model=model.spec.provider_model,
        role=model.spec.role,
        reason=model.reason,
        per_1000_calls=None if thousand is None else thousand / 1000,
        per_month=month,
        run_cost=cost_of_calls(model, model.requests, (n - 1) / n),
        cache_read_share=share if _likely_caches(model) else 0.0,
        text=_sentence(model, volume, months),
        per_1000_calls_low=None if least is None else least / 1000,
        per_1000_calls_high=None if most is None else most / 1000,
        per_month_low=months[0],
        per_month_high=months[1],
        run_cost_low=runs[0],
        run_cost_high=runs[1],
    )


def _hits(model: Unmeasured, volume: Volume) -> float | None:
    """Share of calls that find the prefix cached, if the model caches it; None without a volume."""
    if _surely_caches(model) is False:
        return 0.0
    if not volume.calls_per_month:
        return None
    return hit_share(volume.calls_per_month, volume.active_hours, TTL_SECONDS[model.cache_ttl])


def _likely_caches(model: Unmeasured) -> bool:
    if model.cache_ttl == "off":
        return False
    return model.shortest is None or model.mix.prefix >= model.shortest


def _surely_caches(model: Unmeasured) -> bool | None:
    """Whether the model caches the prefix; None where its shortest cacheable prefix is unknown, or nearly as long."""
    if model.cache_ttl == "off":
        return False
    if model.shortest is None:
        return None
    if model.mix.prefix >= model.shortest * _TOKENS_OFF:
        return True
    return False if model.mix.prefix * _TOKENS_OFF < model.shortest else None


def _sentence(model: Unmeasured, volume: Volume, month: tuple[float | None, float | None]) -> str:
    name = model.spec.name
    if model.price is None:
        return f"{name}: no price is known for {model.spec.provider_model}, so nothing is said of its cost."
    low, high = month
    if low is None or high is None or not volume.calls_per_month:
        return f"{name}: no calls_per_month in the suite, so no monthly bill."
    at = f"At {calls(volume.calls_per_month)} calls a month"
    bill = money_range(low, high)
    text = f"{at}, if {name} is good enough, its bill is about {bill}"
    unknown = "" if bill == money(low) else " It is not known whether this model caches a prompt of this length."
    hosting = volume.hosting_low
    if hosting is not None and model.spec.role != "fine_tuned":
        if high < hosting:
            return f"{text}, under the {money(hosting)} that hosting alone costs: RULE OUT on cost.{unknown}"
        return f"{text}; hosting a fine-tune starts at {money(hosting)}.{unknown}"
    return f"{text}.{unknown}"
