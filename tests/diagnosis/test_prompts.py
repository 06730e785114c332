from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalkit.diagnosis.prompts import ModelAnswers, rank_prompts
from evalkit.records.model import Role

NAN = float("nan")
LENGTHS = {"short": 100.0, "long": 1000.0}


def right(n: int, k: int) -> NDArray[np.float64]:
    return (np.arange(n) < k).astype(float)


def model(role: Role = "frontier", name: str = "m", **correct: NDArray[np.float64]) -> ModelAnswers:
    return ModelAnswers(name, role, correct)


def test_the_best_is_chosen_and_a_short_one_that_cannot_be_told_is_named() -> None:
    ranks, why = rank_prompts([model(short=right(100, 80), long=right(100, 81))], LENGTHS)
    assert [(r.prompt, r.chosen, r.accuracy, r.n) for r in ranks] == [
        ("long", True, 0.81, 100),
        ("short", False, 0.8, 100),
    ]
    assert ranks[0].difference is None
    assert ranks[1].difference is not None and ranks[1].difference.value == pytest.approx(-0.01)
    assert "long is chosen" in why and "short is 90% shorter and cannot be told" in why


def test_a_prompt_that_is_surely_worse_is_not_named() -> None:
    _, why = rank_prompts([model(short=right(100, 40), long=right(100, 90))], LENGTHS)
    assert "shorter" not in why


def test_the_first_in_the_suite_wins_a_tie() -> None:
    tied = model(short=right(10, 5), long=right(10, 5))
    assert rank_prompts([tied], LENGTHS)[0][0].prompt == "short"
    assert rank_prompts([tied], {"long": 1000.0, "short": 100.0})[0][0].prompt == "long"


def test_floors_vote_only_alone() -> None:
    floor = model("floor", "f", short=right(10, 10), long=right(10, 0))
    frontier = model("frontier", "m", short=right(10, 4), long=right(10, 5))
    assert rank_prompts([floor, frontier], LENGTHS)[0][0].prompt == "long"
    assert rank_prompts([floor], LENGTHS)[0][0].prompt == "short"


def test_a_model_that_missed_a_prompt_does_not_shift_the_means() -> None:
    both = model(short=right(10, 5), long=right(10, 6))
    only_short = model("prompted", "p", short=right(10, 10), long=np.full(10, NAN))
    ranks, _ = rank_prompts([both, only_short], LENGTHS)
    assert (ranks[0].prompt, ranks[0].accuracy) == ("long", 0.6)
    assert rank_prompts([only_short], LENGTHS)[0][0].prompt == "short"


def test_models_do_not_count_as_rows() -> None:
    # The same answers from four models tell no more than from one.
    one = model(short=right(60, 30), long=right(60, 40))
    ranks, _ = rank_prompts([one], LENGTHS)
    many, _ = rank_prompts([model(name=str(i), **one.correct) for i in range(4)], LENGTHS)  # type: ignore[arg-type]
    few_width, many_width = (r[1].difference for r in (ranks, many))
    assert few_width is not None and many_width is not None and few_width.low and many_width.low
    assert many_width.n == 60 and many_width.low == pytest.approx(few_width.low, abs=0.02)


def test_a_sample_counts_for_the_models_that_answered_it_with_both() -> None:
    first = model(short=np.array([1, NAN, 0.0]), long=np.array([1, 1, 1.0]))
    second = model(name="n", short=np.array([NAN, NAN, 1]), long=np.array([0, 1, 1.0]))
    difference = rank_prompts([first, second], LENGTHS)[0][1].difference
    assert difference is not None and difference.n == 2 and difference.value == pytest.approx(-0.25)


def test_without_answers_the_first_is_chosen_and_it_is_said() -> None:
    ranks, why = rank_prompts([], LENGTHS)
    assert [(r.prompt, r.accuracy, r.chosen) for r in ranks] == [("short", None, True), ("long", None, False)]
    assert "no prompt was answered" in why
    with pytest.raises(ValueError, match="prompt"):
        rank_prompts([], {})


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_one_is_chosen_and_it_leads(data: st.DataObject) -> None:
    prompts = ["a", "b", "c"][: data.draw(st.integers(1, 3))]
    cell = st.sampled_from([0.0, 1.0, NAN])
    arrays = {p: np.array(data.draw(st.lists(cell, min_size=12, max_size=12))) for p in prompts}
    ranks, _ = rank_prompts([ModelAnswers("m", "frontier", arrays)], dict.fromkeys(prompts, 1.0))
    assert [r.chosen for r in ranks] == [True] + [False] * (len(prompts) - 1)
    known = [r.accuracy for r in ranks if r.accuracy is not None]
    assert known == sorted(known, reverse=True) and {r.prompt for r in ranks} == set(prompts)
