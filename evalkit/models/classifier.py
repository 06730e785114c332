"""`classifier/tfidf-logreg`: what a second of training on `train` already gives; the floor for a paid model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import msgspec

from evalkit.models.base import ModelContext, ModelUnavailable
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.model import ModelSpec
from evalkit.records.request import Request

_KNOWN = "tfidf-logreg"
_VERSION = "tfidf-logreg-1: words 1-2, characters 2-5, C=10"  # changes when the recipe does: part of the request key


def open_model(spec: ModelSpec, context: ModelContext) -> ClassifierModel:
    """Open the classifier; it is trained at the first request, so that a warm rerun never trains.

    Raises ModelUnavailable for another name, without training rows, or without scikit-learn.
    """
    if spec.model != _KNOWN:
        raise ModelUnavailable(f"no classifier {spec.model!r}; known: {_KNOWN}")
    if not context.training_digest:
        raise ModelUnavailable("needs dataset.train and task: classify")
    try:
        import sklearn  # noqa: F401 - only to know that it is there
    except ImportError:
        raise ModelUnavailable('package scikit-learn is not installed: pip install "evalkit[local]"') from None
    return ClassifierModel(spec, context)


@dataclass
class ClassifierModel:
    """TF-IDF over words and characters, then logistic regression. Answers what waits in one go."""

    spec: ModelSpec
    context: ModelContext
    max_concurrency: int | None = 256
    cacheable: bool = True
    notes: list[str] = field(default_factory=list)
    _pipeline: Any = None
    _training: asyncio.Task[Any] | None = None
    _waiting: list[tuple[str, asyncio.Future[tuple[str, float]]]] = field(default_factory=list)

    @property
    def identity(self) -> Mapping[str, str | None]:
        """The parts of the request key that belong to the model."""
        return {"provider": "classifier", "model": _VERSION, "digest": self.context.training_digest}

    async def complete(self, request: Request) -> Completion | Failure:
        """Predict one label; the first caller trains, all wait for it."""
        if self._training is None:
            self._training = asyncio.create_task(asyncio.to_thread(self._train))
        try:
            self._pipeline = await asyncio.shield(self._training)
        except ValueError as error:
            return Failure("fatal", f"cannot be trained: {error}")
        label, milliseconds = await self._predict(request.suffix)
        native = request.parameters.schema is not None and bool(request.parameters.labels)
        text = msgspec.json.encode({"label": label}).decode() if native else label
        return Completion(text, "end", Timing(milliseconds))

    async def aclose(self) -> None:
        """Nothing is held but memory."""
        self._pipeline = None

    async def _predict(self, text: str) -> tuple[str, float]:
        """One prediction for all callers of this turn of the loop: a single row costs as much as fifty."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[str, float]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._predict_waiting)
        self._waiting.append((text, future))
        return await future

    def _predict_waiting(self) -> None:
        batch, self._waiting = self._waiting, []
        started = perf_counter()
        labels = self._pipeline.predict([text for text, _ in batch])
        each = (perf_counter() - started) * 1000 / len(batch)
        for (_, future), label in zip(batch, labels, strict=True):
            if not future.done():
                future.set_result((str(label), each))

    def _train(self) -> Any:
        """Train on all rows. Raises ValueError for fewer than two classes."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union

        rows = list(self.context.training_rows())
        texts, labels = [text for text, _ in rows], [label for _, label in rows]
        if len(set(labels)) < 2:
            raise ValueError(f"it needs two classes, the training rows have {len(set(labels))}")
        started = perf_counter()
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        regression = LogisticRegression(C=10, max_iter=1000, random_state=self.context.seed)
        pipeline = make_pipeline(make_union(words, characters), regression)
        pipeline.fit(texts, labels)
        features = pipeline[0].transform(texts[:1]).shape[1]
        self.notes.append(
            f"trained on {len(rows):,} rows of {len(set(labels))} classes in {perf_counter() - started:.1f} s, "
            f"{features:,} features"
        )
        return pipeline
