"""Data sets of the hub, through `datasets` itself, from a hub on 127.0.0.1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.builders.suites import suite_text
from tests.data import ROOT
from tests.suite.hub_server import HEAD, OLD, hub, parquet

CARD = """---
configs:
- config_name: default
  data_files: [{split: test, path: data/test-*}, {split: train, path: data/train-*}]
- config_name: other
  data_files: [{split: test, path: other.parquet}]
---
"""
TEXT = {"dtype": "string", "_type": "Value"}
LABEL = {"names": ["neg", "pos"], "_type": "ClassLabel"}


def reviews(start: int, labels: list[int]) -> bytes:
    texts = [f"review {start + i}" for i in range(len(labels))]
    return parquet({"text": texts, "label": labels}, {"text": TEXT, "label": LABEL})


PICTURE = {"bytes": b"no picture", "path": None}
PICTURES = pa.array([PICTURE], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
REPOS = {
    "org/reviews": {
        "README.md": CARD.encode(),
        "data/test-00000-of-00002.parquet": reviews(0, [0, 1] * 20),
        "data/test-00001-of-00002.parquet": reviews(40, [1]),
        "data/train-00000-of-00001.parquet": reviews(100, [1, 0] * 10),
        "other.parquet": reviews(900, [1]),
    },
    "org/unlabelled": {"test.parquet": reviews(0, [0, -1])},
    "org/moved": {"test.jsonl": b'{"text": "new", "label": "a"}\n'},
    f"org/moved@{OLD}": {"test.jsonl": b'{"text": "old", "label": "a"}\n'},
    "org/lines": {"test.jsonl": b'{"text": "a", "n": 1}\n{"text": "{{ 7*7 }}", "n": 2}\n'},
    "org/broken": {"test.jsonl": b'{"text": "a"}\n{"text"\n'},
    "org/pictures": {
        "test.parquet": parquet({"image": PICTURES, "label": ["a"]}, {"image": {"_type": "Image"}, "label": TEXT})
    },
    "org/script": {"script.py": b"raise SystemExit(9)"},
}
SUITES = {
    "unpinned": ("{hub: org/reviews}", f"{{hub: org/reviews, revision: {HEAD}}}"),
    "missing": ("{hub: org/none}", "{hub: org/reviews}"),
    "unlabelled": ("{hub: org/unlabelled}", None),
}
SOURCES: dict[str, dict[str, Any]] = {
    "other": {"hub": "org/reviews", "config": "other"},
    "lines": {"hub": "org/lines"},
    "new": {"hub": "org/moved"},
    "old": {"hub": "org/moved", "revision": OLD},
    "pictures": {"hub": "org/pictures"},
    "broken": {"hub": "org/broken"},
    "script": {"hub": "org/script"},
    "no split": {"hub": "org/reviews", "split": "validation"},
    "no config": {"hub": "org/reviews", "config": "none"},
    "no revision": {"hub": "org/reviews", "revision": "b" * 40},
}

# A process of its own: the hub's address is read when huggingface_hub is imported.
READ = """
import json, sys
from dataclasses import replace
from evalkit.errors import SuiteError
from evalkit.suite.data.hub_rows import resolve_revision
from evalkit.suite.file.load import load_suite
from evalkit.suite.file.located import located
from evalkit.suite.open import open_suite
from evalkit.suite.data.rows import RowSource

def read(given):
    source = RowSource(**{"split": "test", **given})
    pinned = resolve_revision(source.hub, source.revision)
    return [[place.line, repr(row)] for place, row in replace(source, revision=pinned).rows()] + [pinned]

def suite(path):
    loaded = load_suite(path)
    with located(loaded.source):
        opened = open_suite(loaded)
    data = opened.dataset
    return {
        "labels": data.labels, "warnings": opened.warnings, "n": {k: v.n for k, v in data.splits.items()},
        "test": [[s.fields["text"], s.target, s.id] for s in data.samples("test")],
        "again": [[s.fields["text"], s.target, s.id] for s in data.samples("test")],
    }

results = {}
for name, (do, given) in json.load(sys.stdin).items():
    try:
        results[name] = {"read": read, "suite": suite}[do](given)
    except SuiteError as error:
        results[name] = error.render()
print(json.dumps(results))
"""


def ask(url: str, home: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    """What READ says, in a process that knows no other hub."""
    env = {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_TOKEN"):
        env.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", READ], input=json.dumps(wanted), env=env, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@dataclass(frozen=True)
class Answers:
    """Everything that was read, and what the hub was asked for."""

    results: dict[str, Any]
    seen: list[tuple[str, str]]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    folder = tmp_path_factory.mktemp("hub")
    wanted: dict[str, Any] = {name: ("read", source) for name, source in SOURCES.items()}
    for name, (test, train) in SUITES.items():
        entries = f"test: {test}\n" + (f"  train: {train}\n" if train else "")
        (folder / f"{name}.yaml").write_text(suite_text(("test: test.jsonl\n", entries)))
        wanted[name] = ("suite", str(folder / f"{name}.yaml"))
    with hub(REPOS) as server:
        return Answers(ask(server.url, folder / "home", wanted), server.seen)


def test_a_hub_data_set_is_read_split_by_split(answers: Answers) -> None:
    found = answers.results["unpinned"]
    assert found["n"]["test"] == 41 and found["n"]["train"] + found["n"]["dev"] == 20
    assert [text for text, _, _ in found["test"]] == [f"review {i}" for i in range(41)]
    assert found["again"] == found["test"], "ids too are the same in every pass"


def test_class_numbers_are_shown_by_name(answers: Answers) -> None:
    found = answers.results["unpinned"]
    assert found["labels"] == ["neg", "pos"]
    assert [target for _, target, _ in found["test"]] == ["neg", "pos"] * 20 + ["pos"]


def test_a_revision_is_pinned_to_its_commit(answers: Answers) -> None:
    assert answers.results["unpinned"]["warnings"] == [
        f"dataset.test is not pinned; add `revision: {HEAD}` so that its rows stay the same"
    ]
    read = [path for _, path in answers.seen if path.endswith((".parquet", ".jsonl"))]
    assert read and all(f"/resolve/{HEAD}/" in path or f"/resolve/{OLD}/" in path for path in read)


def test_a_pinned_revision_stays_what_it_was(answers: Answers) -> None:
    rows = {name: repr({"text": name, "label": "a"}) for name in ("new", "old")}
    assert answers.results["new"] == [[1, rows["new"]], HEAD]
    assert answers.results["old"] == [[1, rows["old"]], OLD]


def test_only_the_files_of_a_split_are_fetched(answers: Answers) -> None:
    """A configuration of one file leaves the others alone; a data set's own code is never asked for to run it."""
    fetched = [path.rpartition("/")[2] for method, path in answers.seen if method == "GET" and "/resolve/" in path]
    first_suite = fetched.index("test-00000-of-00002.parquet")
    assert "other.parquet" in fetched[:first_suite] and "train-00000-of-00001.parquet" not in fetched[:first_suite]


def test_a_configuration_and_json_lines(answers: Answers) -> None:
    assert answers.results["other"][0] == [1, repr({"text": "review 900", "label": "pos"})]
    assert [row for _, row in answers.results["lines"][:-1]] == [
        repr({"text": "a", "n": 1}),
        repr({"text": "{{ 7*7 }}", "n": 2}),
    ]


def test_media_stay_bytes(answers: Answers) -> None:
    """A decoded picture would have another hash in every pass, and this one could not be decoded at all."""
    assert answers.results["pictures"][0] == [1, repr({"image": PICTURE, "label": "a"})]


def test_a_row_without_a_label_is_no_row_of_the_last_class(answers: Answers) -> None:
    assert "org/unlabelled:2: the target column 'label' is empty" in answers.results["unlabelled"]


def test_a_missing_data_set_points_at_its_key(answers: Answers) -> None:
    said = answers.results["missing"]
    assert "missing.yaml:4:15: org/none cannot be found on the hub" in said
    assert "test: {hub: org/none}" in said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("broken", "org/broken"),
        ("script", "org/script: cannot be read: Dataset scripts are no longer supported"),
        ("no split", "org/reviews: cannot be read"),
        ("no config", "org/reviews: cannot be read"),
        ("no revision", "org/reviews: cannot be found on the hub"),
    ],
)
def test_what_cannot_be_read_is_a_suite_error(answers: Answers, name: str, says: str) -> None:
    assert isinstance(answers.results[name], str) and answers.results[name].startswith(says)
    assert "Traceback" not in answers.results[name]


def test_a_hub_that_cannot_be_reached_is_a_suite_error(tmp_path: Path) -> None:
    with hub({}) as server:
        url = server.url
    found = ask(url, tmp_path, {"gone": ("read", {"hub": "org/reviews"})})
    assert found["gone"].startswith("org/reviews: cannot be found on the hub")
