"""`azure/…`: the OpenAI SDK's own client for Azure, at one deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from evalkit.errors import ModelUnavailable
from evalkit.models.access import access_of, read_variable
from evalkit.models.base import ModelContext
from evalkit.models.droppable import Droppable
from evalkit.models.openai.answers import ChatReader
from evalkit.models.openai.model import DROPPABLE, OpenAIModel
from evalkit.models.sdk import Wire, client_arguments, url_of
from evalkit.records.model import ModelSpec

_VERSION = "OPENAI_API_VERSION"


def open_model(spec: ModelSpec, context: ModelContext) -> AzureModel:
    """Open a deployment. The endpoint is that of the resource, or the suite's own `base_url`.

    Raises ModelUnavailable where the key, the endpoint or the version of the API is not set.
    """
    access = access_of(spec)
    if access.url is None:
        raise ModelUnavailable("AZURE_OPENAI_ENDPOINT is not set")
    version = read_variable(_VERSION)
    if version is None:
        raise ModelUnavailable(f"{_VERSION} is not set")
    import openai

    endpoint = access.url.rstrip("/").removesuffix("/openai")
    arguments = client_arguments(context, access)
    arguments["base_url"] = f"{endpoint}/openai/deployments/{quote(spec.model, safe='')}"
    with access.environment("OPENAI_"):
        client = openai.AsyncAzureOpenAI(**arguments, api_version=version)
    wire = Wire(
        sdk=openai,
        client=client,
        url=url_of(client, "/chat/completions"),
        reader=ChatReader(),
        access=access,
        timeout_s=context.timeout_s,
        stream=context.stream,
        on_headers=context.on_headers,
    )
    return AzureModel(spec, wire, endpoint, Droppable(DROPPABLE), api_version=version)


@dataclass
class AzureModel(OpenAIModel):
    """A deployment: its name is the user's own and tells nothing of the model behind it."""

    api_version: str = ""

    @property
    def identity(self) -> Mapping[str, str | None]:
        """The parts of the request key that belong to the model."""
        return {**super().identity, "api_version": self.api_version}
