"""The request key: everything that decides the answer, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.key import RequestKey
from evalkit.records.request import Parameters, Prefix, Request, Turn
from evalkit.suite.prompts.template import make_prefix

IDENTITY: dict[str, str | None] = {
    "provider": "openai",
    "base_url": "http://h/v1",
    "model": "m",
    "revision": None,
    "api_version": "v1",
}
PREFIX = make_prefix("Be brief. é", [Turn("q", "a")])
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number"}}}
PARAMETERS = Parameters(64, temperature=0.0, seed=7, reasoning="low", schema=SCHEMA, labels=("no", "yes"), stop=("\n",))
GOLDEN = "334c66d2d7ee7d0551da03fdcc0a61c94341f7ef7174f8b998090911d2ab1805"


def key(
    identity: dict[str, str | None] | None = None,
    prefix: Prefix = PREFIX,
    parameters: Parameters = PARAMETERS,
    suffix: str = "text",
    epoch: int = 0,
) -> str:
    keys = RequestKey(identity or IDENTITY, prefix, parameters)
    return keys.of(Request(prefix, suffix, parameters, "sample-1", epoch))


def test_the_key_is_the_same_for_ever() -> None:
    """SHA-256 of `json.dumps([parts, suffix, epoch], sort_keys=True)` without white space, in UTF-8.

    A changed value makes every cached answer a miss: change it only with the version inside the key.
    """
    assert key() == GOLDEN


def test_the_key_is_the_same_in_another_process() -> None:
    code = "from tests.engine.test_key import key; print(key())"
    run = subprocess.run([sys.executable, "-R", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == key()


DIFFERENT: dict[str, dict[str, Any]] = {
    **{name: {"identity": {**IDENTITY, name: "other"}} for name in IDENTITY},
    "one more part": {"identity": {**IDENTITY, "digest": "d"}},
    "system": {"prefix": make_prefix("Be brief.", [Turn("q", "a")])},
    "examples": {"prefix": make_prefix("Be brief. é", [Turn("q", "b")])},
    "no examples": {"prefix": make_prefix("Be brief. é", [])},
    "max_tokens": {"parameters": replace(PARAMETERS, max_tokens=65)},
    "temperature": {"parameters": replace(PARAMETERS, temperature=0.1)},
    "temperature not sent": {"parameters": replace(PARAMETERS, temperature=None)},
    "seed": {"parameters": replace(PARAMETERS, seed=8)},
    "seed not sent": {"parameters": replace(PARAMETERS, seed=None)},
    "reasoning": {"parameters": replace(PARAMETERS, reasoning="off")},
    "reasoning not sent": {"parameters": replace(PARAMETERS, reasoning=None)},
    "schema": {"parameters": replace(PARAMETERS, schema={**SCHEMA, "title": "t"})},
    "no schema": {"parameters": replace(PARAMETERS, schema=None)},
    "labels": {"parameters": replace(PARAMETERS, labels=("no",))},
    "stop": {"parameters": replace(PARAMETERS, stop=())},
    "no prompt caching": {"parameters": replace(PARAMETERS, cache_ttl="off")},
    "suffix": {"suffix": "text "},
    "epoch": {"epoch": 1},
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_every_part_counts(name: str) -> None:
    assert key(**DIFFERENT[name]) != key()


def test_all_of_them_differ_from_each_other() -> None:
    assert len({key(**changed) for changed in DIFFERENT.values()}) == len(DIFFERENT)


def test_what_does_not_decide_the_answer_does_not_count() -> None:
    turned = {"properties": {"b": {"type": "number"}, "a": {"type": "string"}}, "type": "object"}
    assert key(parameters=replace(PARAMETERS, schema=turned)) == key()
    assert key(parameters=replace(PARAMETERS, cache_ttl="1h")) == key()
    assert key(identity=dict(reversed(IDENTITY.items()))) == key()
    keys = RequestKey(IDENTITY, PREFIX, PARAMETERS)
    here, there = (Request(PREFIX, "text", PARAMETERS, sample) for sample in ("1", "2"))
    assert keys.of(here) == keys.of(there)


@given(st.lists(st.tuples(st.text(), st.integers(0, 20)), unique=True, max_size=20))
def test_distinct_requests_have_distinct_keys(requests: list[tuple[str, int]]) -> None:
    keys = RequestKey(IDENTITY, PREFIX, PARAMETERS)
    made = {keys.of(Request(PREFIX, suffix, PARAMETERS, "1", epoch)) for suffix, epoch in requests}
    assert len(made) == len(requests)


@given(st.text(), st.text())
def test_a_suffix_cannot_pose_as_an_epoch(suffix: str, other: str) -> None:
    assert key(suffix=f'{suffix}",1]{other}') != key(suffix=suffix, epoch=1)


def test_contenders_that_share_prefix_and_model_share_the_primer() -> None:
    def name(**changed: Any) -> str:
        return RequestKey(
            {**IDENTITY, **changed.pop("identity", {})}, PREFIX, replace(PARAMETERS, **changed)
        ).prefix_name

    assert name(temperature=None, seed=1, max_tokens=9, cache_ttl="1h") == name()
    others = (name(schema=None), name(reasoning="high"), name(identity={"model": "other"}), name(cache_ttl="off"))
    assert len({name(), *others}) == 5


def test_no_part_holds_more_than_names_and_digests() -> None:
    parts = RequestKey(IDENTITY, PREFIX, PARAMETERS).parts
    assert parts["prefix"] == PREFIX.digest
    assert "Be brief" not in str(parts)
