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
from evalkit.wording.numbers import calls, money

BYTES_PER_TOKEN = 4.0  # a common rule for English text; tokenizers differ by a fifth either way


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


def cost_of_calls(model: Unmeasured, calls: float, hits: float, caching: bool = True) -> float | None:
    """US dollars of `calls`, of which a share `hits` reads the prefix from cache and the rest writes it.

    Without `caching`, or with a prefix too short for the model, all calls pay the prefix fresh. None where the
    price, or a rate that is needed, is unknown.
    """
    if model.price is None:
        return None
    mix = model.mix
    cached = caching and _caches(model)
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


def unmeasured_cost(model: Unmeasured, volume: Volume) -> UnmeasuredCost:
    """What one skipped model would cost, with the sentence that the report shows."""
    share = _hits(model, volume)
    at_volume = share if share is not None else 1.0
    thousand = cost_of_calls(model, 1e6, at_volume)
    month = None if not volume.calls_per_month else cost_of_calls(model, volume.calls_per_month, at_volume)
    n = max(model.requests, 1)
    run_cost = cost_of_calls(model, model.requests, (n - 1) / n)
    return UnmeasuredCost(
        model=model.spec.name,
        provider_model=model.spec.provider_model,
        role=model.spec.role,
        reason=model.reason,
        per_1000_calls=None if thousand is None else thousand / 1000,
        per_month=month,
        run_cost=run_cost,
        cache_read_share=share,
        text=_sentence(model, volume, month),
    )


def _hits(model: Unmeasured, volume: Volume) -> float | None:
    """Share of calls that find the prefix cached; None without a volume."""
    if not _caches(model):
        return 0.0
    if not volume.calls_per_month:
        return None
    return hit_share(volume.calls_per_month, volume.active_hours, TTL_SECONDS[model.cache_ttl])


def _caches(model: Unmeasured) -> bool:
    if model.cache_ttl == "off":
        return False
    return model.shortest is None or model.mix.prefix >= model.shortest


def _sentence(model: Unmeasured, volume: Volume, month: float | None) -> str:
    name = model.spec.name
    if model.price is None:
        return f"{name}: no price is known for {model.spec.provider_model}, so nothing is said of its cost."
    if month is None or not volume.calls_per_month:
        return f"{name}: no calls_per_month in the suite, so no monthly bill."
    at = f"At {calls(volume.calls_per_month)} calls a month"
    text = f"{at}, if {name} is good enough, its bill is about {money(month)}"
    hosting = volume.hosting_low
    if hosting is not None and model.spec.role != "fine_tuned":
        if month < hosting:
            return f"{text}, under the {money(hosting)} that hosting alone costs: RULE OUT on cost."
        return f"{text}; hosting a fine-tune starts at {money(hosting)}."
    return f"{text}."
