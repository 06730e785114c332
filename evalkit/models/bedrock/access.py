"""How Bedrock is reached: its region and URL, and the credentials that sign each request."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from evalkit.errors import ModelUnavailable, WrongVariable
from evalkit.models.access import check_url, read_key, read_url, read_variable
from evalkit.models.address import clean
from evalkit.models.registry import facts
from evalkit.records.model import ModelSpec

TOKEN = "AWS_BEARER_TOKEN_BEDROCK"
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_NONE = f"no AWS credentials: set {TOKEN}, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"


@dataclass(frozen=True, slots=True)
class Place:
    """A region and the URL at which it is asked; `own_server` where the suite names the URL."""

    region: str
    url: str
    own_server: bool


def place_of(spec: ModelSpec) -> Place:
    """Where a model is asked. Raises ModelUnavailable without a region, WrongVariable for a URL that is none."""
    region = next((found for name in _REGIONS if (found := read_variable(name))), None)
    if region is None:
        raise ModelUnavailable("AWS_REGION is not set")
    if not region.replace("-", "").isalnum() or not region.isascii():
        raise WrongVariable(f"AWS_REGION is not the name of a region: {region!r}", expected="such as us-east-1")
    if spec.base_url is not None:
        url = clean(spec.base_url)
        check_url(url, "base_url")
        return Place(region, url, True)
    named = read_url(facts(spec.provider).url_env)
    return Place(region, named or f"https://bedrock-runtime.{region}.amazonaws.com", False)


def credentials_of(spec: ModelSpec) -> dict[str, Any]:
    """What the SDK's client signs with: a token, or keys that boto3 finds as every AWS tool does.

    A server that the suite names gets signatures, which tell no secret, and no token but that of `api_key_env`.
    Raises ModelUnavailable where there are none, or where boto3 is needed and not installed.
    """
    if spec.api_key_env is not None:
        return {"api_key": read_key(spec.api_key_env)}
    if spec.base_url is None and read_variable(TOKEN):
        return {"api_key": read_key(TOKEN)}
    if find_spec("boto3") is None:
        raise ModelUnavailable(f"package boto3 is not installed: {facts(spec.provider).install}")
    access, secret = read_variable("AWS_ACCESS_KEY_ID"), read_variable("AWS_SECRET_ACCESS_KEY")
    if access and secret:
        found = {
            "aws_access_key": read_key("AWS_ACCESS_KEY_ID"),
            "aws_secret_key": read_key("AWS_SECRET_ACCESS_KEY"),
        }
        session_token = read_variable("AWS_SESSION_TOKEN")
        return found | ({"aws_session_token": session_token} if session_token else {})
    return _of_profile(read_variable("AWS_PROFILE"))


def _of_profile(profile: str | None) -> dict[str, Any]:
    import boto3
    from botocore.exceptions import BotoCoreError, ProfileNotFound

    try:
        found = boto3.Session(profile_name=profile).get_credentials()
    except ProfileNotFound:
        raise WrongVariable(f"AWS_PROFILE names no profile: {profile!r}") from None
    except BotoCoreError as error:
        raise ModelUnavailable(f"the AWS credentials cannot be read: {error}") from None
    if found is None:
        raise ModelUnavailable(_NONE)
    return {"aws_profile": profile} if profile else {}
