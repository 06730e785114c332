"""What refused requests do to a whole run: exit codes, figures, and what the next run has left to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli_helper import evalkit, write_rows
from tests.servers.launch import FakeProvider, serve
from tests.workflows.test_run import ANSWERS, KEY, env, rows, suite

FLAGGED = {"error": {"message": "Your input was flagged", "code": 403, "metadata": {"flagged_input": "x"}}}
SPENT = {"error": {"type": "invalid_request_error", "message": "You have reached your API usage limits for November."}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path, "test.jsonl", rows("test", 60))
    write_rows(tmp_path, "train.jsonl", rows("train", 90))
    return tmp_path


@pytest.fixture
def server() -> Iterator[FakeProvider]:
    with serve("anthropic", answers=ANSWERS, min_cacheable_tokens=20) as running:
        yield running


def refuse(server: FakeProvider, status: int, body: dict[str, Any], match: str | None) -> None:
    server.configure(faults=[{"then": {"status": status, "body": body}, "match": match}])


def run(folder: Path, server: FakeProvider, *options: str, extra: str = "run: {concurrency: 4}") -> Any:
    return evalkit("run", suite(folder, extra=extra), "--json", *options, cwd=folder, env=env(server))


def asked(contender: dict[str, Any]) -> dict[str, int]:
    return {name: n for name, n in contender["status"].items() if n}


@pytest.mark.parametrize("options", [(), ("--batch",)], ids=["live", "batch"])
def test_a_spend_limit_in_mid_run_gives_no_verdict_and_the_next_run_goes_on(
    folder: Path, server: FakeProvider, options: tuple[str, ...]
) -> None:
    refuse(server, 400, SPENT, "test ticket 3")  # 3 and 30 to 39
    server.configure(batch_looks=0)
    done = run(folder, server, *options)
    (contender,) = done.json["contenders"]
    assert done.code == 3 and done.json["complete"] is False
    assert set(asked(contender)) == {"ok", "infra_error"}
    assert contender["metrics"]["accuracy"]["value"] == 1.0
    assert any("API usage limits" in warning and "add credit" in warning for warning in contender["warnings"])
    answered = contender["status"]["ok"]
    server.configure(faults=[])
    again = run(folder, server)
    assert again.code == 0 and asked(again.json["contenders"][0]) == {"ok": 60}
    assert again.json["contenders"][0]["from_cache"] == answered


def test_many_refusals_are_questioned_and_count_neither_way(folder: Path, server: FakeProvider) -> None:
    refuse(server, 403, FLAGGED, "test ticket 3")
    done = run(folder, server)
    (contender,) = done.json["contenders"]
    assert done.code == 3 and asked(contender) == {"ok": 49, "infra_error": 11}
    assert contender["metrics"]["accuracy"]["value"] == 1.0
    assert any(
        w.startswith("18 % of the answers were refused by the provider: HTTP 403") for w in contender["warnings"]
    )
    sent = server.stats()["requests"]
    assert sent == 60 + 11  # each was asked again
    allowed = run(folder, server, extra="run: {concurrency: 4, max_infra_errors: 0.5}")
    (contender,) = allowed.json["contenders"]
    assert allowed.code == 0 and asked(contender) == {"ok": 49, "rejected": 11}
    assert contender["metrics"]["accuracy"]["value"] == pytest.approx(49 / 60)
    assert server.stats()["requests"] == sent  # they were kept


@pytest.mark.parametrize("options", [("--rate", "300"), ("--batch",)], ids=["rate", "batch"])
def test_one_refusal_is_the_samples_however_it_is_asked(
    folder: Path, server: FakeProvider, options: tuple[str, ...]
) -> None:
    refuse(server, 403, FLAGGED, "test ticket 7 ")
    server.configure(batch_looks=0)
    done = run(folder, server, *options)
    assert done.code == 0 and asked(done.json["contenders"][0]) == {"ok": 59, "rejected": 1}


def test_an_answer_that_never_fits_is_a_mistake_of_the_set_up(folder: Path, server: FakeProvider) -> None:
    message = "max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens for this model"
    refuse(server, 400, {"error": {"type": "invalid_request_error", "message": message}}, None)
    done = run(folder, server)
    (contender,) = done.json["contenders"]
    assert done.code == 3 and asked(contender) == {"infra_error": 60} and server.stats()["requests"] == 1
    assert contender["metrics"]["accuracy"] is None or contender["metrics"]["accuracy"]["value"] is None
    assert any("lower output.max_tokens" in warning for warning in contender["warnings"])


def test_an_address_where_nobody_is(folder: Path) -> None:
    gone = {**KEY, "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}
    done = evalkit("run", suite(folder), "--json", cwd=folder, env=gone)
    (contender,) = done.json["contenders"]
    assert done.code == 3 and asked(contender) == {"infra_error": 60}
    assert any("check the address" in warning for warning in contender["warnings"])


def test_the_suite_says_how_long_a_wait_is_worth_it(folder: Path, server: FakeProvider) -> None:
    server.configure(faults=[{"then": {"status": 429, "headers": {"retry-after": "30"}}}])
    done = run(folder, server, extra="run: {max_wait_s: 20}")
    assert done.code == 3 and server.stats()["requests"] == 1
    told = done.json["contenders"][0]["warnings"]
    assert any("anthropic asks to wait 30 s (longer than run.max_wait_s, 20 s)" in warning for warning in told)
