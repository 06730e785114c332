"""What was sent to a fake, and shapes that no API sends."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Parameters, Prefix, Request, Turn
from evalkit.suite.prompts.template import make_prefix
from tests.engine.asking import ask_all, context, spec
from tests.servers.launch import FakeProvider

TURNS = [Turn("first?", "one"), Turn("second?", "two")]
SHORT = make_prefix("Be brief.", TURNS)

_NAMES = [
    "type",
    "content",
    "text",
    "thinking",
    "stop_reason",
    "usage",
    "model",
    "message",
    "choices",
    "delta",
    "refusal",
    "finish_reason",
    "index",
    "content_block",
    "input_tokens",
    "output_tokens",
    "prompt_tokens",
    "completion_tokens",
    "cache_creation",
    "cache_read_input_tokens",
    "prompt_tokens_details",
    "cached_tokens",
]
_TEXTS = st.sampled_from(["message", "text", "text_delta", "message_start", "message_stop", "message_delta", "\ud83d"])

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6),
    max_leaves=12,
)


def sent(fake: FakeProvider) -> list[dict[str, Any]]:
    """The bodies that the fake recorded, oldest first."""
    return [each["body"] for each in fake.stats()["recorded"]]


def ask(
    fake: FakeProvider,
    provider: str,
    *,
    prefix: Prefix = SHORT,
    parameters: Parameters | None = None,
    texts: tuple[str, ...] = ("third?",),
    stream: bool = False,
    **model: Any,
) -> list[Completion | Failure]:
    """Ask through one model of `provider` (fields of its spec in `model`), recording what is sent."""
    fake.configure(record=True)
    opened = open_model(spec(provider, model.pop("base_url", fake.url), **model), context(stream=stream))
    parameters = parameters or Parameters(max_tokens=16)
    return ask_all(opened, [Request(prefix, text, parameters, text) for text in texts])


def answer(outcome: Completion | Failure) -> Completion:
    """The outcome, which must be an answer."""
    assert isinstance(outcome, Completion), outcome
    return outcome


def well_typed(completion: Completion | Failure | None) -> bool:
    """Whether an outcome holds what its record says, and can be written as UTF-8; None is well typed too."""
    if completion is None or isinstance(completion, Failure):
        return completion is None or bool(completion.reason)
    completion.text.encode()
    assert completion.stop in ("end", "max_tokens", "refusal")
    (completion.served_model or "").encode()
    usage = completion.usage
    counts = [] if usage is None else [getattr(usage, name) or 0 for name in usage.__slots__]
    return all(type(count) is int and 0 <= count < 2**63 for count in counts)
