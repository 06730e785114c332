"""The labelled rows of a suite: checked once in a first pass, then streamed as samples.

The first pass keeps a hash or two per row and nothing else, so memory hardly grows with the data. Chance
comes from hashes of a row's content, never from its position: adding a row does not reshuffle the others.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from evalkit.records.sample import Sample, Target
from evalkit.suite.errors import Place, SuiteError, nearest
from evalkit.suite.rows import Row, RowSource
from evalkit.suite.target import TargetProblem, TargetReader

_encode = msgspec.json.Encoder(order="sorted", enc_hook=str).encode


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """Where the rows are and how to read them.

    `dev` is a source of its own, or None: then dev is the share `dev_fraction` of train. `inputs` are the
    columns that the prompts show: a train row with the same inputs as a test row leaks. `labels` is the
    declared vocabulary, None to take it from the data, empty where the output has none. `limit` caps the test
    rows, `model_limits` are smaller caps of single models.
    """

    test: RowSource
    target: TargetReader
    inputs: frozenset[str]
    train: RowSource | None = None
    dev: RowSource | None = None
    dev_fraction: float = 0.2
    dev_seed: int = 7
    id: str | None = None
    group: str | None = None
    leakage: str = "error"
    labels: tuple[str, ...] | None = None
    limit: int | None = None
    model_limits: frozenset[int] = frozenset()
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Split:
    """What is known of a split after the first pass. `counts` is rows by target (label tasks only)."""

    n: int
    counts: Mapping[str, int]
    digest: str
    dropped: int = 0


class KeyProblem(Exception):
    """Raised where a key of the suite does not fit the data, such as a column that is not there.

    `key` is the suite's key, `near` the word to find a neighbour for and the words to choose from.
    """

    def __init__(
        self,
        problem: str,
        key: tuple[str, ...],
        expected: str,
        near: tuple[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.problem, self.key, self.expected, self.near = problem, key, expected, near
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class _Item:
    """A row with what the first pass and the later ones both need."""

    place: Place
    row: Row
    id: str
    rank: int
    target: Target


@dataclass
class Dataset:
    """Checked rows. `splits` has test and, with a train source, train and dev; `labels` is the vocabulary."""

    spec: DatasetSpec
    splits: dict[str, Split] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    _inputs_of_test: set[int] = field(default_factory=set)
    _highest_ranks: dict[int, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, spec: DatasetSpec) -> Dataset:
        """Read everything once. Raises SuiteError or KeyProblem for the first thing that is wrong."""
        dataset = cls(spec)
        seen: Counter[str] = Counter()
        dataset.splits["test"] = dataset._survey("test", seen)
        if spec.train is not None:
            dataset.splits["train"] = dataset._survey("train", seen)
            dataset.splits["dev"] = dataset._survey("dev", seen)
        elif spec.dev is not None:
            dataset.splits["dev"] = dataset._survey("dev", seen)
        if spec.labels is None:
            dataset.labels = tuple(sorted(seen))
        else:
            dataset.labels = spec.labels
        return dataset

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the rows of all splits in use."""
        return hashlib.sha256("".join(s.digest for s in self.splits.values()).encode()).hexdigest()

    def samples(self, split: str, limit: int | None = None) -> Iterator[Sample]:
        """The samples of `test`, `train` (without dev) or `dev`, in the order of the source.

        `limit` is one of the spec's model limits: a seeded share of the test rows by target, always the same.
        """
        group = self.spec.group
        for index, item in enumerate(self._chosen(split)):
            if limit is not None and split == "test" and not self._within(item, limit):
                continue
            cluster = None if group is None else str(item.row[group])
            yield Sample(item.id, item.row, item.target, cluster, index)

    def training_samples(self) -> Iterator[Sample]:
        """All rows that may be learned from when test is judged: train with dev, without what leaks."""
        yield from self.samples("train")
        if self.spec.dev is None and "dev" in self.splits:
            yield from self.samples("dev")

    def examples(self, count: int, pick: str, seed: int) -> list[Sample]:
        """Worked examples from train, not dev or test: `stratified` by target, `random` or `first`."""
        if pick == "first":
            return [sample for sample, _ in zip(self.samples("train"), range(count), strict=False)]
        ranked: dict[str, list[tuple[int, int, Sample]]] = defaultdict(list)
        for sample in self.samples("train"):
            stratum = sample.target if pick == "stratified" and isinstance(sample.target, str) else ""
            entry = (-_hash(f"example:{seed}:".encode(), _encode(sample.fields)), -sample.index, sample)
            if len(ranked[stratum]) < count:
                heapq.heappush(ranked[stratum], entry)
            else:
                heapq.heappushpop(ranked[stratum], entry)
        queues = [sorted(ranked[name], reverse=True) for name in sorted(ranked)]
        chosen: list[tuple[int, int, Sample]] = []
        for turn in range(count):
            chosen += [queue[turn] for queue in queues if turn < len(queue)]
        # Strata in turn, then shuffled: the order of examples must not spell the order of labels.
        picked = sorted(chosen[:count], reverse=True)
        return [sample for _, _, sample in picked]

    def _survey(self, split: str, labels: Counter[str]) -> Split:
        digest = hashlib.sha256()
        counts: Counter[str] = Counter()
        ids: set[int] = set()
        ranks: dict[str, list[int]] = defaultdict(list)
        n = dropped = read = 0
        for item in self._items(split):
            read += 1
            if self.spec.group is not None and self.spec.group not in item.row:
                raise self._missing(item.place, self.spec.group, ("dataset", "group"), item.row)
            if self._in_other_slice(split, item):
                continue
            if split != "test" and self._leaks(split, item):
                dropped += 1
                continue
            n += 1
            digest.update(_encode(item.row))
            stratum = self._check_target(item, counts)
            if self.spec.id is not None:
                self._check_id(split, item, ids)
            if split == "test":
                if self.spec.train is not None or self.spec.dev is not None:
                    self._inputs_of_test.add(self._input_hash(item.row))
                if self._limits:
                    ranks[stratum].append(item.rank)
        labels.update(counts)
        if read == 0 or (split == "test" and n == 0):
            raise KeyProblem(f"the {split} split has no rows", ("dataset", split), "at least one row")
        if split == "test":
            self._highest_ranks = {limit: _cut(ranks, limit) for limit in self._limits if limit < n}
            n = min(n, self.spec.limit or n)
        return Split(n, dict(sorted(counts.items())), digest.hexdigest(), dropped)

    def _chosen(self, split: str) -> Iterator[_Item]:
        for item in self._items(split):
            if self._in_other_slice(split, item):
                continue
            if split != "test" and self._leaks(split, item):
                continue
            if split == "test" and not self._within(item, self.spec.limit):
                continue
            yield item

    @property
    def _limits(self) -> frozenset[int]:
        return self.spec.model_limits | ({self.spec.limit} if self.spec.limit is not None else frozenset())

    def _within(self, item: _Item, limit: int | None) -> bool:
        """Whether a test row is among the `limit` that its stratum's share chooses."""
        ranks = self._highest_ranks.get(limit) if limit is not None else None
        return ranks is None or item.rank <= ranks.get(item.target if isinstance(item.target, str) else "", -1)

    def _items(self, split: str) -> Iterator[_Item]:
        spec = self.spec
        source = spec.test if split == "test" else spec.dev if split == "dev" and spec.dev else spec.train
        assert source is not None
        # Repeats are numbered where an id or a seeded choice depends on it; else not a byte is kept per row.
        numbered = spec.id is None or split != "test" or bool(self._limits)
        seen: Counter[int] = Counter()
        for place, row in source.rows():
            content = {k: v for k, v in row.items() if k != spec.id} if spec.id else row
            digest = hashlib.blake2b(_encode(content), digest_size=8).digest()
            number = int.from_bytes(digest)
            if numbered:
                seen[number] += 1
            nth = seen[number] if numbered else 1
            row_id = self._id_of(place, row, digest.hex(), nth)
            rank = _hash(f"{spec.seed}:{nth}:".encode(), digest)
            yield _Item(place, row, row_id, rank, self._target(place, row))

    def _id_of(self, place: Place, row: Row, content: str, nth: int) -> str:
        if self.spec.id is None:
            return content if nth == 1 else f"{content}-{nth}"
        value = row.get(self.spec.id)
        if value is None or value == "":
            raise self._missing(place, self.spec.id, ("dataset", "id"), row)
        return value if isinstance(value, str) else str(value)

    def _target(self, place: Place, row: Row) -> Target:
        for column in self.spec.target.columns:
            if column not in row:
                raise self._missing(place, column, ("dataset", "target"), row)
        try:
            return self.spec.target.read(row)
        except TargetProblem as problem:
            raise SuiteError(str(problem), place) from None

    def _missing(self, place: Place, column: str, key: tuple[str, ...], row: Row) -> KeyProblem:
        names = tuple(map(str, row))
        problem = f"no column {column!r} in {place.file.name}, row {place.line}"
        return KeyProblem(problem, key, f"one of the columns {', '.join(names)}", (column, names))

    def _check_target(self, item: _Item, counts: Counter[str]) -> str:
        if not isinstance(item.target, str):
            return ""
        if self.spec.labels and item.target not in self.spec.labels:
            raise SuiteError(
                f"label {item.target!r} is not in the vocabulary",
                item.place,
                expected=f"one of {', '.join(self.spec.labels)}",
                hint=nearest(item.target, self.spec.labels),
            )
        if self.spec.labels != ():
            counts[item.target] += 1
        return item.target

    def _check_id(self, split: str, item: _Item, ids: set[int]) -> None:
        number = _hash(b"id:", item.id.encode())
        if number in ids:
            first = next(other.place for other in self._items(split) if other.id == item.id)
            problem = f"id {item.id!r} is given twice, first in row {first.line} of {first.file.name}"
            raise SuiteError(problem, item.place, expected="unique ids")
        ids.add(number)

    def _in_other_slice(self, split: str, item: _Item) -> bool:
        """Whether a row of the train source belongs to the other one of train and dev."""
        if split == "test" or self.spec.dev is not None:
            return False
        group = self.spec.group
        # Rows of one cluster stay together, so that dev holds no near copies of the examples.
        unit = _encode(item.row.get(group)) if group is not None else item.rank.to_bytes(8)
        is_dev = _hash(f"dev:{self.spec.dev_seed}:".encode(), unit) < self.spec.dev_fraction * 2**60
        return is_dev != (split == "dev")

    def _leaks(self, split: str, item: _Item) -> bool:
        if self._input_hash(item.row) not in self._inputs_of_test:
            return False
        if self.spec.leakage == "drop":
            return True
        wanted = self._input_hash(item.row)
        twin = next(t.place for t in self._items("test") if self._input_hash(t.row) == wanted)
        raise SuiteError(
            f"this {split} row is also in test (row {twin.line} of {twin.file.name})",
            item.place,
            expected="no row in both; `leakage: drop` under dataset leaves such rows out of train",
        )

    def _input_hash(self, row: Row) -> int:
        """What the prompt shows of a row, white space folded: equal means the same question."""
        columns = self.spec.inputs or (row.keys() - {self.spec.id, *self.spec.target.columns})
        return _hash(b"input:", "\x1f".join(_folded(row.get(name)) for name in sorted(columns)).encode())


def _folded(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else _encode(value).decode()


def _hash(salt: bytes, data: bytes) -> int:
    """A number below 2**60: the largest that Python keeps in two digits, and far from any clash."""
    return int.from_bytes(hashlib.blake2b(salt + data, digest_size=8).digest()) >> 4


def _cut(ranks: Mapping[str, list[int]], limit: int) -> dict[str, int]:
    """The highest rank to keep in each stratum: shares as in the data, rounded by largest remainder."""
    total = sum(len(values) for values in ranks.values())
    exact = {name: len(values) * limit / total for name, values in ranks.items()}
    quota = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (quota[name] - exact[name], name))
    for name in by_remainder[: limit - sum(quota.values())]:
        quota[name] += 1
    return {name: sorted(values)[quota[name] - 1] for name, values in ranks.items() if quota[name] > 0}
