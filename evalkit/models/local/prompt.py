"""What a local model is asked: turns for a chat model, a text to continue for a base model.

A base model reads the layout `"input"`, `Answer: answer`, blank line, as often as there are examples. The quotation
marks tell it where an input ends: they gave more right labels than no mark, `Input:`, dashes or brackets. Where only
one of some labels may be answered, the grammar takes care of it and the layout stays the same; the JSON object that
`enforce: native` asks for is then made of the label that was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from evalkit.models.request_parts import chat_turns, label_choices
from evalkit.records.request import Parameters, Prefix, Request

_INPUT = '"{}"\nAnswer:'
_BETWEEN = "\n\n"
_CHARACTERS_PER_TOKEN = 3  # English has four, Polish three; the server is asked again where it was too few


@dataclass(frozen=True, slots=True)
class Question:
    """One call to llama.cpp. `tokens` estimates prompt and answer; `wrapped` labels come back as JSON."""

    body: Mapping[str, Any]
    chat: bool
    tokens: int
    wrapped: bool = False

    def answer(self, text: str) -> str:
        """The answer in the form that was asked for."""
        if self.chat:
            return text
        text = text.removeprefix(" ")  # the tokenizer's: it stands between cue and answer
        return msgspec.json.encode({"label": text}).decode() if self.wrapped else text


def chat_question(request: Request) -> Question:
    """Turns, for a model with a chat template."""
    parameters = request.parameters
    body = _settings(parameters)
    if parameters.schema is not None:
        body["json_schema"] = parameters.schema
    body["messages"] = [*chat_turns(request.prefix), {"role": "user", "content": request.suffix}]
    return Question(body, chat=True, tokens=_tokens(request))


def text_question(request: Request) -> Question:
    """A text to continue, for a base model."""
    parameters = request.parameters
    choices = label_choices(parameters.schema)
    body = _settings(parameters)
    body["prompt"] = _text(request.prefix, request.suffix, plain=bool(choices))
    if choices:
        body["grammar"] = f'root ::= " " ( {" | ".join(map(_literal, choices))} )'
    elif parameters.schema is not None:
        body["json_schema"] = parameters.schema
    else:
        body["stop"] = list(parameters.stop) or [_BETWEEN]
    return Question(body, chat=False, tokens=_tokens(request), wrapped=bool(choices))


def _settings(parameters: Parameters) -> dict[str, Any]:
    """Greedy unless the suite sets a temperature: a local model is there to be repeatable."""
    body: dict[str, Any] = {
        "max_tokens": parameters.max_tokens,
        "temperature": parameters.temperature or 0.0,
        "cache_prompt": parameters.cache_ttl != "off",
        "stream": True,  # a call can be stopped between two pieces only
        "return_progress": True,
    }
    if parameters.seed is not None:
        body["seed"] = parameters.seed
    return body


def _text(prefix: Prefix, suffix: str, plain: bool) -> str:
    parts = [prefix.system] if prefix.system else []
    for turn in prefix.examples:
        answer = _label_of(turn.assistant) if plain else turn.assistant
        parts.append(f"{_INPUT.format(turn.user)} {answer}")
    return _BETWEEN.join([*parts, _INPUT.format(suffix)])


def _label_of(answer: str) -> str:
    """The label inside `{"label": …}`; any other text as it is."""
    try:
        value = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return answer
    label = value.get("label") if isinstance(value, dict) else None
    return label if isinstance(label, str) else answer


def _literal(text: str) -> str:
    """A text in llama.cpp's grammar notation."""
    escaped = "".join(
        f"\\{c}" if c in '"\\' else f"\\x{ord(c):02X}" if ord(c) < 32 or ord(c) == 127 else c for c in text
    )
    return f'"{escaped}"'


def _tokens(request: Request) -> int:
    characters = request.prefix.n_chars + len(request.suffix) + 16 * len(request.prefix.examples)
    return characters // _CHARACTERS_PER_TOKEN + request.parameters.max_tokens
