"""Which parameter an error is about: by its own field, by words that refuse it, and never by a word of a sample."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.droppable import blamed
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Parameters
from tests.engine.asking import context, request, spec
from tests.models.wire import answer, sent
from tests.servers.launch import FakeProvider

NAMES = ("temperature", "seed", "max_tokens", "max_completion_tokens", "stream_options", "reasoning_effort", "thinking")

# As servers say it, the name put in.
REFUSALS = (
    "Unsupported parameter: '{}' is not supported with this model.",
    "Unsupported value: '{}' does not support 0.2 with this model. Only the default (1) value is supported.",
    "Unrecognized request argument supplied: {}",
    "Unrecognized request arguments supplied: logit_bias, {}",
    "unknown field `{}`, expected one of `model`, `messages`",
    "{}: Extra inputs are not permitted",
    "body.{}: extra fields not permitted",
    "property '{}' is unsupported",
    "`{}` is deprecated for this model.",
    "`{}` may only be set to 1 when thinking is on",
    "UnsupportedParamsError: mine does not support parameters: ['{}'], for model=x",
    "This model does not support setting {}.",
    "This model does not support the {} parameter",
    "create() got an unexpected keyword argument '{}'",
    "Additional properties are not allowed ('{}' was unexpected)",
    "{} is not supported by this engine",
    "The parameter {} is not allowed here",
    "extra parameters: {}",
)
# Each holds a name and is about something else.
OTHERS = (
    "The text was blocked: 'the {} of the fridge is not supported by the door'",
    'Your prompt "why is {} not supported in my shop?" was flagged',
    "Content blocked by moderation near the words room {} and humidity",
    "The request was refused because its text mentions {}",
    "unknown field seed_value in 're{}'",
    "model not found: {}-7b",
    "Invalid JSON at {}",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("words", REFUSALS)
def test_words_that_refuse_a_parameter_blame_it(words: str, name: str) -> None:
    assert blamed({}, words.format(name), NAMES) == (name,)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("words", OTHERS)
def test_a_name_among_other_words_is_not_blamed(words: str, name: str) -> None:
    assert blamed({}, words.format(name), NAMES) == ()


@pytest.mark.parametrize("param", ["temperature", "body.temperature", "$.temperature", "request['temperature']"])
def test_the_errors_own_field_decides(param: str) -> None:
    for body in ({"param": param}, {"error": {"param": param}}, {"detail": [{"loc": ["body", "temperature"]}]}):
        assert blamed(body, "refused", NAMES) == ("temperature",)
        assert blamed(body, "temperature must be between 0 and 1", NAMES) == ()
    assert blamed({"error": {"param": "messages"}}, "'temperature' is not supported", NAMES) == ()
    assert blamed({"error": {"param": None}}, "'temperature' is not supported", NAMES) == ("temperature",)


def test_an_error_wrapped_into_the_message_of_a_gateway_is_read() -> None:
    inner = (
        """Error code: 400 - {'error': {'message': "Unsupported parameter: 'seed' is not supported", 'param': %s}}"""
    )
    for param in ("None", "'seed'"):
        assert blamed({"error": {"message": f"BadRequestError: {inner % param}"}}, "x", NAMES) == ("seed",)
    body = {"type": "error", "error": {"type": "x", "message": "seed: Extra inputs are not permitted"}}
    assert blamed(body, f"Error code: 400 - {body}", NAMES) == ("seed",)


@given(
    st.text(),
    st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)),
)
def test_any_error_is_read(message: str, body: Any) -> None:
    assert set(blamed(body, message, NAMES)) <= set(NAMES)


def ask_each(fake: FakeProvider, texts: list[str]) -> list[Completion | Failure]:
    """One after the other, with a temperature."""
    model = open_model(spec("openai", fake.url, provider_model="openai/my-7b"), context())

    async def run() -> list[Completion | Failure]:
        try:
            each = [request(text, parameters=Parameters(16, temperature=0.0)) for text in texts]
            return [await model.complete(one) for one in each]
        finally:
            await model.aclose()

    return asyncio.run(run())


def test_what_does_not_get_through_without_it_either_teaches_nothing(fake_openai: FakeProvider) -> None:
    error = {"error": {"message": "Unsupported parameter: temperature", "type": "x", "param": None, "code": None}}
    faults = [{"match": "odd", "then": {"status": 400, "body": error}}]
    fake_openai.configure(strict=False, record=True, faults=faults)
    odd, other = ask_each(fake_openai, ["odd", "other"])
    assert isinstance(odd, Failure) and answer(other).left_out == ()
    assert ["temperature" in body for body in sent(fake_openai)] == [True, False, True]


def test_a_sample_that_is_quoted_teaches_nothing(fake_openai: FakeProvider) -> None:
    error = {"error": {"message": "Flagged: 'turn the temperature up'", "type": "invalid_request_error"}}
    faults = [{"match": "odd", "then": {"status": 400, "body": error}}]
    fake_openai.configure(strict=False, record=True, faults=faults)
    ask_each(fake_openai, ["odd", "other"])
    assert ["temperature" in body for body in sent(fake_openai)] == [True, True]


def test_a_validator_inside_the_message_names_the_field() -> None:
    detail = [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]
    body = {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error"}
    assert blamed(body, "HTTP 422", NAMES) == ("seed",)
