"""The fakes answer the real SDKs as the vendors would: answers, streams, limits, refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from tests.servers.clients import (
    LONG,
    ask,
    ask_openai,
    buckets,
    chat,
    marked,
    message,
    stream_of,
    with_anthropic,
    with_openai,
)
from tests.servers.launch import FakeProvider, serve

pytest_plugins = ("tests.servers.fixtures",)


def test_answers_by_the_last_user_message(
    fake_anthropic: FakeProvider, fake_openai: FakeProvider, tmp_path: Path
) -> None:
    (tmp_path / "answers.json").write_text(json.dumps({"q1": "from file", "q2": "from file"}))
    for fake in (fake_anthropic, fake_openai):
        settings = {
            "answers_file": str(tmp_path / "answers.json"),
            "answers": {"q2": "given", "tail": "part"},
        }
        fake.configure(**settings, default_answer="neither")
    blocks = [{"type": "text", "text": "shared"}, {"type": "text", "text": "tail"}]
    turns = [{"role": "user", "content": "q1"}, {"role": "assistant", "content": "a"}]
    for text, answer in (("q1", "from file"), ("q2", "given"), ("q3", "neither")):
        assert ask(fake_anthropic, text).content[0].text == answer
        assert ask_openai(fake_openai, text).choices[0].message.content == answer
    last = ask(fake_anthropic, messages=[*turns, {"role": "user", "content": blocks}])
    assert last.content[0].text == "part"


def test_anthropic_stream(fake_anthropic: FakeProvider) -> None:
    fake_anthropic.configure(echo_label="card arrival", ttft_ms=2, delta_ms=1, latency_ms=10)
    call = message("q", system=[marked()], stream=True)
    events = with_anthropic(fake_anthropic, lambda c: stream_of(c.messages.create(**call)))
    assert [e.type for e in events] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 3,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert "".join(e.delta.text for e in events[2:5]) == "card arrival"
    assert buckets(events[0].message) == (1, 0, 1024, 0)
    end = events[-2]
    assert (end.delta.stop_reason, end.usage.output_tokens) == ("end_turn", 3)
    assert end.usage.cache_creation_input_tokens == 1024
    assert not hasattr(end.usage, "cache_creation")
    assert fake_anthropic.stats()["streams"] == 1


def test_openai_stream(fake_openai: FakeProvider) -> None:
    fake_openai.configure(echo_label="card arrival")
    call = chat("q", stream=True)
    chunks = with_openai(fake_openai, lambda c: stream_of(c.chat.completions.create(**call)))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "card arrival"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(c.usage is None for c in chunks)
    call["stream_options"] = {"include_usage": True}
    chunks = with_openai(fake_openai, lambda c: stream_of(c.chat.completions.create(**call)))
    assert (chunks[-1].choices, chunks[-1].usage.completion_tokens) == ([], 3)


def test_a_label_under_a_schema_comes_as_json(fake_anthropic: FakeProvider, fake_openai: FakeProvider) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"label": {"enum": ["a", "b"]}},
        "required": ["label"],
        "additionalProperties": False,
    }
    fake_anthropic.configure(echo_label="a")
    fake_openai.configure(echo_label="a")
    native = {"format": {"type": "json_schema", "schema": schema}}
    assert ask(fake_anthropic, output_config=native).content[0].text == '{"label": "a"}'
    declared = {"type": "json_schema", "json_schema": {"name": "out", "strict": True, "schema": schema}}
    content = ask_openai(fake_openai, response_format=declared).choices[0].message.content
    assert content == '{"label": "a"}'
    del schema["additionalProperties"]
    with pytest.raises(anthropic.BadRequestError, match="additionalProperties"):
        ask(fake_anthropic, output_config=native)
    with pytest.raises(openai.BadRequestError, match="additionalProperties"):
        ask_openai(fake_openai, response_format=declared)


OLD: dict[str, Any] = {"extra_headers": {"anthropic-version": "2023-06-01"}}
ANTHROPIC_REFUSES: list[tuple[dict[str, Any], str]] = [
    ({"extra_body": {"temperature": 0}}, "temperature: Extra inputs"),
    ({"extra_body": {"temperature": 0}, **OLD}, "not supported for this model"),
    ({"extra_body": {"no_such": 1}}, "no_such: Extra inputs"),
    ({"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
    ({"system": [marked()] * 5}, "A maximum of 4 blocks"),
    ({"system": [marked(), marked(ttl="1h")]}, "must not come after"),
    ({"messages": [{"role": "assistant", "content": "a"}]}, "first message must use"),
    ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
    ({"system": [{"type": "text", "text": ""}]}, "non-empty"),
    ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "must be greater than"),
    ({"output_config": {"effort": "huge"}}, "effort"),
]


@pytest.mark.parametrize(("more", "words"), ANTHROPIC_REFUSES)
def test_anthropic_refuses(fake_anthropic: FakeProvider, more: dict[str, Any], words: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=words):
        ask(fake_anthropic, **more)


def test_anthropic_takes_temperature_on_older_models(fake_anthropic: FakeProvider) -> None:
    assert ask(fake_anthropic, model="claude-haiku-4-5", extra_body={"temperature": 0}, **OLD).content


OPENAI_REFUSES: list[tuple[dict[str, Any], str | None]] = [
    ({"temperature": 0}, "unsupported_parameter"),
    ({"max_tokens": 5}, "unsupported_parameter"),
    ({"model": "gpt-4.1", "reasoning_effort": "low"}, "unsupported_parameter"),
    ({"max_tokens": 5, "max_completion_tokens": 5}, "invalid_parameter_combination"),
    ({"extra_body": {"no_such": 1}}, "unknown_parameter"),
    ({"seed": "7"}, "invalid_type"),
    ({"stream_options": {"include_usage": True}}, None),
    ({"messages": [{"role": "robot", "content": "a"}]}, "invalid_value"),
]


@pytest.mark.parametrize(("more", "code"), OPENAI_REFUSES)
def test_openai_refuses(fake_openai: FakeProvider, more: dict[str, Any], code: str | None) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask_openai(fake_openai, **more)
    assert caught.value.code == code


def test_a_lenient_server_of_ones_own(fake_openai: FakeProvider) -> None:
    fake_openai.configure(strict=False, reject_parameters=["max_completion_tokens"], thinking_tokens=2)
    answer = ask_openai(fake_openai, temperature=0, extra_body={"top_k": 1}, max_tokens=50)
    assert answer.choices[0].message.reasoning_content == "hmm hmm "
    with pytest.raises(openai.BadRequestError, match="max_completion_tokens"):
        ask_openai(fake_openai, max_completion_tokens=50)


def test_an_answer_is_cut_at_max_tokens(fake_openai: FakeProvider) -> None:
    fake_openai.configure(echo_label="card arrival")
    choice = ask_openai(fake_openai, max_completion_tokens=2).choices[0]
    assert (choice.message.content, choice.finish_reason) == ("card arr", "length")


def test_keys_and_headers(fake_anthropic: FakeProvider, fake_openai: FakeProvider) -> None:
    for fake in (fake_anthropic, fake_openai):
        fake.configure(require_key="sesame", record=True, models=["claude-haiku-5-5", "gpt-6-luna"])
    with pytest.raises(anthropic.AuthenticationError):
        ask(fake_anthropic)
    with pytest.raises(openai.AuthenticationError):
        ask_openai(fake_openai)
    with_openai(fake_openai, lambda c: c.chat.completions.create(**chat()), key="sesame")
    ask(fake_anthropic, extra_headers={"Authorization": "Bearer sesame"})
    ask(fake_anthropic, extra_headers={"Authorization": "", "x-api-key": "sesame"})
    no_version = {"Authorization": "Bearer sesame", "anthropic-version": anthropic.Omit()}
    with pytest.raises(anthropic.BadRequestError, match="anthropic-version"):
        ask(fake_anthropic, extra_headers=no_version)
    with pytest.raises(anthropic.NotFoundError):
        ask(fake_anthropic, model="claude-none", extra_headers={"x-api-key": "sesame"})
    recorded = fake_openai.stats()["recorded"]
    assert [r["key"] for r in recorded] == ["test-key", "sesame"]
    assert recorded[0]["body"]["model"] == "gpt-6-luna"
    assert recorded[0]["headers"]["authorization"] == "Bearer test-key"


def test_rate_limit(fake_anthropic: FakeProvider, fake_openai: FakeProvider) -> None:
    for fake in (fake_anthropic, fake_openai):
        fake.configure(rate_limit_rps=0.01, rate_limit_burst=1)
    first = with_anthropic(fake_anthropic, lambda c: c.messages.with_raw_response.create(**message()))
    assert first.headers["anthropic-ratelimit-requests-remaining"] == "0"
    with pytest.raises(anthropic.RateLimitError) as limited:
        ask(fake_anthropic)
    assert 0 < int(limited.value.response.headers["retry-after"]) <= 100
    ask_openai(fake_openai)
    with pytest.raises(openai.RateLimitError) as limited_too:
        ask_openai(fake_openai)
    assert limited_too.value.code == "rate_limit_exceeded"
    assert limited_too.value.response.headers["x-ratelimit-reset-requests"].endswith("s")
    fake_anthropic.configure(rate_limit_rps=None, rate_limit_tpm=1030)
    ask(fake_anthropic, system=[marked()])
    ask(fake_anthropic, system=[marked()])  # reads from the cache do not count
    with pytest.raises(anthropic.RateLimitError):
        ask(fake_anthropic, system=LONG)


def test_settings_are_checked_and_kept(fake_openai: FakeProvider) -> None:
    fake_openai.configure(echo_label="kept")
    mistakes: list[dict[str, Any]] = [
        {"latency": 5},
        {"latency_ms": -1},
        {"faults": [{"then": {}}]},
        {"answers_file": "/none"},
    ]
    for wrong in mistakes:
        with pytest.raises(ValueError, match=r"\w"):
            fake_openai.configure(**wrong)
    assert ask_openai(fake_openai).choices[0].message.content == "kept"
    with pytest.raises(RuntimeError, match="no_such"), serve("openai", no_such=1):
        pass


def test_the_command_ends_with_its_input(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"echo_label": "x"}')
    command = [sys.executable, "-m", "tests.servers.launch", "--api", "openai", "--config", str(config)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["url"] == f"http://127.0.0.1:{ready['port']}/v1"
        process.stdin.close()
        assert process.wait(timeout=20) == 0
