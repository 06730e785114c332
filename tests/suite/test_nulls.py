"""A null never stands in a prompt as a word, and what Python writes its own way stands as JSON."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import SuiteError, SuiteMistake
from evalkit.suite.prompts.contenders import contenders
from evalkit.suite.prompts.rungs import parse_rungs, rung_prompts, with_prompts
from evalkit.suite.prompts.template import Template
from tests.builders.suites import opened, row

USER = 'user: "{{ text }}"'
ROWS = [row(1, subject=None), row(2, "b", subject="hi"), row(3, "b", subject=None, text=None), row(4, subject="x")]


def rendered(source: str, null_is: Any = "error", **values: Any) -> str:
    return Template.parse(source, null_is=null_is).render(values)


SHOWING = [
    "{{ x }}", "{{ x ~ '!' }}", "{{ x | upper }}", "{{ x | string }}", "{{ [x] | join }}", "{{ '%s' | format(x) }}",
    "{{ x | trim }}", "{% for each in x %}{{ each }}{% endfor %}", "{{ x | length }}", "{{ x + 'y' }}", "{{ o.x }}",
    "{{ o['x'] ~ '' }}", "{{ o.get('x') }}", "{{ l | join(',') }}", "{{ l[0] }}", "{{ none }}",
]  # fmt: skip


@pytest.mark.parametrize("source", SHOWING)
@pytest.mark.parametrize("null", [None, float("nan")])
def test_a_null_that_is_shown_is_an_error(source: str, null: Any) -> None:
    with pytest.raises(SuiteMistake, match="null"):
        rendered(source, x=null, o={"x": null}, l=[null])


@pytest.mark.parametrize(("source", "text"), [
    ("{{ x | default('-') }}", "-"), ("{{ x | default('-', true) }}", "-"), ("{{ x or '-' }}", "-"),
    ("{% if x %}{{ x }}{% endif %}.", "."), ("{{ '-' if x is none else x }}", "-"), ("{{ x == none }}", "True"),
    ("{{ x is not none }}", "False"), ("{{ [x, 1] | tojson }}", "[null, 1]"), ("{{ o }}", '{"x": null}'),
    ("{{ o.x | d('-') }}", "-"), ("{{ x == y }}", "True"), ("{{ 1 if x in [none] else 0 }}", "1"),
])  # fmt: skip
def test_a_template_can_say_what_stands_for_a_null(source: str, text: str) -> None:
    assert rendered(source, x=None, y=None, o={"x": None}) == text


@pytest.mark.parametrize(
    "source", ["[{{ x }}]", "[{{ x ~ '' }}]", "[{{ x | upper }}]", "[{% for i in x %}{{ i }}{% endfor %}]"]
)
def test_the_suite_can_want_an_empty_text(source: str) -> None:
    assert rendered(source, "empty", x=None) == "[]"
    assert rendered("{{ x | default('-') }}", "empty", x=None) == "-"


@pytest.mark.parametrize(("value", "text"), [
    (["a", 'é"', 1, True, None], '["a", "é\\"", 1, true, null]'), ({"k": [False]}, '{"k": [false]}'),
    ((1, 2), "[1, 2]"),
    ([], "[]"), ("['a']", "['a']"), (2.0, "2.0"), (datetime.date(2026, 1, 2), "2026-01-02"),
    (datetime.datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"), (datetime.timedelta(days=1), "P1D"),
])  # fmt: skip
def test_values_stand_as_json_has_them(value: Any, text: str) -> None:
    assert rendered("{{ x }}", x=value) == text
    if isinstance(value, list | dict):
        assert rendered("{{ x ~ '' }}", x=value) == rendered("{{ x | string }}", x=value) == text


def test_a_list_is_still_a_list() -> None:
    assert (
        rendered("{{ x | join('; ') }} {{ x[1] }} {{ x | length }} {{ o.k.upper() }}", x=["a", "b"], o={"k": "v"})
        == "a; b b 2 V"
    )


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(SuiteMistake, match="2 bytes that are not text"):
        rendered("{{ x }}", x=b"\xff\x00")


VALUES = st.recursive(st.none() | st.booleans() | st.text("ab'", max_size=3), lambda inner: st.lists(inner, max_size=3))


@given(VALUES)
def test_no_value_brings_the_word_none_into_a_text(value: Any) -> None:
    for source in ("{{ x }}", "{{ x ~ '' }}", "{{ x | string }}", "{{ x | tojson }}"):
        if value is not None or "tojson" in source:
            assert "None" not in rendered(source, x=value)


def test_rows_with_nulls_are_counted_and_the_column_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        opened(tmp_path, (USER, 'user: "{{ subject }}: {{ text | d }}"'), test=ROWS, train=[row(7, subject=None)])
    error = caught.value
    assert error.file is not None and error.file.name == "suite.yaml" and error.line is not None
    assert "'subject' is null in 2 of 4 rows of test and 1 of 1 rows of" in error.problem
    assert "first in test.jsonl:1" in error.problem
    assert "{{ subject | default('') }}" in str(error.expected) and "null_is: empty" in str(error.expected)


def test_a_null_that_is_guarded_or_not_shown_is_no_alarm(tmp_path: Path) -> None:
    guarded = opened(tmp_path, (USER, 'user: "{{ subject or 1 }}{% if text %}{{ text }}{% endif %}"'), test=ROWS)
    assert guarded.warnings == ()
    assert opened(tmp_path, (USER, 'user: "{{ label }}"'), ("task: classify", "task: write"), test=ROWS)


def test_a_null_behind_a_condition_is_found(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="'text' is null in 1 of 4 rows of test, first in test.jsonl:3"):
        opened(tmp_path, (USER, 'user: "{% if subject %}{{ subject }}{% else %}{{ text }}{% endif %}"'), test=ROWS)


def test_empty_by_the_suites_choice(tmp_path: Path) -> None:
    suite = opened(tmp_path, (USER, 'user: "{{ subject }}: {{ text }}"\n  null_is: empty'), test=ROWS)
    (contender,) = contenders(suite)
    shown = [contender.request(sample).suffix for sample in suite.dataset.samples("test")]
    assert shown == [": question 1", "hi: question 2", ": ", "x: question 4"]
    made, _ = rung_prompts(suite, "default", parse_rungs(["zero-shot"]), None, guided=False)
    assert [c.request(next(suite.dataset.samples("test"))).suffix for c in contenders(with_prompts(suite, made))][
        -1
    ] == ": question 1"
