"""`compare` on real runs: which sides are paired, what is said first, and figures checked by other means."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import evalkit as package
from evalkit.cli.compare_command import compare_command
from evalkit.errors import CompareError, RunError
from evalkit.records.comparison import CompareOptions
from evalkit.workflows.baseline import accept
from evalkit.workflows.compare import compare, sides_of
from tests.cli_helper import evalkit, write, write_rows
from tests.data import shared
from tests.servers.launch import serve
from tests.workflows.test_known_answers import GSM8K

LABELS = ("billing", "payments", "shipping")
SUITE = """
name: tickets
dataset: {{test: {{path: {test}}}, target: label, id: id{group}}}
prompt: {{user: "{prompt}"}}
output: {{form: label, labels: [billing, payments, shipping]}}
models:
  good: {{model: recorded, role: prompted, path: {answers}, id: id, output: good}}
  poor: {{model: recorded, role: prompted, path: {answers}, id: id, output: poor}}
good_enough: {{accuracy: 0.9}}
run: {{epochs: {epochs}}}
"""


def rows(n: int) -> list[dict[str, Any]]:
    return [{"id": f"t{i}", "text": f"ticket {i}", "label": LABELS[i % 3], "who": f"g{i % 20}"} for i in range(n)]


def answers(n: int, every: dict[str, int]) -> list[dict[str, Any]]:
    """Recorded answers; each model is wrong on every k-th row."""
    return [{"id": f"t{i}"} | {name: LABELS[(i + (i % k == 0)) % 3] for name, k in every.items()} for i in range(n)]


def run(folder: Path, name: str = "suite.yaml", **changes: Any) -> str:
    """Run the suite with some changes. Returns the run's folder, relative to `folder`."""
    values = {
        "test": "test.jsonl",
        "answers": "answers.jsonl",
        "prompt": "{{ text }}",
        "group": "",
        "epochs": 1,
    } | changes
    done = evalkit("run", str(write(folder, name, SUITE.format(**values))), "--json", cwd=folder)
    assert done.code == 0, done.err
    return str(done.json["run"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one suite; between them `poor` got worse, and the second is the newest."""
    path = tmp_path_factory.mktemp("compare")
    write_rows(path, "test.jsonl", rows(240))
    write_rows(path, "answers.jsonl", answers(240, {"good": 40, "poor": 8}))
    write_rows(path, "later.jsonl", answers(240, {"good": 40, "poor": 3}))
    first = run(path)
    second = run(path, answers="later.jsonl")
    write(path, "names.json", json.dumps([first, second]))
    return path


@pytest.fixture
def runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.chdir(folder)
    first, second = json.loads((folder / "names.json").read_text())
    return first, second


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str, margin: float | None = None, flips: int = 0) -> Any:
    code = compare_command(arguments, True, margin, flips)
    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert captured.err == ""
    return json.loads(captured.out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, margin: float | None = None) -> str:
    assert compare_command(arguments, False, margin, 0) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_one_run_pairs_its_contenders(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    data = as_json(capsys, runs[0], margin=0.2)
    (pair,) = data["pairs"]
    assert (pair["a"], pair["b"]) == ("good/default/prompt", "poor/default/prompt")
    # Wrong on every 40th and every 8th row: every 40th is both.
    assert (pair["n"], pair["only_a"], pair["only_b"]) == (240, 24, 0)
    assert pair["difference"]["value"] == pytest.approx(-0.1)
    assert pair["difference"]["method"] == "tango"
    assert pair["p"] == pair["p_corrected"] == 2 * 0.5**24
    assert pair["noninferiority"]["shown"] is True
    assert pair["differences"] == []
    assert pair["left_out"] == {"only_in_a": 0, "only_in_b": 0, "other_target": 0, "no_answer": 0}
    assert pair["reading"][0].startswith("poor/default/prompt is worse than good/default/prompt by 10.0 points")


def test_two_runs_pair_like_with_like(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    data = as_json(capsys, *runs)
    assert [(p["a"], p["b"]) for p in data["pairs"]] == [
        (f"{runs[0]}:{name}/default/prompt", f"{runs[1]}:{name}/default/prompt") for name in ("good", "poor")
    ]
    good, poor = data["pairs"]
    assert (good["only_a"], good["only_b"], good["p_corrected"]) == (0, 0, 1.0)
    assert good["difference"]["low"] < 0 < good["difference"]["high"]
    assert "no evidence of a difference" in good["reading"][0]
    assert poor["difference"]["value"] < -0.15
    assert poor["p_corrected"] == min(1, 2 * poor["p"])
    # A label is an argument again.
    again = as_json(capsys, poor["a"], poor["b"])
    assert again["pairs"][0]["difference"] == poor["difference"]


def test_a_suites_folder_is_its_newest_run_and_a_model_name_its_contender(
    runs: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (pair,) = as_json(capsys, "runs/tickets:poor", f"{runs[0]}:good/default/prompt")["pairs"]
    assert (pair["a"], pair["b"]) == (f"{runs[1]}:poor/default/prompt", f"{runs[0]}:good/default/prompt")
    (named,) = as_json(capsys, f"{runs[0]}:poor", runs[1])["pairs"]
    assert named["b"] == f"{runs[1]}:poor/default/prompt"


def test_flips_on_the_screen(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert compare_command(runs[:1], False, None, 2) == 0
    text = capsys.readouterr().out
    assert "Right in A and not in B: 24 samples, 2 shown" in text
    assert "  t8: ticket 8\n    right answer: shipping\n    A: shipping\n    B: billing\n" in text


def test_different_data_prompt_and_scoring_are_said_first(
    folder: Path, runs: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    changed = rows(200)
    for row in changed[:5]:
        row["label"] = LABELS[(LABELS.index(row["label"]) + 1) % 3]
    write_rows(folder, "changed.jsonl", changed)
    other = run(folder, "other.yaml", test="changed.jsonl", prompt="Ticket: {{ text }}")
    path = folder / other / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["suite"]["text"] = manifest["suite"]["text"].replace("form: label", "form: text")
    path.write_text(json.dumps(manifest))
    pair = as_json(capsys, f"{runs[0]}:good", f"{other}:good")["pairs"][0]
    assert [d["what"] for d in pair["differences"]] == ["data", "prompt", "scoring"]
    assert pair["n"] == 195
    assert pair["left_out"] == {"only_in_a": 40, "only_in_b": 0, "other_target": 5, "no_answer": 0}
    assert compare_command((f"{runs[0]}:good", f"{other}:good"), False, None, 0) == 0
    text = capsys.readouterr().out
    assert text.index("Careful: the data differ: 240 and 200 samples of test.") < text.index("pair ")
    assert "Left out: 40 samples only in A and 5 samples with another right answer." in text
    shutil.rmtree(folder / other)


def test_groups_and_epochs_reach_the_test(
    folder: Path, runs: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    grouped = run(folder, "grouped.yaml", group=", group: who", epochs=2)
    (pair,) = as_json(capsys, grouped)["pairs"]
    assert (pair["n"], pair["test"], pair["clusters"]) == (240, "cluster_t_and_sign_flip", 20)
    assert (pair["only_a"], pair["only_b"], pair["difference"]["method"]) == (24, 0, "tango_clustered")
    against = as_json(capsys, f"{runs[0]}:poor", f"{grouped}:poor")["pairs"][0]
    assert [d["what"] for d in against["differences"]] == ["epochs"]
    assert against["clusters"] == 20
    shutil.rmtree(folder / grouped)


def test_a_baseline_is_a_side_like_its_run(
    folder: Path, runs: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    accept(folder / runs[0], root=folder / "baselines")
    file = "baselines/tickets/poor.default.prompt.json"
    (with_baseline,) = as_json(capsys, file, runs[1], flips=1)["pairs"]
    with_run = as_json(capsys, f"{runs[0]}:poor", f"{runs[1]}:poor")["pairs"][0]
    assert with_baseline["a"] == f"{file}:poor/default/prompt"
    for name in ("n", "difference", "p", "only_a", "only_b", "differences", "left_out", "figures_a", "figures_b"):
        assert with_baseline[name] == with_run[name], name
    flip = with_baseline["flips"][0]
    assert flip["input"] == f"ticket {flip['sample_id'][1:]}"  # a baseline holds no texts, the run does
    assert flip["answer_a"] is None and flip["answer_b"] in LABELS
    assert len(as_json(capsys, "baselines/tickets", runs[1])["pairs"]) == 2
    write(folder, "baselines/tickets/bad.json", "{")
    assert "bad.json" in refused(capsys, "baselines/tickets/bad.json", runs[1])
    shutil.rmtree(folder / "baselines")


def test_what_cannot_be_compared_is_refused_with_the_reason(
    folder: Path, runs: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = runs
    assert "does not exist" in refused(capsys, "runs/nothing", first)
    assert "neither a run, nor" in refused(capsys, "runs", first)
    assert "Did you mean poor? It has: good/default/prompt, poor/default/prompt" in refused(capsys, f"{first}:por")
    assert "name a second run or contender" in refused(capsys, f"{first}:good")
    assert "is named twice" in refused(capsys, first, first)
    assert "--margin is a share" in refused(capsys, first, margin=2.0)
    write_rows(folder, "others.jsonl", [{**row, "id": f"u{row['id']}"} for row in rows(30)])
    write_rows(folder, "other_answers.jsonl", [{**a, "id": f"u{a['id']}"} for a in answers(30, {"good": 5, "poor": 3})])
    other = run(folder, "others.yaml", test="others.jsonl", answers="other_answers.jsonl")
    message = refused(capsys, first, other)
    assert "have no common samples (sample ids such as 't0' against 'ut0'); samples are paired by id" in message
    shutil.rmtree(folder / other)
    damaged = folder / "damaged"
    shutil.copytree(folder / second, damaged)
    (damaged / "samples.parquet").write_bytes(b"PAR1 nothing")
    assert "samples.parquet: cannot be read" in refused(capsys, "damaged", first)
    (damaged / "summary.json").write_text('{"suite": 1}')
    assert "summary.json: damaged" in refused(capsys, "damaged", first)


def test_prompts_are_compared_on_the_split_that_both_were_asked_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [{**row, "id": f"d{row['id']}"} for row in rows(60)] + rows(60)
    write_rows(tmp_path, "train.jsonl", [{**row, "text": f"old {row['text']}"} for row in every[:60]])
    write_rows(tmp_path, "test.jsonl", every[60:])
    recorded = [{"id": row["id"], "good": row["label"], "poor": LABELS[0]} for row in every]
    write_rows(tmp_path, "answers.jsonl", recorded)
    text = SUITE.format(test="test.jsonl", answers="answers.jsonl", prompt="{{ text }}", group="", epochs=1)
    text = text.replace(
        'prompt: {user: "{{ text }}"}', 'prompts: {long: {user: "L {{ text }}"}, short: {user: "{{ text }}"}}'
    )
    text = text.replace("test: {path: test.jsonl}", "test: {path: test.jsonl}, train: {path: train.jsonl}")
    done = evalkit("run", str(write(tmp_path, "suite.yaml", text)), "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    monkeypatch.chdir(tmp_path)
    folder = done.json["run"]
    chosen = next(c["prompt"] for c in done.json["contenders"] if c["split"] == "test")
    left = "short" if chosen == "long" else "long"
    on_test = compare([folder], CompareOptions())
    assert [(p.a, p.b, p.split) for p in on_test.pairs] == [(f"good/{chosen}/prompt", f"poor/{chosen}/prompt", "test")]
    assert on_test.notes == (f"not compared, as not asked on test: good/{left}/prompt, poor/{left}/prompt",)
    on_dev = compare([f"{folder}:good/{left}/prompt", f"{folder}:good/{chosen}/prompt"], CompareOptions())
    assert [p.split for p in on_dev.pairs] == ["dev"]
    assert [d.what for d in on_dev.pairs[0].differences] == ["prompt"]
    with pytest.raises(CompareError, match="is several contenders"):
        sides_of(f"{folder}:good")


def test_cost_and_latency_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(tmp_path, "test.jsonl", rows(30))
    models = "models: {haiku: anthropic/claude-haiku-5-5, sonnet: anthropic/claude-sonnet-5-5}"
    text = SUITE.format(test="test.jsonl", answers="-", prompt="{{ text }}", group="", epochs=1)
    head, tail = text.split("models:")
    suite = write(tmp_path, "suite.yaml", f"{head}{models}\ngood_enough:{tail.split('good_enough:')[1]}")
    with serve("anthropic", answers={row["text"]: row["label"] for row in rows(30)}, latency_ms=1) as server:
        env = {"ANTHROPIC_API_KEY": "k-0123456789", "ANTHROPIC_BASE_URL": server.url}
        done = evalkit("run", str(suite), "--json", cwd=tmp_path, env=env)
    assert done.code == 0, done.err
    by_model = {c["model"]: c for c in done.json["contenders"]}
    (pair,) = as_json(capsys, str(tmp_path / done.json["run"]))["pairs"]
    for side, name in (("figures_a", "haiku"), ("figures_b", "sonnet")):
        assert pair[side]["cost_per_1000_calls"] == by_model[name]["cost"]["per_1000_calls"] > 0
        assert pair[side]["latency_ms"] == by_model[name]["latency_ms"]
        assert pair[side]["accuracy"] == 1.0
    assert pair["differences"] == []  # the model is what is compared


def test_a_side_holds_what_the_run_stored(runs: tuple[str, str]) -> None:
    side = sides_of(f"{runs[0]}:poor", texts=True)[0]
    stored = package.load_run(runs[0])
    samples = stored.samples[stored.samples["contender"] == "poor/default/prompt"]
    assert list(side.ids) == list(samples["sample_id"])
    assert list(side.correct) == [float(c) for c in samples["correct"]]
    assert (side.model, side.suite, side.split, side.epochs, side.groups) == ("poor", "tickets", "test", 1, None)
    assert side.provenance.data == stored.manifest["data"]["splits"]["test"]["sha256"]
    assert (side.texts["t8"].input, side.texts["t8"].target, side.texts["t8"].answer) == (
        "ticket 8",
        LABELS[2],
        LABELS[0],
    )
    assert sides_of(runs[0])[0].texts == {}


def test_a_folder_that_is_no_run_is_told_by_the_store(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text("{")
    with pytest.raises(RunError):
        compare([str(tmp_path / "run")], CompareOptions())


def test_gsm8k_all_pairs_of_the_four_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrected p values equal those of statsmodels from the counts of the stored samples; items are the unit."""
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    data = shared("gsm8k_recorded")
    systems = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
    models = "".join(
        f'  "s{name}": {{model: recorded, role: prompted, path: "{data}/outputs.jsonl", output: outputs.{name}}}\n'
        for name in systems
    )
    suite = write(tmp_path, "suite.yaml", GSM8K.format(data=data, models=models))
    done = evalkit("run", str(suite), "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    monkeypatch.chdir(tmp_path)
    comparison = compare([done.json["run"]], CompareOptions(0.02))
    samples = package.load_run(done.json["run"]).samples
    right = samples.pivot(index="sample_id", columns="contender", values="correct")
    expected = []
    for pair, (a, b) in zip(comparison.pairs, combinations(systems, 2), strict=True):
        assert (pair.a, pair.b) == (f"s{a}/default/prompt", f"s{b}/default/prompt")
        x, y = right[pair.a], right[pair.b]
        only_a, only_b = int((x & ~y).sum()), int((y & ~x).sum())
        assert (pair.n, pair.only_a, pair.only_b, pair.test) == (1319, only_a, only_b, "mcnemar_exact")
        assert pair.difference.value == pytest.approx((only_b - only_a) / 1319)
        expected.append(tables.mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue)
    assert [p.p for p in comparison.pairs] == pytest.approx(expected, rel=1e-9)
    corrected = multitest.multipletests(expected, method="holm")[1].tolist()
    assert [p.p_corrected for p in comparison.pairs] == pytest.approx(corrected, rel=1e-9)
    assert comparison.tested == 6
