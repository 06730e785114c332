"""The ready-made prompts: their names, their guide, and that a larger set of examples contains the smaller ones."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.suite.prompts.contenders import contenders
from evalkit.suite.prompts.guide import distinctive, label_guide
from evalkit.suite.prompts.rungs import Rung, higher_reasoning, parse_rungs, rung_prompts, with_prompts, without_guide
from tests.builders.suites import jsonl, opened, row

WORDS = {"a": "parcel courier", "b": "invoice refund", "c": "password login"}


def train(n: int = 120) -> list[dict[str, object]]:
    labels = sorted(WORDS)
    return [{"text": f"{WORDS[labels[i % 3]]} matter {'x' * (i % 7)}{i}", "label": labels[i % 3]} for i in range(n)]


def test_names_in_any_order_are_climbed_in_one() -> None:
    assert [r.name for r in parse_rungs(["reasoning-low,16", "4", "guide", "examples-4", "zero-shot"])] == [
        "zero-shot",
        "label-guide",
        "examples-4",
        "examples-16",
        "reasoning-low",
    ]
    assert [r.name for r in parse_rungs([])][-2:] == ["examples-32", "reasoning-medium"]
    for wrong in ("reasonning", "0", "examples-", "-4", "99999"):
        with pytest.raises(SuiteError, match="no rung"):
            parse_rungs([wrong])


def test_a_reasoning_rung_is_above_what_the_suite_asks_for() -> None:
    assert [higher_reasoning("medium", given) for given in (None, "off", "low", "medium", "high")] == [
        "medium",
        "medium",
        "medium",
        "high",
        None,
    ]


def test_examples_are_nested_stratified_and_never_of_dev_or_test(tmp_path: Path) -> None:
    suite = opened(tmp_path, test=[row(i) for i in range(6)], train=train())
    prompts, skipped = rung_prompts(suite, "default", parse_rungs(["3", "9", "27", "999"]), None, guided=False)
    assert list(skipped) == ["examples-999"] and "train gives" in skipped["examples-999"]
    derived = with_prompts(suite, prompts)
    sets = [set(c.prefix.examples) for c in contenders(derived, ("examples-3", "examples-9", "examples-27"))]
    assert [len(each) for each in sets] == [3, 9, 27]
    assert sets[0] < sets[1] < sets[2]
    assert {turn.assistant for turn in sets[0]} == {"a", "b", "c"}
    asked = {sample.fields["text"] for split in ("dev", "test") for sample in derived.dataset.samples(split)}
    assert not asked & {turn.user for each in sets for turn in each}
    assert set(derived.prompts) == {"default", "examples-3", "examples-9", "examples-27"}


def test_the_guide_is_of_train_alone_and_tells_the_labels_apart(tmp_path: Path) -> None:
    suite = opened(tmp_path, test=[{"text": "testword testword", "label": "a"}], train=train())
    guide = label_guide(suite, "default")
    assert guide is not None and guide == label_guide(suite, "default")
    lines = {line[2]: line for line in guide.splitlines() if line.startswith("- ")}
    for label, words in WORDS.items():
        assert all(word in lines[label] for word in words.split())
        assert not any(w in lines[label] for other, ws in WORDS.items() if other != label for w in ws.split())
        assert "matter" not in lines[label].split("typical")[0]
    dev = {str(sample.fields["text"]) for sample in suite.dataset.samples("dev")}
    assert dev and not any(text in guide for text in dev)


def test_a_guide_with_braces_is_no_template_and_is_taken_out_again(tmp_path: Path) -> None:
    rows = [{"text": f"{{{{ secret }}}} {i} {'yes' if i % 2 else 'no'}", "label": "ab"[i % 2]} for i in range(40)]
    suite = opened(tmp_path, test=[row(i) for i in range(3)], train=rows)
    guide = label_guide(suite, "default")
    assert guide is not None and "{{ secret }}" in guide
    (prompt,), _ = rung_prompts(suite, "default", [Rung("label-guide")], guide, guided=True)
    (contender,) = contenders(with_prompts(suite, [prompt]), ("label-guide",))
    assert contender.prefix.system == guide
    assert without_guide(prompt.system, guide) == ""


def test_a_prompt_of_the_suite_keeps_its_name(tmp_path: Path) -> None:
    suite = opened(tmp_path, ("prompt:\n  user", "prompts:\n  zero-shot:\n    user"), test=[row(1), row(2, "b")])
    prompts, _ = rung_prompts(suite, "zero-shot", [Rung("zero-shot")], None, guided=False)
    assert [p.name for p in prompts] == ["ladder-zero-shot"]


def test_without_labels_the_guide_is_the_form(tmp_path: Path) -> None:
    schema = (
        '{"type": "object", "required": ["who"], "properties": {"who": {"type": "string", "description": "Sender"}}}'
    )
    (tmp_path / "s.json").write_text(schema, encoding="utf-8")
    jsonl(tmp_path / "test.jsonl", [row(1)])
    form = "form: json\n  schema: {path: s.json}\n  answer: who"
    suite = opened(
        tmp_path, ("task: classify", "task: answer"), ("form: label\n  labels: from_data", form), test=[row(1)]
    )
    guide = label_guide(suite, "default")
    assert guide is not None and '- "who" (string; required): Sender' in guide
    text = opened(
        tmp_path, ("task: classify", "task: answer"), ("form: label\n  labels: from_data", "form: text"), test=[row(1)]
    )
    assert label_guide(text, "default") is None
    _, skipped = rung_prompts(text, "default", parse_rungs(["guide", "4"]), None, guided=False)
    assert skipped["label-guide"].startswith("no guide can be derived")
    assert skipped["examples-4"].startswith("examples come from `dataset.train`")


@given(
    st.dictionaries(st.sampled_from("abcd"), st.lists(st.text("xyz ", max_size=30), min_size=1, max_size=8), min_size=1)
)
def test_scores_are_finite_and_only_of_words_that_a_label_has(texts: dict[str, list[str]]) -> None:
    for label, scores in distinctive(texts).items():
        assert all(math.isfinite(score) and score > 0 for score in scores.values())
        assert all(any(word in text for text in texts[label]) for word in scores)
