"""The JSON Schema of a suite file, from the same models that read it, for editors to complete and check."""

from __future__ import annotations

import json
from typing import Any

from evalkit.suite.config.suite import Suite

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def suite_json_schema() -> dict[str, Any]:
    """Draft 2020-12, short forms included, keys in a stable order."""
    schema = _tidy(Suite.model_json_schema(mode="validation", by_alias=True))
    assert isinstance(schema, dict)
    schema["oneOf"] = [{"required": ["prompt"]}, {"required": ["prompts"]}]
    return {"$schema": DRAFT, "title": "evalkit suite", **schema}


def suite_json_schema_text() -> str:
    """The schema as it is printed and committed."""
    return json.dumps(suite_json_schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any, names: bool = False) -> Any:
    """Drops the generated titles and the defaults that say nothing, and closes mappings of free names.

    `names`: the keys of this mapping are names that a user writes (properties), not schema keywords.
    """
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {name: _tidy(inner) for name, inner in node.items()}
    kept = {k: v for k, v in node.items() if k != "title" and not (k == "default" and v in (None, {}))}
    patterns = kept.pop("patternProperties", None)
    if patterns:
        (pattern, value), *_ = patterns.items()
        kept["propertyNames"] = {**kept.get("propertyNames", {}), "pattern": pattern}
        kept["additionalProperties"] = value
    return {k: _tidy(v, names=k in ("properties", "$defs")) for k, v in kept.items()}
