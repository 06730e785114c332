"""The manifest: old and hand-edited files, and what is made of it, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from evalkit.errors import RunError
from evalkit.records.run import ContenderResult
from evalkit.store.manifest import Manifest, manifest_of

SUITE = """
task: classify
dataset: {test: {path: test.jsonl}, target: label}
output: {form: label, labels: [a, b], enforce: ENFORCE, max_tokens: 64}
good_enough: {accuracy: 0.9}
"""
ID = "m/default/prompt"
PLAIN: dict[str, Any] = {
    "created": "2026-11-24T02:00:00+00:00",
    "suite": {"path": "suite.yaml", "text": SUITE},
    "prompts": {"default": {"system": "s", "user": "{{ text }}"}},
    "data": {"fingerprint": "f", "labels": ["a", "b"], "splits": {"test": {"n": 2, "sha256": "t"}}},
    "contenders": {ID: {"prefix": "p", "max_tokens": 64, "seed": None, "schema": {"type": "object"}}},
    "versions": {"evalkit": "0.1.0"},
}
CONTENDER = ContenderResult(ID, "m", "m-5", "default", "prompt", "frontier", "test")


def manifest(**changes: Any) -> Manifest:
    return manifest_of({**PLAIN, **changes}, Path("manifest.json"))


def suite(old: str = "", new: str = "") -> dict[str, str]:
    return {"path": "suite.yaml", "text": SUITE.replace(old, new)}


def test_an_old_file_has_defaults() -> None:
    empty = manifest_of({}, Path("manifest.json"))
    provenance = empty.provenance(CONTENDER)
    assert (provenance.data, provenance.prompt, provenance.scoring, provenance.needs) == (None,) * 4
    assert (provenance.version, provenance.created, provenance.parameters) == (None, None, {})
    assert empty.marks == {} and empty.request(ID) == {} and empty.data.splits == {}


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_null_counts_as_not_given(name: str) -> None:
    assert manifest(**{name: None}) == manifest_of(
        {each: part for each, part in PLAIN.items() if each != name}, Path("manifest.json")
    )


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("suite", "suite.yaml", "$.suite"),
        ("data", {"splits": []}, "$.data.splits"),
        ("contenders", {ID: 5}, "$.contenders"),
        ("created", 5, "$.created"),
    ],
)
def test_what_no_evalkit_has_written_is_told_with_its_place(name: str, value: Any, place: str) -> None:
    with pytest.raises(RunError) as error:
        manifest(**{name: value})
    assert str(error.value).startswith("manifest.json: damaged: Expected `") and place in str(error.value)


def test_what_is_written_is_read_back() -> None:
    known = manifest()
    _ = known.marks, known.digest_of_needs  # what is made of it is not written
    assert manifest_of(msgspec.json.decode(msgspec.json.encode(known)), Path("manifest.json")) == known


def test_the_suite_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[object] = []
    load = yaml.load
    monkeypatch.setattr(yaml, "load", lambda text, Loader: parsed.append(text) or load(text, Loader=Loader))
    known = manifest()
    for _ in range(3):
        _ = known.provenance(CONTENDER), known.marks, known.digest_of_needs
    assert len(parsed) == 1


@pytest.mark.parametrize("text", ["", "5", "a: [", "[1]", "a: 2026-13-45"])
def test_a_suite_that_does_not_tell_is_unknown(text: str) -> None:
    known = manifest(suite={"text": text})
    if text != "a: 2026-13-45":
        assert (known.digest_of_scoring, known.digest_of_needs) == (None, None)
    assert list(known.marks) == [ID]


@pytest.mark.parametrize(
    ("old", "new", "scoring", "needs"),
    [
        ("ENFORCE", "native", False, False),
        ("max_tokens: 64", "max_tokens: 9", False, False),
        ("0.9", "0.8", False, True),
        ("classify", "answer", True, False),
        ("target: label", "target: class", True, False),
        ("form: label", "form: text", True, False),
    ],
)
def test_which_words_of_the_suite_count(old: str, new: str, scoring: bool, needs: bool) -> None:
    one, other = manifest(), manifest(suite=suite(old, new))
    assert (one.digest_of_scoring != other.digest_of_scoring) is scoring
    assert (one.digest_of_needs != other.digest_of_needs) is needs
    assert (one.marks != other.marks) is scoring


def test_other_data_another_prompt_and_other_parameters_have_another_mark() -> None:
    marks = [
        manifest().marks[ID],
        manifest(data={**PLAIN["data"], "fingerprint": "g"}).marks[ID],
        manifest(prompts={"default": {"user": "{{ text }}?"}}).marks[ID],
        manifest(contenders={ID: {**PLAIN["contenders"][ID], "max_tokens": 65}}).marks[ID],
    ]
    assert len(set(marks)) == 4


def test_the_request_has_its_long_parts_as_digests_and_only_sent_parameters_are_named() -> None:
    known = manifest()
    request = known.request(ID)
    assert (request["prefix"], request["seed"], len(request["schema"])) == ("p", None, 64)
    assert known.provenance(CONTENDER).parameters == {"max_tokens": 64}
    assert known.provenance(CONTENDER).data == "t" and known.digest_of_data("dev") == "f"
