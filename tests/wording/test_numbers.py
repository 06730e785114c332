"""Every number is said one way: the examples of each function, and what holds for any number."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.records.economics import Span
from evalkit.records.estimate import Estimate
from evalkit.records.run import Percentiles
from evalkit.wording import numbers
from evalkit.wording.numbers import (
    calls,
    change,
    difference,
    in_points,
    interval,
    milliseconds,
    money,
    months,
    number,
    p_value,
    percent,
    points,
    share,
    span_of,
    times,
)

Write = Callable[[float | None], str]
SIGNED: dict[str, Write] = {
    "money": money,
    "share": share,
    "percent": percent,
    "change": change,
    "points": points,
    "number": number,
    "milliseconds": milliseconds,
    "months": months,
}
ALL: dict[str, Write] = {**SIGNED, "calls": calls}
_SCALE = {" M": 1e6, " B": 1e9, " s": 1e3}


def read(text: str) -> float:
    """The number that a person reads; `under` and `over` are just beside what they name."""
    beside = {"under": 0.5, "over": 1 + 1e-9}.get(text.split()[0].lstrip("−"), 1.0)
    scale = next((size for unit, size in _SCALE.items() if text.endswith(unit)), 1.0)
    digits = "".join(c for c in text if c.isdigit() or c == ".")
    return float(digits) * beside * scale * (-1 if text.startswith("−") else 1)


def test_the_examples_hold() -> None:
    found = doctest.testmod(numbers)
    assert found.attempted >= 12
    assert found.failed == 0


@pytest.mark.parametrize("write", ALL.values(), ids=ALL.keys())
def test_unknown_is_a_dash_and_infinite_a_word(write: Write) -> None:
    assert write(None) == write(math.nan) == "–"
    assert write(math.inf).isalpha()


@pytest.mark.parametrize("name", ALL)
@settings(deadline=None)
@given(st.floats(0, 1e15))
def test_no_exponent_no_sign_before_the_unit_and_never_nothing(name: str, size: float) -> None:
    text = ALL[name](size)
    assert not any(c in text for c in ("e+", "e-", "E", "inf", "nan"))
    assert read(text) >= 0
    if name in ("money", "calls") and size > 0:
        assert read(text) > 0, "what costs anything, or happens at all, does not read as nothing"


@pytest.mark.parametrize("name", SIGNED)
@settings(deadline=None)
@given(st.floats(1e-12, 1e12))
def test_the_minus_stands_first_and_zero_has_none(name: str, size: float) -> None:
    above, below = SIGNED[name](size), SIGNED[name](-size)
    if name == "percent" and 0 < size < 1:  # only a share that is possible has its ends kept apart
        return
    bare = above.removeprefix("+")
    assert below == (f"−{bare}" if read(bare) else bare)


@pytest.mark.parametrize("name", ALL)
@settings(deadline=None)
@given(st.floats(0, 1e13), st.floats(0, 1e13))
def test_a_larger_number_never_reads_smaller(name: str, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert read(ALL[name](low)) <= read(ALL[name](high))


@pytest.mark.parametrize("name", ALL)
@settings(deadline=None)
@given(st.floats(0.001, 1e4), st.floats(0, 0.01))
def test_neighbours_keep_their_order_too(name: str, size: float, more: float) -> None:
    assert read(ALL[name](size)) <= read(ALL[name](size * (1 + more)))


@settings(deadline=None)
@given(st.floats(1e-8, 1e12))
def test_money_is_near_what_it_says(dollars: float) -> None:
    assert read(money(dollars)) == pytest.approx(dollars, rel=0.006)


@settings(deadline=None)
@given(st.floats(1e-9, 1 - 1e-9), st.integers(0, 2))
def test_the_ends_of_a_share_are_not_rounded_away(value: float, decimals: int) -> None:
    text = percent(value, decimals)
    nothing, everything = f"{0:.{decimals}f} %", f"{100:.{decimals}f} %"
    assert text not in (nothing, everything)


@settings(deadline=None)
@given(st.floats(0, 1))
def test_a_p_value_shows_on_which_side_of_the_level_it_lies(p: float) -> None:
    text = p_value(p)
    if not text.startswith("<") and p != 0.05:
        assert (float(text) < 0.05) == (p < 0.05)


def test_a_dollar_amount_has_one_form() -> None:
    assert [money(x) for x in (1234, 1234.0, 1234.4, 1233.6)] == ["$1,234"] * 4
    assert [money(x) for x in (99.994, 99.996, 0.9999, 1e-30, -0.0)] == [
        *("$99.99", "$100", "$1.00", "$0.000000001", "$0"),
    ]


def test_borders_of_units() -> None:
    assert [calls(x) for x in (999_999.4, 999_999.6, 999.4e6, 999.6e6)] == ["999,999", "1 M", "999 M", "1 B"]
    assert [milliseconds(x) for x in (9.94, 9.96, 9_999, 9_999.6)] == ["9.9 ms", "10 ms", "9,999 ms", "10.0 s"]
    assert [months(x) for x in (9.94, 9.96)] == ["9.9 months", "10 months"]


def test_estimates_and_ranges() -> None:
    known = Estimate(0.012, -0.004, 0.029, 300, "tango")
    assert difference(known) == "+1.2 [−0.4, +2.9]"
    assert difference(Estimate(0.012, None, None, 1, "tango")) == "+1.2"
    assert interval(Estimate(0.925, 0.891, 0.949, 400, "wilson")) == ".925 [.891, .949]"
    assert (difference(None), interval(None), span_of(None), times(None)) == ("–", "–", "–", "–")
    assert span_of(Span(2e6, 4e6), "calls") == "2 M to 4 M"
    assert span_of(Span(5, 5), "number") == "5"
    assert span_of(Span(14.2, 31.0), "months") == "14 to 31 months"
    assert span_of(Span(14.2, math.inf), "months") == "14 months to never"
    assert times(Percentiles(640.0, 1480.0)) == "640 / 1,480 ms"
    assert times(Percentiles(640.0, 14_800.0)) == "640 ms / 14.8 s"


@settings(deadline=None)
@given(st.floats(0, 1))
def test_a_margin_has_its_noun(value: float) -> None:
    size, _, noun = in_points(value).partition(" ")
    assert noun == ("point" if size == "1" else "points")
