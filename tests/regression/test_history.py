"""Nights in a row: where the accuracy changed, where the model, the data or the prompt did, and where nothing did."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evalkit.cli.history_command import history_command
from evalkit.records.estimate import Estimate
from evalkit.records.history import ContenderHistory, Night
from evalkit.regression.history import LEVEL, change_points, changes_of
from evalkit.report.bars import sparkline
from evalkit.report.history import lines_of

NIGHT = Night("runs/t/1", "2026-11-01T02:00:00+00:00", 500, True, False, None, None, 0.1, 400.0, "m-1", "d", "p", "0.1")


def nights(values: list[float]) -> list[Night]:
    return [replace(NIGHT, accuracy=Estimate(value, None, None, 500, "wilson")) for value in values]


def test_a_step_is_found_where_it_is() -> None:
    rng = np.random.default_rng(3)
    values = [*(0.93 + 0.004 * rng.standard_normal(14)), *(0.90 + 0.004 * rng.standard_normal(9))]
    (found,) = change_points(values)
    assert found.index == 14
    assert found.p <= LEVEL
    assert (found.before, found.after) == (pytest.approx(0.93, abs=0.004), pytest.approx(0.90, abs=0.004))


def test_two_steps_are_two_changes() -> None:
    rng = np.random.default_rng(4)
    values = np.repeat([0.93, 0.88, 0.92], 12) + 0.004 * rng.standard_normal(36)
    assert [point.index for point in change_points(values)] == [12, 24]


def test_an_unchanged_series_has_no_change_at_the_level() -> None:
    rng = np.random.default_rng(5)
    found = sum(bool(change_points(rng.binomial(500, 0.9, 30) / 500)) for _ in range(120))
    assert found <= 4  # 120 times 0.005, and chance


@pytest.mark.parametrize("values", [[], [0.9], [0.9] * 40, [0.9, 0.5, 0.9, 0.5, 0.9]])
def test_short_and_flat_series_have_no_change(values: list[float]) -> None:
    assert change_points(values) == []


def test_runs_that_were_not_measured_anew_do_not_count() -> None:
    """Twenty looks at two nights are two nights."""
    cached = [replace(night, cached=True) for night in nights([0.93] * 9 + [0.90] * 9)]
    first, second = nights([0.93, 0.90])
    assert changes_of([first, *cached[:9], second, *cached[9:]]) == ()
    incomplete = [replace(night, complete=False) for night in nights([0.93] * 9 + [0.90] * 9)]
    assert changes_of(incomplete) == ()
    (measured,) = changes_of(nights([0.93] * 9 + [0.90] * 9))
    assert (measured.index, measured.kind, measured.text) == (9, "accuracy", "accuracy fell from .930 to .900")


def test_the_index_of_a_change_counts_the_nights_that_were_left_out() -> None:
    series = nights([0.93] * 9 + [0.90] * 9)
    (found,) = changes_of([replace(series[0], cached=True), replace(series[0], complete=False), *series])
    assert found.index == 11


def test_changes_of_model_data_prompt_and_scoring() -> None:
    series = nights([0.9] * 5)
    series[1] = replace(series[1], served_model=None)
    series[2] = replace(series[2], served_model="m-2", data="e")
    series[3] = replace(series[3], served_model="m-2", data="e", prompt="q")
    series[4] = replace(series[4], served_model="m-2", data="e", prompt="q", scoring="0.2")
    found = [(change.index, change.kind) for change in changes_of(series)]
    assert found == [(2, "model"), (2, "data"), (3, "prompt"), (4, "scoring")]
    assert "m-2, before m-1" in changes_of(series)[0].text


def test_bars_and_marks() -> None:
    assert sparkline([0.0, 0.5, 1.0, None]) == "▁▅█ "
    assert sparkline([0.9, 0.9]) == "▄▄"
    assert sparkline([None]) == " "
    series = nights([0.93] * 9 + [0.90] * 9)
    lines = list(lines_of(ContenderHistory("haiku", tuple(series), changes_of(series))))
    assert lines[0].index("█") + 9 == lines[1].index("▲")


def test_no_runs_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.chdir(tmp_path)
    assert history_command("nothing", 10, False) == 2
    (tmp_path / "runs/t/2026-11-01T02-00-00Z-abcdef").mkdir(parents=True)
    (tmp_path / "runs/t/2026-11-01T02-00-00Z-abcdef/manifest.json").write_text("{", encoding="utf-8")
    assert history_command("t", 10, True) == 0
    out = capsys.readouterr()  # type: ignore[attr-defined]
    assert "no runs yet" in out.err
    assert json.loads(out.out)["contenders"] == []
    assert "damaged" in json.loads(out.out)["notes"][0] or "not a run's folder" in json.loads(out.out)["notes"][0]
