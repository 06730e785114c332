"""Who answers for a provider's name: built-in packages, a line each, and plug-ins by the entry point `evalkit.models`.

A plug-in registers a `Provider` under its name, or only a factory `open_model(spec, context) -> Model`:

    [project.entry-points."evalkit.models"]
    mycloud = "evalkit_mycloud:PROVIDER"

Of a mere factory nothing else is known: its models are taken to be asked over a network and billed by the token, so
that a limit on what a run may cost is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import EvalkitError, ModelUnavailable, NoFailure
from evalkit.models.base import Model, ModelContext, ModelFactory
from evalkit.models.provider import X_RATELIMIT, Provider
from evalkit.models.wire_schema import WireSchema, wire_schema
from evalkit.quote import safe
from evalkit.records.model import ModelSpec
from evalkit.records.provider import ProviderFacts

if TYPE_CHECKING:
    from evalkit.models.batch import BatchApi

BUILT_IN: dict[str, str] = {
    "anthropic": "evalkit.models.anthropic",
    "openai": "evalkit.models.openai",
    "azure": "evalkit.models.azure",
    "bedrock": "evalkit.models.bedrock",
    "vertex": "evalkit.models.vertex",
    "local": "evalkit.models.local",
    "classifier": "evalkit.models.classifier",
    "recorded": "evalkit.models.recorded",
}
GROUP = "evalkit.models"
_LONGEST_REASON = 200


def providers() -> tuple[str, ...]:
    """The names of all providers that can be used here, built-in ones first."""
    return (*BUILT_IN, *sorted(_plug_ins()))


def is_known(name: str) -> bool:
    """Whether there is a provider of that name here, be it that it cannot be loaded."""
    return name in BUILT_IN or name in _plug_ins()


def facts(name: str) -> ProviderFacts:
    """What a provider is.

    Total, for a suite is checked before anything is opened: nothing is known of a provider that is not there, and of
    a plug-in that cannot be loaded as much as of a mere factory.
    """
    try:
        return provider(name).facts
    except ModelUnavailable:
        return _bare_facts(name) if is_known(name) else ProviderFacts(name)


def open_model(spec: ModelSpec, context: ModelContext) -> Model:
    """Open the model that a spec names.

    Raises ModelUnavailable with the reason that the table shows: no key, no package, no such provider.
    """
    factory = provider(spec.provider).open_model
    try:
        return factory(spec, context)
    except ImportError as error:
        raise ModelUnavailable(f"provider {spec.provider!r} cannot be loaded: {error}") from error
    except (EvalkitError, NoFailure):
        raise
    except Exception as error:  # the others are asked all the same
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:_LONGEST_REASON]}"
        raise ModelUnavailable(f"provider {spec.provider!r} cannot open it: {safe(reason)}") from error


def batch_api(model: Model) -> BatchApi | None:
    """The batch API behind an opened model, None where its provider has none."""
    try:
        make = provider(model.identity.get("provider") or "").batch_api
    except ModelUnavailable:
        return None
    return make(model) if make is not None else None


def schema_for(spec: ModelSpec, schema: Mapping[str, Any]) -> WireSchema:
    """A schema as the provider of a model takes it, with what of it cannot be enforced there."""
    return wire_schema(facts(spec.provider).schema_rules, spec, schema)


def is_billed(spec: ModelSpec) -> bool:
    """Whether each call of a model costs money, so that a budget must hold it.

    A machine by the hour costs nothing more per call. An endpoint whose tokens the suite prices costs what it says.
    """
    if spec.price is not None and spec.price.gpu_hour is not None:
        return False
    known = facts(spec.provider)
    return known.billed or (known.hosted and spec.price is not None)


def name_in_suite(provider_model: str, directory: Path) -> str:
    """A `provider/name` with what of the name is a file of the suite's folder written out."""
    name, slash, model = provider_model.partition("/")
    if not slash:
        return provider_model
    try:
        return f"{name}/{provider(name).name_in(model, directory)}"
    except ModelUnavailable:
        return provider_model


@cache
def provider(name: str) -> Provider:
    """The declaration of a provider. Raises ModelUnavailable where there is none, or where it cannot be loaded."""
    if module := BUILT_IN.get(name):
        built_in: Provider = import_module(module).PROVIDER
        return built_in
    if (entry := _plug_ins().get(name)) is not None:
        return _plugged(name, entry)
    raise ModelUnavailable(f"no provider {name!r}; known: {', '.join(providers())}")


def _plug_ins() -> dict[str, EntryPoint]:
    """Plug-ins by name. A built-in name cannot be taken."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in BUILT_IN}


def _plugged(name: str, entry: EntryPoint) -> Provider:
    try:
        loaded: Provider | ModelFactory = entry.load()
    except Exception as error:  # a stranger's module: whatever it raises must not end the run
        raise ModelUnavailable(f"plug-in {entry.value} for {name!r} cannot be loaded: {error}") from error
    if not isinstance(loaded, Provider):
        if not callable(loaded):
            raise ModelUnavailable(f"plug-in {entry.value} for {name!r} is neither a Provider nor a factory")
        loaded = Provider(_bare_facts(name), loaded)
    packages = loaded.facts.packages
    if entry.dist is not None and entry.dist.name not in packages:
        packages = (entry.dist.name, *packages)
    return replace(loaded, facts=replace(loaded.facts, name=name, packages=packages))


def _bare_facts(name: str) -> ProviderFacts:
    return ProviderFacts(name, hosted=True, takes_server=True, billed=True, rate_headers=X_RATELIMIT)
