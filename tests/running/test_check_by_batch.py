"""A night by batch: suites side by side, what fell confirmed, killed, resumed, and never yesterday's answers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.errors import Interrupted, Submitted
from evalkit.records.check import Night
from evalkit.records.places import cache_folder
from evalkit.running.ways.batch import batch_store
from evalkit.running.ways.choice import HowToAsk
from evalkit.workflows.baseline import accept
from evalkit.workflows.batch import collect
from evalkit.workflows.check import CheckOptions, check
from tests.conftest import TEST_KEY
from tests.data import ROOT
from tests.running.desks import BY_BATCH, FELL, RIGHT, UNWAITED, N, batches, suite, until
from tests.servers.launch import FakeProvider

COMMAND = "python -m evalkit check tickets.yaml --fresh --batch"


def checked(*suites: Path, how: HowToAsk = BY_BATCH, fresh: bool = True) -> Night:
    return asyncio.run(check(CheckOptions(suites, fresh, how=how)))


def submitted(*suites: Path, fresh: bool = True) -> Submitted:
    with pytest.raises(Submitted) as waiting:
        checked(*suites, how=UNWAITED, fresh=fresh)
    return waiting.value


def right(night: Night, number: int = 0) -> float:
    found = night.suites[0].contenders[number].accuracy
    assert found is not None and found.value is not None
    return found.value


def a_day_passes() -> None:
    """The open night began 21 hours ago."""
    (path,) = (cache_folder() / "nights").glob("*.json")
    night = json.loads(path.read_text())
    path.write_text(json.dumps({**night, "started": night["started"] - 21 * 3600}))


def test_all_suites_are_under_way_before_the_first_is_waited_for(vendor: FakeProvider) -> None:
    vendor.configure(batch_looks=1_000_000)
    paths = (suite("one", n=20), suite("two", n=40), suite("three"))

    async def night() -> Night:
        running = asyncio.create_task(check(CheckOptions(paths, True, how=BY_BATCH)))
        await until(lambda: len(batches(vendor)) == 3)
        vendor.configure(batch_end=True)
        return await running

    done = asyncio.run(night())
    assert [len(ids) for ids in batches(vendor)] == [20, 20, 20]  # what suites share is asked once
    assert [each.contenders[0].n for each in done.suites] == [20, 40, 60] and done.code == 0
    assert vendor.stats()["requests"] == 0 and batch_store().all() == []


def test_what_fell_is_confirmed_by_a_batch_of_its_own(vendor: FakeProvider) -> None:
    path = suite()
    accept(Path(checked(path).suites[0].run or ""))
    vendor.configure(answers=FELL)
    night = checked(path)
    assert night.code == 1 and right(night) == pytest.approx(40 / 60)
    (contender,) = night.suites[0].contenders
    drop = next(finding for finding in contender.findings if finding.gate == "drop")
    assert drop.outcome == "fail" and contender.confirmed_by is not None
    assert len(list(Path("runs/.confirming/tickets").iterdir())) == 1
    first, look, again = batches(vendor)
    assert len({*first, *look, *again}) == 3 * N  # no night knows another's requests by their names
    assert vendor.stats()["requests"] == 0


def test_a_drop_is_confirmed_without_waiting_too(vendor: FakeProvider) -> None:
    path = suite()
    accept(Path(checked(path).suites[0].run or ""))
    vendor.configure(answers=FELL, batch_looks=1)
    look = submitted(path)
    assert [line.record.command for line in look.lines] == [COMMAND]
    again = submitted(path)
    assert again.lines[0].record.namespace == f"{look.lines[0].record.namespace}+confirming"
    assert checked(path, how=UNWAITED).code == 1
    assert len(batches(vendor)) == 3 and batch_store().all() == []


def test_nights_never_answer_from_each_other(vendor: FakeProvider) -> None:
    path = suite()
    assert (right(checked(path)), len(batches(vendor))) == (1, 1)
    vendor.configure(answers=FELL)
    assert (right(checked(path)), len(batches(vendor))) == (pytest.approx(40 / 60), 2)
    assert right(checked(path, fresh=False)) == pytest.approx(40 / 60) and len(batches(vendor)) == 3
    assert checked(path, fresh=False).code == 0 and len(batches(vendor)) == 3  # the plain check does


def test_batches_of_an_abandoned_night_serve_no_other_night_whoever_collects_them(vendor: FakeProvider) -> None:
    vendor.configure(batch_looks=1_000_000)
    path = suite()
    old = submitted(path).lines[0].record
    a_day_passes()
    tonight = submitted(path).lines[0].record
    assert old.namespace != tonight.namespace and len(batches(vendor)) == 2
    vendor.configure(batch_end=True)
    assert [line.record.collected for line in asyncio.run(collect())] == [True, True]
    assert checked(path).code == 0 and len(batches(vendor)) == 2
    assert [record.tag for record in batch_store().all()] == [old.tag]
    assert checked(path, fresh=False).code == 0 and len(batches(vendor)) == 3  # nor does the plain check know them


def test_a_batch_whose_id_was_lost_is_never_taken_for_last_nights(vendor: FakeProvider) -> None:
    """The vendor keeps no mark: it is looked for by its size, which last night's batch has too."""
    path = suite()
    assert right(checked(path)) == 1
    vendor.configure(answers=FELL, batch_looks=1_000_000)
    record = submitted(path).lines[0].record
    batch_store().save(replace(record, id=None, pid=2**22 - 1))
    vendor.configure(batch_end=True)
    assert right(checked(path)) == pytest.approx(40 / 60)


def test_a_suite_that_is_wrong_is_told_with_what_was_submitted(vendor: FakeProvider) -> None:
    vendor.configure(batch_looks=1)
    wrong = Path("wrong.yaml")
    wrong.write_text("name: wrong\n", encoding="utf-8")
    waiting = submitted(suite(), wrong)
    assert waiting.code == 2 and "wrong.yaml" in waiting.problems[0] and len(waiting.lines) == 1


def test_a_night_that_is_stopped_says_what_all_its_suites_kept(vendor: FakeProvider) -> None:
    vendor.configure(batch_looks=1_000_000)
    paths = (suite("one", n=20), suite("two"))

    async def stop() -> Interrupted:
        running = asyncio.create_task(check(CheckOptions(paths, True, how=BY_BATCH)))
        await until(lambda: len(batches(vendor)) == 2)
        running.cancel()
        with pytest.raises(Interrupted) as stopped:
            await running
        return stopped.value

    stopped = asyncio.run(stop())
    assert (stopped.kept, stopped.total) == (0, 20 + N)
    vendor.configure(batch_end=True)
    assert checked(*paths).code == 0 and len(batches(vendor)) == 2


def command(*arguments: str) -> subprocess.Popen[str]:
    """The command line in a process of its own, in the working folder, with this test's cache."""
    return subprocess.Popen(
        [sys.executable, "-m", "evalkit", "check", "tickets.yaml", "--fresh", "--batch", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_fresh_night_that_is_killed_goes_on_with_its_batch(vendor: FakeProvider) -> None:
    vendor.configure(answers=FELL, batch_looks=1_000_000)
    suite()
    first = command()
    try:
        while first.poll() is None and [record.id is not None for record in batch_store().all()] != [True]:
            time.sleep(0.05)
    finally:
        first.send_signal(signal.SIGKILL)
        _, err = first.communicate()
    assert first.returncode == -signal.SIGKILL, err
    later = command("--no-wait")
    out, err = later.communicate(timeout=120)
    assert later.returncode == 0 and f"Go on with: {COMMAND}\n" in out, err
    assert "within 20 hours" in out and TEST_KEY not in out + err
    out, err = command("--no-wait", "--json").communicate(timeout=120)
    waiting = json.loads(out)
    assert waiting["command"] == COMMAND and [batch["requests"] for batch in waiting["submitted"]] == [N]
    vendor.configure(batch_end=True, answers=RIGHT)
    last = command("--json")
    out, err = last.communicate(timeout=120)
    assert last.returncode == 0, err
    assert json.loads(out)["suites"][0]["contenders"][0]["accuracy"]["value"] == 1
    assert len(batches(vendor)) == 1 and vendor.stats()["requests"] == 0
