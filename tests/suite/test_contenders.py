"""Who competes: prefixes, examples in the form that is scored, and requests that hang on the row alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError, SuiteMistake
from evalkit.records.completion import Completion, Timing
from evalkit.records.score import Status
from evalkit.scoring.scorer import Scorer
from evalkit.suite.file.located import located
from evalkit.suite.prompts.contenders import Contender, contenders, samples_of
from tests.builders.suites import opened, row

TEST = [row(1, "a"), row(2, "b")]
TRAIN = [row(i, "ab"[i % 2]) for i in range(10, 60)]
USER = 'user: "{{ text }}"'
EXAMPLES = (USER, f"{USER}\n  examples: {{count: 4}}")
FORM = "form: label\n  labels: from_data"
MODEL = "sonnet: anthropic/claude-sonnet-5-5"
OBJECT = {"type": "object", "properties": {"label": {"type": ["string", "integer"]}}, "required": ["label"]}


def made(folder: Path, *changes: tuple[str, str], **splits: Any) -> list[Contender]:
    splits = {"test": TEST, "train": TRAIN, **splits}
    (folder / "s.json").write_text(json.dumps(OBJECT))
    suite = opened(folder, *changes, **splits)
    with located(suite.loaded.source, suite.loaded.prompt_texts):
        return contenders(suite)


def one(folder: Path, *changes: tuple[str, str], **splits: Any) -> Contender:
    (contender,) = made(folder, *changes, **splits)
    return contender


def answers(contender: Contender) -> dict[str, str]:
    """What each example asks → what it answers."""
    assert contender.prefix.examples
    return {turn.user: turn.assistant for turn in contender.prefix.examples}


# examples


def is_scored(contender: Contender, targets: dict[str, Any]) -> None:
    """Every example's answer has the exact form, and is right."""
    scorer = Scorer(contender.output)
    for asked, answer in answers(contender).items():
        score = scorer.score(Completion(answer, "end", Timing(0.0)), targets[asked])
        assert (score.status, score.correct) == (Status.OK, True), (answer, score)


LABELS = {r["text"]: r["label"] for r in TRAIN}


def test_examples_of_labels(tmp_path: Path) -> None:
    contender = one(tmp_path, EXAMPLES)
    assert answers(contender).items() <= LABELS.items() and len(answers(contender)) == 4
    is_scored(contender, LABELS)


def test_examples_of_labels_in_the_providers_own_form(tmp_path: Path) -> None:
    contender = one(tmp_path, EXAMPLES, (FORM, f"{FORM}\n  enforce: native"))
    assert {text: json.loads(answer) for text, answer in answers(contender).items()} == {
        text: {"label": LABELS[text]} for text in answers(contender)
    }
    is_scored(contender, LABELS)


@pytest.mark.parametrize("enforce", ["prompt", "native"])
def test_examples_of_an_answer_in_json(tmp_path: Path, enforce: str) -> None:
    """The value has the type of its column, which is the schema's."""
    form = f"form: json\n  schema: {{path: s.json}}\n  answer: label\n  enforce: {enforce}"
    train = [row(i, i % 3) for i in range(10, 60)]
    contender = one(tmp_path, EXAMPLES, (FORM, form), train=train, test=[row(1, 1)])
    assert all(json.loads(a) == {"label": int(q.split()[1]) % 3} for q, a in answers(contender).items())
    is_scored(contender, {r["text"]: str(r["label"]) for r in train})


@pytest.mark.parametrize("kind", ["object", "text", "fields"])
def test_examples_of_extraction(tmp_path: Path, kind: str) -> None:
    objects = {f"question {i}": {"label": f"é{i}", "n": [i, None]} for i in range(60)}

    def extract(i: int) -> dict[str, Any]:
        value = objects[f"question {i}"]
        columns = {"l": value["label"], "n": value["n"]} if kind == "fields" else {"o": value}
        return {"text": f"question {i}", **({"o": json.dumps(value)} if kind == "text" else columns)}

    target = "{label: l, n: n}" if kind == "fields" else "o"
    contender = one(
        tmp_path,
        EXAMPLES,
        ("classify", "extract"),
        ("target: label", f"target: {target}"),
        (FORM, "form: json\n  schema: {path: s.json}"),
        ("{accuracy: 0.9}", "{field_f1: 0.9}"),
        test=[extract(1)],
        train=[extract(i) for i in range(10, 60)],
    )
    assert all(json.loads(a) == objects[q] for q, a in answers(contender).items())
    assert "é" in next(iter(answers(contender).values())), "as a model would write it, not as an escape"
    is_scored(contender, objects)


def test_examples_of_a_pattern_and_of_text(tmp_path: Path) -> None:
    train = [row(i, i * 7) for i in range(10, 60)]
    for form in ("form: regex\n  pattern: '^(?P<answer>\\d+)$'", "form: text"):
        contender = one(
            tmp_path, EXAMPLES, ("classify", "answer"), (FORM, form), train=train, test=[row(1, 7), row(2, 9)]
        )
        assert all(a == str(int(q.split()[1]) * 7) for q, a in answers(contender).items())
        is_scored(contender, {r["text"]: str(r["label"]) for r in train})


def test_no_examples(tmp_path: Path) -> None:
    assert one(tmp_path).prefix.examples == ()
    assert one(tmp_path, (USER, f"{USER}\n  examples: {{count: 0}}")).prefix.examples == ()


def test_an_example_that_cannot_be_rendered_names_its_sample(tmp_path: Path) -> None:
    user = 'user: "{{ text }} {{ 1 / number }}"'
    train = [row(i, "a", number=0, id=f"t{i}") for i in range(9)]
    with pytest.raises(SuiteError) as caught:
        made(
            tmp_path,
            (USER, f"{user}\n  examples: {{count: 1, pick: first}}"),
            ("target: label", "target: label\n  id: id"),
            test=[row(10, "a", number=1, id="x")],
            train=train,
        )
    assert caught.value.problem.startswith("sample t") and "division by zero" in caught.value.problem
    assert caught.value.file == tmp_path / "suite.yaml" and "1 / number" in caught.value.render()


def test_a_system_part_that_cannot_be_rendered_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        made(tmp_path, (USER, f"system: |\n    Hello.\n    {{{{ labels.first.x }}}}\n  {USER}"))
    assert "| Hello" not in caught.value.render() and "labels.first.x" in caught.value.render()


# prefixes


def test_system_text_sees_the_labels(tmp_path: Path) -> None:
    contender = one(tmp_path, (USER, f"system: |\n    One of {{{{ labels | join(', ') }}}}.\n\n  {USER}"))
    assert contender.prefix.system == "One of a, b."


def test_system_text_sees_the_schema(tmp_path: Path) -> None:
    form = "form: json\n  schema: {path: s.json}\n  answer: label"
    contender = one(tmp_path, (FORM, form), (USER, f'system: "{{{{ schema | tojson }}}}"\n  {USER}'))
    assert json.loads(contender.prefix.system) == OBJECT


def test_equal_prompts_share_a_prefix_and_other_ones_do_not(tmp_path: Path) -> None:
    prompts = (
        f"prompt:\n  {USER}",
        """prompts:
  p: {system: "Be kind. ", examples: {count: 3}, user: "{{ text }}"}
  same: {system: "Be kind.", examples: {count: 3}, user: "{{ text }}", cache: 1h}
  system: {system: "Be terse.", examples: {count: 3}, user: "{{ text }}"}
  count: {system: "Be kind.", examples: {count: 4}, user: "{{ text }}"}
  seed: {system: "Be kind.", examples: {count: 3, seed: 8}, user: "{{ text }}"}
  user: {system: "Be kind.", examples: {count: 3}, user: "Q: {{ text }}"}
""",
    )
    digests = {c.prompt: c.prefix.digest for c in made(tmp_path, prompts)}
    assert digests["p"] == digests["same"] and len(set(digests.values())) == 5


def test_enforcing_natively_changes_the_examples_alone(tmp_path: Path) -> None:
    models = (MODEL, f"{MODEL}\n  native: {{model: anthropic/claude-sonnet-5-5, enforce: native}}")
    prompt, native = made(tmp_path, EXAMPLES, models)
    assert (prompt.id, native.id) == ("sonnet/default/prompt", "native/default/native")
    assert prompt.prefix.digest != native.prefix.digest
    assert list(answers(prompt)) == list(answers(native)), "the same rows are shown"
    prompt, native = made(tmp_path, models)
    assert prompt.prefix.digest == native.prefix.digest


def test_prefixes_do_not_hang_on_the_order_of_train(tmp_path: Path) -> None:
    digests = {one(tmp_path, EXAMPLES, train=rows).prefix.digest for rows in (TRAIN, TRAIN[::-1])}
    assert len(digests) == 1


# requests


def test_equal_rows_make_equal_requests(tmp_path: Path) -> None:
    suite = opened(tmp_path, test=[row(1), row(2), row(1, "b")])
    (contender,) = contenders(suite)
    first, other, same = (contender.request(sample) for sample in suite.dataset.samples("test"))
    assert first.suffix == same.suffix == "question 1" and other.suffix != first.suffix
    assert replace(first, sample_id="") == replace(same, sample_id="") and first.sample_id != same.sample_id


def test_a_request_holds_the_row_verbatim(tmp_path: Path) -> None:
    text = "{{ 7*7 }} {% raw %} {# c #} <b>&amp;</b>\n\n"
    suite = opened(tmp_path, test=[{"text": text, "label": "a"}])
    (contender,) = contenders(suite)
    assert contender.request(next(suite.dataset.samples("test"))).suffix == text


def test_a_column_goes_before_what_is_given(tmp_path: Path) -> None:
    """As where each row has its own `schema`, in text to SQL."""
    rows = [{"text": "q", "label": "a", "schema": "CREATE TABLE t"}]
    suite = opened(tmp_path, (USER, 'user: "{{ schema }} {{ text }} {{ labels }}"'), test=rows)
    (contender,) = contenders(suite)
    assert contender.request(next(suite.dataset.samples("test"))).suffix == 'CREATE TABLE t q ["a"]'


def test_a_row_that_cannot_be_rendered(tmp_path: Path) -> None:
    suite = opened(tmp_path, (USER, 'user: "{{ text + 1 }}"'), test=TEST)
    (contender,) = contenders(suite)
    with pytest.raises(SuiteMistake, match="can only concatenate"):
        contender.request(next(suite.dataset.samples("test")))


def test_parameters_are_the_models_before_the_suites(tmp_path: Path) -> None:
    changes = [
        (
            MODEL,
            f"{MODEL}\n  own: {{model: openai/gpt-5, temperature: 1, reasoning: high, max_tokens: 9, concurrency: 2}}",
        ),
        ("models:", "run: {temperature: 0, seed: 3, reasoning: low, concurrency: 5}\nmodels:"),
    ]
    suites, own = made(tmp_path, *changes)
    p, q = suites.parameters, own.parameters
    assert (p.temperature, p.seed, p.reasoning, p.max_tokens, suites.concurrency) == (0, 3, "low", 64, 5)
    assert (q.temperature, q.seed, q.reasoning, q.max_tokens, own.concurrency) == (1, 3, "high", 9, 2)
    assert p.labels == ("a", "b") and p.stop == ("\n",) and p.schema is None and p.cache_ttl == "5m"
    unset = one(tmp_path).parameters
    assert (unset.temperature, unset.seed, unset.reasoning) == (None, None, None)


# the form that a provider enforces


def test_native_labels_are_one_of_the_vocabulary(tmp_path: Path) -> None:
    contender = one(tmp_path, (FORM, f"{FORM}\n  enforce: native"))
    assert contender.parameters.schema == {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": ["a", "b"]}},
        "required": ["label"],
        "additionalProperties": False,
    }
    assert contender.parameters.stop == (), "JSON may hold line breaks"


def test_native_json_is_the_suites_schema(tmp_path: Path) -> None:
    form = "form: json\n  schema: {path: s.json}\n  answer: label"
    assert one(tmp_path, (FORM, f"{form}\n  enforce: native")).parameters.schema == OBJECT
    assert one(tmp_path, (FORM, form)).parameters.schema is None


# who is asked


def test_every_model_meets_every_prompt(tmp_path: Path) -> None:
    changes = [
        (f"prompt:\n  {USER}", 'prompts:\n  p: {user: "{{ text }}"}\n  q: {user: "Q: {{ text }}"}'),
        (MODEL, f"{MODEL}\n  small: {{model: local/gemma-3-270m, limit: 1}}"),
    ]
    suite = opened(tmp_path, *changes, test=TEST, train=TRAIN)
    everyone = contenders(suite)
    assert [c.id for c in everyone] == [f"{m}/{p}/prompt" for p in "pq" for m in ("sonnet", "small")]
    assert [c.id for c in contenders(suite, ("q",))] == ["sonnet/q/prompt", "small/q/prompt"]
    dev = suite.dataset.splits["dev"].n
    assert [samples_of(suite, c, "test") for c in everyone[:2]] == [2, 1]
    assert [samples_of(suite, c, "dev") for c in everyone[:2]] == [dev, dev]
    assert len(list(suite.dataset.samples("test", everyone[1].limit))) == 1


def test_a_model_without_its_variables_is_skipped_with_the_reason(tmp_path: Path) -> None:
    models = (MODEL, "m: {model: openai/x, base_url: '${URL_A}', api_key_env: KEY_B, role: prompted}")
    assert one(tmp_path, models).skipped == "URL_A and KEY_B are not set"
