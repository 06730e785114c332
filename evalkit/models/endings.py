"""The closed table of endings: which words of a server mean that it has answered, and which do not.

An answer counts only where its ending is in this table. All other words, and no word at all, are the server's trouble:
told by name, asked again, never scored and never kept. Compatible servers mix the words of all APIs, so one table holds
for both; words are compared without regard to case, and with `_` for `-` and for a space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.records.completion import Failure, StopReason

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Ending:
    """A word of some server, what it means for the answer, and who says it."""

    word: str
    stop: StopReason
    who: str


ENDINGS: tuple[Ending, ...] = (
    Ending("stop", "end", "OpenAI, Gemini"),
    Ending("end_turn", "end", "Anthropic"),
    Ending("stop_sequence", "end", "Anthropic, TGI"),
    Ending("eos_token", "end", "TGI, watsonx"),
    Ending("eos", "end", "Together"),
    Ending("complete", "end", "Cohere"),
    Ending("finish", "end", "Titan"),
    Ending("end", "end", "recorded answers"),
    Ending("length", "max_tokens", "OpenAI"),
    Ending("max_tokens", "max_tokens", "Anthropic, Cohere, Gemini"),
    Ending("max_new_tokens", "max_tokens", "TGI's own API"),
    Ending("max_output_tokens", "max_tokens", "OpenAI Responses"),
    Ending("max_length", "max_tokens", "text-generation-webui"),
    Ending("length_limit", "max_tokens", "gateways"),
    Ending("token_limit", "max_tokens", "watsonx"),
    Ending("limit", "max_tokens", "llama.cpp's own API"),
    Ending("model_length", "max_tokens", "Mistral"),
    Ending("model_context_window_exceeded", "max_tokens", "Anthropic"),
    Ending("content_filter", "refusal", "OpenAI, Azure"),
    Ending("content_filtered", "refusal", "Bedrock"),
    Ending("refusal", "refusal", "Anthropic"),
    Ending("safety", "refusal", "Gemini"),
    Ending("recitation", "refusal", "Gemini"),
    Ending("blocklist", "refusal", "Gemini"),
    Ending("prohibited_content", "refusal", "Gemini"),
    Ending("spii", "refusal", "Gemini"),
    Ending("model_armor", "refusal", "Vertex"),
    Ending("language", "refusal", "Gemini"),
    Ending("sensitive", "refusal", "GLM"),
    Ending("guardrail_intervened", "refusal", "Bedrock"),
    Ending("error_toxic", "refusal", "Cohere"),
)

# Words that are known to be no ending of an answer, and what to say of them.
NO_ANSWER: Mapping[str, str] = {
    "error": "the server failed in the middle of it",
    "abort": "the server gave it up",
    "cancelled": "the server gave it up",
    "network_error": "the server lost its own connection",
    "insufficient_system_resource": "the server had no room for it",
    "time_limit": "the server ran out of time",
    "not_finished": "the server had not finished it",
    "tool_calls": "a tool was called instead of an answer",
    "tool_use": "a tool was called instead of an answer",
    "function_call": "a tool was called instead of an answer",
    "malformed_function_call": "a tool was called instead of an answer",
    "pause_turn": "the model had not finished",
}

_STOPS: Mapping[str, StopReason] = {row.word: row.stop for row in ENDINGS}
_PREFIXES = ("finish_reason_", "finishreason.")


def stop_of(word: Any, field: str) -> StopReason | Failure:
    """What an ending means; a Failure that names it, for another attempt, where it is no ending of an answer.

    `field` is the API's name of the field. Some gateways add a reason of their own: `content_filter: SPII`.
    """
    if word is None or word == "":
        return unfinished(f"the answer has no {field}, so it is not known to be finished")
    if not isinstance(word, str):
        return unfinished(f"the answer has a {field} that is no word ({type(word).__name__})")
    parts = [_plain(part) for part in word.split(":")]
    stop = _STOPS.get(parts[0])
    # Behind an ending that is none, or that says only half: `error: SAFETY` and `stop: SAFETY` are refusals.
    if len(parts) > 1 and stop != "refusal":
        stop = "refusal" if _STOPS.get(parts[1]) == "refusal" else None
    if stop is not None:
        return stop
    shown = " ".join(word.split())[:_SHOWN]
    why = NO_ANSWER.get(parts[0], "which is not known as the end of an answer")
    return unfinished(f'the answer ended with {field} "{shown}": {why}')


def unfinished(reason: str) -> Failure:
    """What came is no answer: the server's trouble, worth another attempt."""
    return Failure("infra", reason, retryable=True, http_status=200)


def _plain(word: str) -> str:
    name = word.strip().casefold().replace("-", "_").replace(" ", "_")
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name
