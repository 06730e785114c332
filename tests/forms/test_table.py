"""Every form in the table keeps what a form promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import evalkit.forms
from evalkit.forms.table import FORMS, enforceable, form_of, forms_with, keys
from evalkit.records.output import Enforce, Output
from evalkit.records.sample import Target
from evalkit.records.task import TASKS

SCHEMA = {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"]}
OUTPUTS = {
    "label": Output("classify", "label", ("a", "b")),
    "json": Output("classify", "json", ("a", "b"), schema=SCHEMA, answer="kind"),
    "regex": Output("classify", "regex", ("a", "b"), pattern="(?P<answer>[ab])"),
    "text": Output("answer", "text"),
}


def natively(output: Output, enforce: Enforce) -> Output:
    return Output(output.task, output.form, output.labels, output.schema, output.answer, output.pattern, enforce)


def test_one_file_per_form() -> None:
    room = Path(evalkit.forms.__file__).parent
    shared = {"__init__", "base", "keys", "reading", "table"}
    assert {path.stem for path in room.glob("*.py")} - shared == set(FORMS) == set(OUTPUTS)


@pytest.mark.parametrize(
    ("name", "enforce"), [*((name, "prompt") for name in FORMS), *((name, "native") for name in enforceable())]
)
def test_the_worked_example_has_the_exact_form_and_is_right(name: str, enforce: Enforce) -> None:
    output, form = natively(OUTPUTS[name], enforce), FORMS[name]
    reading = form.strict(output).read(form.example(output, "b", "b"))
    assert (reading.answer, reading.problem) == ("b", None)


def test_native_schemas_are_there_where_a_provider_can_enforce() -> None:
    for name, output in OUTPUTS.items():
        schema = form_of(output).native_schema(natively(output, "native"))
        assert (schema is not None) is FORMS[name].enforceable
    assert enforceable() == ("label", "json")


def test_the_example_of_a_required_key_is_a_value_that_passes_its_check() -> None:
    required = [key for form in FORMS.values() for key in form.keys if key.required]
    assert {key.name for key in required} == {"labels", "schema", "pattern"}
    for key in required:
        sample = key.example.replace("from_data, or a list of labels", "from_data")
        value: Any = yaml.safe_load(sample)[key.name]
        assert list(key.check(value)) == []


def test_keys_and_the_forms_that_take_them() -> None:
    assert {key: forms_with(key) for key in keys()} == {
        "labels": ("label", "json", "regex", "text"),
        "schema": ("json",),
        "answer": ("json",),
        "pattern": ("regex",),
    }
    twice = [problem.path for problem in keys()["labels"].check(("a", "b", "a", "a"))]
    assert twice == [(2,), (3,)]
    assert [p.problem for p in keys()["pattern"].check(r"\d+")] == ["the pattern has no group `answer`"]


def test_a_whole_json_value_is_its_own_example() -> None:
    output = Output("write", "json", schema={"type": "object"})
    assert FORMS["json"].example(output, "x", {"a": 1}) == '{"a":1}'
    target: Target = {"a": "x"}
    assert FORMS["json"].example(Output("extract", "json"), target, None) == '{"a":"x"}'


def test_only_labels_end_with_the_line() -> None:
    assert {name: FORMS[name].stop(output) for name, output in OUTPUTS.items()} == {
        "label": ("\n",),
        "json": (),
        "regex": (),
        "text": (),
    }


def test_the_forms_that_a_task_can_have_are_forms() -> None:
    assert all(form in FORMS for task in TASKS.values() for form in task.forms or ())
