"""Which models have a batch API."""

from __future__ import annotations

from evalkit.models.base import Model
from evalkit.models.batch import BatchApi

BATCH_PROVIDERS = frozenset({"anthropic", "openai"})


def batch_api(model: Model) -> BatchApi | None:
    """The batch API behind an opened model, None where its provider has none."""
    provider = model.identity.get("provider")
    if provider == "anthropic":
        from evalkit.models.anthropic.batches import AnthropicBatches
        from evalkit.models.anthropic.model import AnthropicModel

        return AnthropicBatches(model) if isinstance(model, AnthropicModel) else None
    if provider == "openai":
        from evalkit.models.openai.batches import OpenAIBatches
        from evalkit.models.openai.model import OpenAIModel

        return OpenAIBatches(model) if isinstance(model, OpenAIModel) else None
    return None
