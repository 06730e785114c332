"""Hostile text made harmless in Markdown, as forges read it."""

from __future__ import annotations

import re

from evalkit.wording.text import plain

_LONGEST = 600


_COMMAND = 4000


_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&#!$])")


_STARTS = re.compile(r"^(?=[-+=]|\d+[.)](?:\s|$))")  # what would open a list or a heading


_REACHES_OUT = (  # what a forge turns into a link, a mention or a reference: parted by a zero-width space
    (re.compile(r"@"), "@&#8203;"),
    (re.compile(r"(?i)\b(https?|ftp|mailto|xmpp):"), r"\1&#8203;:"),
    (re.compile(r"(?i)\bwww\."), "www&#8203;."),
    (re.compile(r"\\#(?=\d)"), r"\\#&#8203;"),
    (re.compile(r"(?i)\bGH-(?=\d)"), "GH&#8203;-"),
)


def inert(text: str, longest: int = _LONGEST) -> str:
    """One line of Markdown that shows the text and does nothing else: no markup, link, mention or reference."""
    line = _SPECIAL.sub(r"\\\1", plain(text, longest).strip())
    for pattern, harmless in _REACHES_OUT:
        line = pattern.sub(harmless, line)
    return _STARTS.sub("&#8203;", line)


def fenced(text: str, longest: int = _COMMAND) -> str:
    """A code block whose fence is longer than any run of backticks in it."""
    line = plain(text, longest)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    return f"{fence}sh\n{line}\n{fence}"
