"""A night of checks on a terminal: the table, what failed, what cannot be judged, what to do."""

from __future__ import annotations

from dataclasses import replace

from evalkit.report.check import print_night, show_night
from tests.builders.reports import check_night
from tests.report.screen import in_file, on_terminal

NIGHT = """\
tickets

 contender                 n            accuracy   against the baseline   sees drops from   flaky
 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
 haiku/default/prompt    500   .879 [.854, .899]   −4.2 pt [−6.6, −1.8]            3.1 pt      12   fail
 sonnet/default/prompt   500   .921 [.896, .941]                      –                 –       –   no baseline

FAILED: haiku/default/prompt: accuracy fell by 4.2 points
cannot judge: haiku/default/prompt: 9 rows cannot judge it
note: haiku/default/prompt: 1,000 calls cost $0.12, in the baseline $0.09 (+33 %)
haiku/default/prompt: 12 of 500 samples flaky over 3 runs
  flaky: t-7 (3 of 6 right), t-9 (4 of 6 right) and 10 more
Accept it as the baseline: python -m evalkit baseline accept runs/tickets/1 --contender sonnet
Run: runs/tickets/1

b (suites/b.yaml)
ERROR: b.yaml: no such file

2 drop tests, corrected together (Holm): a false alarm on at most 1 night in 100
2 suites checked: 1 wrong, 1 failed
"""


def test_a_night_on_a_terminal() -> None:
    assert on_terminal(lambda out: print_night(check_night(), out), 120) == NIGHT.splitlines()
    assert in_file(lambda stream: show_night(check_night(), stream)) == NIGHT.splitlines()


def test_a_good_night_says_so_in_one_line() -> None:
    night = check_night()
    shown = in_file(lambda stream: show_night(replace(night, tests=0, suites=()), stream))
    assert shown[-1] == "0 suites checked, nothing failed"
