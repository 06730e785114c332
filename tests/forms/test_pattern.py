"""Which answers a pattern can have at all, as far as its own group tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.forms.parsing.pattern import AnswerPattern


@pytest.mark.parametrize(("pattern", "text", "may"), [
    (r"^(?P<answer>\d+)$", "12", True),
    (r"^(?P<answer>\d+)$", "1.5", False),
    (r"(?s).*so: (?P<answer>\d+(?:,\d{3})*)\.?", "1,000", True),
    (r"(?s).*so: (?P<answer>\d+)\.?", "1,000", False),
    (r"(?P<answer>yes)!|no: (?P<answer>no)", "no", True),
    (r"(?P<answer>yes)!|no: (?P<answer>no)", "maybe", False),
    (r"a (?P<answer>[])x]+) b", "])", True),
    (r"a (?P<answer>[^])x]+) b", "])", False),
    (r"a (?P<answer>\(\w\)) b", "(q)", True),
    (r"(?i)a (?P<answer>yes) b", "YES", True),
    (r"(?i:a (?P<answer>yes) b)", "YES", None),
    (r"(?x) a \s (?P<answer> y e s ) # (", "yes", None),
    (r"a (?P<answer>\bno\b)?", "yes", None),
    (r"a (?P<answer>(?<=a )no)", "yes", None),
    (r"(x)a (?P<answer>\1)", "yes", None),
    (r"a (?P<answer>[$]\d)", "$5", True),
    (r"a (?P<answer>\$\d)", "$5", True),
])  # fmt: skip
def test_what_a_group_can_hold(pattern: str, text: str, may: bool | None) -> None:
    assert AnswerPattern(pattern).may_hold(text) is may


@given(st.from_regex(r"^(?:so|it is): (?P<answer>[a-c]{1,3}|\d+(?:\.\d)?)!$", fullmatch=True))
def test_an_answer_that_a_text_has_is_one_that_may_be(text: str) -> None:
    pattern = AnswerPattern(r"^(?:so|it is): (?P<answer>[a-c]{1,3}|\d+(?:\.\d)?)!$")
    answer = pattern.whole(text.rstrip("\n"))
    assert answer is not None and pattern.may_hold(answer) is True
    assert pattern.may_hold(answer + " ") is False
