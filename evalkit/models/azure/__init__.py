"""`azure/…`: chat completions of Azure OpenAI; the name is that of the deployment."""

from __future__ import annotations

from evalkit.models.base import Model, ModelContext
from evalkit.models.openai import STRICT
from evalkit.models.provider import X_RATELIMIT, Provider
from evalkit.records.model import ModelSpec
from evalkit.records.provider import ProviderFacts


def _open_model(spec: ModelSpec, context: ModelContext) -> Model:
    from evalkit.models.azure.model import open_model

    return open_model(spec, context)


PROVIDER = Provider(
    ProviderFacts(
        "azure",
        hosted=True,
        takes_server=True,
        billed=True,
        opens_anywhere=True,
        rate_headers=X_RATELIMIT,
        key_env="AZURE_OPENAI_API_KEY",
        url_env="AZURE_OPENAI_ENDPOINT",
        env_prefix="AZURE_OPENAI_",
        caches_prompts=True,
        cache_minimum_tokens=1024,
        tells_ttft=True,
        takes_reasoning=True,
        schema_rules=STRICT,
        default_role="frontier",
        packages=("openai",),
    ),
    _open_model,
)
