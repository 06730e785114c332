"""A target that no answer can match is told before a cent is spent; one that can be answered never is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.records.completion import Completion, Timing
from evalkit.running.prepare import Prepared, prepare
from evalkit.scoring.scorer import Scorer

ANSWER = "{form: json, schema: {path: s.json}, answer: a}"
OBJECT = "{form: json, schema: {path: s.json}}"
LABEL = "{form: label, labels: from_data}"
TEXT, NUMBER, WHOLE, LIST, TRUTH = ({"type": t} for t in ("string", "number", "integer", "array", "boolean"))
MAYBE = {"type": ["string", "null"]}


def schema(required: bool = True, **fields: Any) -> str:
    parts = {"type": "object", "properties": fields, "additionalProperties": False}
    return json.dumps(parts | ({"required": list(fields)} if required else {}))


def made(
    folder: Path, output: str, rows: str, task: str = "answer", target: str = "label", fields: str = "", **files: str
) -> Prepared:
    """A suite over `rows` (a CSV, or JSON Lines where it starts with a brace), with `fields` as its schema."""
    test = "test.jsonl" if rows.startswith("{") else "test.csv"
    for name, content in {test: rows, "s.json": fields or "{}", **files}.items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "suite.yaml").write_text(
        f"name: made\ntask: {task}\ndataset: {{test: {test}, target: {target}}}\nprompt: {{user: '{{{{ text }}}}'}}\n"
        f"output: {output}\nmodels: {{a: anthropic/claude-haiku-5-5}}\ngood_enough: {{accuracy: 0.8}}\n",
        encoding="utf-8",
    )
    return prepare(folder / "suite.yaml")


def row(**label: Any) -> str:
    """A row whose target is an object."""
    return json.dumps({"text": "t", "label": label}) + "\n"


def table(*labels: str) -> str:
    return "text,label\n" + "".join(f"text {i},{label}\n" for i, label in enumerate(labels))


# (output, task, schema, rows, line, what is found, what is expected, the nearest right thing)
UNREACHABLE = [
    (ANSWER, "classify", schema(a={"enum": ["spam", "ham"]}), table("Spam"), 2, "'Spam'", "one of spam, ham", "spam"),
    (ANSWER, "classify", schema(a=TRUTH), table("true", "yes"), 3, "'yes'", "true or false", "true"),
    (ANSWER, "classify", schema(a=TRUTH), table("0", "1"), 2, "'0'", "true or false", "false"),
    (ANSWER, "answer", schema(a=NUMBER), table("3", '"2,500"'), 3, "'2,500'", "a number", "2500"),
    (ANSWER, "answer", schema(a=NUMBER), table("€7.50", "1"), 2, "'€7.50'", "a number", "7.5"),
    (ANSWER, "answer", schema(a=WHOLE), table("3", "2.5"), 3, "'2.5'", "a whole number", None),
    (ANSWER, "answer", schema(a=WHOLE | {"maximum": 5}), table("6"), 2, "is 6", "number of at most 5", None),
    (ANSWER, "answer", schema(a=TEXT | {"pattern": "^[a-z]+$"}), table("Ab"), 2, "'Ab'", "that matches", None),
    (ANSWER, "answer", schema(b=TEXT, a={"type": ["integer", "null"]}), table("x"), 2, "'x'", "number or null", None),
    ("{form: text}", "answer", "", '{"text": "t", "label": ["4", "four"]}\n', 1, "a list", "one right answer", None),
    (LABEL, "classify", "", row(x=1), 1, "an object", "one right answer", None),
    (r"{form: regex, pattern: '^(?P<answer>\d+)$'}", "answer", "", table("8.0", "9.0"), 2, "'8.0'", "the group", "8"),
    (r"{form: regex, pattern: '(?s).*= (?P<answer>\d+)\.'}", "answer", "", table("9.5"), 2, "'9.5'", "the group", None),
    ("{form: regex, pattern: 'is (?P<answer>on|off)'}", "answer", "", table("On", "off"), 2, "'On'", "the group", "on"),
    (OBJECT, "extract", schema(v=TEXT), row(v="x", w=1), 1, "forbids the key `w`", "without it", None),
    (OBJECT, "extract", schema(v=TEXT, w={}), row(v="x"), 1, "requires `w`", "has it", None),
    (OBJECT, "extract", schema(v={"type": "object", "properties": {"n": NUMBER}}),
     row(v={"n": "$3"}), 1, "`v.n` is the text '$3'", "a number", "3"),
    (OBJECT, "extract", schema(v=LIST), row(v="x; y"), 1, "'x; y'", "a list", None),
    (OBJECT, "extract", schema(v=TEXT), row(v=5), 1, "is 5", "text", '"5"'),
    (OBJECT, "extract", schema(v=TEXT), row(v=None), 1, "is null", "text", None),
]  # fmt: skip


@pytest.mark.parametrize(("output", "task", "fields", "rows", "line", "found", "expected", "hint"), UNREACHABLE)
def test_a_target_that_no_answer_can_match(
    tmp_path: Path,
    output: str,
    task: str,
    fields: str,
    rows: str,
    line: int,
    found: str,
    expected: str,
    hint: str | None,
) -> None:
    with pytest.raises(SuiteError) as caught:
        made(tmp_path, output, rows, task, fields=fields)
    error = caught.value
    assert error.file is not None and error.file.name.startswith("test.")
    assert (error.line, error.hint) == (line, hint)
    assert found in error.problem and expected in str(error.expected)
    assert "no answer can be right here" in error.problem and "rows of test" in error.problem


# (output, task, schema, rows, one answer per row): all are right to the letter.
REACHABLE = [
    (ANSWER, "classify", schema(a=TRUTH), table("True", "FALSE"), ['{"a": true}', '{"a": false}']),
    (ANSWER, "classify", schema(a={"enum": [1, 2]}), table("1", "2.0"), ['{"a": 1}', '{"a": 2}']),
    (ANSWER, "answer", schema(a=NUMBER), table("2.50", "1e3", "7"), ['{"a": 2.5}', '{"a": 1000}', '{"a": 7.0}']),
    (ANSWER, "answer", schema(a=NUMBER), '{"text": "t", "label": 2.0}\n', ['{"a": 2.0}']),
    (ANSWER, "answer", schema(a=TEXT), table("007", "2.50"), ['{"a": "007"}', '{"a": "2.50"}']),
    (ANSWER, "answer", schema(a=TEXT), '{"text": "t", "label": 5}\n', ['{"a": "5"}']),
    (ANSWER, "answer", schema(a=MAYBE), table("null"), ['{"a": "null"}']),
    (ANSWER, "answer", schema(a=LIST), '{"text": "t", "label": [1.0, "x"]}\n', ['{"a": [1, "x"]}']),
    (ANSWER, "classify", schema(why=TEXT, a={"enum": ["x", "y"]}), table("x", "y"),
     ['{"why": "", "a": "x"}', '{"why": "", "a": "y"}']),
    (ANSWER, "answer", json.dumps({"oneOf": [{"properties": {"a": WHOLE}, "required": ["a", "unit"]},
                                             {"properties": {"a": {"type": "null"}}, "required": ["a"]}]}),
     table("5"), ['{"a": 5, "unit": "kg"}']),
    (OBJECT, "extract", schema(v={"type": ["integer", "null"]}), "text,v\nt,5.0\nu,\n", ['{"v": 5}', '{"v": null}']),
    (OBJECT, "extract", schema(v={"anyOf": [TEXT, {"type": "null"}]}), "text,v\nt,x\nu,\n",
     ['{"v": "x"}', '{"v": null}']),
    (OBJECT, "extract", schema(v=MAYBE), "text,v\nu,\n", ['{"v": ""}']),
    (OBJECT, "extract", schema(False, v=TEXT), "text,v\nu,\n", ["{}"]),
    (OBJECT, "extract", schema(v=TEXT), "text,v\nu,\n", ['{"v": ""}']),
    (OBJECT, "extract", schema(v=LIST | {"uniqueItems": True}), 'text,v\nu,"[2, 1, 2]"\n', ['{"v": [1, 2]}']),
    (r"{form: regex, pattern: '(?s).*\bA: (?P<answer>[^\n]+)'}", "answer", "", table("$8 net"), ["x\nA: $8 net"]),
    (r"{form: regex, pattern: '(?P<answer>(?<=x)\w)|\[(?P<answer>\w+)\]'}", "answer", "", table("ab"), ["[ab]"]),
    ("{form: regex, pattern: '(?i)it is (?P<answer>yes|no)'}", "answer", "", table("Yes"), ["it is Yes"]),
    ("{form: regex, pattern: '(?i:it is (?P<answer>yes|no))'}", "answer", "", table("Yes"), ["it is Yes"]),
    (LABEL, "classify", "", table('"a\nb"', "c"), ["a\nb", "c"]),
    (LABEL, "classify", "", table("billing ", " re\u00a0fund", "billing"), ["billing", "re fund", "billing"]),
]  # fmt: skip


@pytest.mark.parametrize(("output", "task", "fields", "rows", "answers"), REACHABLE)
def test_a_target_that_can_be_answered(
    tmp_path: Path, output: str, task: str, fields: str, rows: str, answers: list[str]
) -> None:
    target = "{v: v}" if task == "extract" else "label"
    prepared = made(tmp_path, output, rows, task, target, fields)
    scorer = Scorer(prepared.contenders[0].output)
    samples = list(prepared.suite.dataset.samples("test"))
    for sample, answer in zip(samples, answers, strict=True):
        assert scorer.score(Completion(answer, "end", Timing(0.0)), sample.target).correct, (sample.target, answer)


def test_an_answer_of_several_lines_is_not_cut_after_the_first(tmp_path: Path) -> None:
    for labels, stop in ((("a", "b"), ("\n",)), (('"a\nb"', "c"), ())):
        assert made(tmp_path, LABEL, table(*labels), "classify").contenders[0].parameters.stop == stop


def test_null_is_not_the_text_null(tmp_path: Path) -> None:
    prepared = made(tmp_path, ANSWER, table("null"), fields=schema(a=MAYBE))
    score = Scorer(prepared.contenders[0].output).score(Completion('{"a": null}', "end", Timing(0.0)), "null")
    assert score.valid and not score.correct and not score.lenient_correct and score.answer is None


def test_a_few_of_many_rows_are_a_warning_with_their_lines(tmp_path: Path) -> None:
    rows = table(*["3"] * 298, "$4", "five")
    (warning,) = made(tmp_path, ANSWER, rows, fields=schema(a=NUMBER)).suite.warnings
    assert warning.startswith("2 of 300 rows of test can never be answered right: the field `a` is the text '$4'")
    assert warning.endswith("expected a number; see test.csv:300, test.csv:301")
    with pytest.raises(SuiteError, match="4 of 302 rows of test"):
        made(tmp_path, ANSWER, rows + "t,six\nu,seven\n", fields=schema(a=NUMBER))


@pytest.mark.parametrize(("output", "task", "fields", "rows", "says"), [
    (OBJECT, "extract", schema(v=TEXT | {"format": "date"}), "text,v\nt,12.3.26\nu,2026-03-12\n", "the format date"),
    (OBJECT, "extract", schema(v=MAYBE), "text,v\nt,NaN\nu,x\n", "which is no null"),
    ("{form: text}", "answer", "", 'text,label\nt,"[""a"", ""b""]"\nu,x\n', "the text of a list"),
])  # fmt: skip
def test_what_is_hardly_meant_is_a_warning(
    tmp_path: Path, output: str, task: str, fields: str, rows: str, says: str
) -> None:
    target = "{v: v}" if task == "extract" else "label"
    (warning,) = made(tmp_path, output, rows, task, target, fields).suite.warnings
    assert warning.startswith("1 of 2 rows of test can hardly ever be answered right") and says in warning
    assert "see test.csv:2" in warning


def test_what_was_found_sound_is_kept_and_a_change_is_looked_at(tmp_path: Path) -> None:
    rows = table("3", "4")
    for _ in range(2):
        assert made(tmp_path, ANSWER, rows, fields=schema(a=NUMBER)).suite.warnings == ()
    with pytest.raises(SuiteError, match="'3'"):
        made(tmp_path, ANSWER, rows, fields=schema(a=TRUTH))
