"""Asking by batch: the real SDKs against fake batch APIs, killed, resumed on another day, failing in part."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.batch import MOST_ROUNDS, BatchAsker, BatchCollector, Submitter
from evalkit.engine.key import RequestKey
from evalkit.errors import BatchError, BatchStoreError, Submitted
from evalkit.models.batch import CANCELLED
from evalkit.models.registry import batch_api, open_model
from evalkit.models.sdk import SdkModel
from evalkit.records.completion import Completion, Failure
from evalkit.running.ways.batch import BatchLine
from evalkit.running.ways.choice import HowToAsk
from evalkit.store.batches import BatchRecord, BatchStore
from evalkit.store.cache import ResponseCache
from evalkit.workflows.batch import collect, status
from evalkit.workflows.run import RunSettings, Watch, run_suite
from tests.conftest import TEST_KEY
from tests.data import ROOT
from tests.engine.asking import PARAMETERS, PREFIX, QUICK, ask_fake, context, request, run_fake, spec
from tests.servers.launch import FakeProvider

PROVIDERS = ("anthropic", "openai")
Fakes = dict[str, FakeProvider]


@pytest.fixture
def fakes(fake_anthropic: FakeProvider, fake_openai: FakeProvider) -> Fakes:
    """Both vendors; a suite's own OpenAI-compatible server is one that takes `max_tokens`."""
    fake_openai.configure(strict=False)
    return {"anthropic": fake_anthropic, "openai": fake_openai}


class Place:
    """One contender's batches in a folder; every use opens model, cache and store anew, as another process would."""

    def __init__(self, folder: Path, provider: str, url: str, command: str = "go on") -> None:
        self.folder, self.provider, self.url, self.command = folder, provider, url, command
        self.store = BatchStore(folder / "batches")

    def do(self, what: Callable[[BatchAsker], Any], **limits: int) -> Any:
        """Run `what(asker)`; `limits` override the vendor's."""
        cache = ResponseCache(self.folder / "responses")

        async def run() -> Any:
            model = open_model(spec(self.provider, self.url), context())
            assert isinstance(model, SdkModel)
            api = batch_api(model)
            assert api is not None
            for name, value in limits.items():
                setattr(api, name, value)
            keys = RequestKey(model.identity, PREFIX, PARAMETERS)
            collector = BatchCollector(api, cache, self.store)
            submitter = Submitter(model.spec, "m/default/prompt", self.command)
            try:
                return await what(BatchAsker(collector, submitter, keys, model.encoded))
            finally:
                await model.aclose()

        try:
            return asyncio.run(run())
        finally:
            cache.close()

    def submit(self, texts: Iterable[str], **limits: int) -> list[BatchRecord]:
        """Submit what is missing."""
        found: list[BatchRecord] = self.do(lambda asker: asker.submit(requests(texts)), **limits)
        return found

    def collect(self) -> list[BatchRecord]:
        """Look at every batch on record."""

        async def look(asker: BatchAsker) -> list[BatchRecord]:
            seen = [(await asker.collector.look(record))[0] for record in self.store.all()]
            return [record for record in seen if record is not None]

        found: list[BatchRecord] = self.do(look)
        return found

    def cached(self, texts: Iterable[str]) -> list[Completion | Failure | None]:
        """What the response cache has."""

        async def read(asker: BatchAsker) -> list[Completion | Failure | None]:
            return [asker.collector.cache.get(asker.keys.of(each)) for each in requests(texts)]

        found: list[Completion | Failure | None] = self.do(read)
        return found


def requests(texts: Iterable[str]) -> Any:
    return (request(text, number) for number, text in enumerate(texts))


TEXTS = [f"text {i}" for i in range(7)]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_gives_what_live_requests_give(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    fake = fakes[provider]
    fake.configure(answers={text: f"label {text}" for text in TEXTS}, record=True)
    live = [ask_fake(fake, provider, each) for each in requests(TEXTS)]
    place = Place(tmp_path, provider, fake.url)
    (record,) = place.submit([*TEXTS, TEXTS[0]])
    sent = fake.stats()
    assert record.id == sent["batches"][0]["id"]
    assert sent["batches"][0]["bodies"] == [each["body"] for each in sent["recorded"]]
    assert place.collect()[0].collected is False  # the first look is too early
    assert place.collect()[0].collected and place.submit(TEXTS) == []
    for mine, other in zip(place.cached(TEXTS), live, strict=True):
        assert isinstance(mine, Completion) and isinstance(other, Completion)
        assert mine == replace(other, timing=mine.timing, batch=True)
        assert (mine.timing.latency_ms, mine.timing.ttft_ms) == (None, None)
    assert fake.stats()["requests"] == len(TEXTS)  # no batched one was sent live as well


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_cached_or_under_way_is_not_submitted(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    place = Place(tmp_path, provider, fakes[provider].url)
    place.submit(TEXTS[:3])
    place.submit(TEXTS[:5])
    place.collect()
    place.collect()
    place.submit(TEXTS)
    assert [len(each["custom_ids"]) for each in fakes[provider].stats()["batches"]] == [3, 2, 2]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_batches_keep_within_the_limits(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    fakes[provider].configure(batch_looks=0)
    place = Place(tmp_path, provider, fakes[provider].url)
    place.submit(TEXTS, most_requests=3)
    assert [len(each["custom_ids"]) for each in fakes[provider].stats()["batches"]] == [3, 3, 1]
    fakes[provider].reset()
    more = [f"long {i} " + "x" * 2000 for i in range(4)]
    place.submit(more, most_bytes=5000)
    assert [len(each["custom_ids"]) for each in fakes[provider].stats()["batches"]] == [2, 2]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_partial_failures_are_asked_again(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    """Errored and expired ones once more; a refusal of the sample is its outcome; what fails for ever is given up."""
    faults = [
        {"match": "text 1", "then": {"status": 529 if provider == "anthropic" else 503}, "first": 1},
        {"match": "text 2", "then": {"kind": "expired"}, "first": 1},
        {"match": "text 3", "then": {"kind": "context_too_long"}},
        {"match": "text 4", "then": {"status": 400}},
        {"match": "text 5", "then": {"status": 500}},
    ]
    fakes[provider].configure(batch_looks=0, faults=faults)
    place = Place(tmp_path, provider, fakes[provider].url)
    sizes = []
    for _ in range(MOST_ROUNDS + 1):
        sizes += [len(record.keys) for record in place.submit(TEXTS)]
        place.collect()
    assert sizes == [7, 5, 1]  # the refused ones are confirmed in the second round
    kinds = [type(each) if each is None or isinstance(each, Completion) else each.kind for each in place.cached(TEXTS)]
    assert kinds == [Completion, Completion, Completion, "rejected", "rejected", type(None), Completion]

    async def failures(asker: BatchAsker) -> dict[str, Failure]:
        await asker.submit(requests(TEXTS))
        return asker.failures()

    (reason,) = {f.reason for key, f in place.do(failures).items() if key == place.store.all()[-1].keys[0]}
    assert "HTTP 500" in reason


NOISE = (
    "",
    "not json",
    "null",
    "[1]",
    '"text"',
    '{"result": {}, "response": {}}',
    '{"custom_id": 7}',
    '{"custom_id": "x"}',
)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_lines_of_no_use_cost_nothing(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    fakes[provider].configure(batch_looks=0, batch_noise=NOISE)
    desk = Place(tmp_path, provider, fakes[provider].url)
    desk.submit(TEXTS)
    (record,) = desk.collect()
    assert record.failures == {}
    assert all(isinstance(outcome, Completion) for outcome in desk.cached(TEXTS))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_that_somebody_cancelled_is_not_submitted_again(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    fakes[provider].configure(batch_looks=0, batch_cancelled=True)
    desk = Place(tmp_path, provider, fakes[provider].url)
    desk.submit(TEXTS)
    (record,) = desk.collect()
    known = [outcome for outcome in desk.cached(TEXTS) if outcome is not None]
    assert len(known) == 1  # what was answered before is kept
    assert len(record.failures) == len(TEXTS) - 1
    assert {failure.reason for failure in record.failures.values()} == {CANCELLED}
    assert desk.submit(TEXTS) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_set_up_that_is_wrong_for_all_is_no_outcome(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    fakes[provider].configure(batch_looks=0, faults=[{"then": {"status": 400}}])
    place = Place(tmp_path, provider, fakes[provider].url)
    place.submit(TEXTS)
    (record,) = place.collect()
    assert len(record.failures) == len(TEXTS) and place.cached(TEXTS) == [None] * len(TEXTS)
    assert place.submit(TEXTS) == []  # the same again would be refused again


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_id_that_was_never_written_down_is_found(
    fakes: Fakes, tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the vendor's answer and the disk: the batch is paid for and must not be sent twice."""
    fakes[provider].configure(batch_looks=0)
    place = Place(tmp_path, provider, fakes[provider].url)
    save = BatchStore.save

    def dies(store: BatchStore, record: BatchRecord) -> None:
        if record.id is not None:
            raise BatchStoreError("killed")
        save(store, record)

    monkeypatch.setattr(BatchStore, "save", dies)
    with pytest.raises(BatchStoreError):
        place.submit(TEXTS)
    monkeypatch.undo()
    monkeypatch.setenv("EVALKIT_TEST_KEY", TEST_KEY)
    (record,) = place.store.all()
    assert record.id is None and place.submit(TEXTS) == []
    assert place.collect()[0].collected
    assert all(isinstance(each, Completion) for each in place.cached(TEXTS))
    assert len(fakes[provider].stats()["batches"]) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_never_arrived_is_sent_again(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    place = Place(tmp_path, provider, fakes[provider].url)
    (record,) = place.submit(TEXTS)
    fakes[provider].reset()  # the vendor knows no batch
    place.store.save(replace(record, id=None))
    assert place.collect() == [] and place.store.all() == []
    assert len(place.submit(TEXTS)) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_live_answer_stays(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    """What came live while the batch was under way has a latency, which the batch has not."""
    place = Place(tmp_path, provider, fakes[provider].url)
    place.submit(TEXTS[:2])
    live = ask_fake(fakes[provider], provider, request(TEXTS[0]))

    async def keep(asker: BatchAsker) -> None:
        asker.collector.cache.commit([(asker.keys.of(request(TEXTS[0])), live)])

    place.do(keep)
    place.collect()
    place.collect()
    first, second = place.cached(TEXTS[:2])
    assert first == live and isinstance(second, Completion) and second.batch


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_without_batches_says_so(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    place = Place(tmp_path, provider, fakes[provider].url.replace("/v1", "") + "/elsewhere")
    with pytest.raises(BatchError, match="404") as told:
        place.submit(TEXTS)
    assert not told.value.again and place.store.all() == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nothing_on_disk_holds_a_key(fakes: Fakes, tmp_path: Path, provider: str) -> None:
    place = Place(tmp_path, provider, fakes[provider].url)
    place.submit(TEXTS)
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert place.store.all()[0].tag.encode() in b"".join(str(p).encode() for p in tmp_path.rglob("*"))
    assert TEST_KEY.encode() not in held and b"text 1" not in held


def test_a_damaged_record_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "evalkit-1.json").write_text('{"tag": 1}')
    with pytest.raises(BatchStoreError, match="evalkit-1.json"):
        BatchStore(tmp_path).all()


SUITE = """
name: batched
dataset: {test: {path: rows.jsonl}, target: label, id: id}
prompt: {system: "Answer with one label: {{ labels | join(', ') }}", user: "{{ text }}"}
output: {form: label, labels: from_data, max_tokens: 16}
models:
  a: anthropic/claude-haiku-5-5
  o: openai/gpt-6-luna
good_enough: {accuracy: 0.9}
"""


def write_suite(folder: Path, fakes: Fakes, n: int = 30) -> Path:
    """A suite of both vendors; of three rows two are answered rightly."""
    labels = ("billing", "shipping", "payments")
    rows = [{"id": str(i), "text": f"ticket {i}", "label": labels[i % 3]} for i in range(n)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    answers = {row["text"]: row["label"] if i % 3 else "payments" for i, row in enumerate(rows)}
    for fake in fakes.values():
        fake.configure(answers=answers, default_answer="no")
    path = folder / "suite.yaml"
    path.write_text(SUITE)
    return path


@pytest.fixture
def vendors(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """The fakes in the place of the vendors themselves, whose prices are known."""
    for name, fake in fakes.items():
        monkeypatch.setenv(f"{name.upper()}_BASE_URL", fake.url)
        monkeypatch.setenv(f"{name.upper()}_API_KEY", TEST_KEY)
        fake.configure(strict=True)
    return fakes


def child(code: str, folder: Path) -> subprocess.Popen[str]:
    """A process of its own in the suite's folder."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    head = "import asyncio\nfrom pathlib import Path\nfrom evalkit.running.ways.choice import *\n"
    script = f"{head}from evalkit.workflows.run import *\n{code}"
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


BY_BATCH = RunSettings(Path("suite.yaml"), how=HowToAsk(batch=True, first_look_s=0.01))
RUN = "o = RunSettings(Path('suite.yaml'), how=HowToAsk(batch=True, first_look_s=0.05))\n"
SHOW = """
import json
r = asyncio.run(run_suite(o))
print(json.dumps([[c.id, c.metrics['accuracy'].value, c.n, c.from_cache, c.cost and c.cost.spent,
      c.cost and c.cost.cold, c.latency_ms and c.latency_ms.p50, dict(c.status)] for c in r.contenders]))
"""


def submitted(watch: Watch | None = None) -> tuple[BatchLine, ...]:
    """What is under way after a run that waits for nothing."""
    settings = RunSettings(Path("suite.yaml"), how=HowToAsk(batch=True, wait=False))
    with pytest.raises(Submitted) as waiting:
        asyncio.run(run_suite(settings, watch))
    return waiting.value.lines


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_a_run_goes_on_after_a_kill_and_on_another_day(
    vendors: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it polls, gone on by a new process: nothing is sent twice; the live scores, at half the price."""
    write_suite(tmp_path, vendors)
    for fake in vendors.values():
        fake.configure(batch_looks=1_000_000)
    store = BatchStore(tmp_path / "cache" / "evalkit" / "batches")
    first = child(RUN + SHOW, tmp_path)
    try:
        while first.poll() is None and [record.id is not None for record in store.all()] != [True, True]:
            time.sleep(0.05)
    finally:
        first.send_signal(signal.SIGKILL)
        _, err = first.communicate()
    assert first.returncode == -signal.SIGKILL, err
    for fake in vendors.values():
        fake.configure(batch_end=True)
    rows = json.loads(finished(child(RUN + SHOW, tmp_path)))
    assert [len(fake.stats()["batches"]) for fake in vendors.values()] == [1, 1]
    assert [fake.stats()["requests"] for fake in vendors.values()] == [0, 0]
    assert store.all() == []

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "live"))
    live = asyncio.run(run_suite(RunSettings(Path("suite.yaml"))))
    for mine, other in zip(rows, live.contenders, strict=True):
        name, accuracy, n, from_cache, spent, cold, p50, status = mine
        assert other.metrics is not None and other.status is not None and other.cost is not None
        assert other.metrics["accuracy"] is not None and other.cost.cold is not None
        assert (name, accuracy, n, status) == (other.id, other.metrics["accuracy"].value, other.n, dict(other.status))
        assert (from_cache, p50) == (0, None)
        assert spent == cold == pytest.approx(other.cost.cold / 2)
    again = json.loads(finished(child(RUN + SHOW, tmp_path)))
    assert [row[3] for row in again] == [30, 30] and [row[4] for row in again] == [0, 0]
    assert [row[1] for row in again] == [row[1] for row in rows]


def test_submit_then_collect_on_another_day(vendors: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting; `collect` needs no suite; then the run has all it needs."""
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path, vendors)
    for fake in vendors.values():
        fake.configure(batch_looks=1)
    options = BY_BATCH
    lines = submitted()
    assert [line.record.contender for line in lines] == ["a/default/prompt", "o/default/prompt"]
    assert [line.record.command for line in lines] == ["python -m evalkit run suite.yaml --batch"] * 2
    states = [line.state for line in asyncio.run(status())]
    assert [(state.ended, state.total) for state in states if state] == [(True, 30), (True, 30)]
    (tmp_path / "suite.yaml").rename(tmp_path / "elsewhere.yaml")
    assert [line.record.collected for line in asyncio.run(collect())] == [True, True]
    (tmp_path / "elsewhere.yaml").rename(tmp_path / "suite.yaml")
    result = asyncio.run(run_suite(options))
    assert result.complete and [c.from_cache for c in result.contenders] == [0, 0]
    assert [fake.stats()["requests"] for fake in vendors.values()] == [0, 0]


def test_a_provider_that_cannot_be_reached_is_left_for_later(
    vendors: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be sent is told, nothing is scored without its answers, and a later run goes on."""
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path, vendors)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    options, warned = BY_BATCH, list[str]()
    lines = submitted(Watch(on_warning=warned.append))
    assert [line.record.id is None for line in lines] == [False, True]
    assert any("o/default/prompt: not everything is submitted" in warning for warning in warned)
    assert list(tmp_path.glob("runs/*/*/summary.json")) == []
    monkeypatch.setenv("OPENAI_BASE_URL", vendors["openai"].url)
    assert asyncio.run(run_suite(options)).complete
    assert [len(fake.stats()["batches"]) for fake in vendors.values()] == [1, 1]


def test_what_failed_for_ever_is_an_infra_error_with_its_reason(
    vendors: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path, vendors)
    for fake in vendors.values():
        fake.configure(batch_looks=0, faults=[{"match": "ticket 7", "then": {"kind": "expired"}}])
    result = asyncio.run(run_suite(BY_BATCH))
    assert not result.complete
    for contender in result.contenders:
        assert dict(contender.errors) == {"expired in the batch, not answered": 1}
        assert contender.status is not None and contender.status["infra_error"] == 1
    assert [len(fake.stats()["batches"]) for fake in vendors.values()] == [MOST_ROUNDS, MOST_ROUNDS]


def test_a_parameter_that_is_refused_is_left_out_of_the_next_batch(
    vendors: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_suite(tmp_path, vendors)
    for fake in vendors.values():
        fake.configure(batch_looks=0, reject_parameters=["prompt_cache_key"])
    result = asyncio.run(run_suite(BY_BATCH))
    assert result.complete
    first, second = vendors["openai"].stats()["batches"]
    assert "prompt_cache_key" in first["bodies"][0] and "prompt_cache_key" not in second["bodies"][0]


def test_a_batched_answer_serves_a_live_run_that_needs_no_latency(fakes: Fakes, tmp_path: Path) -> None:
    """The key is the same; where latency is needed, an answer without one is asked for again."""
    fakes["openai"].configure(batch_looks=0)
    place = Place(tmp_path, "openai", fakes["openai"].url)
    place.submit(TEXTS)
    place.collect()
    found = run_fake(fakes["openai"], "openai", tmp_path / "responses", TEXTS)
    assert [answer.from_cache for answer in found.answers] == [True] * len(TEXTS)
    config = replace(QUICK, want_latency=True)
    found = run_fake(fakes["openai"], "openai", tmp_path / "responses", TEXTS, config)
    assert [answer.from_cache for answer in found.answers] == [False] * len(TEXTS)
