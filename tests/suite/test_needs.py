"""The needs of a suite come from the table of metrics, and each task takes those that it can measure."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from evalkit.errors import SuiteError
from evalkit.records.estimate import Need
from evalkit.records.metric import METRICS, Metric
from evalkit.records.task import Task
from evalkit.suite.config.needs import GoodEnough, misplaced, needs_model
from evalkit.suite.file.load import load_suite
from tests.suite.example import EXAMPLE, write_suite

LABELS = "form: label\n  labels: from_data\n"
JSON = "form: json\n  schema: {path: ticket.schema.json}\n"
NEEDED = [metric.name for metric in METRICS.values() if metric.may_be_needed]


def good_enough(**needs: float) -> GoodEnough:
    return GoodEnough.model_validate(needs)


def test_the_keys_are_the_metrics_of_the_table_that_may_be_needed() -> None:
    assert list(GoodEnough.model_fields) == NEEDED
    assert {m.name for m in METRICS.values()} - set(NEEDED) == {"accuracy_if_valid", "accuracy_lenient"}
    for name in NEEDED:
        need = Need(name, 0.5, at_least=METRICS[name].at_least)
        assert good_enough(**{name: 0.5}).needs() == (need,)
        assert good_enough(**{name: 0.5}).need(name) == need
    assert good_enough(accuracy=0.5).need("macro_f1") is None
    assert good_enough(accuracy=0.5).need("nothing") is None


def test_needs_come_in_the_order_of_the_table() -> None:
    needs = good_enough(**dict.fromkeys(reversed(NEEDED), 0.5)).needs()
    assert [need.metric for need in needs] == NEEDED


def test_a_made_up_share_that_must_stay_low_is_a_key_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    low = Metric(name="spam", words="spam", description="Share of spam.", kind="form", at_least=False)
    monkeypatch.setitem(METRICS, "spam", low)
    model = needs_model()
    assert model.model_validate({"spam": 0.05}).needs() == (Need("spam", 0.05, at_least=False),)
    assert model.model_validate({"spam": {"at_most": 0.05, "margin": 0.01}}).needs()[0].margin == 0.01
    assert model.model_json_schema()["properties"]["spam"]["description"] == "Share of spam."
    for wrong in (5, 1, 1.0, 0, {"at_least": 0.5}, {"at_most": 0.9, "margin": 0.1}):
        with pytest.raises(ValidationError):
            model.model_validate({"spam": wrong})


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("task", get_args(Task))
def test_a_need_is_a_mistake_exactly_where_it_is_not_measured(task: Task, labels: bool) -> None:
    for name in NEEDED:
        mistakes = list(misplaced(good_enough(**{name: 0.5}), task, labels))
        assert bool(mistakes) is not METRICS[name].is_measured(task, labels)
        assert all(m.path == (name,) and m.key for m in mistakes)


@pytest.mark.parametrize(
    ("task", "output", "need", "problem"),
    [
        ("extract", JSON, "macro_f1", "`macro_f1` is measured for the task classify only"),
        ("extract", JSON, "vocabulary", "`vocabulary` is measured for the tasks classify, answer and write only"),
        ("classify", LABELS, "exact_match", "`exact_match` is measured for the task extract only"),
        ("answer", LABELS, "field_f1", "`field_f1` is measured for the task extract only"),
        ("answer", LABELS, "macro_f1", "`macro_f1` is measured for the task classify only"),
        ("classify", f"{JSON}  answer: team\n", "macro_f1", "a need for `macro_f1` without `output.labels`"),
        ("classify", f"{JSON}  answer: team\n", "vocabulary", "a need for `vocabulary` without `output.labels`"),
        ("write", "form: text\n", "vocabulary", "a need for `vocabulary` without `output.labels`"),
    ],
)
def test_a_need_that_cannot_be_measured_is_shown_in_its_line(
    tmp_path: Path, task: str, output: str, need: str, problem: str
) -> None:
    text = EXAMPLE.replace("task: classify ", f"task: {task} ").replace(LABELS, output)
    text = text.replace("haiku_native: {model: anthropic/claude-haiku-5-5, enforce: native, reasoning: low}", "")
    text = text.replace("  accuracy: 0.92\n", f"  accuracy: 0.92\n  {need}: 0.9\n")
    with pytest.raises(SuiteError) as caught:
        load_suite(write_suite(tmp_path, text), env={"TUNED_URL": "http://x/v1"})
    error = caught.value
    assert error.problem == problem
    assert error.place is not None
    line = text.splitlines().index(f"  {need}: 0.9") + 1
    assert (error.place.line, error.place.column) == (line, 3)
