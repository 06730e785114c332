"""The memo as HTML: what it says, in which order, and that nothing in it comes alive."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from evalkit.errors import ChartsMissing
from evalkit.report.memo import memo_html
from evalkit.report.memo.blocks import Table
from evalkit.report.memo.sections.confusion import confusion_section
from tests.builders.contenders import confusion
from tests.builders.memos import full_memo, hostile_memo, memo_page, minimal_memo

_VOID = {"meta", "link", "br", "img", "hr", "input"}
_SVG = {"svg", "g", "path", "line", "rect", "text", "title", "desc", "defs", "clippath"}
_HTML = {
    *("html", "head", "meta", "link", "title", "style", "body", "header", "main", "footer", "nav", "section"),
    *("article", "h1", "h2", "h3", "p", "span", "strong", "small", "div", "dl", "dt", "dd", "ul", "ol", "li", "a"),
    *("code", "pre", "figure", "figcaption", "details", "summary"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "abbr"),
}


class Page(HTMLParser):
    """Counts tags and attributes, collects text, and insists that every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All text but the style sheet, blanks folded."""
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def full() -> str:
    return memo_page("full")


@pytest.fixture
def hostile() -> str:
    return memo_page("hostile")


def test_order_of_the_memo(full: str) -> None:
    """The verdict, what must be known first, the next step, the answers, then the figures."""
    memo = full_memo()
    marks = [
        ">RULE OUT</strong>",
        memo.verdict.first[0],
        "--fresh",
        str(memo.verdict.instead),
        str(memo.verdict.reopen_when),
        "What does prompting give?",
        *(f'id="{name}"' for name in ("accuracy", "cost", "rivals", "breakeven", "sensitivity", "caching")),
        *(f'id="{name}"' for name in ("confusion", "latency", "labels", "prompts", "unmeasured")),
        *(f'id="{name}"' for name in ("examples", "appendix")),
    ]
    places = [full.index(mark) for mark in marks]
    assert places == sorted(places)


def test_figures_come_with_n_and_interval(full: str) -> None:
    text = Page(full).text
    for said in (
        ".941 [.916, .961]",
        "margin 1 point)",
        "18.8 M to 200 M calls",
        "never decide",
        "Tango's score interval",
        "2026-10-24",
        "sha256:9d1c5e0b7a44",
        "evalkit run suites/classify.yaml",
        "1,529",
        "MinHash of word 5-grams",
        "differs in white space only",
        "anthropic/claude-opus-5-5",
        "It would pay back with 90 % probability if a correct answer is worth at least $0.0043",
    ):
        assert said in text, said


def test_unknown_cost_is_a_dash_and_named(full: str) -> None:
    text = Page(full).text
    assert "so not drawn: tuned/default" in text
    row = re.search(r"tuned/default\s*<small[^>]*>fine-tuned</small></th>(.*?)</tr>", full, re.S)
    assert row
    assert "$" not in row[1]
    assert "–" in row[1]


def test_sections_without_data_say_why() -> None:
    html = memo_page("minimal")
    text = Page(html).text
    assert "<figure" not in html
    for said in ("No economics declared", "No contender was measured", "No train split", "The run is incomplete"):
        assert said in text, said
    assert "$0" not in text
    assert not re.search(r"\b0 %", text)


@pytest.mark.parametrize("name", ["full", "minimal", "sparse", "hostile"])
def test_page_is_well_formed_and_self_contained(name: str) -> None:
    page = Page(memo_page(name))
    assert len(page.ids) == len(set(page.ids))
    assert set(page.tags) <= _HTML | _SVG
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for name, value in page.attributes:
        if name in ("href", "src", "xlink:href"):
            assert value.startswith(("#", "data:,"))
        if name in ("aria-labelledby",):
            assert set(value.split()) <= set(page.ids)


def test_what_is_unknown_stays_unknown() -> None:
    text = Page(memo_page("sparse")).text
    for said in (
        "Should the fine-tuned endpoint be kept?",
        "Vouched for by the user, not measured: the prompt",
        "lost/default lost 3 answers",
        "P(is worth keeping within 12 months)",
        "The build is paid already",
        "meeting the need is worth at least $120 a month",
        "The net value is not finite",
        "No volume is declared",
        "too many rows",
        "Labels to be bought are left out.",
        "Every input is a single number",
        "No latency is on record",
        "No wrong answer is on record",
    ):
        assert said in text, said
    row = text[text.index("lost/default frontier") :][:60]
    assert row.startswith("lost/default frontier 400 – undecided – – – – –")
    assert "highest build cost" not in text


def test_hostile_text_adds_no_element(hostile: str, full: str) -> None:
    """The same page with other words: the elements are those of the harmless memo."""
    known, found = Page(full), Page(hostile)
    for tag in ("script", "img", "style", "iframe", "title", "table", "li", "a", "h2", "td"):
        assert found.tags[tag] == known.tags[tag], tag
    assert found.tags["script"] == found.tags["img"] == 0
    assert "{{ 7*7 }}" in found.text


def test_hostile_text_hides_nothing(hostile: str) -> None:
    hidden = {c for c in hostile if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")} - {"\n", "\t"}
    assert not hidden
    assert "\\u202e" in hostile
    assert "\\x1b[31m" in hostile


def test_a_megabyte_is_cut_and_its_length_said(hostile: str) -> None:
    length = len(hostile_memo().worst[0].text)
    assert length > 1_000_000
    assert f"of {length:,} characters" in hostile
    assert len(hostile) < 1_000_000


def test_many_classes_become_pairs() -> None:
    memo = full_memo()
    contenders = tuple(replace(c, confusion=c.confusion and confusion(26)) for c in memo.result.contenders)
    section = confusion_section(replace(memo, result=replace(memo.result, contenders=contenders)))
    assert {block.kind for block in section.blocks} == {"table"}
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert "26 classes are too many for a matrix: the most confused pairs instead" in table.note
    assert table.rows[0] == ("intent_00", "intent_01", "3", "6 %")
    assert {block.kind for block in confusion_section(memo).blocks} == {"heat", "text"}


def test_every_chart_has_words_and_a_table(full: str) -> None:
    page = Page(full)
    assert page.tags["figure"] == 8
    assert page.tags["svg"] >= 16
    assert page.tags["desc"] == 16
    assert page.tags["details"] == 8


def test_missing_charts_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(ChartsMissing, match=r"pip install 'evalkit\[report\]'"):
        memo_html(full_memo())
    assert "NOT YET" in memo_html(minimal_memo())
