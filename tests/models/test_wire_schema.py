"""Schemas as vendors take them: nothing that is right is forbidden, and nothing is sent that they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.forms.parsing.schema_check import SchemaCheck
from evalkit.models.registry import facts, schema_for
from evalkit.records.model import ModelSpec

VENDORS = {"openai": "openai/gpt-6-luna", "anthropic": "anthropic/claude-haiku-5-5"}
LIMITS: dict[str, Any] = {
    "minimum": 0,
    "maximum": 9,
    "exclusiveMinimum": 0,
    "multipleOf": 2,
    "minLength": 1,
    "maxLength": 9,
    "uniqueItems": True,
    "minProperties": 1,
    "format": "iri",
}


def spec(provider: str, **more: Any) -> ModelSpec:
    return ModelSpec("m", VENDORS[provider], "frontier", **more)


def closed(properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }


@pytest.mark.parametrize("provider", VENDORS)
def test_a_schema_that_is_taken_goes_as_it_is(provider: str) -> None:
    schema = closed({"label": {"type": "string", "enum": ["a", "b"]}, "more": {"type": ["string", "null"]}})
    found = schema_for(spec(provider), schema)
    assert (found.schema, found.left_out, found.problems) == (schema, (), ())


@pytest.mark.parametrize("provider", VENDORS)
@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_that_is_refused_is_told_and_not_sent(provider: str, name: str) -> None:
    kind = "array" if "Items" in name else "string" if "Length" in name or name == "format" else "number"
    found = schema_for(spec(provider), closed({"x": {"type": kind, "items": {"type": "string"}, name: LIMITS[name]}}))
    sent = found.schema["properties"]["x"]
    assert name not in sent and found.left_out == (name,) and not found.problems
    assert (name in sent.get("description", "")) is (name != "minProperties")


@pytest.mark.parametrize("provider", VENDORS)
def test_every_object_is_closed(provider: str) -> None:
    inner = {"type": "object", "properties": {"y": {"type": "string"}}, "required": ["y"]}
    schema = {
        "type": "object",
        "properties": {"a": inner, "b": {"type": "array", "items": inner}, "c": {"$ref": "#/$defs/d"}},
        "required": ["a", "b", "c"],
        "$defs": {"d": inner},
    }
    found = schema_for(spec(provider), schema)
    sent: Any = found.schema
    objects = [sent, sent["properties"]["a"], sent["properties"]["b"]["items"], sent["$defs"]["d"]]
    assert [each["additionalProperties"] for each in objects] == [False] * 4
    assert not found.problems


def test_what_may_be_left_out_must_be_null_for_openai() -> None:
    nullable = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    schema = closed({"a": {"type": "string"}, "b": nullable}, required=["a"])
    found = schema_for(spec("openai"), schema)
    assert found.schema["required"] == ["a", "b"] and not found.problems
    strict = closed({"a": {"type": "string"}, "b": {"type": "string"}}, required=["a"])
    assert schema_for(spec("openai"), strict).problems == ("a property that may be left out and must not be null at b",)
    assert schema_for(spec("anthropic"), strict).problems == ()


@pytest.mark.parametrize("provider", VENDORS)
@pytest.mark.parametrize(
    "free", [{"additionalProperties": {"type": "string"}}, {"patternProperties": {"^a": {}}}, {"type": "object"}]
)
def test_a_map_of_free_keys_is_a_problem(provider: str, free: dict[str, Any]) -> None:
    found = schema_for(spec(provider), closed({"map": {"type": "object", **free}}))
    assert found.problems == ("an object with free keys at map",)


def test_a_server_that_the_suite_names_gets_the_whole_schema() -> None:
    schema = closed({"x": {"type": "number", "minimum": 0}}, required=[])
    assert schema_for(spec("openai", base_url="http://127.0.0.1:1/v1"), schema).schema == schema
    assert schema_for(ModelSpec("m", "local/gemma", "floor"), schema).schema == schema


def test_one_of_and_a_single_all_of_are_written_otherwise() -> None:
    text, number = {"type": "string"}, {"type": "number"}
    found = schema_for(spec("openai"), closed({"a": {"oneOf": [text, number]}, "b": {"allOf": [text]}}))
    assert found.schema["properties"] == {"a": {"anyOf": [text, number]}, "b": text}
    assert schema_for(spec("openai"), closed({"b": {"allOf": [text, number]}})).problems == ("`allOf` at b",)
    assert schema_for(spec("openai"), {"type": "array", "items": text}).problems


_LEAVES = st.sampled_from(
    [{"type": "string"}, {"type": "number", "minimum": 1}, {"type": ["string", "null"], "maxLength": 3},
     {"enum": ["a", None]}, {"type": "integer", "multipleOf": 2}, {"const": "x"}, {"type": "string", "pattern": "^a"}]
)  # fmt: skip


def _wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    objects = st.builds(
        lambda properties, required, close: {
            "type": "object",
            "properties": properties,
            "required": sorted(set(required) & properties.keys()),
            **close,
        },
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
        st.lists(st.sampled_from("abc")),
        st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": True}]),
    )
    arrays = st.builds(lambda items, more: {"type": "array", "items": items, **more}, inner,
                       st.sampled_from([{}, {"uniqueItems": True}, {"minItems": 2}]))  # fmt: skip
    unions = st.builds(
        lambda name, parts: {name: parts}, st.sampled_from(["anyOf", "oneOf"]), st.lists(inner, min_size=1, max_size=2)
    )
    return objects | arrays | unions


SCHEMAS = st.recursive(_LEAVES, _wider, max_leaves=6)
VALUES = st.recursive(
    st.none() | st.sampled_from(["a", "x", "abcd"]) | st.integers(0, 4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(SCHEMAS, VALUES, st.sampled_from(list(VENDORS)))
def test_what_is_sent_forbids_no_answer_but_for_keys_that_may_be_left_out(
    schema: Any, value: Any, provider: str
) -> None:
    """A right answer with declared keys only, all of them there, passes what is sent."""
    found = schema_for(spec(provider), schema)
    if found.problems or SchemaCheck(schema).problem(value) is not None or not _is_full(schema, value):
        return
    assert SchemaCheck(found.schema).problem(value) is None


def _is_full(schema: Any, value: Any) -> bool:
    """Whether an answer has just the keys that are declared; unions are left out where they hold objects."""
    if any(name in schema for name in ("anyOf", "oneOf")):
        return not isinstance(value, dict | list)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return value.keys() == properties.keys() and all(_is_full(properties[k], v) for k, v in value.items())
    if isinstance(value, list):
        return all(_is_full(schema.get("items", {}), each) for each in value)
    return True


@settings(max_examples=200, deadline=None)
@given(SCHEMAS, st.sampled_from(list(VENDORS)))
def test_nothing_is_sent_that_the_vendor_refuses(schema: Any, provider: str) -> None:
    rules = facts(provider).schema_rules
    assert rules is not None
    todo: list[Any] = [schema_for(spec(provider), schema).schema]
    while todo:
        part = todo.pop()
        if not isinstance(part, dict):
            continue
        refused = {name for name in part.keys() & rules.left_out if part[name] not in rules.kept_values.get(name, ())}
        assert not refused
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
        todo += [
            *part.get("properties", {}).values(),
            part.get("items"),
            *part.get("anyOf", ()),
            *part.get("oneOf", ()),
        ]
