"""The table of metrics and their functions: the same names, and each task has what the table gives it."""

from __future__ import annotations

import pytest

from evalkit.records.metric import METRICS
from evalkit.records.output import Output, Task
from evalkit.scoring.measures import MEASURES
from evalkit.scoring.metrics import measure
from evalkit.scoring.tally import Tally


def test_every_metric_of_the_table_has_a_function_and_no_function_is_without_a_metric() -> None:
    assert list(MEASURES) == list(METRICS)
    assert [metric.name for metric in METRICS.values()] == list(METRICS)


@pytest.mark.parametrize(
    ("task", "labels", "only"),
    [
        ("classify", ("a", "b"), {"macro_f1", "vocabulary"}),
        ("answer", ("a", "b"), {"vocabulary"}),
        ("answer", (), set()),
        ("extract", (), {"exact_match", "field_f1"}),
        ("write", (), set()),
    ],
)
def test_a_task_has_the_metrics_of_all_tasks_and_its_own(task: Task, labels: tuple[str, ...], only: set[str]) -> None:
    form = "label" if labels else "json" if task == "extract" else "text"
    measured = measure(Tally(Output(task, form, labels)))
    everywhere = {m.name for m in METRICS.values() if m.tasks is None}
    assert measured.keys() == everywhere | only
    assert all(figure.estimate.value is None for figure in measured.values())  # nothing was asked yet


def test_another_name_is_measured_as_the_metric_itself() -> None:
    aliases = {m.name: m.same_as for m in METRICS.values() if m.same_as is not None}
    assert aliases and all(MEASURES[name] is MEASURES[of] for name, of in aliases.items())


def test_every_place_of_the_json_holds_one_metric() -> None:
    places = [m.place for m in METRICS.values() if m.place is not None]
    assert len(places) == len(set(places))
