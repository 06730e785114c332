"""`classifier/tfidf-logreg`: what a second of training on `train` already gives; the floor for a paid model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import msgspec

from evalkit.errors import ModelUnavailable
from evalkit.models.base import ModelContext
from evalkit.models.registry import facts
from evalkit.models.request_parts import label_choices
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.model import ModelSpec
from evalkit.records.request import Request

_KNOWN = "tfidf-logreg"
# The recipe, part of the request key: words 1-2 and characters 2-5, sublinear TF, L2 at C = 10. What occurs in one
# row only is kept where rows are few, and dropped from 2,000 rows on: half the features, the same accuracy.
_RECIPE = "tfidf-logreg-2"
_PENALTY_C = 10
_MANY_ROWS = 2000
_MOST_AT_ONCE = 64  # texts per prediction: a single one costs nearly as much as ten


def open_model(spec: ModelSpec, context: ModelContext) -> ClassifierModel:
    """Open the classifier; it is trained at the first request, so that a warm rerun never trains.

    Raises ModelUnavailable for another name, without training rows, or without scikit-learn.
    """
    if spec.model != _KNOWN:
        raise ModelUnavailable(f"no classifier {spec.model!r}; known: {_KNOWN}")
    if not context.training_digest:
        raise ModelUnavailable("needs dataset.train and task: classify")
    if find_spec("sklearn") is None:
        raise ModelUnavailable(f"package scikit-learn is not installed: {facts(spec.provider).install}")
    return ClassifierModel(context)


@dataclass
class ClassifierModel:
    """TF-IDF over words and characters, then logistic regression. Answers what waits in one go.

    `identity` does not name scikit-learn's version: another one may round a close call differently.
    """

    context: ModelContext
    max_concurrency: int | None = 256
    cacheable: bool = True
    notes: list[str] = field(default_factory=list)
    _training: asyncio.Task[_Trained] | None = None
    _open: _Batch | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def identity(self) -> Mapping[str, str | None]:
        """The parts of the request key that belong to the model."""
        return {"provider": "classifier", "model": _RECIPE, "digest": self.context.training_digest}

    async def complete(self, request: Request) -> Completion | Failure:
        """Predict one label; the first caller trains, all wait for it. Latency is a text's share of its batch."""
        if self._training is None:
            self._training = asyncio.create_task(asyncio.to_thread(_train, self.context, self.notes))
        try:
            trained = await asyncio.shield(self._training)
        except ValueError as error:
            return Failure("fatal", f"cannot be trained: {error}")
        label, milliseconds = await self._predict(request.suffix, trained)
        native = bool(label_choices(request.parameters.schema))
        text = msgspec.json.encode({"label": label}).decode() if native else label
        return Completion(text, "end", Timing(milliseconds))

    async def aclose(self) -> None:
        """Nothing is held but memory."""
        self._training = None

    async def _predict(self, text: str, trained: _Trained) -> tuple[str, float]:
        """The label and its share of the time in milliseconds. Who comes while a batch waits for its turn joins it."""
        batch = self._open
        if batch is None or len(batch.texts) == _MOST_AT_ONCE:
            batch = self._open = _Batch()
            batch.answers = asyncio.create_task(self._answer(batch, trained))
        place = len(batch.texts)
        batch.texts.append(text)
        labels, each = await asyncio.shield(batch.answers)
        return labels[place], each

    async def _answer(self, batch: _Batch, trained: _Trained) -> tuple[list[str], float]:
        async with self._turn:
            if self._open is batch:
                self._open = None
            started = perf_counter()
            labels = await asyncio.to_thread(trained.labels, batch.texts)
            return labels, (perf_counter() - started) * 1000 / len(labels)


@dataclass
class _Batch:
    """Texts that are predicted together."""

    texts: list[str] = field(default_factory=list)
    answers: asyncio.Task[tuple[list[str], float]] = field(init=False)


@dataclass(frozen=True, slots=True)
class _Trained:
    features: Any
    regression: Any

    def labels(self, texts: Sequence[str]) -> list[str]:
        """The likeliest label of each text."""
        return [str(label) for label in self.regression.predict(self.features.transform(texts))]


def _train(context: ModelContext, notes: list[str]) -> _Trained:
    """Train on all rows and note what it took. Raises ValueError for fewer than two classes, or for no words at all."""
    rows = list(context.training_rows())
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    classes = len(set(labels))
    if classes < 2:
        raise ValueError(f"it needs two classes, the training rows have {classes}")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    started = perf_counter()
    least = 1 if len(rows) < _MANY_ROWS else 2
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=least, token_pattern=r"(?u)\b\w+\b"),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=least),
    )
    with threadpool_limits(1):  # the matrices are sparse: more threads only wait for each other
        matrix = features.fit_transform(texts).astype("float32")
        regression = LogisticRegression(C=_PENALTY_C, max_iter=1000).fit(matrix, labels)
    notes.append(
        f"trained on {len(rows):,} rows of {classes} classes in {perf_counter() - started:.1f} s, "
        f"{matrix.shape[1]:,} features"
    )
    return _Trained(features, regression)
