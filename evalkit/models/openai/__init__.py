"""`openai/…`: chat completions, and every server that speaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.models.base import Model, ModelContext
from evalkit.models.provider import X_RATELIMIT, Provider
from evalkit.records.model import ModelSpec
from evalkit.records.provider import ProviderFacts, SchemaRules

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


# Strict schemas, by OpenAI's guide and by what is reported of its refusals: limits of numbers and texts that some
# models take and others refuse are left out too. A compatible server enforces what it can, and mostly more.
STRICT = SchemaRules(
    left_out=frozenset(
        {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
         "uniqueItems", "contains", "minContains", "maxContains", "prefixItems", "unevaluatedItems", "minProperties",
         "maxProperties", "patternProperties", "propertyNames", "unevaluatedProperties", "dependentRequired",
         "dependentSchemas", "dependencies", "not", "if", "then", "else", "contentEncoding", "contentMediaType"}
    ),
    left_out_if_tuned=frozenset({"pattern", "format", "minItems", "maxItems"}),
    formats=frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}),
    closed_objects=True,
    all_required=True,
    any_of_only=True,
    bare_refs=True,
    object_root=True,
)  # fmt: skip

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
        url="https://api.openai.com/v1",
        env_prefix="OPENAI_",
        caches_prompts=True,
        cache_minimum_tokens=1024,
        tells_ttft=True,
        takes_reasoning=True,
        schema_rules=STRICT,
        batch=True,
        default_role="frontier",
        name_starts=("gpt", "ft"),
        packages=("openai",),
    ),
    _open_model,
    _batch_api,
)
