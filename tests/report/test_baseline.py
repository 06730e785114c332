"""Baselines on the screen."""

from __future__ import annotations

from pathlib import Path

from evalkit.report.baseline import show_baseline, show_baselines
from tests.builders.baselines import baseline
from tests.report.screen import in_file

PATH = Path("baselines/a.json")
ALL = """\
 suite     contender               n            accuracy   $/1k calls      p50   run of
 ──────────────────────────────────────────────────────────────────────────────────────────
 tickets   haiku/default/prompt   10   .900 [.870, .930]        $0.10   400 ms   2026-11-24

x.json: broken
"""
ONE = """\
haiku/default/prompt of tickets (baselines/a.json)
10 samples, 1 epoch, 5 groups: 9 ok, 1 in an invalid form
accuracy: .900 [.870, .930]
cost of 1,000 calls: $0.10 (list prices of 2026-10-24)
latency: 400 ms median, 900 ms p95
answered by claude-haiku-5-5; asked as unknown
run 2026-11-24T02-00-00Z-ab12cd of unknown date, evalkit 0.1.0
data d, prompt  p, scoring s
"""


def test_a_line_per_baseline_and_what_cannot_be_read() -> None:
    found = [(PATH, baseline(["+"] * 9 + ["-"])), (Path("x.json"), ValueError("x.json: broken"))]
    assert in_file(lambda stream: show_baselines(found, stream)) == ALL.splitlines()


def test_one_baseline_with_where_it_comes_from() -> None:
    shown = baseline(["+"] * 9 + ["f"], groups=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    assert in_file(lambda stream: show_baseline(PATH, shown, stream)) == ONE.splitlines()


def test_no_baseline_says_how_to_get_one() -> None:
    assert in_file(lambda stream: show_baselines([], stream)) == [
        "no baselines yet; one comes from: python -m evalkit baseline accept RUN"
    ]
