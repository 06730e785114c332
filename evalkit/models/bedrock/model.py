"""`bedrock/…`: the Anthropic SDK's client for Bedrock, which signs each request."""

from __future__ import annotations

from urllib.parse import quote

from evalkit.models.access import Access
from evalkit.models.anthropic.answers import MessagesReader
from evalkit.models.anthropic.cloud import CloudModel, bare_name
from evalkit.models.anthropic.model import is_legacy
from evalkit.models.base import ModelContext
from evalkit.models.bedrock.access import TOKEN, credentials_of, place_of
from evalkit.models.droppable import Droppable
from evalkit.models.sdk import Wire, client_arguments, url_of
from evalkit.records.model import ModelSpec

_LEGACY_VERSION = "bedrock-2023-05-31"


def open_model(spec: ModelSpec, context: ModelContext) -> CloudModel:
    """Open a model of Bedrock. Raises ModelUnavailable without a region, credentials or the package that signs."""
    place, credentials = place_of(spec), credentials_of(spec)
    secret = credentials.get("api_key") or credentials.get("aws_secret_key") or ""
    access = Access(secret, place.url, place.own_server, None)
    import anthropic

    arguments = client_arguments(context, access)
    del arguments["api_key"]
    with access.environment("ANTHROPIC_"), access.environment(TOKEN):
        client = anthropic.AsyncAnthropicBedrock(
            **arguments, **credentials, aws_region=place.region, open_telemetry=False
        )
    legacy = is_legacy(bare_name(spec.model))
    act = "invoke-with-response-stream" if context.stream else "invoke"
    wire = Wire(
        sdk=anthropic,
        client=client,
        url=url_of(client, f"/model/{quote(spec.model, safe=':')}/{act}"),
        reader=MessagesReader(),
        access=access,
        timeout_s=context.timeout_s,
        stream=context.stream,
        on_headers=context.on_headers,
        stream_mark={},  # the URL says it
        other_errors=_errors(),
    )
    return CloudModel(
        spec,
        wire,
        place.url.rstrip("/"),
        Droppable({"temperature": None, "thinking": None}),
        api_version=_LEGACY_VERSION if legacy else anthropic._constants.ANTHROPIC_API_VERSION,
        legacy=legacy,
        place={"region": place.region},
    )


def _errors() -> tuple[type[Exception], ...]:
    """What signing raises: credentials that ran out, or that are gone."""
    try:
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return ()
    return BotoCoreError, RuntimeError
