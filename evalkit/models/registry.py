"""Which provider opens which model: built-in ones by lazy import, others by the entry point `evalkit.models`.

A plug-in package registers a factory `open_model(spec, context) -> Model` under its provider's name:

    [project.entry-points."evalkit.models"]
    mycloud = "evalkit_mycloud:open_model"
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from evalkit.errors import ModelUnavailable
from evalkit.models.base import Model, ModelContext, ModelFactory
from evalkit.records.model import ModelSpec

BUILT_IN: dict[str, str] = {
    "anthropic": "evalkit.models.anthropic.model",
    "openai": "evalkit.models.openai.model",
    "local": "evalkit.models.local.model",
    "classifier": "evalkit.models.classifier.model",
    "recorded": "evalkit.models.recorded.model",
}
GROUP = "evalkit.models"


def providers() -> tuple[str, ...]:
    """The names of all providers that can be used here, built-in ones first."""
    plugged = {entry.name for entry in entry_points(group=GROUP)} - BUILT_IN.keys()
    return (*BUILT_IN, *sorted(plugged))


def open_model(spec: ModelSpec, context: ModelContext) -> Model:
    """Open the model that a spec names.

    Raises ModelUnavailable with the reason that the table shows: no key, no package, no such provider.
    """
    return _factory(spec.provider)(spec, context)


def _factory(provider: str) -> ModelFactory:
    if module := BUILT_IN.get(provider):
        try:
            factory: ModelFactory = import_module(module).open_model
        except ImportError as error:
            raise ModelUnavailable(f"provider {provider!r} cannot be loaded: {error}") from error
        return factory
    for entry in entry_points(group=GROUP):
        if entry.name == provider:
            try:
                loaded: ModelFactory = entry.load()
            except (ImportError, AttributeError) as error:
                raise ModelUnavailable(f"plug-in {entry.value} for {provider!r} cannot be loaded: {error}") from error
            return loaded
    raise ModelUnavailable(f"no provider {provider!r}; known: {', '.join(providers())}")
