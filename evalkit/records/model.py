"""Who is asked: a model's declaration, its role and its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["frontier", "prompted", "fine_tuned", "floor", "reference"]
# Shown and compared, and never evidence of prompting: what comes for free; and people, or the system in use today.
ASIDE: frozenset[Role] = frozenset({"floor", "reference"})


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens in each bucket; None where unknown.

    `gpu_hour` is the price of a dedicated machine instead of token rates.
    """

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write_5m: float | None = None
    cache_write_1h: float | None = None
    gpu_hour: float | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One entry under `models:`, with variables resolved.

    `provider_model` is `provider/name`, or `recorded`. `api_key_env` names the variable that holds the
    key; the key itself is never stored here. `path`, `id_field`, `output_field` and `quoting` belong to `recorded`.
    """

    name: str
    provider_model: str
    role: Role
    base_url: str | None = None
    api_key_env: str | None = None
    revision: str | None = None
    price: Rates | None = None
    path: str | None = None
    id_field: str = "id"
    output_field: str = "output"
    quoting: bool | None = None

    @property
    def provider(self) -> str:
        """The part before the first slash."""
        return self.provider_model.partition("/")[0]

    @property
    def model(self) -> str:
        """The part after the first slash; empty for `recorded`."""
        return self.provider_model.partition("/")[2]
