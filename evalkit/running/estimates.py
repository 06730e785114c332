"""What calls would cost, before or without making them: from rendered requests and dated prices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from statistics import fmean

from evalkit.decision.unmeasured import Unmeasured, Volume, tokens
from evalkit.models.registry import facts
from evalkit.records.economics import Economics
from evalkit.records.plan import TokenMix
from evalkit.records.run import ContenderResult
from evalkit.running.economics import economics_of
from evalkit.running.prepare import Prepared
from evalkit.suite.prompts.contenders import Contender, samples_of

_ROWS_LOOKED_AT = 500


def token_mix(prepared: Prepared, contender: Contender, split: str) -> TokenMix:
    """Estimated tokens per call, over the first rows of a split; answers are taken to be as long as targets."""
    dataset = prepared.suite.dataset
    suffixes: list[float] = []
    outputs: list[float] = []
    for sample in islice(dataset.samples(split), _ROWS_LOOKED_AT):
        suffixes.append(tokens(contender.request(sample).suffix))
        outputs.append(tokens(str(sample.target)) + 2)
    prefix = tokens(contender.prefix.system)
    prefix += sum(tokens(turn.user) + tokens(turn.assistant) for turn in contender.prefix.examples)
    return TokenMix(prefix, fmean(suffixes), fmean(outputs))


def unmeasured(prepared: Prepared, results: Sequence[ContenderResult]) -> list[tuple[Unmeasured, Volume]]:
    """Every hosted model that was skipped on test, a model once, with the declared volume."""
    volume = volume_of(economics_of(prepared.config.economics))
    reasons = {r.id: r.skipped for r in results if r.skipped is not None and r.split == "test"}
    found: dict[str, Unmeasured] = {}
    for contender in prepared.contenders:
        reason = reasons.get(contender.id)
        if reason is not None and facts(contender.spec.provider).hosted and contender.spec.name not in found:
            found[contender.spec.name] = estimate(prepared, contender, reason)
    return [(each, volume) for each in found.values()]


def volume_of(economics: Economics | None) -> Volume:
    """The declared use: the low end of its volume, and the least that hosting costs."""
    if economics is None:
        return Volume()
    calls, hosting = economics.calls_per_month, economics.hosting_per_month
    return Volume(calls.low if calls else None, economics.active_hours, hosting.low if hosting else None)


def estimate(prepared: Prepared, contender: Contender, reason: str = "", split: str = "test") -> Unmeasured:
    """What is known of a contender's calls without making one."""
    suite = prepared.suite
    return Unmeasured(
        spec=contender.spec,
        reason=reason,
        mix=token_mix(prepared, contender, split),
        price=prepared.prices.price(contender.spec),
        cache_ttl=contender.parameters.cache_ttl,
        shortest=prepared.prices.shortest_cacheable(contender.spec),
        requests=samples_of(suite, contender, split) * suite.config.run.epochs,
    )
