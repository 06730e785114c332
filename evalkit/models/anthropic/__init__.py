"""`anthropic/…`: the Messages API, and every server that speaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.models.base import Model, ModelContext
from evalkit.models.provider import X_RATELIMIT, Provider
from evalkit.records.model import ModelSpec
from evalkit.records.provider import ProviderFacts, RateHeaders, SchemaRules

if TYPE_CHECKING:
    from evalkit.models.batch import BatchApi

# Limits are per minute. Resets are dates in whole seconds, too coarse to tell a pace.
_OWN_HEADERS = tuple(
    RateHeaders(kind, f"anthropic-ratelimit-{kind}-limit", f"anthropic-ratelimit-{kind}-remaining")
    for kind in ("requests", "tokens", "input-tokens", "output-tokens")
)


# By what Anthropic's SDK rewrites before it sends; gateways hand schemas on as they are.
STRUCTURED = SchemaRules(
    left_out=frozenset(
        {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
         "pattern", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains", "prefixItems",
         "unevaluatedItems", "minProperties", "maxProperties", "patternProperties", "propertyNames",
         "unevaluatedProperties", "dependentRequired", "dependentSchemas", "dependencies", "not", "if", "then", "else",
         "contentEncoding", "contentMediaType"}
    ),
    kept_values={"minItems": (0, 1)},
    formats=frozenset(
        {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
    ),
    closed_objects=True,
    any_of_only=False,
    bare_refs=True,
    own_servers=True,
)  # fmt: skip


def _open_model(spec: ModelSpec, context: ModelContext) -> Model:
    from evalkit.models.anthropic.model import open_model

    return open_model(spec, context)


def _batch_api(model: Model) -> BatchApi:
    from evalkit.models.anthropic.batches import AnthropicBatches
    from evalkit.models.anthropic.model import AnthropicModel

    assert isinstance(model, AnthropicModel)
    return AnthropicBatches(model)


PROVIDER = Provider(
    ProviderFacts(
        "anthropic",
        hosted=True,
        takes_server=True,
        billed=True,
        opens_anywhere=True,
        rate_headers=(*_OWN_HEADERS, *X_RATELIMIT),  # the latter are a gateway's
        key_env="ANTHROPIC_API_KEY",
        url_env="ANTHROPIC_BASE_URL",
        url="https://api.anthropic.com",
        env_prefix="ANTHROPIC_",
        caches_prompts=True,
        tells_ttft=True,
        takes_reasoning=True,
        schema_rules=STRUCTURED,
        batch=True,
        default_role="frontier",
        name_starts=("claude",),
        packages=("anthropic",),
    ),
    _open_model,
    _batch_api,
)
