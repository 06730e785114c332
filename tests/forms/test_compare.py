"""Answers that mean the same."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.forms.parsing.compare import number_key, same_answer


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("$1,250.00", "1250", True),
        ("1 250", "1250", True),
        ("5 %", "5", True),
        ("−5", "-5.", True),
        ("$-5", "-5", True),
        ("-0", "0", True),
        ("1e3", "1000", True),
        ("1,23", "123", False),
        ("0041", "41", False),
        ("12", "12 apples", False),
        ("The  Nile.", "the nile", True),
        ("“Paris”", "paris", True),
        ("cafe\u0301", "CAFÉ", True),
        ("C++", "C", False),
        ("", "", True),
        ("?", "", False),
    ],
)
def test_pairs(a: str, b: str, same: bool) -> None:
    assert same_answer(a, b) is same
    assert same_answer(b, a) is same


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_a_number_keeps_its_value_with_separators_and_signs(number: Decimal) -> None:
    key = number_key(f"{number:,}")
    assert key is not None
    assert Decimal(key) == number
    assert number_key(f"{number:,} €") == number_key(f"{number}") == key
