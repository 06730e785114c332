"""`vertex/…`: the Anthropic SDK's client for Vertex AI."""

from __future__ import annotations

from urllib.parse import quote

from evalkit.errors import ModelUnavailable
from evalkit.models.access import Access
from evalkit.models.anthropic.answers import MessagesReader
from evalkit.models.anthropic.cloud import CloudModel, bare_name
from evalkit.models.anthropic.model import is_legacy
from evalkit.models.base import ModelContext
from evalkit.models.droppable import Droppable
from evalkit.models.sdk import Wire, client_arguments, url_of
from evalkit.models.vertex.access import PROJECT, credentials_of, place_of
from evalkit.records.model import ModelSpec

_LEGACY_VERSION = "vertex-2023-10-16"


def open_model(spec: ModelSpec, context: ModelContext) -> CloudModel:
    """Open a model of Vertex AI. Raises ModelUnavailable without a region, a project or credentials."""
    place = place_of(spec)
    credentials, project_of_credentials = credentials_of(spec)
    project = place.project or project_of_credentials
    if project is None:
        raise ModelUnavailable(f"{PROJECT} is not set")
    access = Access(credentials.get("access_token") or "", place.url, place.own_server, None)
    import anthropic

    arguments = client_arguments(context, access)
    del arguments["api_key"]
    with access.environment("ANTHROPIC_"):
        client = anthropic.AsyncAnthropicVertex(
            **arguments, **credentials, region=place.region, project_id=project, open_telemetry=False
        )
    legacy = is_legacy(bare_name(spec.model))
    where = f"/projects/{project}/locations/{place.region}/publishers/anthropic/models/"
    act = "streamRawPredict" if context.stream else "rawPredict"
    wire = Wire(
        sdk=anthropic,
        client=client,
        url=url_of(client, f"{where}{quote(spec.model, safe='@')}:{act}"),
        reader=MessagesReader(),
        access=access,
        timeout_s=context.timeout_s,
        stream=context.stream,
        on_headers=context.on_headers,
        other_errors=_errors(),
    )
    return CloudModel(
        spec,
        wire,
        str(client.base_url).rstrip("/"),
        Droppable({"temperature": None, "thinking": None}),
        api_version=_LEGACY_VERSION if legacy else anthropic._constants.ANTHROPIC_API_VERSION,
        legacy=legacy,
        place={"region": place.region, "project": project},
    )


def _errors() -> tuple[type[Exception], ...]:
    """What fetching a token raises."""
    try:
        from google.auth.exceptions import GoogleAuthError
    except ImportError:
        return ()
    return GoogleAuthError, RuntimeError
