"""Which models have a batch API."""

from __future__ import annotations

from evalkit.models.base import Model
from evalkit.models.batch_base import BatchApi

BATCH_PROVIDERS = frozenset({"anthropic", "openai"})


def batch_api(model: Model) -> BatchApi | None:
    """The batch API behind an opened model, None where its provider has none."""
    provider = model.identity.get("provider")
    if provider == "anthropic":
        from evalkit.models.anthropic import AnthropicModel
        from evalkit.models.batch_anthropic import AnthropicBatches

        return AnthropicBatches(model) if isinstance(model, AnthropicModel) else None
    if provider == "openai":
        from evalkit.models.batch_openai import OpenAIBatches
        from evalkit.models.openai import OpenAIModel

        return OpenAIBatches(model) if isinstance(model, OpenAIModel) else None
    return None
