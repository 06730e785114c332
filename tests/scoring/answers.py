"""Short ways to make what the tests score."""

from __future__ import annotations

from evalkit.records.completion import Completion, StopReason, Timing
from evalkit.records.output import Output

LABELS = ("billing", "bug_report", "card", "card_not_working", "other")
INTENT_SCHEMA = {
    "type": "object",
    "properties": {"intent": {"enum": list(LABELS)}, "confidence": {"type": "number"}},
    "required": ["intent"],
    "additionalProperties": False,
}

LABEL = Output("classify", "label", LABELS)
NATIVE = Output("classify", "label", LABELS, enforce="native")
JSON = Output("classify", "json", LABELS, INTENT_SCHEMA, "intent")
NUMBER = Output("answer", "regex", pattern=r"^A: (?P<answer>\S+)$")
TEXT = Output("answer", "text")
EXTRACT = Output(
    "extract",
    "json",
    schema={
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "total": {"type": ["number", "null"]},
            "paid": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "to": {"$ref": "#/$defs/place"},
        },
        "$defs": {"place": {"type": "object", "properties": {"zip": {"type": "string"}, "floor": {"type": "integer"}}}},
    },
)
ALL = (LABEL, NATIVE, JSON, NUMBER, TEXT, EXTRACT)


def said(text: str, stop: StopReason = "end") -> Completion:
    """A completion with this text."""
    return Completion(text, stop, Timing(100.0))
