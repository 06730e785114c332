"""An installed plug-in in a real run: what it declares is kept to, above all where its calls cost money."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli_helper import evalkit, write, write_rows
from tests.plug_in import calls, install

SUITE = """
name: tickets
dataset: {{test: {{path: test.jsonl}}, target: label, id: id}}
prompt: {{system: "Answer with one label: {{{{ labels }}}}", user: "{{{{ text }}}}"}}
output: {{form: label, labels: [a, b], max_tokens: 16}}
models:
  toy: {{model: toycloud/large{more}}}
good_enough: {{accuracy: 0.5}}
run: {{concurrency: 8}}
"""
ROWS = 200
PRICE = ", price: {input: 30, output: 30000}"  # $0.48 for the 16 tokens of an answer: all rows cost about $96
DECLARED = 'Provider(ProviderFacts("toycloud", hosted=True, billed={billed}, {more}), open_model)'
HOSTED_BILLED = DECLARED.format(billed=True, more="")
FREE = DECLARED.format(billed=False, more="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path, "test.jsonl", [{"id": f"r{i}", "text": f"row {i}", "label": "a"} for i in range(ROWS)])
    return tmp_path


def suite_with(folder: Path, more: str) -> str:
    return str(write(folder, "suite.yaml", SUITE.format(more=more)))


@pytest.mark.parametrize(
    ("registered", "more"),
    [("open_model", PRICE), (HOSTED_BILLED, PRICE), (FREE, PRICE)],
    ids=["factory", "billed", "priced by the suite"],
)
def test_a_plug_in_stops_before_it_costs_too_much(folder: Path, registered: str, more: str) -> None:
    env = install(folder, registered)
    done = evalkit("run", suite_with(folder, more), "--max-cost", "1", "--json", cwd=folder, env=env)
    assert done.code == 3, done.err
    (toy,) = done.json["contenders"]
    assert calls(env) == 2
    assert toy["cost"]["spent"] == pytest.approx(2 * (16 * 30_000 + 20 * 30) * 1e-6)
    assert toy["status"]["infra_error"] == ROWS - 2
    assert "not asked: it would have passed the budget of $1" in str(toy["errors"])


@pytest.mark.parametrize("registered", ["open_model", HOSTED_BILLED])
def test_a_billed_plug_in_without_a_price_cannot_be_held_to_a_budget(folder: Path, registered: str) -> None:
    env = install(folder, registered)
    done = evalkit("run", suite_with(folder, ""), "--max-cost", "1", cwd=folder, env=env)
    assert done.code == 2
    assert "--max-cost cannot be kept: no price is known for toycloud/large" in done.err
    assert "suite.yaml:" in done.err and "Traceback" not in done.err
    assert calls(env) == 0


def test_a_plug_in_that_bills_nothing_needs_no_price(folder: Path) -> None:
    env = install(folder, FREE)
    done = evalkit("run", suite_with(folder, ""), "--max-cost", "1", "--json", cwd=folder, env=env)
    assert done.code == 0, done.err
    assert calls(env) == ROWS
    kept = json.loads((folder / done.json["run"] / "manifest.json").read_text())
    assert kept["versions"]["toycloud"] == "1.2"


def test_a_plug_in_declares_its_key_and_role(folder: Path) -> None:
    registered = DECLARED.format(billed=True, more='key_env="TOY_KEY_UNSET", default_role="frontier"')
    env = install(folder, registered)
    done = evalkit("run", suite_with(folder, ""), "--json", cwd=folder, env=env)
    assert done.code == 2
    assert "TOY_KEY_UNSET is not set" in done.err


@pytest.mark.parametrize(
    ("facts", "more", "problem"),
    [
        ("enforces_schema=False", ", enforce: native", "toycloud cannot enforce a form"),
        ("learns=True", "", "a toycloud learns from `dataset.train`, which is not given"),
        ('entry_keys=(EntryKey("path", needed=True),)', "", "toycloud answers need a `path`"),
        (
            "",
            ", role: prompted, base_url: 'http://127.0.0.1:9'",
            "`base_url` has no meaning for toycloud, which asks no other server",
        ),
    ],
)
def test_a_suite_is_checked_by_what_a_plug_in_declares(folder: Path, facts: str, more: str, problem: str) -> None:
    env = install(folder, DECLARED.format(billed=False, more=facts))
    done = evalkit("run", suite_with(folder, more), cwd=folder, env=env)
    assert done.code == 2
    assert problem in done.err
    assert calls(env) == 0


def test_a_plug_in_that_cannot_be_loaded_is_told_with_its_reason(folder: Path) -> None:
    env = install(folder, "1 / 0")
    done = evalkit("run", suite_with(folder, ""), cwd=folder, env=env)
    assert done.code == 2
    assert "plug-in toycloud:REGISTERED for 'toycloud' cannot be loaded: division by zero" in done.err
    assert "Traceback" not in done.err
