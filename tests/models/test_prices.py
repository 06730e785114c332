"""The price list: tiers, dated ids, a user's own file, and what is unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.errors import PriceError
from evalkit.models.prices import PriceList
from evalkit.records.completion import Usage
from evalkit.records.model import ModelSpec, Rates
from evalkit.records.price import Price, Tier

MILLION = 1_000_000


def spec(provider_model: str, **more: Any) -> ModelSpec:
    return ModelSpec("m", provider_model, "frontier", **more)


def own(folder: Path, data: Any) -> PriceList:
    """The list with a user's file over it."""
    path = folder / "prices.yaml"
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data), encoding="utf-8")
    return PriceList.load(path)


def cost(prices: PriceList, provider_model: str, usage: Usage) -> float | None:
    price = prices.price(spec(provider_model))
    assert price is not None
    return price.cost(usage)


def test_each_bucket_has_its_rate() -> None:
    prices = PriceList.load()
    usage = Usage(1, 10, 100, 1000, 10_000, thinking=9_000)  # thinking is inside output
    dollars = 2 * 1 + 0.10 * 10 + 2.5 * 100 + 4 * 1000 + 10 * 10_000
    assert cost(prices, "anthropic/claude-sonnet-5-5", usage) == pytest.approx(dollars / MILLION)


def test_the_prompts_length_picks_the_tier_of_the_whole_request() -> None:
    prices, model = PriceList.load(), "anthropic/claude-haiku-5-5"
    assert cost(prices, model, Usage(input=60_000, cache_read=40_000)) == pytest.approx(0.0064)
    assert cost(prices, model, Usage(input=60_001, cache_read=40_000)) == pytest.approx(0.0320005)
    assert cost(prices, model, Usage(input=1, output=MILLION)) == pytest.approx(0.5000001)


def test_a_dated_id_has_the_price_of_its_model() -> None:
    prices = PriceList.load()
    plain = prices.price(spec("anthropic/claude-haiku-4-5"))
    assert plain is not None and prices.price(spec("anthropic/claude-haiku-4-5-20251001")) == plain
    assert prices.price(spec("openai/gpt-6-luna-2026-09-01")) == prices.price(spec("openai/gpt-6-luna"))
    assert prices.shortest_cacheable(spec("anthropic/claude-haiku-4-5-20251001")) == 4096
    assert prices.shortest_cacheable(spec("openai/anything")) == 1024
    assert prices.shortest_cacheable(spec("anthropic/claude-haiku-5-5")) is None


def test_what_is_unknown_has_no_price() -> None:
    prices = PriceList.load()
    assert prices.price(spec("anthropic/claude-haiku-9")) is None
    assert prices.price(spec("anthropic/claude-haiku-5-5-mini")) is None
    assert prices.price(spec("anthropic/claude-haiku-5-5", base_url="http://h")) is None
    assert prices.price(spec("openai/ft", price=Rates(gpu_hour=1.1))) is None


def test_a_suites_own_price_wins() -> None:
    price = PriceList.load().price(spec("anthropic/claude-haiku-5-5", price=Rates(input=3, output=0)))
    assert price is not None and price.cost(Usage(input=MILLION, output=5)) == 3


def test_a_bucket_in_use_without_a_rate_makes_the_cost_unknown() -> None:
    price = Price((Tier(Rates(input=1, output=2)),), None, "x")
    assert price.cost(Usage(input=1, output=1)) == pytest.approx(3 / MILLION)
    assert price.cost(Usage(input=1, cache_read=1)) is None
    assert price.cost(Usage()) == 0


def test_a_users_file_goes_over_the_list(tmp_path: Path) -> None:
    new = {"input": 7, "output": 8, "as_of": "2026-11-01", "source": "my contract"}
    prices = own(tmp_path, {"models": {"openai/gpt-6-luna": new}, "cache_minimum_tokens": {"anthropic/*": 9}})
    price = prices.price(spec("openai/gpt-6-luna"))
    assert price is not None
    assert (price.cost(Usage(input=MILLION)), price.as_of, price.source) == (7, "2026-11-01", "my contract")
    assert price.batch_multiplier == 0.5  # of the list: a user's file need not repeat it
    assert prices.price(spec("anthropic/claude-sonnet-5-5")) == PriceList.load().price(
        spec("anthropic/claude-sonnet-5-5")
    )
    assert prices.shortest_cacheable(spec("anthropic/claude-haiku-5-5")) == 9


def test_where_the_users_file_is_looked_for(
    tmp_path: Path, isolated_user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(path: Path, rate: int) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"models": {"openai/x": {"input": rate, "output": 0}}}), encoding="utf-8")
        return path

    written(isolated_user / "config" / "evalkit" / "prices.yaml", 1)
    assert cost(PriceList.load(), "openai/x", Usage(input=MILLION)) == 1
    monkeypatch.setenv("EVALKIT_PRICES", str(written(tmp_path / "p.json", 2)))
    assert cost(PriceList.load(), "openai/x", Usage(input=MILLION)) == 2
    monkeypatch.setenv("EVALKIT_PRICES", str(tmp_path / "absent.yaml"))
    with pytest.raises(PriceError, match=r"absent\.yaml: cannot be read"):
        PriceList.load()


def entry(data: Any) -> dict[str, Any]:
    return {"models": {"openai/x": data}}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("models: [", "not YAML or JSON"),
        ("just text", "expected a mapping with the key 'models'"),
        ({"model": {}}, "expected a key 'models'"),
        ({"models": []}, "expected a key 'models'"),
        (entry(None), "openai/x: expected a mapping of rates, found None"),
        (entry({}), "openai/x: no rates given"),
        (entry({"as_of": "2026-01-01"}), "openai/x: no rates given"),
        (entry({"inputs": 1}), "openai/x: unknown rate 'inputs'; known: "),
        (entry({"input": "1"}), "openai/x: input must be dollars per million tokens, found '1'"),
        (entry({"input": True}), "openai/x: input must be"),
        (entry({"input": -1}), "openai/x: input must be"),
        ("models: {openai/x: {input: .nan}}", "openai/x: input must be"),
        ("models: {openai/x: {input: .inf}}", "openai/x: input must be"),
        (entry({"tiers": 5}), "openai/x: expected rates, or a list of `tiers`"),
        (entry({"tiers": [5]}), "openai/x: expected a mapping of rates, found 5"),
        (entry({"tiers": [{"input": 1}], "input": 1}), "openai/x: expected rates, or a list of `tiers`"),
        (entry({"tiers": [{"input": 1, "up_to_prompt_tokens": "many"}]}), "openai/x: up_to_prompt_tokens must be"),
        (entry({"tiers": [{"input": 1}, {"input": 2, "up_to_prompt_tokens": 9}]}), "openai/x: tiers must go from"),
        (entry({"tiers": [{"input": 1}, {"input": 2}]}), "openai/x: tiers must go from"),
        ({"models": {}, "batch_multiplier": 0.5}, "batch_multiplier: expected a mapping of names to numbers"),
        ({"models": {}, "cache_minimum_tokens": {"a": "x"}}, "cache_minimum_tokens: expected a mapping"),
    ],
)
def test_a_wrong_file_names_itself_the_entry_and_what_was_expected(tmp_path: Path, data: Any, told: str) -> None:
    with pytest.raises(PriceError) as caught:
        own(tmp_path, data)
    assert str(caught.value).startswith(str(tmp_path / "prices.yaml"))
    assert told in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PriceError, match="not YAML or JSON"):
        PriceList.load(tmp_path / "prices.yaml")


_KEYS = st.sampled_from(["models", "tiers", "input", "output", "up_to_prompt_tokens", "as_of", "batch_multiplier"])
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=3), inner, max_size=4),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(_DATA, st.builds(entry, _DATA), st.builds(lambda d: entry({"tiers": d}), _DATA)))
def test_any_file_is_read_or_named(tmp_path: Path, data: Any) -> None:
    try:
        prices = own(tmp_path, data)
    except PriceError:
        return
    price = prices.price(spec("openai/x"))
    if price is not None:
        price.cost(Usage(1, 1, 1, 1, 1))
