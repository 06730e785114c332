"""Text of anybody: shown, and without effect."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.quote import safe, visible
from evalkit.wording.text import block, cut, harmless, is_command, listed, plain

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
ANY = st.text(st.characters(exclude_categories=()) | st.sampled_from("\x1b\u202e\u2066\x00\r\n\t\u2028\ue000"))


def shown(text: str) -> bool:
    return not any(unicodedata.category(c) in HIDDEN for c in text)


@settings(deadline=None)
@given(ANY, st.integers(5, 60))
def test_nothing_hidden_is_left(text: str, longest: int) -> None:
    assert shown(plain(text, longest)) and shown(cut(text, longest)) and shown(visible(text)) and shown(safe(text))
    assert len(cut(text, longest)) <= longest
    assert shown(block(text).replace("\n", "").replace("\t", ""))
    assert shown(harmless(text).replace("\n", "").replace("\t", ""))


@settings(deadline=None)
@given(ANY)
def test_plain_lines_and_error_messages_escape_alike(text: str) -> None:
    assert plain(text, 10**6) == visible(text)
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("a\tb\n", "a\\tb\\n"), ("\x1b[31m", "\\x1b[31m"), ("\u202e", "\\u202e"), ("\U000e0001", "\\U000e0001")],
)
def test_escapes(text: str, escaped: str) -> None:
    assert visible(text) == plain(text) == escaped


def test_words_in_a_row() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ("a", "b", "c"))] == ["", "a", "a and b", "a, b and c"]


def test_a_command_is_told_from_a_sentence() -> None:
    assert is_command("python -m evalkit run s.yaml") and is_command("export KEY=…; python -m evalkit run s.yaml")
    assert not is_command("Label test rows") and not is_command("")
