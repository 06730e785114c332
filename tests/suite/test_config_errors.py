"""The example loads; each mistake in it is told with its place, what is expected and what is near."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.errors import Place, SuiteError, SuiteMistake
from evalkit.models import registry
from evalkit.quote import nearest
from evalkit.records.estimate import Need
from evalkit.records.model import Rates
from evalkit.suite.config.base import Range
from evalkit.suite.config.dataset import FromTrain
from evalkit.suite.config.models import PriceConfig
from evalkit.suite.file.load import load_suite
from evalkit.suite.file.loaded import LoadedSuite
from evalkit.suite.file.located import located
from tests.suite.example import EXAMPLE, write_suite

ENV = {"TUNED_URL": "http://127.0.0.1:8000/v1", "TUNED_API_KEY": "k"}
FORM = "form: label\n  labels: from_data"
JSON_FORM = "form: json\n  schema: {path: ticket.schema.json}\n  answer: "
TUNED = "    base_url: ${TUNED_URL}\n    api_key_env: TUNED_API_KEY\n    role: fine_tuned\n"
TEST_PATH = "data/tickets.test.jsonl"

# (what stands in the example, what is written instead, a piece of the message); § marks where it must point.
MISTAKES = [
    # keys
    ("description: R", "§descripton: R", "did you mean `description`?"),
    ("  target: label", "  §taget: label", "did you mean `target`?"),
    ("task: classify", "§temperature: 0", "did you mean `run.temperature`?"),
    ("labels: from_data", "§lables: from_data", "did you mean `labels`?"),
    ("revision: 2026-11-20", "§pirce: 3", "did you mean `price`?"),
    ("gpu_hour: 1.10}\n  small", "§gpu_hours: 1.10}\n  small", "did you mean `gpu_hour`?"),
    ("{count: 24, pick", "{count: 24, §picks", "did you mean `pick`?"),
    ("min_test_rows: 200", "§min_test_row: 200", "did you mean `min_test_rows`?"),
    ("accuracy: 0.92", "§accurracy: 0.92", "did you mean `accuracy`?"),
    ("    api_key_env: TUNED_API_KEY", "    §api_key: abc", "a suite never holds a key"),
    ("horizon_months: 12", "horizon_months: 12\n  §horizon_months: 24", "given twice, first in line 59"),
    ("sonnet: anthropic/claude-sonnet-5-5", "§son net: openai/gpt", "did you mean `son-net`?"),
    # missing keys
    ("  target: label\n", "", "`dataset` has no `target`"),
    ("form: label\n", "form: §json\n", "the form json needs `schema`"),
    ("{count: 24, pick", "§{pick", "`examples` has no `count`"),
    ("tuned:\n    model: openai/ft-support-7b", "tuned:", "`tuned` has no `model`"),
    ("good_enough:", "§goodenough:", "did you mean `good_enough`?"),
    # types
    ("min_test_rows: 200", "min_test_rows: §-1", "a number at least 0"),
    ("min_test_rows: 200", "min_test_rows: §some", "expected: a whole number"),
    ("limit: 500", "limit: §many", "expected: a whole number"),
    ("limit: 500", "limit: §5.5", "`limit` is 5.5 (a number)"),
    ("limit: 500", "limit: §0", "a number at least 1"),
    ("stream: false", "stream: §off", "did you mean `false`?"),
    ("revision: 2026-11-20", "revision: §20261120", 'put it in quotes, "20261120"'),
    ("description: R", "description: §[R]\n#", "`description` is a list"),
    ("name: support-routing", "name: §Support routing", "did you mean `support-routing`?"),
    ("name: support-routing", "name:§", "`name` has no value"),
    ("task: classify", "task: §clasify", "did you mean `classify`?"),
    ("cache: 5m", "cache: §10m", "5m, 1h or off"),
    ("dataset:", "dataset: §x\nrest:", "`dataset` is the text `x`"),
    ("labels: from_data", "labels: §from_dat", "from_data, or a list of labels"),
    ("labels: from_data", "labels: [a, §1]", "entry 2 of `labels` is 1 (a whole number)\n"),
    ("labels: from_data", "labels: §[a]", "at least 2"),
    ("labels: from_data", "labels: [a, b, §a]", "the label `a` is given twice"),
    ('user: "{{ text }}"', "user: §7", "text or {path: file}"),
    ('user: "{{ text }}"', "user: {§{ text }}", 'quotes round a template: "{{ text }}"'),
    ("fraction: 0.2", "fraction: §1", "a number below 1"),
    ("{from: train, fraction", "{from: §test, fraction", "expected: train"),
    # ranges
    ("[15_000, 60_000]", "§[60_000, 15_000]", "the lower bound 60000 stands above"),
    ("[15_000, 60_000]", "§[15_000]", "a number or a range [low, high]"),
    ("[15_000, 60_000]", "§cheap", "found the text `cheap`"),
    ("[0.90, 0.96]", "§[0.90, 96]", "96 is above 1"),
    ("3_000_000", "§-3", "-3 is not above 0"),
    ("3_000_000", "§.inf", "a number without end"),
    # good enough
    ("accuracy: 0.92", "accuracy: §1", "such as 0.999"),
    ("accuracy: 0.92", "accuracy: {at_least: §1.0}", "such as 0.999"),
    ("accuracy: 0.92", "accuracy: §92", "expected: a share between 0 and 1: 0.92"),
    ("accuracy: 0.92", "accuracy: §0", "a number above 0"),
    ("accuracy: 0.92", "accuracy: §high", "a number between 0 and 1"),
    ("accuracy: 0.92", "accuracy: {§at_most: 0.9}", "did you mean `at_least`?"),
    ("accuracy: 0.92", "accuracy: {at_least: 0.9, margin: §0.95}", "not below the threshold"),
    ("accuracy: 0.92", "latency_p95_ms: {§at_least: 100}", "did you mean `at_most`?"),
    ("accuracy: 0.92\n  format_validity: 0.95", "§{}\n#", "no need is declared"),
    ("accuracy: 0.92", "§field_f1: 0.9", "`field_f1` is measured for the task extract only"),
    ("accuracy: 0.92", "§exact_match: 0.9", "did you mean `accuracy`?"),
    ("accuracy: 0.92", "§exact_match: 0.9", "a need that the task classify has: accuracy, macro_f1, format_validity,"),
    ("accuracy: 0.92", "§judge_score: 0.8", "unknown key `judge_score` in `good_enough`"),
    ("accuracy: 0.92", "§judge_score: 0.8", "one of accuracy, macro_f1, exact_match, field_f1, format_validity,"),
    ("accuracy: 0.92", "§accuracy_lenient: 0.8", "did you mean `accuracy`?"),
    # output
    (FORM, "form: §label", "the form label needs `labels`"),
    (FORM, "form: §regex", "needs `pattern`"),
    (FORM, 'form: regex\n  pattern: §"(?P<answer>"', "not a regular expression"),
    (FORM, 'form: regex\n  pattern: §"^(\\\\d+)$"', "no group `answer`"),
    (FORM, "§form: json\n  schema: {path: ticket.schema.json}", "with the form json needs `answer`"),
    (FORM, f"{JSON_FORM}§taem", "did you mean `team`?"),
    (FORM, FORM + "\n  §answer: team", "`answer` belongs to the form json"),
    (FORM, FORM + "\n  schema: §5", "expected: {path: file}"),
    (FORM + "\n  enforce: prompt", "form: text\n  enforce: §native", "no provider can enforce the form text"),
    (FORM, "form: text", "no provider can enforce the form text"),
    # models
    (
        "anthropic/claude-sonnet-5-5",
        "§antropic/claude-sonnet-5-5",
        "did you mean `anthropic/claude-sonnet-5-5`?",
    ),
    ("anthropic/claude-sonnet-5-5", "§claude-sonnet-5-5", "did you mean `anthropic/claude-sonnet-5-5`?"),
    ("anthropic/claude-sonnet-5-5", "§recorded", "recorded answers need a `path`"),
    ("anthropic/claude-sonnet-5-5", "§openai/ft:gpt:me", "because its id starts with `ft`"),
    ("    role: fine_tuned\n", "", "because `base_url` is set"),
    ("role: fine_tuned", "role: §finetuned", "did you mean `fine_tuned`?"),
    ("base_url: ${TUNED_URL}", "base_url: §localhost:80", "this is not a URL"),
    ("base_url: ${TUNED_URL}", "base_url: §http://u:pw@h/v1", "the URL holds a user or a password"),
    ("api_key_env: TUNED_API_KEY", "api_key_env: §sk-12345678", "not the name of an environment variable"),
    ("api_key_env: TUNED_API_KEY", "api_key_env: §${TUNED_API_KEY}", "api_key_env: TUNED_API_KEY"),
    ("reasoning: low", "reasoning: §none", "off, low, medium or high"),
    ("reasoning: low", "§path: data/outputs.jsonl", "`path` belongs to recorded answers only"),
    ("small: local/gemma-3-270m", "small: {model: local/m, §api_key_env: K}", "which asks no server"),
    ("price: {gpu_hour: 1.10}", "price: §{input: 1}", "the price has no `output`"),
    ("price: {gpu_hour: 1.10}", "price: {§gpu_hour: 1, input: 1, output: 2}", "exclude each other"),
    # parts that need each other
    ("prompt:\n", "§prompts: {a: {user: x}}\nprompt:\n", "both `prompt` and `prompts` are given"),
    ("  target: label", "  target: §{team: team}", "a mapping of fields belongs to the task extract"),
    ("task: classify", "task: extract", "the task extract cannot have the form label"),
    ("  train: {path: data/tickets.train.jsonl}\n", "", "there is no train"),
    ("  test:  {path: data/tickets.test.jsonl}", "  test: {path: x, §hub: a/b}", "both `path` and `hub`"),
    (
        "  test:  {path: data/tickets.test.jsonl}",
        "  test: {path: x, §split: s}",
        "`split` belongs to a hub dataset",
    ),
    ("  test:  {path: data/tickets.test.jsonl}", "  test: §{}", "neither `path` nor `hub`"),
    # variables and files
    ("description: R", "description: §R ${NOWHERE}", "the variable NOWHERE is not set"),
    (TEST_PATH, "§data/ticket.test.jsonl", "did you mean `data/tickets.test.jsonl`?"),
    (TEST_PATH, "§dta/tickets.test.jsonl", "did you mean `data/tickets.test.jsonl`?"),
    (TEST_PATH, "§data/*.csv", "no file matches `data/*.csv`"),
    (TEST_PATH, "§data", "`data` is a folder"),
    ("data/outputs.jsonl", "§data/output.jsonl", "did you mean `data/outputs.jsonl`?"),
    ("cache: 5m", "cache: 5m\n#", None),
    ('user: "{{ text }}"', "user: {path: §prompts/rout.md}", "did you mean `prompts/route.md`?"),
]


@pytest.mark.parametrize(("old", "new", "piece"), MISTAKES, ids=[new[:40] for _, new, _ in MISTAKES])
def test_mistake(tmp_path: Path, old: str, new: str, piece: str | None) -> None:
    assert old in EXAMPLE
    marked = EXAMPLE.replace(old, new, 1)
    before, found, _ = marked.partition("§")
    path = write_suite(tmp_path, marked.replace("§", ""))
    if piece is None:
        load_suite(path, ENV)
        return
    with pytest.raises(SuiteError) as caught:
        load_suite(path, ENV)
    assert piece in caught.value.render()
    assert caught.value.file == path
    if found:
        expected = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        assert (caught.value.line, caught.value.column) == expected


def load(folder: Path, *changes: tuple[str, str], env: dict[str, str] | None = None) -> LoadedSuite:
    text = EXAMPLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return load_suite(write_suite(folder, text), ENV if env is None else env)


def test_the_example_loads(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    suite = loaded.suite
    assert suite.good_enough.needs() == (Need("accuracy", 0.92), Need("format_validity", 0.95))
    assert list(suite.prompts) == ["default"]
    assert loaded.prompt_texts["default"].system.startswith("You route support tickets.")
    assert suite.economics is not None
    assert suite.economics.calls_per_month == Range(low=3_000_000, high=3_000_000)
    assert suite.economics.build_cost == Range(low=15_000, high=60_000)
    assert isinstance(suite.dataset.dev, FromTrain)
    assert not suite.wants_ttft
    roles = {name: model.role for name, model in suite.models.items()}
    assert roles == {
        "sonnet": "frontier",
        "haiku": "frontier",
        "haiku_native": "frontier",
        "tuned": "fine_tuned",
        "small": "floor",
        "trained": "floor",
        "logged": "prompted",
    }
    spec = suite.models["tuned"].to_spec("tuned", loaded.directory)
    assert (spec.base_url, spec.revision) == (ENV["TUNED_URL"], "2026-11-20")
    assert spec.price == Rates(gpu_hour=1.10)
    logged = suite.models["logged"].to_spec("logged", loaded.directory)
    assert logged.path == str(tmp_path / "data/outputs.jsonl")
    assert (logged.id_field, logged.output_field) == ("id", "completion")


def test_an_unset_variable_skips_its_model_only(tmp_path: Path) -> None:
    loaded = load(tmp_path, env={})
    assert loaded.suite.models["tuned"].missing_env == ("TUNED_URL", "TUNED_API_KEY")
    assert loaded.suite.models["sonnet"].missing_env == ("ANTHROPIC_API_KEY",)
    assert loaded.suite.models["small"].missing_env == ()
    assert load(tmp_path, env={**ENV, "TUNED_URL": ""}).suite.models["tuned"].missing_env == ("TUNED_URL",)
    short = load(tmp_path, ("anthropic/claude-sonnet-5-5", "anthropic/${NAME}"), env={**ENV, "ANTHROPIC_API_KEY": "k"})
    assert short.suite.models["sonnet"].missing_env == ("NAME",)


def test_values_of_variables_stay_out_of_the_snapshot_and_of_messages(tmp_path: Path) -> None:
    secret = {"TUNED_URL": "http://secret.invalid/v1", "TUNED_API_KEY": "k"}
    assert "secret" not in load(tmp_path, env=secret).text
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, ("role: fine_tuned", "role: ${ROLE}"), env={**secret, "ROLE": "secretrole"})
    assert "secret" not in caught.value.render() and "${ROLE}" in caught.value.render()


def test_a_dollar_can_be_escaped(tmp_path: Path) -> None:
    assert load(tmp_path, ("description: R", "description: $${X} R")).suite.description == (
        "${X} Route a support ticket to the team that owns it."
    )


def test_a_vendors_key_goes_to_the_vendor_only(tmp_path: Path) -> None:
    loaded = load(tmp_path, ("    api_key_env: TUNED_API_KEY\n", ""))
    assert loaded.suite.models["tuned"].api_key_env is None
    assert loaded.suite.models["sonnet"].api_key_env == "ANTHROPIC_API_KEY"


def test_typed_keys_are_masked(tmp_path: Path) -> None:
    for line in ("api_key: sk-proj-abcdefgh", "api_key_env: x9/abcdefgh", "token: abcdefgh"):
        with pytest.raises(SuiteError) as caught:
            load(tmp_path, ("api_key_env: TUNED_API_KEY", line))
        assert "abcdefgh" not in caught.value.render()


def test_defaults(tmp_path: Path) -> None:
    small = (
        "name: s\ndataset: {test: data/tickets.test.jsonl, target: label}\nprompt: {user: x}\n"
        "output: {form: json, schema: {path: ticket.schema.json}, answer: team}\n"
        "models: {haiku: anthropic/claude-haiku-5-5}\ngood_enough: {ttft_p95_ms: 100}\n"
    )
    loaded = load_suite(write_suite(tmp_path, small), {})
    suite = loaded.suite
    assert (suite.task, suite.case, suite.dataset.dev, suite.economics) == ("classify", None, None, None)
    assert (suite.run.temperature, suite.run.seed, suite.run.reasoning) == (None, None, None)
    assert suite.wants_ttft
    assert suite.good_enough.needs() == (Need("ttft_p95_ms", 100, at_least=False),)
    assert suite.output.max_tokens == 1024
    assert loaded.json_schema is not None and loaded.json_schema["type"] == "object"


def test_long_forms_equal_short_forms(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        ("accuracy: 0.92", "accuracy: {at_least: 0.92}"),
        ("label_cost_each: 0.5", "label_cost_each: [0.5, 0.5]"),
        ("test:  {path: data/tickets.test.jsonl}", "test: data/tickets.test.jsonl"),
        ("sonnet: anthropic/claude-sonnet-5-5", "sonnet: {model: anthropic/claude-sonnet-5-5}"),
    )
    assert loaded.suite == load(tmp_path).suite


def test_prompts_and_their_files(tmp_path: Path) -> None:
    prompts = "prompts:\n  a: {user: x}\n  b: {system: {path: prompts/route.md}, user: y}\nrest:\n"
    text = EXAMPLE[: EXAMPLE.index("prompt:")] + prompts.removesuffix("rest:\n") + EXAMPLE[EXAMPLE.index("output:") :]
    loaded = load_suite(write_suite(tmp_path, text), ENV)
    assert list(loaded.suite.prompts) == ["a", "b"]
    assert loaded.prompt_texts["b"].system == "You route tickets.\nLabels: {{ labels }}\n"
    error = placed(loaded, SuiteMistake(("prompts", "b", "system"), "wrong", line=2))
    assert (error.file, error.line) == (tmp_path / "prompts/route.md", 2)
    assert "Labels: {{ labels }}" in error.render()


def placed(loaded: LoadedSuite, mistake: SuiteMistake) -> SuiteError:
    with pytest.raises(SuiteError) as caught, located(loaded.source, loaded.prompt_texts):
        raise mistake
    return caught.value


def test_the_key_a_line_and_the_nearest_word_are_found(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    lines = EXAMPLE.split("\n")
    key = placed(loaded, SuiteMistake(("dataset", "target"), "wrong", near=("labl", ["text", "label"]), key=True))
    assert (key.line, key.column, key.hint) == (lines.index("  target: label") + 1, 3, "label")


def test_other_errors_pass_as_they_are(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    for error in (SuiteError("of a row"), ValueError("of ours")):
        with pytest.raises(type(error)) as caught, located(loaded.source):
            raise error
        assert caught.value is error


def test_a_mistake_finds_its_place(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    lines = EXAMPLE.split("\n")
    inside = placed(loaded, SuiteMistake(("prompts", "default", "system"), "wrong", line=2))
    assert inside.line is not None and lines[inside.line - 1] == '    Labels: {{ labels | join(", ") }}'
    column = placed(loaded, SuiteMistake(("dataset", "target"), "no column `label`", hint="labels"))
    assert (column.line, column.column) == (lines.index("  target: label") + 1, 11)
    default = placed(loaded, SuiteMistake(("run", "reasoning"), "wrong"))
    assert default.line is not None and lines[default.line - 1].startswith("  {concurrency")


def test_schema_files_are_checked(tmp_path: Path) -> None:
    changes = [(FORM, JSON_FORM + "team"), ("reasoning: low", "max_tokens: 9")]
    assert load(tmp_path, *changes).suite.output.answer == "team"
    for content, piece, line in [
        ("{\n  'type': 1}", "not JSON", 2),
        ("[]", "not an object", None),
        ('{"type": "objekt"}', "at type", None),
        ('{"$ref": "http://127.0.0.1:9/x"}', "leads out of this file", None),
    ]:
        path = write_suite(tmp_path, EXAMPLE.replace(*changes[0]))
        (tmp_path / "ticket.schema.json").write_text(content)
        with pytest.raises(SuiteError, match=piece) as caught:
            load_suite(path, ENV)
        assert (caught.value.file, caught.value.line) == (tmp_path / "ticket.schema.json", line)


def test_further_problems_are_counted_and_the_first_is_shown(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, ("limit: 500", "limit: x"), ("task: classify", "task: y"), ("cache: 5m", "cache: z"))
    assert "`task` is the text `y`" in str(caught.value)
    assert caught.value.more == 2
    assert "(+2 more problems)" in caught.value.render()


TRAIN = "  train: {path: data/tickets.train.jsonl}\n  dev:   {from: train, fraction: 0.2, seed: 7}\n"


@pytest.mark.parametrize(
    ("changes", "problem", "at"),
    [
        ([(TRAIN, "")], "examples come from `dataset.train`", "  examples:"),
        ([(TRAIN, ""), ("count: 24", "count: 0")], "a classifier learns from `dataset.train`", "  trained:"),
        (
            [(FORM, "form: text"), (" enforce: native,", ""), ("accuracy: 0.92", "vocabulary: 0.9")],
            "a need for `vocabulary` without `output.labels`",
            "  vocabulary:",
        ),
        ([("user:", "users:")], "unknown key `users`", "  users:"),
        ([("seed: 7}\n  user:", "seed: 7}\n  # user:")], "`prompt` has no `user`", "  system:"),
        (
            [("tuned_accuracy: [0.90, 0.96]", "tuned_accuracy: [-1, 0.96]")],
            "-1 is below 0",
            "  tuned_accuracy:",
        ),
        ([("accuracy: 0.92", "accuracy: 100")], "100 is not a share", "  accuracy:"),
        ([("accuracy: 0.92", "accuracy: true")], "`accuracy` is true", "  accuracy:"),
        ([('user: "{{ text }}"', 'user: {path: "a\\0b"}')], "no file `a\\x00b`", "  user:"),
        ([("local/gemma", "local")], "`local-3-270m` names no provider", "  small:"),
        ([("local/gemma-3-270m", "recorded/x")], "`recorded` takes no name", "  small:"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parts_that_need_each_other(tmp_path: Path, changes: list[tuple[str, str]], problem: str, at: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, *changes)
    assert problem in str(caught.value)
    place = caught.value.place
    assert place is not None and place.text is not None and place.text.startswith(at)


def test_no_prompt_at_all(tmp_path: Path) -> None:
    text = EXAMPLE[: EXAMPLE.index("prompt:")] + EXAMPLE[EXAMPLE.index("output:") :]
    with pytest.raises(SuiteError, match="neither `prompt` nor `prompts`") as caught:
        load_suite(write_suite(tmp_path, text), ENV)
    assert caught.value.line == 2


def test_files_that_are_no_suite(tmp_path: Path) -> None:
    write_suite(tmp_path)
    with pytest.raises(SuiteError, match="no such file") as caught:
        load_suite(tmp_path / "suit.yaml")
    assert caught.value.hint == "suite.yaml"
    with pytest.raises(SuiteError, match="cannot be read"):
        load_suite(tmp_path)


def test_local_files_of_models_are_relative_to_the_suite(tmp_path: Path) -> None:
    suite = load(tmp_path, ("small: local/gemma-3-270m", "small: local/my/m.gguf\n  hub: local/hf:a/b/c.gguf")).suite
    assert suite.models["small"].to_spec("small", tmp_path).provider_model == f"local/{tmp_path}/my/m.gguf"
    assert suite.models["hub"].to_spec("hub", tmp_path).provider_model == "local/hf:a/b/c.gguf"


def test_providers_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    points = [EntryPoint("acme", "acme:open_model", registry.GROUP)]
    monkeypatch.setattr(registry, "entry_points", lambda group: [p for p in points if p.group == group])
    model = load(tmp_path, ("anthropic/claude-sonnet-5-5", "acme/big")).suite.models["sonnet"]
    assert (model.role, model.api_key_env) == ("prompted", None)
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, ("anthropic/claude-sonnet-5-5", "acmee/big"))
    assert caught.value.hint == "acme/big"


def test_rates() -> None:
    price = PriceConfig.model_validate({"input": 1, "output": 2, "cache_read": 0.1})
    assert price.to_rates() == Rates(input=1, output=2, cache_read=0.1)


def test_rendering_is_safe_and_the_caret_stands_below_the_place() -> None:
    line = "a: 漢字\x1b[31m\t\u202e x"
    error = SuiteError("bad \x1b[0m", Place(Path("s.yaml"), 3, line.index("x") + 1, line), hint="y", more=1)
    rendered = error.render()
    assert "\x1b" not in rendered and "\u202e" not in rendered
    location, source, caret, *_ = rendered.split("\n")
    assert location == "s.yaml:3:14: bad \\x1b[0m"
    assert source.index("x", source.index("202e")) + 2 == caret.index("^")  # two wide characters
    assert "\x1b[31m" in error.render(color=True)


def test_files_are_shown_relative_where_that_is_shorter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(SuiteError("bad", Place(tmp_path / "a" / "s.yaml", 1))) == "a/s.yaml:1: bad"


def test_nearest() -> None:
    assert nearest("Max-Tokens", ["seed", "max_tokens"]) == "max_tokens"
    assert nearest("zzz", ["seed"]) is None
    assert nearest("x" * 100_000, ["x"]) is None


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["train", "json", "recorded", "local/x", "native", "${X}", "$${", "from_data", "(file)"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["path", "hub", "from", "model", "at_least", "user", "(x", "[key]", "labels"]),
            inner,
        )
    ),
    max_leaves=6,
)


def plain_example() -> Any:
    from evalkit.suite.file.yaml_source import YamlSource

    return YamlSource(Path("suite.yaml"), EXAMPLE).data


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for step, v in inner for p in places(v, (*path, step)))]


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(place=st.sampled_from(places(plain_example())[1:]), value=VALUES, rename=st.none() | st.text(max_size=5))
def test_any_value_anywhere_is_a_suite_or_a_suite_error(
    tmp_path: Path, place: tuple[Any, ...], value: Any, rename: str | None
) -> None:
    import jsonschema_rs

    from evalkit.suite.config.json_schema import suite_json_schema

    data = plain_example()
    parent = data
    for step in place[:-1]:
        parent = parent[step]
    if rename is None or isinstance(parent, list):
        parent[place[-1]] = value
    else:
        parent[rename] = parent.pop(place[-1])
    path = write_suite(tmp_path, json.dumps(data).replace("Infinity", ".inf").replace("NaN", ".nan"))
    try:
        load_suite(path, {})
    except SuiteError as error:
        assert error.line is not None and error.column is not None
        assert error.render().isprintable() or "\n" in error.render()
        return
    jsonschema_rs.validate(suite_json_schema(), data)  # what loads is also valid for editors


@FUZZ
@given(st.data())
def test_damaged_text_is_a_suite_or_a_suite_error(tmp_path: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(EXAMPLE)))
    end = data.draw(st.integers(start, min(len(EXAMPLE), start + 30)))
    text = EXAMPLE[:start] + data.draw(st.text(max_size=12) | st.text("\t\n :-[]{}&*!|>'\"%@`#?,<~0", max_size=12))
    path = write_suite(tmp_path)
    path.write_bytes((text + EXAMPLE[end:]).encode("utf-8", "surrogatepass"))
    try:
        load_suite(path, {})
    except SuiteError as error:
        assert error.render()
