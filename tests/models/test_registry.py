"""Which provider opens which model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from evalkit.errors import ModelUnavailable
from evalkit.models import registry
from evalkit.models.base import ModelContext
from evalkit.models.openai.model import open_model as open_openai
from evalkit.models.provider import Provider
from evalkit.records.completion import Completion
from evalkit.records.model import ModelSpec, Rates
from evalkit.records.provider import ProviderFacts
from tests.conftest import TEST_KEY
from tests.engine.asking import Scripted, ask_all, context, request, said
from tests.servers.launch import FakeProvider


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Plug-ins are remembered by name; here each test has its own."""
    registry.provider.cache_clear()
    yield
    registry.provider.cache_clear()


def make(spec: ModelSpec, _: ModelContext) -> Scripted:
    """A plug-in's factory."""
    return Scripted(lambda *_: said(), identity={"provider": "mycloud", "model": spec.model})


DECLARED = Provider(
    ProviderFacts("ignored", hosted=True, default_role="frontier"),
    make,
    name_in=lambda name, folder: str(folder / name),
)


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
    monkeypatch.setitem(sys.modules, "evalkit.models.openai.model", None)  # as where a package of it is missing
    with pytest.raises(ModelUnavailable, match="provider 'openai' cannot be loaded"):
        registry.open_model(spec("openai/gpt-6-luna"), context())


def test_built_in_providers_declare_themselves_without_loading_what_they_need() -> None:
    code = (
        "import sys; from evalkit.models.registry import BUILT_IN, facts\n"
        "assert all(facts(name).name == name for name in BUILT_IN)\n"
        "heavy = {'anthropic', 'openai', 'sklearn', 'xllamacpp', 'numpy', 'pyarrow', 'aiohttp'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_is_declared_of_a_provider_is_there() -> None:
    for name in registry.BUILT_IN:
        declared = registry.provider(name)
        assert declared.facts.batch == (declared.batch_api is not None)
        assert declared.facts.hosted or not (declared.facts.billed or declared.facts.rate_headers)


def test_nothing_is_known_of_a_provider_that_is_not_there() -> None:
    assert registry.facts("${MODEL}") == ProviderFacts("${MODEL}")
    assert not registry.is_known("${MODEL}")


def test_a_mere_factory_is_taken_to_cost_money(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "mycloud", f"{__name__}:make")
    known = registry.facts("mycloud")
    assert (known.hosted, known.billed, known.default_role) == (True, True, "prompted")
    assert registry.is_billed(spec("mycloud/a"))
    assert not registry.is_billed(replace(spec("mycloud/a"), price=Rates(gpu_hour=4.0)))


def test_a_plug_in_is_named_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "mycloud", f"{__name__}:DECLARED")
    assert registry.facts("mycloud") == replace(DECLARED.facts, name="mycloud")
    assert not registry.is_billed(spec("mycloud/a"))
    assert registry.is_billed(replace(spec("mycloud/a"), price=Rates(input=1.0, output=1.0)))
    assert registry.name_in_suite("mycloud/a/b", Path("/suites")) == "mycloud//suites/a/b"


MYCLOUD = Provider(
    ProviderFacts("mycloud", hosted=True, billed=True, key_env="MYCLOUD_API_KEY", url_env="MYCLOUD_BASE_URL"),
    open_openai,
)


def test_a_plug_in_may_take_a_built_in_protocol_with_an_access_of_its_own(
    fake_openai: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, "mycloud", f"{__name__}:MYCLOUD")
    for name, value in (("API_KEY", "sk-vendor"), ("ORG_ID", "sk-vendor-org"), ("BASE_URL", "http://127.0.0.1:9/v1")):
        monkeypatch.setenv(f"OPENAI_{name}", value)
    with pytest.raises(ModelUnavailable, match="MYCLOUD_API_KEY is not set"):
        registry.open_model(spec("mycloud/large"), context())
    monkeypatch.setenv("MYCLOUD_API_KEY", TEST_KEY)
    monkeypatch.setenv("MYCLOUD_BASE_URL", fake_openai.url)
    fake_openai.configure(record=True, require_key=TEST_KEY)
    model = registry.open_model(spec("mycloud/large"), context())
    assert model.identity["provider"] == "mycloud"
    (outcome,) = ask_all(model, [request("hello")])
    assert isinstance(outcome, Completion)
    assert "sk-vendor" not in str(fake_openai.stats()["recorded"])
