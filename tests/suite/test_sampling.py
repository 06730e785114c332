"""The dev slice, examples and limits hang on content and seed alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.suite.data.dataset import Dataset
from evalkit.suite.data.sampling import shares, spread
from tests.builders.suites import dataset, row

hypothesis = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEST = [row(-1), row(-2, "b")]
MANY = [row(i, "ab"[i % 2]) for i in range(200)]


def ids(data: Dataset, split: str = "test", limit: int | None = None) -> list[str]:
    return [sample.id for sample in data.samples(split, limit)]


def texts(data: Dataset, split: str = "test", limit: int | None = None) -> list[str]:
    return [sample.fields["text"] for sample in data.samples(split, limit)]


# the dev slice


def test_dev_is_a_seeded_share_of_train(tmp_path: Path) -> None:
    data = dataset(tmp_path, TEST, MANY, dev_fraction=0.3)
    train, dev = texts(data, "train"), texts(data, "dev")
    assert not set(train) & set(dev) and sorted(train + dev) == sorted(r["text"] for r in MANY)
    assert 40 <= len(dev) <= 80 and data.splits["dev"].n == len(dev) and data.splits["train"].n == len(train)
    assert texts(dataset(tmp_path, TEST, MANY, dev_fraction=0.3), "dev") == dev
    assert texts(dataset(tmp_path, TEST, MANY, dev_fraction=0.3, dev_seed=8), "dev") != dev


def test_a_larger_share_holds_the_smaller_one(tmp_path: Path) -> None:
    small, large = (texts(dataset(tmp_path, TEST, MANY, dev_fraction=f), "dev") for f in (0.1, 0.4))
    assert set(small) < set(large)


@hypothesis
@given(data=st.data())
def test_adding_rows_moves_no_other(tmp_path: Path, data: st.DataObject) -> None:
    old = MANY[:30]
    before = set(texts(dataset(tmp_path, TEST, old), "dev"))
    extra = [row(1000 + i) for i in range(data.draw(st.integers(1, 5)))]
    rows = data.draw(st.permutations([*old, *extra]))
    after = set(texts(dataset(tmp_path, TEST, rows), "dev"))
    assert after & {r["text"] for r in old} == before


def test_copies_are_never_split_between_train_and_dev(tmp_path: Path) -> None:
    train = [row(i % 30, id=i) for i in range(300)]
    data = dataset(tmp_path, [row(-1, id=0)], train, id="id", dev_fraction=0.5)
    assert data.splits["dev"].n > 0 and not set(texts(data, "train")) & set(texts(data, "dev"))


def test_groups_stay_together(tmp_path: Path) -> None:
    train = [row(i, customer=f"c{i % 12}") for i in range(240)]
    data = dataset(tmp_path, [row(-1, customer="t")], train, group="customer", dev_fraction=0.5)
    train_groups, dev_groups = ({s.group for s in data.samples(split)} for split in ("train", "dev"))
    assert dev_groups and train_groups and not train_groups & dev_groups


def test_dev_of_its_own_leaves_train_whole(tmp_path: Path) -> None:
    data = dataset(tmp_path, TEST, MANY, [row(500)])
    assert data.splits["train"].n == len(MANY) and texts(data, "dev") == ["question 500"]
    assert len(list(data.training_samples())) == len(MANY), "dev of its own is not learned from"


# examples


EIGHT = [row(i, f"label {min(i % 11, 7)}") for i in range(400)]


@pytest.mark.parametrize("count", [8, 24, 30])
def test_stratified_examples_are_even_over_the_labels(tmp_path: Path, count: int) -> None:
    found = Counter(s.target for s in dataset(tmp_path, TEST, EIGHT).examples(count, "stratified", 7))
    assert len(found) == 8 and found.total() == count
    assert max(found.values()) - min(found.values()) == (1 if count % 8 else 0)


def test_examples_are_seeded_and_shuffled(tmp_path: Path) -> None:
    data = dataset(tmp_path, TEST, EIGHT)
    for pick in ("stratified", "random"):
        one, same, other = ([s.id for s in data.examples(24, pick, seed)] for seed in (7, 7, 8))
        assert one == same and set(one) != set(other)
    order = [s.target for s in data.examples(24, "stratified", 7)]
    assert order != sorted(order) and order[:8] != order[8:16]


def test_with_fewer_examples_than_labels_the_seed_chooses_the_labels(tmp_path: Path) -> None:
    """Not the alphabet: that would show the model the first labels only, whatever the seed."""
    data = dataset(tmp_path, TEST, EIGHT)
    chosen = {frozenset(s.target for s in data.examples(3, "stratified", seed)) for seed in range(10)}
    assert len(chosen) > 3 and all(len(labels) == 3 for labels in chosen)


def test_examples_come_from_train_alone(tmp_path: Path) -> None:
    data = dataset(tmp_path, [row(1), row(2)], EIGHT, leakage="drop", dev_fraction=0.5)
    kept_out = set(texts(data, "test")) | set(texts(data, "dev"))
    for pick in ("stratified", "random", "first"):
        found = data.examples(1000, pick, 7)
        assert {s.fields["text"] for s in found} == set(texts(data, "train"))
        assert not kept_out & {s.fields["text"] for s in found}


def test_an_example_never_asks_what_dev_asks(tmp_path: Path) -> None:
    dev = [{"text": " question  3", "label": "a"}]
    for pick in ("stratified", "random", "first"):
        found = dataset(tmp_path, TEST, [row(3), row(4), row(5)], dev).examples(9, pick, 7)
        assert sorted(s.fields["text"] for s in found) == ["question 4", "question 5"]
    # Two clusters may hold the same text, on both sides of the slice.
    train = [row(i % 3, customer=f"c{i}") for i in range(60)]
    data = dataset(tmp_path, [row(-1, customer="t")], train, group="customer", dev_fraction=0.5)
    assert data.examples(9, "first", 7) == []


def test_first_means_first(tmp_path: Path) -> None:
    data = dataset(tmp_path, TEST, MANY)
    assert [s.fields["text"] for s in data.examples(5, "first", 7)] == texts(data, "train")[:5]


def test_more_examples_than_rows(tmp_path: Path) -> None:
    data = dataset(tmp_path, TEST, MANY[:10], [row(900)])
    assert [len(data.examples(50, pick, 7)) for pick in ("stratified", "random", "first")] == [10, 10, 10]
    assert data.examples(0, "stratified", 7) == []


def test_no_example_is_shown_twice(tmp_path: Path) -> None:
    data = dataset(tmp_path, TEST, [row(i % 7) for i in range(70)], [row(900)])
    found = [s.fields["text"] for s in data.examples(20, "stratified", 7)]
    assert sorted(found) == [f"question {i}" for i in range(7)]


def test_targets_that_are_no_classes_are_no_strata(tmp_path: Path) -> None:
    train = [row(i, "common" if i % 2 else f"rare {i}") for i in range(400)]
    data = dataset(tmp_path, TEST, train, labels=(), classes=False)
    found = Counter(s.target for s in data.examples(60, "stratified", 7))
    assert 18 <= found["common"] <= 42
    assert data.splits["train"].counts == {}


def test_adding_a_row_changes_at_most_one_example(tmp_path: Path) -> None:
    before = {s.id for s in dataset(tmp_path, TEST, EIGHT).examples(24, "stratified", 7)}
    for i in range(20):
        rows = [row(5000 + i, "label 3"), *EIGHT]
        assert len(before - {s.id for s in dataset(tmp_path, TEST, rows).examples(24, "stratified", 7)}) <= 1


# limits


@hypothesis
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6), data=st.data())
def test_a_limit_is_exact_and_keeps_the_shares(tmp_path: Path, sizes: list[int], data: st.DataObject) -> None:
    rows = [row(100 * k + i, f"l{k}") for k, size in enumerate(sizes) for i in range(size)]
    limit = data.draw(st.integers(1, len(rows) + 2))
    made = dataset(tmp_path, rows, limit=limit)
    found = Counter(s.target for s in made.samples("test"))
    n = min(limit, len(rows))
    assert found.total() == made.splits["test"].n == n
    assert made.splits["test"].counts == dict(sorted(found.items()))
    for k, size in enumerate(sizes):
        assert abs(found[f"l{k}"] - size * n / len(rows)) < 1


def test_a_limit_is_seeded_and_keeps_the_order(tmp_path: Path) -> None:
    one = texts(dataset(tmp_path, MANY, limit=40))
    assert one == texts(dataset(tmp_path, MANY, limit=40)) and len(one) == 40
    assert set(one) == set(texts(dataset(tmp_path, MANY[::-1], limit=40)))
    assert set(one) != set(texts(dataset(tmp_path, MANY, limit=40, seed=8)))
    assert one == [r["text"] for r in MANY if r["text"] in set(one)]


def test_rows_of_another_stratum_exchange_none(tmp_path: Path) -> None:
    """The share of the first stratum may shrink; which of its rows come first stays."""
    rows = [row(i, "a") for i in range(100)]
    before = set(texts(dataset(tmp_path, rows, limit=50)))
    after = set(texts(dataset(tmp_path, [*rows, *(row(1000 + i, "b") for i in range(30))], limit=50)))
    assert {t for t in after if int(t.split()[1]) < 1000} < before


def test_where_every_target_is_its_own_the_seed_chooses(tmp_path: Path) -> None:
    """Not the alphabet: the first answers in it are the short ones."""
    rows = [row(i, f"{i:03}") for i in range(300)]
    for classes in (True, False):
        labels = {"labels": None if classes else (), "classes": classes}
        found = [int(s.target) for s in dataset(tmp_path, rows, limit=60, **labels).samples("test")]
        assert len(found) == 60 and 110 < sum(found) / 60 < 190


@hypothesis
@given(sizes=st.lists(st.integers(1, 30), min_size=2, max_size=5), data=st.data())
def test_a_models_limit_lies_within_the_suites(tmp_path: Path, sizes: list[int], data: st.DataObject) -> None:
    rows = [row(100 * k + i, f"l{k}") for k, size in enumerate(sizes) for i in range(size)]
    limit = data.draw(st.none() | st.integers(1, len(rows)))
    small, large = data.draw(st.integers(1, len(rows))), data.draw(st.integers(1, len(rows)))
    made = dataset(tmp_path, rows, limit=limit, model_limits=frozenset({small, large}))
    everyone = ids(made)
    for model in (small, large):
        assert len(ids(made, limit=model)) == min(model, len(everyone)) == len(set(ids(made, limit=model)))
        assert set(ids(made, limit=model)) <= set(everyone)


def test_a_models_share_is_cut_from_the_suites(tmp_path: Path) -> None:
    """Of strata of 1, 3 and 3 rows, 3 rows take one each, and 4 rows none of the first."""
    assert shares({"l0": 1, "l1": 3, "l2": 3}, 3, 7)["l0"] == 1 and shares({"l0": 1, "l1": 3, "l2": 3}, 4, 7)["l0"] == 0
    rows = [row(i, label) for i, label in enumerate(["l0", *["l1"] * 3, *["l2"] * 3])]
    assert len(ids(dataset(tmp_path, rows, limit=4, model_limits=frozenset({3})), limit=3)) == 3


def test_a_models_limit_is_for_test_alone(tmp_path: Path) -> None:
    data = dataset(tmp_path, TEST, MANY, model_limits=frozenset({1}))
    assert len(ids(data, limit=1)) == 1 and ids(data, "train", limit=1) == ids(data, "train")


def test_copies_count_one_by_one_in_a_limit(tmp_path: Path) -> None:
    data = dataset(tmp_path, [row(1)] * 20, limit=7)
    assert len(ids(data)) == 7 and len(set(ids(data))) == 7


@given(sizes=st.dictionaries(st.text(max_size=3), st.integers(1, 10**15), min_size=1), data=st.data())
def test_shares_are_exact_at_any_size(sizes: dict[str, int], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, sum(sizes.values())))
    found = shares(sizes, n, 7)
    assert sum(found.values()) == n and all(0 <= found[name] <= sizes[name] for name in sizes)


@given(
    entries=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=60),
    count=st.integers(0, 12),
)
def test_spread_gives_the_lowest_ranks_of_each_stratum(entries: list[tuple[str, int]], count: int) -> None:
    found = spread(((name, rank, (rank, name)) for name, rank in entries), count, 7)
    distinct = set(entries)
    assert len(found) == len(set(found)) == min(count, len(distinct)) and found == sorted(found, key=lambda f: f[0])
    for name in "abc":
        mine = sorted(rank for rank, stratum in found if stratum == name)
        assert mine == sorted(rank for stratum, rank in distinct if stratum == name)[: len(mine)]
        room = len({rank for stratum, rank in distinct if stratum == name}) > len(mine)
        assert not room or all(len(mine) + 1 >= sum(s == other for _, s in found) for other in "abc")
