from __future__ import annotations

from tests.conftest import skipped_line


def test_reasons_are_counted_in_one_line() -> None:
    told = [
        ("tests/data.py", 18, "Skipped: no data set 'tickets' under /somewhere (set EVALKIT_TEST_DATA)"),
        ("tests/data.py", 18, "Skipped: no data set 'bank77' under /somewhere (set EVALKIT_TEST_DATA)"),
        ("tests/report/test_memo_browser.py", 33, "Skipped: no chromium at /usr/bin/chromium"),
        ("tests/models/test_local.py", 66, "Skipped: needs xllamacpp"),
        ("tests/engine/test_cluster.py", 42, "Skipped: ray is not installed: pip install 'evalkit[ray]'"),
        ("tests/stats/test_mcnemar.py", 17, "Skipped: could not import 'statsmodels.stats': No module named 'it'"),
        ("tests/a.py", 1, "Skipped: it rains\nand so on"),
    ]
    assert skipped_line(told) == (
        "skipped: 7 tests: 2 need ../shared/data (or EVALKIT_TEST_DATA), 1 need chromium, 1 need xllamacpp, 1 need ray,"
        " 1 need statsmodels, 1 it rains"
    )


def test_nothing_is_said_where_nothing_was_skipped() -> None:
    assert skipped_line([]) == ""


def test_one_test_is_one() -> None:
    assert skipped_line(["Skipped: "]) == "skipped: 1 test: 1 without a reason"
