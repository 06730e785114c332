"""Prices as dated data: the shipped list, a user's own file over it, and the suite's `price:` over both.

A user's file has the form of `prices.json` (JSON or YAML); it is looked for in `$EVALKIT_PRICES`, else in
`$XDG_CONFIG_HOME/evalkit/prices.yaml` (`~/.config/evalkit/prices.yaml`). An unknown model has no price.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from evalkit.errors import PriceError
from evalkit.models.registry import facts
from evalkit.records.model import ModelSpec, Rates
from evalkit.records.price import Price, Tier

_RATE_NAMES = frozenset(f.name for f in fields(Rates))
_DATED_ID = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")


@dataclass(frozen=True, slots=True)
class PriceList:
    """Every known price by `provider/model`, and the shortest prefix that each model caches."""

    prices: Mapping[str, Price]
    cache_minimum: Mapping[str, int]

    @classmethod
    def load(cls, override: Path | None = None) -> PriceList:
        """The shipped list with a user's file laid over it.

        Raises PriceError where the user's file is wrong.
        """
        shipped = files("evalkit.models").joinpath("prices.json")
        data = msgspec.json.decode(shipped.read_bytes())
        batch = data["batch_multiplier"]
        prices = _entries(data, batch, "prices.json")
        minimum = dict(data["cache_minimum_tokens"])
        path = override or user_file()
        if path is not None:
            own = _read(path)
            prices |= _entries(own, batch | _numbers(own, "batch_multiplier", str(path)), str(path))
            tokens = _numbers(own, "cache_minimum_tokens", str(path))
            minimum |= {name: int(number) for name, number in tokens.items()}
        return cls(prices, minimum)

    def price(self, spec: ModelSpec) -> Price | None:
        """The price of a model: the suite's own, else by exact id, else by the id without its date.

        A suite's `gpu_hour` alone prices no token. The list never prices a server that the suite names by
        URL.
        """
        if spec.price is not None:
            token_rates = (spec.price.input, spec.price.output)
            return None if None in token_rates else Price((Tier(spec.price),), None, "the suite's own price")
        if spec.base_url is not None:
            return None
        return self.prices.get(spec.provider_model) or self.prices.get(_DATED_ID.sub("", spec.provider_model))

    def shortest_cacheable(self, spec: ModelSpec) -> int | None:
        """The fewest prompt tokens that this model caches, None where unknown."""
        name = _DATED_ID.sub("", spec.provider_model)
        listed = self.cache_minimum.get(name) or self.cache_minimum.get(f"{spec.provider}/*")
        return listed or facts(spec.provider).cache_minimum_tokens


def user_file() -> Path | None:
    """The user's own price file, if there is one."""
    if named := os.environ.get("EVALKIT_PRICES"):
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    path = Path(base) / "evalkit" / "prices.yaml"
    return path if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PriceError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PriceError(f"{path}: not YAML or JSON: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise PriceError(f"{path}: expected a mapping with the key 'models'")
    return data


def _entries(data: Mapping[str, Any], batch: Mapping[str, float], where: str) -> dict[str, Price]:
    models = data.get("models")
    if not isinstance(models, dict):
        raise PriceError(f"{where}: expected a key 'models' that maps provider/model to a price")
    return {str(name): _price(str(name), entry, batch, where) for name, entry in models.items()}


def _numbers(data: Mapping[str, Any], key: str, where: str) -> dict[str, float]:
    """The mapping of names to numbers under a key, empty where there is none."""
    found = data.get(key) or {}
    if not isinstance(found, dict) or not all(_is_number(value) for value in found.values()):
        raise PriceError(f"{where}: {key}: expected a mapping of names to numbers, found {found!r}")
    return {str(name): float(value) for name, value in found.items()}


def _price(name: str, entry: Any, batch: Mapping[str, float], where: str) -> Price:
    """One entry: either `tiers`, or the rates at the top for a price without tiers."""
    if not isinstance(entry, dict):
        raise PriceError(f"{where}: {name}: expected a mapping of rates, found {entry!r}")
    rates = {k: v for k, v in entry.items() if k not in ("as_of", "source", "tiers")}
    tiers = entry.get("tiers") or [rates]
    if not isinstance(tiers, list) or (rates and "tiers" in entry):
        raise PriceError(f"{where}: {name}: expected rates, or a list of `tiers` and no rates beside it")
    read = tuple(_tier(name, tier, where) for tier in tiers)
    limits = [math.inf if t.up_to_prompt_tokens is None else t.up_to_prompt_tokens for t in read]
    if sorted(set(limits)) != limits:
        raise PriceError(f"{where}: {name}: tiers must go from the shortest prompts to the longest")
    return Price(
        tiers=read,
        as_of=str(entry["as_of"]) if entry.get("as_of") else None,
        source=str(entry.get("source") or where),
        batch_multiplier=batch.get(name.partition("/")[0]),
    )


def _tier(name: str, tier: Any, where: str) -> Tier:
    if not isinstance(tier, dict):
        raise PriceError(f"{where}: {name}: expected a mapping of rates, found {tier!r}")
    rates = {k: v for k, v in tier.items() if k != "up_to_prompt_tokens"}
    for key, value in rates.items():
        if key not in _RATE_NAMES:
            raise PriceError(f"{where}: {name}: unknown rate {key!r}; known: {', '.join(sorted(_RATE_NAMES))}")
        if not _is_number(value):
            raise PriceError(f"{where}: {name}: {key} must be dollars per million tokens, found {value!r}")
    if not rates:
        raise PriceError(f"{where}: {name}: no rates given")
    limit = tier.get("up_to_prompt_tokens")
    if limit is not None and (not _is_number(limit) or limit < 1):
        raise PriceError(f"{where}: {name}: up_to_prompt_tokens must be a number of tokens, found {limit!r}")
    return Tier(Rates(**{k: float(v) for k, v in rates.items()}), None if limit is None else int(limit))


def _is_number(value: Any) -> bool:
    """A finite number that is not negative."""
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and 0 <= value < 1e15
