"""The visible text of an answer, which servers send as a text or as a list of parts.

Kinds of parts are a closed table too: a part that is not known and holds words may be a piece of the answer, so an
answer that has one is not read as if it were whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.endings import unfinished
from evalkit.models.fields import text_of
from evalkit.records.completion import Completion, Failure, StopReason, Timing, Usage

TEXT = frozenset({"text", "output_text"})
THOUGHT = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_content"})
# Parts that never hold a piece of the answer's text: sources, calls of tools and what came of them.
BESIDE = frozenset({"reference", "citation", "tool_use", "tool_call", "server_tool_use", "web_search_tool_result"})
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")


@dataclass(slots=True)
class Text:
    """What was said so far. `said` tells whether there was any text at all, if only an empty one.

    `thought` tells that there is thinking beside it, and `refusal` that the model's own refusal is among the texts.
    `unknown` is the kind of a part that no table knows.
    """

    pieces: list[str] = field(default_factory=list)
    said: bool = False
    thought: bool = False
    refusal: bool = False
    unknown: str | None = None

    def add(self, content: Any) -> bool:
        """Take a text, a list of parts, or nothing; True when there was visible text. TypeError for all else."""
        if content is None:
            return False
        if isinstance(content, list):
            visible = [self._part(part) for part in content]
            return any(visible)
        return self._text(content)

    def add_message(self, message: Any) -> bool:
        """Take the message, or the piece of one, of a chat completion. Raises one of WRONG_SHAPE."""
        if any(message.get(name) for name in _THOUGHT_FIELDS):
            self.thought = True
        visible = self.add(message.get("content"))
        if message.get("refusal"):
            # Beside a text, the refusal is what counts; its words stand in for a text that is not there.
            self.refusal = True
            if not visible:
                visible = self._text(message["refusal"])
        return visible

    def add_block(self, block: Any) -> bool:
        """Take one part that stands alone."""
        return self._part(block)

    def _part(self, part: Any) -> bool:
        if isinstance(part, str):
            return self._text(part)
        if not isinstance(part, Mapping):
            raise TypeError(f"expected a part of an answer, found {type(part).__name__}")
        kind = part.get("type")
        if kind in TEXT:
            return part["text"] is not None and self._text(part["text"])
        if kind == "refusal":
            self.refusal = True
            return self._text(part["refusal"])
        if kind in THOUGHT:
            self.thought = True
        elif kind not in BESIDE and _may_hold_text(part):
            self.unknown = str(kind)[:40]
        return False

    def _text(self, text: Any) -> bool:
        if not isinstance(text, str):
            raise TypeError(f"expected text, found {type(text).__name__}")
        self.said = True
        self.pieces.append(text)
        return bool(text)

    def completion(
        self, stop: StopReason | Failure, timing: Timing, usage: Usage | None, model: str | None
    ) -> Completion | Failure:
        """The answer, where it is one: a known ending, and a text that is whole.

        What was cut off or refused may have no text at all; an answer that ended has one, if only an empty one.
        """
        if isinstance(stop, Failure):
            return stop
        if self.refusal and stop == "end":
            stop = "refusal"
        text = text_of("".join(self.pieces))
        if stop == "end":
            if self.unknown is not None:
                return unfinished(f'the answer has a part of a kind that is not known: "{self.unknown}"')
            if self.thought and not text.strip():
                return Failure("infra", ONLY_THOUGHT, http_status=200)
            if not self.said:
                return unfinished("the answer ended without a text (its content is null)")
        return Completion(text, stop, timing, usage, model)


ONLY_THOUGHT = (
    "the answer is empty and its text is in the reasoning: switch the server's reasoning parser off, set "
    "`reasoning: off`, or raise `output.max_tokens`"
)


def _may_hold_text(part: Mapping[str, Any]) -> bool:
    """Whether an unknown part has anything in it that could be words: a text, or something that could hold one."""
    return any(isinstance(value, str | list | Mapping) for name, value in part.items() if name not in ("type", "id"))
