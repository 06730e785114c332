"""A JSON Schema as a vendor takes it: rewritten for the wire where that loses nothing.

Vendors enforce a part of JSON Schema and refuse a request that uses more. What they do not take is left out of what is
sent: answers are held to the suite's whole schema here all the same, so that nothing is lost but the vendor's help. A
limit that is left out is told to the model in the description. What cannot be said in the vendor's part without
forbidding right answers is a problem, known before anything is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.records.model import ModelSpec
from evalkit.records.provider import SchemaRules

# Words about a schema that bind no answer.
_NOTES = frozenset(
    {"$schema", "$id", "$comment", "$anchor", "default", "examples", "example", "deprecated", "readOnly", "writeOnly"}
)
_INNER_MAPS = ("properties", "$defs", "definitions")
_INNER_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")


@dataclass(frozen=True, slots=True)
class WireSchema:
    """What is sent, which keywords were left out of it, and what the vendor cannot enforce at all."""

    schema: Mapping[str, Any]
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def wire_schema(rules: SchemaRules | None, spec: ModelSpec, schema: Mapping[str, Any]) -> WireSchema:
    """The schema for a model. A server that the suite names by its URL gets it as it is, unless the rules say else."""
    if rules is None or (spec.base_url is not None and not rules.own_servers):
        return WireSchema(schema)
    tuned = spec.role == "fine_tuned" or spec.model.startswith("ft:")
    writer = _Writer(rules, rules.left_out | (rules.left_out_if_tuned if tuned else frozenset()))
    if rules.object_root and not _is_object(schema):
        writer.problems["the schema is no object at its top"] = None
    sent = writer.rewrite(schema, "")
    return WireSchema(sent, tuple(sorted(writer.gone)), tuple(writer.problems))


@dataclass
class _Writer:
    rules: SchemaRules
    unwanted: frozenset[str]
    gone: set[str] = field(default_factory=set)
    problems: dict[str, None] = field(default_factory=dict)

    def rewrite(self, schema: Any, path: str) -> Any:
        """One schema and all below it; `path` names it to a reader."""
        if not isinstance(schema, Mapping):
            if schema is False or (schema is True and self.rules.closed_objects):
                self._problem(path, f"`{json.dumps(schema)}` instead of a schema")
            return schema
        if "$ref" in schema and self.rules.bare_refs:
            self.gone |= {
                name for name in schema if name not in _NOTES and name not in ("$ref", "description", "title")
            }
            kept = {
                "$ref": schema["$ref"],
                **{name: schema[name] for name in ("$defs", "definitions") if name in schema},
            }
            self.gone -= kept.keys()
            return {name: self._inner(name, value, path) for name, value in kept.items()}
        found = {name: self._inner(name, value, path) for name, value in schema.items() if self._is_sent(name, value)}
        self._tell_limits(schema, found)
        if "oneOf" in found and self.rules.any_of_only:
            found["anyOf"] = [*found.get("anyOf", ()), *found.pop("oneOf")]
        if "allOf" in found and self.rules.any_of_only:
            self._merge(found, path)
        if _is_object(schema):
            self._object(schema, found, path)
        return found

    def _inner(self, name: str, value: Any, path: str) -> Any:
        if name in _INNER_MAPS and isinstance(value, Mapping):
            return {key: self.rewrite(inner, f"{path}.{key}".strip(".")) for key, inner in value.items()}
        if name in _INNER_LISTS and isinstance(value, list | tuple):
            return [self.rewrite(inner, path) for inner in value]
        if name == "items" and isinstance(value, Mapping):
            return self.rewrite(value, f"{path}[]")
        return value

    def _is_sent(self, name: str, value: Any) -> bool:
        if name in _NOTES and self.rules.closed_objects:
            return False
        kept_numbers = self.rules.kept_values.get(name)
        refused = name in self.unwanted and not (kept_numbers is not None and value in kept_numbers)
        if name == "format" and self.rules.formats is not None and value not in self.rules.formats:
            refused = True
        if refused:
            self.gone.add(name)
        return not refused

    def _tell_limits(self, schema: Mapping[str, Any], found: dict[str, Any]) -> None:
        """Limits of a value, in the words of the schema, for the model to read."""
        told = [f"{name}: {json.dumps(schema[name])}" for name in schema if name in _TOLD and name not in found]
        if told:
            before = found.get("description")
            found["description"] = f"{before} ({', '.join(told)})" if before else f"({', '.join(told)})"

    def _merge(self, found: dict[str, Any], path: str) -> None:
        parts = found.pop("allOf")
        if len(parts) == 1 and isinstance(parts[0], Mapping) and not parts[0].keys() & found.keys():
            found.update(parts[0])
        else:
            self._problem(path, "`allOf`")

    def _object(self, schema: Mapping[str, Any], found: dict[str, Any], path: str) -> None:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping):
            properties = {}
        free = schema.get("additionalProperties", not properties)
        if self.rules.closed_objects:
            # Keys that are declared nowhere are left free by most schemas without a thought; a map of keys is meant.
            if isinstance(free, Mapping) or "patternProperties" in schema or (free and not properties):
                self._problem(path, "an object with free keys")
            found["additionalProperties"] = False
        if self.rules.all_required and properties:
            required = schema.get("required") or ()
            for name, inner in properties.items():
                if name not in required and not _takes_null(inner):
                    self._problem(f"{path}.{name}".strip("."), "a property that may be left out and must not be null")
            found["required"] = list(properties)

    def _problem(self, path: str, what: str) -> None:
        self.problems[f"{what} at {path}" if path else what] = None


_TOLD = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
     "format", "minItems", "maxItems", "uniqueItems"}
)  # fmt: skip


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list | tuple) and "object" in kind) or "properties" in schema


def _takes_null(schema: Any) -> bool:
    """Whether null is surely a right value."""
    if not isinstance(schema, Mapping):
        return schema is True
    if "enum" in schema:
        return None in schema["enum"]
    if "const" in schema:
        return schema["const"] is None
    kinds = schema.get("type")
    if kinds is not None:
        return kinds == "null" or (isinstance(kinds, list | tuple) and "null" in kinds)
    return any(_takes_null(each) for name in ("anyOf", "oneOf") for each in schema.get(name) or ())
