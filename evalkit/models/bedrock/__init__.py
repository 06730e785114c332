"""`bedrock/…`: Claude on Amazon Bedrock; the name is the id of a model or an inference profile."""

from __future__ import annotations

from evalkit.models.anthropic import STRUCTURED
from evalkit.models.base import Model, ModelContext
from evalkit.models.provider import Provider
from evalkit.records.model import ModelSpec
from evalkit.records.provider import ProviderFacts


def _open_model(spec: ModelSpec, context: ModelContext) -> Model:
    from evalkit.models.bedrock.model import open_model

    return open_model(spec, context)


def _reached_at(spec: ModelSpec) -> str:
    from evalkit.models.bedrock.access import place_of

    return place_of(spec).url


PROVIDER = Provider(
    ProviderFacts(
        "bedrock",
        hosted=True,
        takes_server=True,
        billed=True,
        opens_anywhere=True,
        url_env="ANTHROPIC_BEDROCK_BASE_URL",
        env_prefix="AWS_",
        caches_prompts=True,
        tells_ttft=True,
        takes_reasoning=True,
        schema_rules=STRUCTURED,
        default_role="frontier",
        packages=("anthropic", "boto3"),
        extra="bedrock",
    ),
    _open_model,
    reached_at=_reached_at,
)
