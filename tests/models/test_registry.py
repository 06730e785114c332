"""Which provider opens which model."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from evalkit.errors import ModelUnavailable
from evalkit.models import registry
from evalkit.models.base import ModelContext
from evalkit.records.model import ModelSpec
from tests.engine.asking import Scripted, context, said


def make(spec: ModelSpec, _: ModelContext) -> Scripted:
    """A plug-in's factory."""
    return Scripted(lambda *_: said(), identity={"provider": "mycloud", "model": spec.model})


def plug_in(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    points = EntryPoints([EntryPoint(name, value, registry.GROUP)])
    monkeypatch.setattr(registry, "entry_points", lambda group: points.select(group=group))


def spec(provider_model: str) -> ModelSpec:
    return ModelSpec("m", provider_model, "prompted")


def test_a_plug_in_opens_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "mycloud", f"{__name__}:make")
    assert registry.open_model(spec("mycloud/a/b"), context()).identity["model"] == "a/b"
    assert registry.providers() == (*registry.BUILT_IN, "mycloud")


def test_a_plug_in_does_not_take_a_built_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "openai", f"{__name__}:make")
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY is not set"):
        registry.open_model(spec("openai/gpt-6-luna"), context())
    assert registry.providers() == tuple(registry.BUILT_IN)


@pytest.mark.parametrize("value", ["no_such_module_here:make", f"{__name__}:absent"])
def test_a_broken_plug_in_is_a_skip_with_its_reason(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    plug_in(monkeypatch, "mycloud", value)
    with pytest.raises(ModelUnavailable, match="'mycloud' cannot be loaded"):
        registry.open_model(spec("mycloud/a"), context())


def test_an_unknown_provider_names_the_known_ones() -> None:
    with pytest.raises(ModelUnavailable, match="no provider 'openia'; known: anthropic, openai"):
        registry.open_model(spec("openia/gpt-6-luna"), context())


def test_a_missing_package_of_a_built_in_provider_is_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str, *_: Any) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(registry, "import_module", absent)
    with pytest.raises(ModelUnavailable, match="provider 'local' cannot be loaded"):
        registry.open_model(spec("local/gemma-3-270m"), context())
