"""The memo for a pull request: short, in order, and inert."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from evalkit.report.memo import memo_markdown
from evalkit.wording.markdown import fenced, inert
from evalkit.wording.text import plain
from tests.builders.memos import full_memo, hostile_memo, minimal_memo

_QUIET = {"text", "softbreak", "strong_open", "strong_close", "text_special"}
_MARKS = "\\`*_[]<>|~&#!$@-+=.:/()1aGHw \n\u202e\x1b"


def _tokens(markdown: str) -> list[Token]:
    found = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    return [t for token in found for t in (token, *(token.children or []))]


def test_order() -> None:
    memo = full_memo()
    text = memo_markdown(memo)
    marks = ["RULE OUT", "Do not build", "You vouched", "--fresh", "Keep haiku", "The three questions", "haiku/d"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert len(text) < 4000


def test_minimal() -> None:
    text = memo_markdown(minimal_memo())
    assert text.startswith("## NOT YET: bare")
    assert "No contender was measured" in text
    assert "incomplete" in text


def test_hostile_memo_is_inert() -> None:
    text = memo_markdown(hostile_memo())
    tokens = _tokens(text)
    assert not [t.type for t in tokens if t.type in ("html_block", "html_inline", "link_open", "image", "code_inline")]
    assert sum(t.type == "fence" for t in tokens) == 1
    tables = [t.type for t in tokens]
    assert tables.count("table_open") == 2
    assert tables.count("tr_open") == tables.count("tr_close") == 4 + 6
    assert tables.count("td_open") == 3 * 4 + 5 * 7
    for dangerous in ("@octocat", "https://evil", "www.evil", "\x1b", "\u202e", "\x00"):
        assert dangerous not in text.replace(fenced(hostile_memo().verdict.next_step), "")
    assert not {c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"}


@settings(deadline=None)
@given(st.text(alphabet=_MARKS, max_size=60) | st.text(max_size=60))
def test_inert_shows_the_text_and_nothing_else(text: str) -> None:
    tokens = _tokens(f"x\n\n{inert(text)}\n\nx")
    inside = [t for t in tokens if t.type not in ("paragraph_open", "paragraph_close", "inline")]
    assert {t.type for t in inside} <= {"text", "text_special"}
    shown = "".join(t.content for t in inside)
    assert shown.replace("\u200b", "") == "x" + plain(text, 600).strip().replace("\u200b", "") + "x"


@settings(deadline=None)
@given(st.text(alphabet=_MARKS, max_size=60))
def test_a_fence_is_never_left(text: str) -> None:
    tokens = _tokens(fenced(text))
    assert [t.type for t in tokens] == ["fence"]
    assert tokens[0].content == plain(text, 4000) + "\n"
