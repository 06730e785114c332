from __future__ import annotations

import random
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.diagnosis.worst import AnswerColumns, worst_examples

Cell = tuple[str, str, str, str, bool]  # contender, role, sample, status, correct


def columns(cells: list[Cell]) -> AnswerColumns:
    contender, role, sample, status, correct = ([c[i] for c in cells] for i in range(5))
    return AnswerColumns(
        contender=contender,  # type: ignore[arg-type]
        role=role,  # type: ignore[arg-type]
        sample_id=sample,  # type: ignore[arg-type]
        input=[f"in {s}" for s in sample],
        target=[str(s)[0] for s in sample],
        text=[f"out {c}" for c in contender],
        status=status,  # type: ignore[arg-type]
        correct=correct,  # type: ignore[arg-type]
        note=[None] * len(cells),
    )


def answers(contender: str, role: str, right: dict[str, bool]) -> list[Cell]:
    return [(contender, role, sample, "ok", correct) for sample, correct in right.items()]


def test_the_best_contender_and_first_what_others_had_right() -> None:
    cells = answers("best", "frontier", {"a1": False, "a2": False, "b1": True, "b2": True, "c1": False})
    cells += answers("other", "prompted", {"a1": False, "a2": True, "b1": False, "b2": False, "c1": False})
    cells += answers("floor", "floor", {"a1": True, "a2": True, "b1": True, "b2": True, "c1": False})
    found = worst_examples(columns(cells))
    assert [(w.contender, w.sample_id, w.others_right, w.others) for w in found] == [
        ("best", "a2", 2, 2),
        ("best", "a1", 1, 2),
        ("best", "c1", 0, 2),
    ]
    assert (found[0].input, found[0].target, found[0].text) == ("in a2", "a", "out best")


def test_targets_take_turns() -> None:
    found = worst_examples(columns(answers("m", "frontier", dict.fromkeys(["a1", "a2", "a3", "b1", "c1"], False))), 4)
    assert [w.sample_id for w in found] == ["a1", "b1", "c1", "a2"]


def test_floors_only_where_nothing_else_was_asked() -> None:
    floor = answers("floor", "floor", {"a1": False})
    assert [w.contender for w in worst_examples(columns(floor))] == ["floor"]
    assert worst_examples(columns(floor + answers("m", "prompted", {"a1": True}))) == ()
    assert worst_examples(columns([])) == ()


def test_infra_errors_are_no_answers() -> None:
    cells: list[Cell] = [("m", "frontier", "a1", "infra_error", False), ("m", "frontier", "a2", "truncated", False)]
    assert [(w.sample_id, w.status) for w in worst_examples(columns(cells))] == [("a2", "truncated")]


def test_epochs_give_one_example() -> None:
    cells: list[Cell] = [("m", "frontier", "a1", "ok", c) for c in (True, False, False)]
    cells += [("n", "prompted", "a1", "ok", False)]
    found = worst_examples(columns(cells))
    assert len(found) == 1 and (found[0].others_right, found[0].others) == (0, 1)


def test_columns_must_be_of_one_length() -> None:
    with pytest.raises(ValueError, match="equal length"):
        worst_examples(AnswerColumns(["m"], ["frontier"], ["1"], [], ["t"], ["x"], ["ok"], [False], [None]))


cells_of = st.lists(
    st.tuples(
        st.sampled_from(["m", "n"]),
        st.just("frontier"),
        st.sampled_from(["a1", "a2", "b1", "b2", "c1"]),
        st.sampled_from(["ok", "infra_error", "refused"]),
        st.booleans(),
    ),
    max_size=20,
)


@given(cells_of, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(cells: list[Cell], rng: random.Random) -> None:
    found = worst_examples(columns(cells), 3)
    rng.shuffle(cells)
    assert worst_examples(columns(cells), 3) == found
    assert len(found) <= 3 and len({w.sample_id for w in found}) == len(found)
    assert all(0 <= w.others_right <= w.others for w in found) and len(fields(AnswerColumns)) == 9
