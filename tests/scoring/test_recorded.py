"""Real answers of real models, with figures that were published or counted by somebody else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.forms.parsing.vocabulary import Vocabulary
from evalkit.records.completion import Completion, Timing
from evalkit.records.output import Output
from evalkit.records.score import Status
from evalkit.scoring.metrics import measure
from evalkit.scoring.scorer import Scorer
from evalkit.scoring.tally import Tally
from tests.data import shared
from tests.scoring.answers import said


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("system", "strict", "lenient", "with_answer_line"),
    [
        ("6b_finetuning", 284, 286, 1315),
        ("6b_verification", 513, 515, 1318),
        ("175b_finetuning", 457, 458, 1314),
        ("175b_verification", 737, 742, 1318),
    ],
)
def test_gsm8k(system: str, strict: int, lenient: int, with_answer_line: int) -> None:
    """The lenient reading gives the recorded verdict on every item; the strict one also wants "1,250" for "1,250"."""
    output = Output("answer", "regex", pattern=r"(?s).*A: (?P<answer>[^\n]+)")
    scorer, tally = Scorer(output), Tally(output)
    for i, row in enumerate(lines(shared("gsm8k_recorded") / "outputs.jsonl")):
        score = scorer.score(said(row["outputs"][system]), row["target"])
        assert score.lenient_correct is row["is_correct"][system], row["id"]
        tally.add(score, i, row["target"])
    found = measure(tally)
    assert found["accuracy"].estimate.value == strict / 1319
    assert found["accuracy_lenient"].estimate.value == lenient / 1319
    assert found["format_validity"].estimate.value == with_answer_line / 1319


def test_legal_judge_json() -> None:
    kinds = ("direct_answer", "hedged_helpful", "hard_refusal", "soft_refusal")
    schema = {
        "type": "object",
        "properties": {
            "appropriateness_score": {"type": "integer"},
            "reasoning": {"type": "string"},
            "refusal_type": {"enum": list(kinds)},
        },
        "required": ["appropriateness_score", "reasoning", "refusal_type"],
        "additionalProperties": False,
    }
    rows = lines(shared("legal_judge_json_recorded") / "judgements.jsonl")
    parses = Scorer(Output("write", "json", schema={"type": "object"}))
    assert all(parses.score(said(row["output"]), "").valid for row in rows)
    assert len(rows) == 1674
    conforms = Scorer(Output("classify", "json", kinds, schema, "refusal_type"))
    of_kind = [row for row in rows if row["dimension"] == "appropriateness"]
    scores = [conforms.score(said(row["output"]), kinds[0]) for row in of_kind]
    assert sum(score.valid for score in scores) / len(scores) == pytest.approx(0.861, abs=0.0005)
    assert Counter(score.answer for score in scores) == {
        "direct_answer": 796, "hedged_helpful": 374, "hard_refusal": 58, "soft_refusal": 8, None: 199,
    }  # fmt: skip
    assert {score.note for score in scores if not score.valid} == {"missing property 'appropriateness_score'"}


@pytest.mark.parametrize(
    ("framework", "reliability", "p95_s", "over_all", "item_weighted"),
    [
        ("Fructose", 1.0, 1.138, 0.534, 0.534),
        ("OpenAIStructuredOutput", 1.0, 1.201, 0.399, 0.399),
        ("LlamaIndex", 0.996, 0.853, 0.416, None),
        ("Marvin", 0.988, 1.338, 0.417, 0.425),
        ("Mirascope", 0.985, 1.531, 0.314, None),
    ],
)
def test_structured_multilabel(
    framework: str, reliability: float, p95_s: float, over_all: float, item_weighted: float | None
) -> None:
    folder = shared("structured_multilabel_recorded")
    items = {row["id"]: row for row in lines(folder / "items.jsonl")}
    output = Output("extract", "json", schema={"properties": {"labels": {"type": "array", "uniqueItems": True}}})
    scorer, tally, latencies = Scorer(output), Tally(output), []
    for i, row in enumerate(r for r in lines(folder / "outputs.jsonl") if r["framework"] == framework):
        target = {"labels": items[row["id"]]["labels"]}
        for labels, seconds in zip(row["predictions"], row["latency_s"], strict=True):
            timing = Timing(1000 * seconds)
            latencies.append(timing.latency_ms)
            answer = Completion(json.dumps({"labels": labels}), "end", timing)
            tally.add(scorer.score(answer, target), i, target, timing=timing)
        for _ in range(row["n_runs"] - row["n_ok"]):
            tally.add(scorer.score(said(""), target), i, target)
    found = measure(tally)
    assert found["format_validity"].estimate.value == pytest.approx(reliability)
    assert found["exact_match"].estimate.value == pytest.approx(over_all, abs=0.0005)
    assert found["exact_match"].estimate.n == 100
    if item_weighted is not None:
        assert found["accuracy_if_valid"].estimate.value == pytest.approx(item_weighted, abs=0.0005)
    p95 = found["latency_p95_ms"].estimate
    assert p95.value == np.quantile(latencies, 0.95, method="inverted_cdf")
    assert p95.value == pytest.approx(1000 * p95_s, rel=0.003)  # the source interpolates
    assert p95.value is not None and p95.low is not None and p95.high is not None
    assert p95.low <= p95.value <= p95.high


def test_snips_targets_are_their_own_answers() -> None:
    scorer = Scorer(Output("extract", "json"))
    for row in lines(shared("snips") / "test.jsonl"):
        score = scorer.score(said(json.dumps(row["target"])), row["target"])
        assert score.correct and score.lenient_correct
        assert score.fields is not None and {field.state for field in score.fields} == {"same"}


def test_every_banking77_label_is_found_in_a_sentence() -> None:
    labels = tuple(json.loads((shared("banking77") / "labels.json").read_text(encoding="utf-8")))
    assert len(labels) == 77
    vocabulary = Vocabulary(labels)
    for label in labels:
        spoken = label.replace("_", " ").strip("?").capitalize()
        for text in (spoken, f"**{label}**.", f"I would say {spoken.lower()} fits.", f"Label: {spoken}\nWhy: …"):
            assert vocabulary.find(text) == label, text


def test_banking77_queries_are_not_answers() -> None:
    """Customers' own words name a label now and then; strictly they never are one."""
    folder = shared("banking77")
    labels = tuple(json.loads((folder / "labels.json").read_text(encoding="utf-8")))
    scorer = Scorer(Output("classify", "label", labels))
    statuses = {scorer.score(said(row["text"]), row["label"]).status for row in lines(folder / "test.jsonl")}
    assert statuses == {Status.FORMAT_INVALID}
