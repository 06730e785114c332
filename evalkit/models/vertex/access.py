"""How Vertex AI is reached: region, project and URL, and the token that goes with each request."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from evalkit.errors import ModelUnavailable, WrongVariable
from evalkit.models.access import check_url, read_key, read_url, read_variable
from evalkit.models.address import clean
from evalkit.models.registry import facts
from evalkit.models.route import check_certificate_file
from evalkit.records.model import ModelSpec

REGION, PROJECT = "CLOUD_ML_REGION", "ANTHROPIC_VERTEX_PROJECT_ID"


@dataclass(frozen=True, slots=True)
class Place:
    """Region, project where it is named, and URL where it is not the region's own."""

    region: str
    project: str | None
    url: str | None
    own_server: bool


def place_of(spec: ModelSpec) -> Place:
    """Where a model is asked. Raises ModelUnavailable without a region, WrongVariable for what is none."""
    region = _name(REGION)
    if region is None:
        raise ModelUnavailable(f"{REGION} is not set")
    project = _name(PROJECT)
    if spec.base_url is not None:
        url = clean(spec.base_url)
        check_url(url, "base_url")
        return Place(region, project, url, True)
    return Place(region, project, read_url(facts(spec.provider).url_env), False)


def credentials_of(spec: ModelSpec) -> tuple[dict[str, Any], str | None]:
    """What the SDK's client asks with, and the project that belongs to it.

    `api_key_env` names the variable of an access token; else Google's own library finds the credentials, as it does
    for every tool. Raises ModelUnavailable where there are none, or where that library is not installed.
    """
    if spec.api_key_env is not None:
        return {"access_token": read_key(spec.api_key_env)}, None
    if spec.base_url is not None:
        raise ModelUnavailable("a server that the suite names gets no Google token but that of `api_key_env`")
    if find_spec("google") is None or find_spec("google.auth") is None:
        raise ModelUnavailable(f"package google-auth is not installed: {facts(spec.provider).install}")
    check_certificate_file("REQUESTS_CA_BUNDLE")  # by which tokens are fetched
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    try:
        found, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    except GoogleAuthError as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelUnavailable(f"no Google credentials (gcloud auth application-default login): {reason}") from None
    return {"credentials": found}, project


def _name(variable: str) -> str | None:
    """A variable that becomes a part of a URL's path."""
    name = read_variable(variable)
    if name is not None and not (name.isascii() and name.replace("-", "").replace(":", "").replace(".", "").isalnum()):
        raise WrongVariable(f"{variable} is no name that a URL can hold: {name!r}", expected="such as us-east5")
    return name
