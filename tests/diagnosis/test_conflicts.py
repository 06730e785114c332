"""Equal texts under different labels: what they say of test, and apart from it of train."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.diagnosis.conflicts import label_conflicts
from evalkit.records.evidence import LabelConflicts

Row = tuple[str, str, str]
_ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "A", "a b", "a  b", "\ud800", "c"]), st.sampled_from("xyz")), max_size=30
)


def found(test: list[Row], train: list[Row] | None = None) -> LabelConflicts:
    conflicts = label_conflicts(lambda: test, lambda: train or [])
    assert conflicts is not None
    return conflicts


def rows(*pairs: tuple[str, str]) -> list[Row]:
    return [(f"r{i}", text, label) for i, (text, label) in enumerate(pairs)]


def test_a_small_made_set() -> None:
    """Three texts twice or more: one agrees, two contradict; of each the most frequent label may be right."""
    test = rows(("p", "x"), ("p", "y"), ("q", "x"), ("q", "x"), ("q", "z"), ("s", "y"), ("s", "y"), ("t", "x"))
    conflicts = found(test)
    assert (conflicts.rows, conflicts.of, conflicts.groups) == (5, 8, 2)
    assert conflicts.ceiling == pytest.approx(6 / 8)
    assert conflicts.least_wrong == pytest.approx(2 / 8)
    assert conflicts.examples == ("r2: x, r4: z", "r0: x, r1: y")


def test_the_texts_are_told_by_case_and_not_by_white_space() -> None:
    assert found(rows(("US", "x"), ("us", "y"))).rows == 0
    assert found(rows(("a  b\n", "x"), (" a b", "y"), ("c", "y"))).rows == 2


def test_train_is_counted_apart() -> None:
    test = rows(("p", "x"), ("q", "y"))
    train = rows(("p", "z"), ("p", "x"), ("p", "x"), ("u", "x"), ("v", "y"))
    conflicts = found(test, train)
    assert (conflicts.rows, conflicts.ceiling, conflicts.least_wrong) == (0, 1.0, 0.0)
    assert (conflicts.train_rows, conflicts.train_of, conflicts.against_test) == (3, 5, 1)
    assert conflicts.train_least_wrong == pytest.approx(1 / 5)


def test_where_all_rows_show_the_same_nothing_is_said() -> None:
    """A prompt that shows no column, as recorded answers may have, would else make every other label wrong."""
    assert label_conflicts(lambda: rows(("p", "x"), ("p", "y")), list) is None
    assert found(rows(("p", "x"))).rows == 0
    assert found([]).ceiling == 1.0


def test_examples_are_few_and_hold_no_text() -> None:
    test = [(f"id{i}", f"text {i // 4}", f"label{i % 4}{'l' * 200}") for i in range(80)]
    examples = found(test).examples
    assert len(examples) == 5
    assert all("text" not in example and "id" in example for example in examples)
    assert all(example.endswith(", …") and len(example) < 400 for example in examples)


@given(_ROWS, _ROWS, st.integers(0, 9))
def test_the_figures_are_those_of_a_plain_count(
    test: list[tuple[str, str]], train: list[tuple[str, str]], seed: int
) -> None:
    def groups(pairs: list[tuple[str, str]]) -> dict[str, Counter[str]]:
        by_text: dict[str, Counter[str]] = {}
        for text, label in pairs:
            by_text.setdefault(" ".join(text.split()), Counter())[label] += 1
        return by_text

    conflicts = label_conflicts(lambda: rows(*test), lambda: rows(*train))
    of_test, of_train = groups(test), groups(train)
    if len(test) > 1 and len(of_test) == 1:
        assert conflicts is None
        return
    assert conflicts is not None
    best = sum(max(labels.values()) for labels in of_test.values())
    assert conflicts.ceiling == pytest.approx(best / len(test) if test else 1.0)
    assert conflicts.rows == sum(labels.total() for labels in of_test.values() if len(labels) > 1)
    assert conflicts.train_rows == sum(labels.total() for labels in of_train.values() if len(labels) > 1)
    against = [n for text, c in of_train.items() if text in of_test for k, n in c.items() if k not in of_test[text]]
    assert conflicts.against_test == sum(against)
    shuffled = random.Random(seed).sample(test, len(test))
    other = label_conflicts(lambda: rows(*shuffled), lambda: rows(*train))
    assert other is not None
    assert (other.ceiling, other.rows, other.groups) == (conflicts.ceiling, conflicts.rows, conflicts.groups)
