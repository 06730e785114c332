"""The trained reference: learns from the training rows, answers in batches, tells what it took."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from evalkit.errors import ModelUnavailable
from evalkit.models.base import ModelContext
from evalkit.models.classifier import model as classifier
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters
from tests.data import shared
from tests.engine.asking import request

pytest.importorskip("sklearn", reason="needs scikit-learn")

SPEC = ModelSpec("trained", "classifier/tfidf-logreg", "floor")
ROWS = [
    ("the parcel is late", "shipping"),
    ("where is my parcel", "shipping"),
    ("print the shipping label", "shipping"),
    ("my invoice is wrong", "billing"),
    ("send me the invoice again", "billing"),
    ("I paid the invoice twice", "billing"),
]
NATIVE = {"type": "object", "properties": {"label": {"enum": ["billing", "shipping"]}}}


def opened(rows: Iterable[tuple[str, str]] = ROWS, digest: str = "d1") -> classifier.ClassifierModel:
    model = open_model(SPEC, ModelContext(lambda: rows, digest))
    assert isinstance(model, classifier.ClassifierModel)
    return model


def ask(model: classifier.ClassifierModel, texts: list[str], **parameters: Any) -> list[Completion | Failure]:
    """All at once, as an engine does."""

    async def run() -> list[Completion | Failure]:
        try:
            settings = replace(Parameters(max_tokens=16), **parameters)
            return await asyncio.gather(*(model.complete(request(t, parameters=settings)) for t in texts))
        finally:
            await model.aclose()

    return asyncio.run(run())


def text(outcome: Completion | Failure) -> str:
    assert isinstance(outcome, Completion), outcome
    return outcome.text


def test_it_learns_the_labels_and_tells_what_it_took() -> None:
    model = opened()
    answers = ask(model, ["a parcel", "an invoice"])
    assert [text(answer) for answer in answers] == ["shipping", "billing"]
    answer = answers[0]
    assert isinstance(answer, Completion)
    assert (answer.stop, answer.usage, answer.served_model) == ("end", None, None)
    assert answer.timing.latency_ms > 0
    assert len(model.notes) == 1, "trained once"
    assert re.fullmatch(r"trained on 6 rows of 2 classes in \d+\.\d s, [\d,]+ features", model.notes[0])


def test_many_callers_get_their_own_answers_from_few_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    labels = classifier._Trained.labels

    def counted(self: classifier._Trained, texts: list[str]) -> list[str]:
        sizes.append(len(texts))
        return labels(self, texts)

    monkeypatch.setattr(classifier._Trained, "labels", counted)
    kinds = ["parcel", "invoice", "parcel", "parcel", "invoice"] * 30
    answers = ask(opened(), [f"{kind} number {i}" for i, kind in enumerate(kinds)])
    assert [text(a) for a in answers] == ["shipping" if kind == "parcel" else "billing" for kind in kinds]
    assert sum(sizes) == 150
    assert len(sizes) <= 5


def test_native_labels_come_back_as_json() -> None:
    assert json.loads(text(ask(opened(), ["an invoice"], schema=NATIVE)[0])) == {"label": "billing"}


def test_the_request_key_holds_the_training_data() -> None:
    assert opened(digest="d1").identity != opened(digest="d2").identity
    assert opened(digest="d1").identity == opened(digest="d1").identity


def test_nothing_is_read_before_the_first_request() -> None:
    def rows() -> Iterable[tuple[str, str]]:
        raise AssertionError("read")

    model = open_model(SPEC, ModelContext(rows, "d"))
    assert model.notes == []


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("a b", "x"), ("c d", "x")], "two classes, the training rows have 1"),
        ([], "two classes, the training rows have 0"),
        ([("", "x"), (" ", "y")], "empty vocabulary"),
    ],
)
def test_what_cannot_be_learnt_is_fatal_for_everybody(rows: list[tuple[str, str]], reason: str) -> None:
    for outcome in ask(opened(rows), ["one", "two"]):
        assert isinstance(outcome, Failure)
        assert outcome.kind == "fatal"
        assert reason in outcome.reason


def test_an_error_while_predicting_reaches_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> list[str]:
        raise MemoryError

    monkeypatch.setattr(classifier._Trained, "labels", broken)
    with pytest.raises(MemoryError):
        ask(opened(), ["one", "two"])


def test_reasons_why_it_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match=r"needs dataset\.train"):
        opened(digest="")
    with pytest.raises(ModelUnavailable, match="no classifier 'svm'; known: tfidf-logreg"):
        open_model(replace(SPEC, provider_model="classifier/svm"), ModelContext(lambda: ROWS, "d"))
    monkeypatch.setattr(classifier, "find_spec", lambda _: None)
    with pytest.raises(ModelUnavailable, match=r'pip install "evalkit\[local\]"'):
        opened()


def test_opening_imports_no_heavy_package() -> None:
    code = (
        "import sys; from evalkit.models.base import ModelContext; from evalkit.records.model import ModelSpec;"
        "from evalkit.models.classifier.model import open_model;"
        "open_model(ModelSpec('t', 'classifier/tfidf-logreg', 'floor'), ModelContext(list, 'd'));"
        "sys.exit('sklearn' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_banking77_in_part() -> None:
    """Half of the classes and two rows of five, for time; all of it gives 0.918."""
    folder = shared("banking77")

    def rows(name: str) -> list[tuple[str, str]]:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        return [(row["text"], row["label"]) for row in map(json.loads, lines) if row["label"] < "e"]

    train, test = rows("train.jsonl")[::3], rows("test.jsonl")
    answers = ask(opened(train), [question for question, _ in test])
    right = sum(text(answer) == label for answer, (_, label) in zip(answers, test, strict=True))
    assert right / len(test) > 0.85
