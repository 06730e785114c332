"""A provider: its facts, and how its models are opened. Declaring one loads no SDK."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.models.base import Model, ModelFactory
from evalkit.records.provider import ProviderFacts, RateHeaders

if TYPE_CHECKING:
    from evalkit.models.batch import BatchApi
    from evalkit.records.model import ModelSpec

# The names that OpenAI began with and that most servers and gateways use. Resets are durations (`6s`, `1m30s`); a
# limit is per minute, or per day where the reset says that it fills so slowly.
X_RATELIMIT = tuple(
    RateHeaders(kind, f"x-ratelimit-limit-{kind}", f"x-ratelimit-remaining-{kind}", f"x-ratelimit-reset-{kind}")
    for kind in ("requests", "tokens")
)


def _as_named(name: str, _: Path) -> str:
    return name


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider's package declares as `PROVIDER`.

    `open_model` imports what it needs when it is called. `batch_api` gives the batch API behind a model that it
    opened. `name_in` turns a model's name, as a suite in some folder writes it, into the name that is opened: a
    provider whose names are files reads them from the suite's folder. `reached_at` gives the URL at which a model is
    asked, where the facts alone do not tell it; it raises what opening raises for the variables that it reads.
    """

    facts: ProviderFacts
    open_model: ModelFactory
    batch_api: Callable[[Model], BatchApi] | None = None
    name_in: Callable[[str, Path], str] = _as_named
    reached_at: Callable[[ModelSpec], str | None] | None = None
