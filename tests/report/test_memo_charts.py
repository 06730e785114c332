"""The charts' own arithmetic, and that the drawings hold their data."""

from __future__ import annotations

import re
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from evalkit.records.economics import Quantiles, Span, VolumePoint
from evalkit.records.estimate import Estimate
from evalkit.report.memo.charts.cache_hits import hit_chart
from evalkit.report.memo.charts.cost import Priced, cost_chart
from evalkit.report.memo.charts.intervals import Dot, interval_chart
from evalkit.report.memo.charts.net_value import net_chart
from evalkit.report.memo.charts.placing import placed
from evalkit.report.memo.charts.sensitivity import sensitivity_chart
from tests.builders.economics import example_payback
from tests.builders.needs import ACCURACY, estimate


def _texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_dots_and_threshold_are_drawn() -> None:
    dots = [Dot(f"m{i}", estimate(0.9 + i / 100), "met") for i in range(4)]
    figure = interval_chart("accuracy", dots, ACCURACY)
    for svg in (figure.wide, figure.narrow):
        assert {"m0", "m1", "m2", "m3", ".930", "needed .920"} <= set(_texts(svg))
        assert len(re.findall(r'<path[^>]*fill="var\(--good', svg)) == 4
    assert len(figure.data.rows) == 4


def test_an_unknown_interval_is_not_invented() -> None:
    figure = interval_chart("accuracy", [Dot("one", Estimate(0.5, None, None, 1, "wilson"), "undecided")], None)
    assert figure.data.rows[0][2:4] == ("–", "–")
    assert "needed" not in " ".join(_texts(figure.wide))


def test_text_of_the_data_is_escaped_in_the_drawing() -> None:
    figure = interval_chart("accuracy", [Dot("<b>&'\"]]>", estimate(0.9), "met")], None)
    assert "<b>" not in figure.wide
    assert "&lt;b&gt;&amp;" in figure.wide


def test_every_point_is_drawn_and_the_front_is_named() -> None:
    points = [
        Priced("dear", "frontier", 2.0, estimate(0.95)),
        Priced("beaten", "frontier", 1.5, estimate(0.90)),
        Priced("cheap", "prompted", 1.0, estimate(0.91)),
        Priced("floor", "floor", 0.0, estimate(0.99)),
    ]
    figure = cost_chart(points, None, ("cheap", "dear"))
    assert {"dear", "beaten", "cheap", "floor"} <= set(_texts(figure.wide))
    assert [row[3] for row in figure.data.rows] == ["yes", "no", "yes", "no"]


def test_curves_mark_the_users_volume_and_skip_infinite_points() -> None:
    payback = example_payback()
    own = Span(2e6, 4e6)
    figure = net_chart(payback, own, 12)
    assert figure is not None
    assert "you: 3 M" in _texts(figure.wide)
    assert len(figure.data.rows) == 41
    endless = VolumePoint(1e4, Quantiles(-inf, -inf, 0.0), 0.0, 0.1, 0.2)
    assert hit_chart((endless,), own) is None


def test_bars_are_ranked() -> None:
    figure = sensitivity_chart(example_payback().swings, 12)
    assert figure is not None
    assert [row[0] for row in figure.data.rows] == [
        "Build cost",
        "Calls a month",
        "Hosting a month",
        "Price change a year",
    ]
    assert sensitivity_chart((), 12) is None


@given(st.lists(st.tuples(st.floats(20, 480), st.floats(20, 280)), min_size=1, max_size=4, unique=True))
def test_few_labels_stay_inside(spots: list[tuple[float, float]]) -> None:
    found = placed([(x, y, "name") for x, y in spots], 500, 300)
    assert found[0] is not None or len(spots) > 1
    for x, y, side in filter(None, found):
        left = x - {"left": 0, "right": 4 * 6.7, "center": 2 * 6.7}[side]
        assert left >= -1e-9
        assert left + 4 * 6.7 <= 500 + 1e-9
        assert 0 <= y <= 300
