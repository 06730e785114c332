"""The labelled rows of a suite: checked once in a first pass, then streamed as samples.

The first pass keeps a hash or two per row, the later ones almost nothing, so memory hardly grows with the data.
Chance comes from hashes of a row's content, never from its position: adding a row does not reshuffle the others.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from evalkit.errors import Place, SuiteError, SuiteMistake
from evalkit.records.sample import Sample, Target
from evalkit.rows.row import Row
from evalkit.suite.data.items import DatasetSpec, Item, ItemReader, encode, listed
from evalkit.suite.data.sampling import number, shares, spread
from evalkit.suite.data.spelling import Spellings
from evalkit.suite.data.target import holds_null


@dataclass(frozen=True, slots=True)
class Split:
    """What is known of a split after the first pass. `counts` is rows by target, empty unless they are classes.

    `n` and `counts` of test are those within the suite's limit; `digest` (SHA-256, hex) is over all its rows.
    """

    n: int
    counts: Mapping[str, int]
    digest: str
    dropped: int = 0


class _Tally:
    """A split under survey. `counts` is by stratum."""

    def __init__(self) -> None:
        self.dropped = 0
        self.counts: Counter[str] = Counter()
        self._digest = hashlib.sha256()

    def add(self, item: Item, stratum: str) -> None:
        self._digest.update(encode(item.row))
        self.counts[stratum] += 1

    def split(self) -> Split:
        by_target = {target: n for target, n in sorted(self.counts.items()) if target and n}
        return Split(self.counts.total(), by_target, self._digest.hexdigest(), self.dropped)


class Dataset:
    """Checked rows.

    `splits` has test and, with a train source, train and dev; `labels` is the vocabulary. `columns` are those of
    the test rows, and `lacking` holds, for each input that some row lacks, the first such row of any split.
    `null_inputs` are the inputs that are null in some row, and `notes` tell what was read otherwise than written.
    """

    def __init__(self, spec: DatasetSpec) -> None:
        """Read everything once. Raises SuiteError or SuiteMistake for the first thing that is wrong."""
        self.spec = spec
        self.splits: dict[str, Split] = {}
        self.columns: dict[str, None] = {}
        self.lacking: dict[str, tuple[Place, Row]] = {}
        self.null_inputs: set[str] = set()
        self._read_notes: list[str] = []
        self._spellings = Spellings()
        self._reader = ItemReader(spec)
        self._questions: dict[str, set[int]] = {"test": set(), "dev": set()}
        self._highest: dict[int, dict[str, int]] = {}
        self._examples: dict[tuple[int, str, int], list[Sample]] = {}
        seen: set[str] = set()
        for source in spec.sources:
            seen |= self._survey(source)
        self.labels = tuple(sorted(seen)) if spec.labels is None else spec.labels
        self.notes = tuple(self._notes())

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the rows of all splits in use."""
        return hashlib.sha256("".join(s.digest for s in self.splits.values()).encode()).hexdigest()

    def samples(self, split: str, limit: int | None = None) -> Iterator[Sample]:
        """The samples of `test`, `train` (without dev) or `dev`, in the order of the source.

        `limit` is one of the spec's model limits: a seeded share of the test rows by target, always the same.
        """
        for index, item in enumerate(self._chosen(split, limit)):
            yield item.sample(index)

    def placed_samples(self, split: str) -> Iterator[tuple[Place, Sample]]:
        """The same, all of them, each with the place of its row."""
        for index, item in enumerate(self._chosen(split)):
            yield item.place, item.sample(index)

    def training_samples(self) -> Iterator[Sample]:
        """All rows that may be learned from when test is judged: train with dev, without what leaks."""
        yield from self.samples("train")
        if self._is_sliced("train") and "dev" in self.splits:
            yield from self.samples("dev")

    def leaked_samples(self) -> Iterator[Sample]:
        """The rows of train that `leakage: drop` left out, because test asks the same."""
        if self.spec.train is not None and any(self.splits[s].dropped for s in ("train", "dev") if s in self.splits):
            items = (item for item in self._items("train") if self._leaks("train", item))
            for index, item in enumerate(items):
                yield item.sample(index)

    def examples(self, count: int, pick: str, seed: int) -> list[Sample]:
        """Worked examples from train: `stratified` by target, `random` or `first`. Found once, then kept.

        None asks the same as a row of dev or test, and the seeded ones are no copies of each other.
        """
        choice = (count, pick, seed)
        if choice not in self._examples:
            self._examples[choice] = self._find_examples(*choice)
        return self._examples[choice]

    def _find_examples(self, count: int, pick: str, seed: int) -> list[Sample]:
        items = (
            (item, item.sample(index))
            for index, item in enumerate(self._chosen("train"))
            if item.question not in self._questions["dev"]
        )
        if pick == "first":
            return [sample for _, sample in islice(items, count)]
        entries = (
            (
                self._stratum(item.target) if pick == "stratified" else "",
                number(f"example:{seed}", item.content),
                sample,
            )
            for item, sample in items
        )
        return spread(entries, count, seed)

    def _survey(self, source: str) -> set[str]:
        """The first pass over a source (train gives dev too, unless that has its own); gives the targets seen."""
        tallies = {name: _Tally() for name in (("train", "dev") if self._is_sliced(source) else (source,))}
        ids: set[int] = set()
        ranks: dict[str, array[int]] = defaultdict(lambda: array("Q"))
        read, compared = 0, len(self.spec.sources) > 1
        for item in self._reader.items(self.spec.sources[source], self._read_notes):
            read += 1
            split = self._slice_of(source, item)
            if split != "test" and self._leaks(split, item):
                tallies[split].dropped += 1
                continue
            self._check(source, item, ids)
            stratum = self._stratum(item.target)
            tallies[split].add(item, stratum)
            if split in self._questions and compared:
                self._questions[split].add(item.question)
            if split == "test" and self._limits:
                ranks[stratum].append(self._rank(item))
        if read == 0:
            raise SuiteMistake(("dataset", source), f"the {source} split has no rows", "at least one row")
        seen = {target for tally in tallies.values() for target in tally.counts}
        if source == "test" and self._limits:
            tallies["test"].counts = Counter(self._limit(ranks))
        self.splits.update({name: tally.split() for name, tally in tallies.items()})
        return seen

    def _limit(self, ranks: Mapping[str, array[int]]) -> dict[str, int]:
        """Find the highest rank within each limit in every stratum; gives the strata's sizes within the suite's.

        A model's share is cut from the suite's share, so that it holds exactly as many rows as it says.
        """
        kept = {name: sorted(values) for name, values in ranks.items()}
        for limit in sorted(self._limits, key=lambda limit: limit != self.spec.limit):
            sizes = {name: len(values) for name, values in kept.items()}
            if limit >= sum(sizes.values()):
                continue
            quotas = shares(sizes, limit, self.spec.seed)
            self._highest[limit] = {name: kept[name][quota - 1] for name, quota in quotas.items() if quota}
            if limit == self.spec.limit:
                kept = {name: values[: quotas[name]] for name, values in kept.items()}
        return {name: len(values) for name, values in kept.items()}

    @property
    def _limits(self) -> frozenset[int]:
        return self.spec.model_limits | ({self.spec.limit} if self.spec.limit is not None else frozenset())

    def _items(self, source: str) -> Iterator[Item]:
        return self._reader.items(self.spec.sources[source])

    def _chosen(self, split: str, limit: int | None = None) -> Iterator[Item]:
        source = "train" if split == "dev" and self._is_sliced("train") else split
        for item in self._items(source):
            if self._slice_of(source, item) != split:
                continue
            if split != "test":
                if not self._leaks(split, item):
                    yield item
            elif self._within(item, self.spec.limit) and self._within(item, limit):
                yield item

    def _within(self, item: Item, limit: int | None) -> bool:
        """Whether a test row is among the `limit` that its stratum's share chooses."""
        if limit is None or limit not in self._highest:
            return True
        return self._rank(item) <= self._highest[limit].get(self._stratum(item.target), -1)

    def _stratum(self, target: Target) -> str:
        return target if self.spec.classes and isinstance(target, str) else ""

    def _rank(self, item: Item) -> int:
        return number(f"limit:{self.spec.seed}", item.id.encode())

    def _is_sliced(self, source: str) -> bool:
        return source == "train" and self.spec.dev is None and self.spec.dev_fraction > 0

    def _slice_of(self, source: str, item: Item) -> str:
        """The split that a row of a source belongs to."""
        if not self._is_sliced(source):
            return source
        # Copies stay together, and so do rows of one cluster, so that dev holds no near copies of examples.
        unit = item.content if item.group is None else item.group.encode()
        return "dev" if number(f"dev:{self.spec.dev_seed}", unit) < self.spec.dev_fraction * 2**60 else "train"

    def _leaks(self, split: str, item: Item) -> bool:
        if item.question not in self._questions["test"]:
            return False
        if self.spec.leakage == "drop":
            return True
        twin = next(other.place for other in self._items("test") if other.question == item.question)
        raise SuiteError(
            f"this {split} row is also in test ({twin.file.name}:{twin.line})",
            item.place,
            expected="no row in both; `leakage: drop` under dataset leaves such rows out of train",
        )

    def _notes(self) -> Iterator[str]:
        counts: Counter[str] = Counter()
        for split in self.splits.values():
            counts.update(split.counts)
        yield from dict.fromkeys(self._read_notes)
        yield from self._spellings.notes(counts)

    def _check(self, source: str, item: Item, ids: set[int]) -> None:
        """What is wrong with a row beyond what reading it shows; notes the columns that it has and lacks."""
        labels = self.spec.labels
        self._spellings.add(item.row, self.spec.target.columns, item.target)
        self.null_inputs.update(name for name in self.spec.inputs if name in item.row and holds_null(item.row[name]))
        if labels and isinstance(item.target, str) and item.target not in labels:
            raise SuiteError(
                f"label {item.target!r} is not in the vocabulary",
                item.place,
                expected=f"one of {listed(labels)}",
                near=(item.target, labels),
            )
        if source == "test" and not item.row.keys() <= self.columns.keys():
            self.columns.update(dict.fromkeys(item.row))
        if not self.spec.inputs <= item.row.keys():
            for name in self.spec.inputs - item.row.keys():
                self.lacking.setdefault(name, (item.place, item.row))
        if self.spec.id is None:
            return
        known = number("id", item.id.encode())
        if known in ids:
            first = next(other.place for other in self._items(source) if other.id == item.id)
            problem = f"id {item.id!r} is given twice, first in {first.file.name}:{first.line}"
            raise SuiteError(problem, item.place, expected="unique ids")
        ids.add(known)
