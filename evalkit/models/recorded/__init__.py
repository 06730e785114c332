"""`recorded`: answers that were collected elsewhere, read from a file."""

from __future__ import annotations

from evalkit.models.base import Model, ModelContext
from evalkit.models.provider import Provider
from evalkit.records.model import ModelSpec
from evalkit.records.provider import EntryKey, ProviderFacts


def _open_model(spec: ModelSpec, context: ModelContext) -> Model:
    from evalkit.models.recorded.model import open_model

    return open_model(spec, context)


PROVIDER = Provider(
    ProviderFacts(
        "recorded",
        prompted=False,
        default_role="reference",  # they may be anybody's, and evidence must be said to be some
        takes_name=False,
        entry_keys=(
            EntryKey("path", needed=True, example="data/outputs.jsonl"),
            EntryKey("id"),
            EntryKey("output"),
            EntryKey("quoting"),
        ),
    ),
    _open_model,
)
