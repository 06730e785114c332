"""Near duplicates among many texts: MinHash finds who may be alike, RapidFuzz tells.

Two texts are alike where the normalised Indel similarity 1 - d / (len(a) + len(b)) is at least 0.9; d counts inserted
and deleted characters. Comparing all pairs takes hours from about 100,000 rows on. So each text gets MinHash values of
its character 5-grams (Broder, "On the resemblance and containment of documents", 1997), and only texts that agree on
a whole band of values are compared (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 90.0  # of RapidFuzz's 0 … 100
# Trigrams would saturate in long texts, where all share most of them. Of pairs at the threshold whose differences are
# spread evenly over the text (the worst case) these find 96 %, of real near copies over 99 %.
_SHINGLE = 5
_BANDS, _PER_BAND = 30, 3
_END = "\x03" * (_SHINGLE - 1)
_SEED = 20250107
_CHUNK = 1 << 18  # characters hashed at once: the working set stays in the processor's cache
_MOST_WORK = 1.5e12  # products of lengths compared, tens of seconds
_PER_PAIR = 4000  # the work that a comparison costs beyond its characters
_FIRST = 4
_LONG = 200  # characters
_LEAST_AGREEMENT = 0.3  # texts at the threshold share 0.45 or more of their 5-grams

Key = tuple[int, int]
_U32 = NDArray[np.uint32]


class TooMuchWork(Exception):
    """Raised where so many texts share their trigrams that comparing them would take too long."""


@dataclass(frozen=True, slots=True, eq=False)
class Signatures:
    """MinHash of texts. `keys` (texts, bands): texts with an equal key in one column may be alike.

    `marks` (texts, values) has the lowest byte of every value: the share of equal ones estimates that of shared
    5-grams (Li and König, "b-bit minwise hashing", 2010).
    """

    keys: NDArray[np.uint64]
    marks: NDArray[np.uint8]


def signatures(texts: Sequence[str]) -> Signatures:
    """The signatures of all texts, a chunk at a time."""
    found = Signatures(
        np.zeros((len(texts), _BANDS), dtype=np.uint64),
        np.empty((len(texts), _BANDS * _PER_BAND), dtype=np.uint8),
    )
    start = 0
    while start < len(texts):
        stop, size = start, 0
        while stop < len(texts) and (stop == start or size + len(texts[stop]) <= _CHUNK):
            size += len(texts[stop])
            stop += 1
        _sign(texts[start:stop], found.keys[start:stop], found.marks[start:stop])
        start = stop
    return found


def _sign(texts: Sequence[str], keys: NDArray[np.uint64], marks: NDArray[np.uint8]) -> None:
    """Fill in the signatures of a chunk."""
    hashes, starts = _hashed_shingles(texts)
    rng = np.random.default_rng(_SEED)
    for value in range(_BANDS * _PER_BAND):
        flip = np.uint32(rng.integers(1 << 32))
        factor = np.uint32(rng.integers(1 << 31) * 2 + 1)
        # The lowest hash has small high bits, so it is mixed before its byte is taken.
        lowest = _mixed(np.minimum.reduceat((hashes ^ flip) * factor, starts))
        marks[:, value] = lowest & np.uint32(0xFF)
        band = value // _PER_BAND
        keys[:, band] = (keys[:, band] ^ lowest) * np.uint64(0x9E3779B97F4A7C15)
        keys[:, band] ^= keys[:, band] >> np.uint64(29)


def _hashed_shingles(texts: Sequence[str]) -> tuple[_U32, NDArray[np.int64]]:
    """The hashed shingles of all texts one after the other, and where each text begins."""
    # Marks around a text: its edges count, and the shortest text has a shingle.
    joined = "".join(f"\x02{text}{_END}" for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts)) + _SHINGLE
    hashes = np.zeros(codes.size, dtype=np.uint32)
    for shift in range(_SHINGLE):
        hashes = hashes * np.uint32(0x9E3779B1) + np.roll(codes, -shift)
    ends = np.cumsum(lengths)
    inside = np.ones(codes.size, dtype=np.bool_)
    for back in range(1, _SHINGLE):
        inside[ends - back] = False  # such a window reaches into the next text
    counts = lengths - _SHINGLE + 1
    return _mixed(hashes[inside]), np.cumsum(counts) - counts


def _mixed(x: _U32) -> _U32:
    """The finaliser of MurmurHash3 (Appleby): every bit of the input moves every bit of the output."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


class Comparer:
    """Compares texts within a budget of work that is counted, not timed: the same data always give the same answer."""

    def __init__(self, texts: Sequence[str], marks: NDArray[np.uint8]) -> None:
        self._texts, self._marks = texts, marks
        self._left = _MOST_WORK

    def any_alike(self, index: int, others: Iterator[int]) -> bool:
        """Whether text `index` is alike to one of `others`; takes no more of them than it needs to.

        Raises TooMuchWork where the budget is spent.
        """
        from rapidfuzz import fuzz, process

        text, size = self._texts[index], _FIRST
        while some := list(islice(others, size)):
            if len(text) > _LONG:
                some = self._hopeful(index, some)
            choices = [self._texts[i] for i in some]
            self._spend(sum(len(text) * len(choice) + _PER_PAIR for choice in choices))
            if process.extractOne(text, choices, scorer=fuzz.ratio, score_cutoff=THRESHOLD) is not None:
                return True
            size *= 2
        return False

    def _hopeful(self, index: int, some: list[int]) -> list[int]:
        """Those that may share the 5-grams that alike texts share: comparing long texts is dear."""
        self._spend(_PER_PAIR * len(some))
        agree = (self._marks[some] == self._marks[index]).mean(axis=1)
        return [i for i, share in zip(some, agree.tolist(), strict=True) if share >= _LEAST_AGREEMENT]

    def _spend(self, work: float) -> None:
        self._left -= work
        if self._left < 0:
            raise TooMuchWork


class Buckets:
    """Texts by their band keys, to look up who may be like another."""

    def __init__(self) -> None:
        self._buckets: dict[Key, list[int]] = defaultdict(list)

    def add(self, index: int, keys: Sequence[Key]) -> None:
        """File text `index` under its keys."""
        for key in keys:
            self._buckets[key].append(index)

    def candidates(self, keys: Sequence[Key]) -> Iterator[int]:
        """The filed texts that share a key, each once, those of the smallest bucket first: they share the rarest."""
        seen: set[int] = set()
        for bucket in sorted((self._buckets[key] for key in keys if key in self._buckets), key=len):
            for index in bucket:
                if index not in seen:
                    seen.add(index)
                    yield index


def shared_keys(keys: NDArray[np.uint64]) -> Iterator[list[Key]]:
    """For each text, its (band, number) keys that at least one other text has too: most have none."""
    numbers = np.full(keys.shape, -1, dtype=np.int64)
    for band in range(keys.shape[1]):
        _, codes, counts = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        codes = codes.reshape(-1)
        numbers[:, band] = np.where(counts[codes] > 1, codes, -1)
    for row in numbers:
        yield [(int(band), int(row[band])) for band in np.flatnonzero(row >= 0)]
