"""`openai/…`: chat completions, and every server that speaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.models.base import Model, ModelContext
from evalkit.models.provider import X_RATELIMIT, Provider
from evalkit.records.model import ModelSpec
from evalkit.records.provider import ProviderFacts

if TYPE_CHECKING:
    from evalkit.models.batch import BatchApi


def _open_model(spec: ModelSpec, context: ModelContext) -> Model:
    from evalkit.models.openai.model import open_model

    return open_model(spec, context)


def _batch_api(model: Model) -> BatchApi:
    from evalkit.models.openai.batches import OpenAIBatches
    from evalkit.models.openai.model import OpenAIModel

    assert isinstance(model, OpenAIModel)
    return OpenAIBatches(model)


PROVIDER = Provider(
    ProviderFacts(
        "openai",
        hosted=True,
        takes_server=True,
        billed=True,
        opens_anywhere=True,
        rate_headers=X_RATELIMIT,
        key_env="OPENAI_API_KEY",
        url_env="OPENAI_BASE_URL",
        env_prefix="OPENAI_",
        caches_prompts=True,
        cache_minimum_tokens=1024,
        tells_ttft=True,
        takes_reasoning=True,
        batch=True,
        default_role="frontier",
        name_starts=("gpt", "ft"),
        packages=("openai",),
    ),
    _open_model,
    _batch_api,
)
