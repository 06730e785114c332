"""What a run keeps of an extraction: grades, and what became of each field."""

from __future__ import annotations

import json
from pathlib import Path

import evalkit as package
from tests.cli_helper import evalkit, write, write_rows

SUITE = """
name: orders
task: extract
dataset: {test: {path: rows.jsonl}, target: {name: name, total: total}, id: id}
prompt: {user: "{{ text }}"}
output: {form: json, schema: {path: order.json}}
models: {logged: {model: recorded, role: prompted, path: outputs.jsonl}}
good_enough: {accuracy: 0.5, field_f1: 0.5}
"""
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "total": {"type": "number"}}}
ANSWERS = ('{"name": "Ann", "total": 3}', '{"name": "ann", "extra": true}', "Ann ordered for 3")


def test_grades_and_fields_are_in_the_samples(tmp_path: Path) -> None:
    rows = [{"id": f"r{i}", "text": f"order {i}", "name": "Ann", "total": 3} for i in range(3)]
    write_rows(tmp_path, "rows.jsonl", rows)
    write_rows(tmp_path, "outputs.jsonl", [{"id": f"r{i}", "output": text} for i, text in enumerate(ANSWERS)])
    write(tmp_path, "order.json", json.dumps(SCHEMA))
    done = evalkit("run", str(write(tmp_path, "suite.yaml", SUITE)), "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    samples = package.load_run(tmp_path / done.json["run"]).samples
    assert samples["grade"].tolist() == [1.0, 0.0, 0.0]
    assert samples["correct"].tolist() == [True, False, False]
    assert samples["lenient_grade"].tolist() == [1.0, 0.0, 0.0]
    states = [{field["path"]: field["state"] for field in json.loads(text)} for text in samples["fields"]]
    assert states == [
        {"name": "same", "total": "same"},
        {"name": "same", "total": "missing", "extra": "extra"},
        {"name": "missing", "total": "missing"},
    ]
    f1 = done.json["contenders"][0]["metrics"]["field_f1"]["value"]
    assert f1 == 2 * (2 + 1) / (4 + 6)


def test_a_task_without_fields_has_none(tmp_path: Path) -> None:
    write_rows(tmp_path, "rows.jsonl", [{"id": f"r{i}", "text": f"t{i}", "label": "ab"[i % 2]} for i in range(4)])
    write_rows(tmp_path, "outputs.jsonl", [{"id": f"r{i}", "output": "a"} for i in range(4)])
    text = SUITE.split("task:")[0] + (
        "dataset: {test: {path: rows.jsonl}, target: label, id: id}\n"
        'prompt: {user: "{{ text }}"}\n'
        "output: {form: label, labels: from_data}\n"
        "models: {logged: {model: recorded, role: prompted, path: outputs.jsonl}}\n"
        "good_enough: {accuracy: 0.5}\n"
    )
    done = evalkit("run", str(write(tmp_path, "suite.yaml", text)), "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    samples = package.load_run(tmp_path / done.json["run"]).samples
    assert samples["grade"].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert samples["fields"].isna().all()
