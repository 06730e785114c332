"""Taking off what models wrap around an answer: thinking, fences, a leading "Label:". All in linear time."""

from __future__ import annotations

import re

LONGEST = 100_000

_THINKING = re.compile(r"<(/?)(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_FENCE = "```"
_LANGUAGE = re.compile(r"[A-Za-z0-9_+-]{0,20}[ \t]*\r?\n")
_LEAD = re.compile(
    r"[\s*_#>]{0,20}(?:(?:the|my|final|correct|best|predicted)\s{1,5}){0,3}"
    r"(?:answer|label|category|class|classification|intent|prediction|result|output)[*_]{0,3}"
    r"(?:\s{0,5}[:=][\s*_]{0,5}|\s{1,5}is\b[\s:*_]{0,5})",
    re.IGNORECASE,
)


def prepared(text: str) -> str:
    """`text` without thinking and outer white space; of a longer one only the last 100,000 characters."""
    return without_thinking(text.strip()[-LONGEST:]).strip()


def without_thinking(text: str) -> str:
    """`text` without <think>…</think> and its kin.

    What stands before a lone closing tag, or after a lone opening one, is thinking too.
    """
    if "<" not in text:
        return text
    kept: list[str] = []
    depth = position = 0
    for tag in _THINKING.finditer(text):
        if tag[1]:
            if depth:
                depth -= 1
            else:
                kept.clear()
        else:
            if not depth:
                kept.append(text[position : tag.start()])
            depth += 1
        position = tag.end()
    if not depth:
        kept.append(text[position:])
    return "".join(kept)


def unfenced(text: str) -> str:
    """The inside of a text that is one Markdown code fence, closed or cut short; any other text as it is."""
    bare = text.strip()
    if not bare.startswith(_FENCE):
        return text
    inside = bare[len(_FENCE) :]
    language = _LANGUAGE.match(inside)
    if language is not None:
        inside = inside[language.end() :]
    end = inside.find(_FENCE)
    if end >= 0 and inside[end + len(_FENCE) :].strip():
        return text
    return (inside if end < 0 else inside[:end]).strip()


def unprefixed(text: str) -> str:
    """`text` without a leading "Answer:", "The label is" and the like; itself where nothing would be left."""
    lead = _LEAD.match(text)
    return text[lead.end() :] if lead is not None and text[lead.end() :].strip() else text


def answer_text(text: str) -> str:
    """A free answer without its wrapping."""
    return unprefixed(unfenced(prepared(text))).strip()
