"""Which kept ladders speak for a run: those of the same data, prompt, parameters, model and scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.engine.key import RequestKey
from evalkit.records.evidence import Facts, Ladder
from evalkit.records.run import RunResult
from evalkit.regression.sides import digest
from evalkit.running.prepare import Prepared
from evalkit.store.ladders import read_ladders


def marks_of_run(prepared: Prepared, keys: Mapping[str, RequestKey]) -> dict[str, str]:
    """The mark of each contender of a run under way, by contender id."""
    prompts = {name: {"user": texts.user} for name, texts in prepared.suite.loaded.prompt_texts.items()}
    return marks_of_manifest(
        {
            "data": {"fingerprint": prepared.suite.dataset.fingerprint},
            "suite": {"text": prepared.suite.loaded.text},
            "prompts": prompts,
            "contenders": {name: key.parts for name, key in keys.items()},
        }
    )


def marks_of_manifest(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The same from a stored run's manifest."""
    data, prompts = _mapping(manifest.get("data")), _mapping(manifest.get("prompts"))
    scoring = _scoring(str(_mapping(manifest.get("suite")).get("text")))
    marks = {}
    for name, parts in _mapping(manifest.get("contenders")).items():
        prompt = name.split("/")[1] if name.count("/") == 2 else ""
        user = _mapping(prompts.get(prompt)).get("user")
        marks[name] = digest([data.get("fingerprint"), parts, user, scoring])
    return marks


def with_ladders(facts: Facts, result: RunResult, marks: Mapping[str, str], folder: Path) -> Facts:
    """The facts with the ladders that `folder`, a suite's under `runs/`, keeps for the contenders on test.

    `marks` is by contender id. Such a ladder holds the suite's own prompts too, so it goes before what the run itself
    saw on dev. Raises RunError for a damaged file.
    """
    on_test = [c for c in result.contenders if c.split == "test" and c.skipped is None]
    wanted = {(c.model, marks.get(c.id)) for c in on_test}
    found: dict[str, Ladder] = {}
    for kept in read_ladders(folder):
        if (kept.ladder.model, kept.mark) in wanted:
            found.setdefault(kept.ladder.model, kept.ladder)
    others = tuple(ladder for ladder in facts.ladders if ladder.model not in found)
    return replace(facts, ladders=(*found.values(), *others)) if found else facts


def _scoring(text: str) -> list[Any]:
    """What the suite's text says of right and wrong, but for what the request's parts hold."""
    import yaml

    try:
        suite = _mapping(yaml.safe_load(text))
    except yaml.YAMLError:
        return []
    output = {k: v for k, v in _mapping(suite.get("output")).items() if k not in ("enforce", "max_tokens")}
    return [suite.get("task"), output, _mapping(suite.get("dataset")).get("target")]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
