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

from evalkit.errors import TooMuchWork

THRESHOLD = 90.0  # of RapidFuzz's 0 … 100
_SHINGLE = 5  # trigrams would saturate: long texts share most of them
_END = "\x03" * (_SHINGLE - 1)
_SEED = 20250107
_CHUNK = 1 << 18  # characters hashed at once: the working set stays in the processor's cache
_MOST_WORK = 1.2e12  # products of lengths compared: 15 to 40 seconds
_PER_PAIR = 10_000  # the work that a comparison costs beyond its characters
_FIRST = 4

_U32 = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How texts of some lengths (in characters) are banded.

    A 5-gram is used where its hash is a multiple of `one_in`, so the same ones are used in all texts.
    """

    shortest: float
    longest: float
    bands: int
    per_band: int
    one_in: int


# Alike texts differ in length by the factor 9/11 at most, so every pair has both members in one scheme. Of short pairs
# at the threshold with differences spread evenly (the worst case) 96 % are found, of real near copies 99 %. In long
# texts alike words are changed here and there, which leaves more 5-grams whole, and chance shares more of them.
_SCHEMES = (_Scheme(0, 250, 30, 3, 1), _Scheme(200, np.inf, 20, 5, 4))


@dataclass(frozen=True, slots=True, eq=False)
class SharedKeys:
    """The band keys that more than one text has: those of text i are `keys[starts[i]:starts[i + 1]]`."""

    keys: NDArray[np.int64]
    starts: NDArray[np.int64]

    def of(self, index: int) -> list[int]:
        """The keys of one text; most texts have none."""
        found: list[int] = self.keys[self.starts[index] : self.starts[index + 1]].tolist()
        return found

    def owners(self) -> list[int]:
        """The texts that have any."""
        found: list[int] = np.flatnonzero(np.diff(self.starts)).tolist()
        return found


def shared_keys(texts: Sequence[str]) -> SharedKeys:
    """Find the texts that may be alike: two that share a key."""
    owners, keys = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    first_band = 0
    for scheme in _SCHEMES:
        members = np.array(
            [i for i, x in enumerate(texts) if scheme.shortest <= len(x) <= scheme.longest], dtype=np.int64
        )
        found = _band_keys([texts[i] for i in members], scheme)
        for band in range(scheme.bands):
            _, codes, counts = np.unique(found[:, band], return_inverse=True, return_counts=True)
            codes = codes.reshape(-1)
            shared = counts[codes] > 1
            owners.append(members[shared])
            keys.append(codes[shared] + ((first_band + band) << 32))
        first_band += scheme.bands
    owner = np.concatenate(owners)
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(texts)))])
    return SharedKeys(np.concatenate(keys)[np.argsort(owner, kind="stable")], starts)


def _band_keys(texts: Sequence[str], scheme: _Scheme) -> NDArray[np.uint64]:
    """MinHash band keys (texts, bands), a chunk of texts at a time."""
    keys = np.zeros((len(texts), scheme.bands), dtype=np.uint64)
    start = 0
    while start < len(texts):
        stop, size = start, 0
        while stop < len(texts) and (stop == start or size + len(texts[stop]) <= _CHUNK):
            size += len(texts[stop])
            stop += 1
        _fill_in(keys[start:stop], texts[start:stop], scheme)
        start = stop
    return keys


def _fill_in(keys: NDArray[np.uint64], texts: Sequence[str], scheme: _Scheme) -> None:
    hashes, starts = _hashed_shingles(texts)
    if scheme.one_in > 1:
        used = hashes % np.uint32(scheme.one_in) == 0
        used[starts] = True  # a text keeps one at least
        hashes, starts = hashes[used], np.cumsum(used)[starts] - 1
    rng = np.random.default_rng(_SEED)
    for band in range(scheme.bands):
        for _ in range(scheme.per_band):
            flip = np.uint32(rng.integers(1 << 32))
            factor = np.uint32(rng.integers(1 << 31) * 2 + 1)
            lowest = np.minimum.reduceat((hashes ^ flip) * factor, starts)
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

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._left = _MOST_WORK

    def any_alike(self, index: int, others: Iterator[int]) -> bool:
        """Whether text `index` is alike to one of `others`; takes no more of them than it needs to.

        Raises TooMuchWork where the budget is spent.
        """
        from rapidfuzz import fuzz, process

        text, size = self._texts[index], _FIRST
        while choices := [self._texts[i] for i in islice(others, size)]:
            self._left -= sum(len(text) * len(choice) + _PER_PAIR for choice in choices)
            if self._left < 0:
                raise TooMuchWork
            if process.extractOne(text, choices, scorer=fuzz.ratio, score_cutoff=THRESHOLD) is not None:
                return True
            size *= 2
        return False


class Buckets:
    """Texts by their band keys, to look up who may be like another."""

    def __init__(self) -> None:
        self._buckets: dict[int, list[int]] = defaultdict(list)

    def add(self, index: int, keys: Sequence[int]) -> None:
        """File text `index` under its keys."""
        for key in keys:
            self._buckets[key].append(index)

    def candidates(self, keys: Sequence[int]) -> Iterator[int]:
        """The filed texts that share a key, each once, those of the smallest bucket first: they share the rarest."""
        seen: set[int] = set()
        for bucket in sorted((self._buckets[key] for key in keys if key in self._buckets), key=len):
            for index in bucket:
                if index not in seen:
                    seen.add(index)
                    yield index
