"""Azure, Bedrock and Vertex on the wire: paths, bodies, signatures, errors, streams, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from evalkit.errors import ModelUnavailable, WrongVariable
from evalkit.models.access import check_access
from evalkit.models.anthropic.cloud import bare_name
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Request
from tests.engine.asking import ask_all, context
from tests.models.wire import SHORT, answer
from tests.servers.cloud import ACCESS_KEY, SECRET_KEY, FakeCloud, serve_cloud

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
KEY = "cloud-key-0123456789"


@pytest.fixture(scope="module")
def cloud() -> Iterator[FakeCloud]:
    with serve_cloud() as fake:
        yield fake


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch, cloud: FakeCloud) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{cloud.url}/\n")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-04-01-preview\n")
    monkeypatch.setenv("ANTHROPIC_BEDROCK_BASE_URL", cloud.url)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"{SECRET_KEY}\n")
    monkeypatch.setenv("ANTHROPIC_VERTEX_BASE_URL", f"{cloud.url}/v1")
    monkeypatch.setenv("CLOUD_ML_REGION", "europe-west1")
    monkeypatch.setenv("ANTHROPIC_VERTEX_PROJECT_ID", "my-project")
    monkeypatch.setenv("VERTEX_TOKEN", KEY)


def spec(name: str, **more: Any) -> ModelSpec:
    if name.startswith("vertex/"):
        more = {"api_key_env": "VERTEX_TOKEN", **more}
    if name.startswith("bedrock/"):
        pytest.importorskip("botocore", reason="needs boto3")
    return ModelSpec("m", name, "frontier", **more)


def ask(name: str, text: str = "hi", stream: bool = False, **more: Any) -> Completion | Failure:
    parameters = more.pop("parameters", None) or Parameters(max_tokens=16, cache_ttl="5m")
    model = open_model(spec(name, **more), context(stream=stream))
    return ask_all(model, [Request(SHORT, text, parameters, text)])[0]


ALL = [
    "azure/my-deployment.1",
    f"bedrock/{HAIKU}",
    "bedrock/anthropic.claude-opus-5-5",
    "vertex/claude-haiku-4-5@20251001",
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_an_answer_with_its_usage(name: str, stream: bool) -> None:
    found = answer(ask(name, stream=stream))
    assert (found.text, found.stop) == ("billing", "end")
    assert found.usage is not None and (found.usage.input, found.usage.cache_read, found.usage.output) == (10, 20, 2)
    assert (found.timing.ttft_ms is not None) is stream


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (
            "azure/my-deployment.1",
            "/openai/deployments/my-deployment.1/chat/completions?api-version=2025-04-01-preview",
        ),
        (f"bedrock/{HAIKU}", f"/model/{HAIKU}/invoke"),
        (
            "vertex/claude-haiku-4-5@20251001",
            "/v1/projects/my-project/locations/europe-west1/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict",
        ),
    ],
)
def test_where_it_is_asked(cloud: FakeCloud, name: str, path: str) -> None:
    answer(ask(name))
    assert cloud.recorded()[-1]["path"] == path


def test_azure_gets_its_own_key_and_nothing_of_openai(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-itself")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-openai-itself")
    answer(ask("azure/d"))
    seen = cloud.recorded()[-1]
    assert seen["headers"]["api-key"] == KEY and "itself" not in str(seen)
    assert seen["body"]["model"] == "d" and seen["body"]["messages"][0]["role"] == "system"


@pytest.mark.parametrize("name", [f"bedrock/{HAIKU}", "vertex/claude-haiku-4-5@20251001"])
def test_claude_on_a_cloud_is_asked_as_at_home(cloud: FakeCloud, name: str) -> None:
    parameters = Parameters(max_tokens=16, cache_ttl="5m", temperature=0.0, reasoning="off")
    answer(ask(name, parameters=parameters))
    body = cloud.recorded()[-1]["body"]
    assert body["anthropic_version"] in ("bedrock-2023-05-31", "vertex-2023-10-16")
    assert "model" not in body and body["temperature"] == 0 and body["system"][0]["text"] == "Be brief."
    marks = [
        block.get("cache_control")
        for turn in body["messages"][:-1]
        for block in turn["content"]
        if turn["content"] and isinstance(block, dict)
    ]
    assert marks[-1] == {"type": "ephemeral"}
    answer(ask(name, parameters=Parameters(max_tokens=16, cache_ttl="1h")))
    assert '"ttl": "1h"' in str(cloud.recorded()[-1]["body"]).replace("'", '"')
    answer(ask(name, parameters=Parameters(max_tokens=16, cache_ttl="off")))
    assert "cache_control" not in str(cloud.recorded()[-1]["body"])


def test_a_token_of_bedrock_goes_before_keys(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", f"{KEY}\n")
    answer(ask(f"bedrock/{HAIKU}"))
    assert cloud.recorded()[-1]["headers"]["authorization"] == f"Bearer {KEY}"
    # Another server is signed for, and never given the token.
    answer(ask(f"bedrock/{HAIKU}", base_url=cloud.url))
    assert cloud.recorded()[-1]["headers"]["authorization"].startswith("AWS4-HMAC-SHA256")
    assert KEY not in str(cloud.recorded()[-1])


def test_a_server_of_the_suite_gets_no_google_token_by_default(cloud: FakeCloud) -> None:
    with pytest.raises(ModelUnavailable, match="api_key_env"):
        open_model(spec("vertex/claude-x", base_url=cloud.url, api_key_env=None), context())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "kind"), [(401, "fatal"), (403, "ambiguous"), (429, "infra"), (503, "infra")])
@pytest.mark.parametrize("name", ALL)
def test_errors_are_told_by_their_status(name: str, status: int, kind: str, stream: bool) -> None:
    failure = ask(name, f"fail {status}", stream=stream)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.http_status) == (kind, status)
    assert "not for you" in failure.reason or "no such deployment" in failure.reason


def test_a_stream_of_bedrock_that_breaks_off_is_no_answer() -> None:
    failure = ask(f"bedrock/{HAIKU}", "break off", stream=True)
    assert isinstance(failure, Failure) and failure.kind == "infra"


@pytest.mark.parametrize("name", ALL)
def test_identity_says_where_and_what_and_holds_no_secret(name: str) -> None:
    model = open_model(spec(name), context())
    identity = dict(model.identity)
    assert identity["provider"] == name.partition("/")[0] and identity["model"] == name.partition("/")[2]
    assert identity["base_url"] and identity["api_version"]
    if not name.startswith("azure"):
        assert identity["region"] in ("eu-west-1", "europe-west1")
    assert KEY not in str(identity) and SECRET_KEY not in str(identity) and ACCESS_KEY not in str(identity)


@pytest.mark.parametrize(
    ("name", "variable", "words"),
    [
        ("azure/d", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_API_KEY is not set"),
        ("azure/d", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_ENDPOINT is not set"),
        ("azure/d", "OPENAI_API_VERSION", "OPENAI_API_VERSION is not set"),
        ("bedrock/m", "AWS_REGION", "AWS_REGION is not set"),
        ("vertex/m", "CLOUD_ML_REGION", "CLOUD_ML_REGION is not set"),
        ("vertex/m", "ANTHROPIC_VERTEX_PROJECT_ID", "ANTHROPIC_VERTEX_PROJECT_ID is not set"),
        ("vertex/m", "VERTEX_TOKEN", "VERTEX_TOKEN is not set"),
    ],
)
def test_what_is_not_set_is_a_skip(monkeypatch: pytest.MonkeyPatch, name: str, variable: str, words: str) -> None:
    for value in ("", "\n"):
        monkeypatch.setenv(variable, value)
        with pytest.raises(ModelUnavailable, match=words):
            open_model(spec(name), context())
        check_access(spec(name))


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("azure/d", "AZURE_OPENAI_ENDPOINT"),
        ("bedrock/m", "AWS_REGION"),
        ("bedrock/m", "ANTHROPIC_BEDROCK_BASE_URL"),
        ("vertex/m", "CLOUD_ML_REGION"),
        ("vertex/m", "ANTHROPIC_VERTEX_BASE_URL"),
        ("vertex/m", "ANTHROPIC_VERTEX_PROJECT_ID"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    monkeypatch.setenv(variable, "no/such place")
    with pytest.raises(WrongVariable, match=variable):
        check_access(spec(name))


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        (HAIKU, "claude-haiku-4-5-20251001"),
        ("anthropic.claude-opus-5-5", "claude-opus-5-5"),
        ("global.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "claude-3-haiku-20240307"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5-20251001"),
        ("claude-opus-5-5", "claude-opus-5-5"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "claude-haiku-4-5-20251001",
        ),
    ],
)
def test_the_vendors_own_name(name: str, bare: str) -> None:
    assert bare_name(name) == bare
