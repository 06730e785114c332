"""How many labelled examples of train a fine-tune could use: without copies, near copies and what is in test."""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from evalkit.diagnosis.near import THRESHOLD, Buckets, Comparer, shared_keys
from evalkit.errors import TooMuchWork
from evalkit.records.evidence import LabelFacts

_MOST_ROWS = 200_000
_MOST_CHARS = 200_000_000
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many different texts, and characters in them, are compared at most; beyond, no near duplicates are sought."""

    rows: int = _MOST_ROWS
    chars: int = _MOST_CHARS


def label_facts(
    train_texts: Iterable[tuple[str, str]],
    test_texts: Iterable[str],
    per_class: bool,
    limits: Limits = Limits(),
) -> LabelFacts:
    """Count the usable rows of train; both iterables are read once. Rows are (text, target).

    Texts are compared after Unicode NFKC, case folding and white space folding. Every row is counted once, in this
    order, so that rows = exact + in_test + near + usable:

    - exact: a text counts once. Where its copies disagree on the target, at most one can be right, so it still counts
      once, with the most frequent target (the first by name among equals).
    - in_test: of the texts left, those equal or alike to a text of test, whatever the target.
    - near: of the texts left, those alike to one that was kept *and has the same target*. The texts are gone through
      in alphabetical order, so the numbers do not depend on the order of rows. Alike texts of different targets
      ("has arrived", "has not arrived") are all kept, since the difference between them is what is to be learned;
      with classes, `near_method` says how many there are, for they may also be label errors.

    Where there is too much to compare, `near` is 0, `in_test` counts equal texts only and `near_skipped` says why.
    MinHash misses a few alike pairs, never invents one. Memory holds the distinct texts, at most `limits.chars`.
    """
    train, test = _Texts(limits), _Texts(limits)
    targets: dict[str, int] = {}
    text_of, target_of = array("q"), array("q")
    for text, target in train_texts:
        text_of.append(train.add(text))
        target_of.append(targets.setdefault(target, len(targets)))
    for text in test_texts:
        test.add(text)
    names = list(targets)
    chosen = _frequent_targets(text_of, target_of, names)
    taken = np.fromiter((key in test.index for key in train.index), dtype=np.bool_, count=len(train.index))
    near = _near(train, test, taken, chosen, per_class)
    kept = ~(taken | near.in_test | near.copies)
    counts = Counter(names[target] for target in chosen[kept].tolist()) if per_class else Counter()
    return LabelFacts(
        rows=len(text_of),
        exact=len(text_of) - len(train.index),
        near=int(near.copies.sum()),
        in_test=int((taken | near.in_test).sum()),
        usable=int(kept.sum()),
        per_class=dict(sorted(counts.items())),
        near_method=near.method,
        near_skipped=near.skipped,
    )


def normalised(text: str) -> str:
    """A text as it is compared: Unicode NFKC, case folded, white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(slots=True)
class _Texts:
    """Distinct normalised texts. `held` has them in the order of `index`, None once they are too many to compare."""

    limits: Limits
    index: dict[bytes, int] = field(default_factory=dict)
    held: list[str] | None = field(default_factory=list)
    chars: int = 0

    def add(self, text: str) -> int:
        """The number of a text, new or known."""
        text = normalised(text)
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self.index.get(key)
        if known is not None:
            return known
        number = self.index[key] = len(self.index)
        self.chars += len(text)
        if number >= self.limits.rows or self.chars > self.limits.chars:
            self.held = None
        if self.held is not None:
            self.held.append(text)
        return number


def _frequent_targets(text_of: array[int], target_of: array[int], names: list[str]) -> _Ints:
    """For each distinct text the code of its most frequent target, the first by name among equals: (texts,)."""
    if not text_of:
        return np.empty(0, dtype=np.int64)
    place = np.empty(len(names), dtype=np.int64)
    by_name = sorted(range(len(names)), key=names.__getitem__)
    place[by_name] = np.arange(len(names))
    pairs = np.stack([np.frombuffer(text_of, np.int64), place[np.frombuffer(target_of, np.int64)]], axis=1)
    pairs, counts = np.unique(pairs, axis=0, return_counts=True)
    best = np.lexsort((pairs[:, 1], -counts, pairs[:, 0]))
    _, first = np.unique(pairs[best, 0], return_index=True)
    found: _Ints = np.asarray(by_name, dtype=np.int64)[pairs[best, 1][first]]
    return found


@dataclass(frozen=True, slots=True)
class _Near:
    """Which distinct texts of train are alike to test, and which to a kept text of the same target: (texts,) each."""

    in_test: NDArray[np.bool_]
    copies: NDArray[np.bool_]
    method: str | None = None
    skipped: str | None = None


def _near(train: _Texts, test: _Texts, taken: NDArray[np.bool_], targets: _Ints, per_class: bool) -> _Near:
    nothing = np.zeros(len(train.index), dtype=np.bool_)
    if train.held is None or test.held is None:
        most = f"{train.limits.rows:,} different texts or {train.limits.chars:,} characters"
        return _Near(nothing, nothing, skipped=f"more than {most} to compare")
    try:
        search = _Search(train.held, test.held, taken, targets)
        in_test = search.alike_to_test()
        copies, contrasts = search.copies(in_test, per_class)
    except TooMuchWork:
        return _Near(nothing, nothing, skipped="too many rows share most of their text: comparing them takes too long")
    method = (
        f"same target and text similarity ≥ {THRESHOLD / 100:g} (RapidFuzz ratio; candidates by MinHash of 5-grams)"
    )
    if contrasts:
        method += f"; kept, though as close to a row of another class: {contrasts:,}"
    return _Near(in_test, copies, method)


class _Search:
    """The two passes over texts in alphabetical order. Numbers of texts go over train, then test."""

    def __init__(self, train: list[str], test: list[str], taken: NDArray[np.bool_], targets: _Ints) -> None:
        texts = train + test
        self._comparer = Comparer(texts)
        self._targets, self._size = targets, len(train)
        self._keys = shared_keys(texts)
        order = sorted(self._keys.owners(), key=texts.__getitem__)
        self._test = [i for i in order if i >= self._size]
        self._train = [i for i in order if i < self._size and not taken[i]]

    def alike_to_test(self) -> NDArray[np.bool_]:
        """Texts of train that are alike to one of test: (texts,)."""
        found = np.zeros(self._size, dtype=np.bool_)
        buckets = Buckets()
        for i in self._test:
            buckets.add(i, self._keys.of(i))
        for i in self._train:
            found[i] = self._comparer.any_alike(i, buckets.candidates(self._keys.of(i)))
        return found

    def copies(self, gone: NDArray[np.bool_], contrasts: bool) -> tuple[NDArray[np.bool_], int]:
        """Texts alike to a kept one of the same target: (texts,).

        With `contrasts` also the number of kept ones that are alike to an earlier kept one of another target.
        """
        found = np.zeros(self._size, dtype=np.bool_)
        everyone = Buckets()
        by_target: dict[int, Buckets] = defaultdict(Buckets)
        close = 0
        for i in self._train:
            if gone[i]:
                continue
            target, keys = int(self._targets[i]), self._keys.of(i)
            if self._comparer.any_alike(i, by_target[target].candidates(keys)):
                found[i] = True
                continue
            if contrasts:
                others = (j for j in everyone.candidates(keys) if self._targets[j] != target)
                close += self._comparer.any_alike(i, others)
                everyone.add(i, keys)
            by_target[target].add(i, keys)
        return found, close
