from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalkit.decision.headroom import headroom_used_up
from evalkit.diagnosis.ladder import PromptAnswers, ladder
from evalkit.records.estimate import Estimate
from evalkit.records.evidence import Ladder, Rung
from evalkit.stats.paired import compare_paired

NAN = float("nan")


def right(n: int, k: int) -> NDArray[np.float64]:
    return (np.arange(n) < k).astype(float)


def rung(name: str, upper: float | None, distinct: bool = True) -> Rung:
    return Rung(name, Estimate(0.8, 0.7, 0.9, 200, "wilson"), None, upper, distinct)


def test_each_rung_is_held_against_the_best_before_it() -> None:
    a, b, c = right(200, 100), right(200, 150), right(200, 120)
    found = ladder("m", [PromptAnswers("a", "A", a), PromptAnswers("b", "B", b), PromptAnswers("c", "C", c)])
    first, second, third = found.rungs
    assert (first.gain, first.upper) == (None, None)
    assert second.gain is not None and second.gain.value == pytest.approx(0.25)
    assert third.gain == compare_paired(b, c).estimate() and third.upper == compare_paired(b, c).upper()
    assert [r.accuracy.value for r in found.rungs] == [0.5, 0.75, 0.6]


def test_infra_errors_leave_the_pairs_and_the_accuracy() -> None:
    found = ladder("m", [PromptAnswers("a", "A", [1, 0, NAN, 1]), PromptAnswers("b", "B", [1, NAN, 1, 1])])
    assert found.rungs[0].accuracy.n == 3 and found.rungs[1].gain is not None and found.rungs[1].gain.n == 2


def test_a_prompt_without_answers_is_no_best() -> None:
    none = np.full(50, NAN)
    answers = [PromptAnswers("a", "A", none), PromptAnswers("b", "B", right(50, 20)), PromptAnswers("c", "C", none)]
    found = ladder("m", answers)
    assert found.rungs[1].gain is None
    assert found.rungs[2].gain is not None and found.rungs[2].gain.value is None and found.rungs[2].upper is None


def test_white_space_and_case_make_no_new_prompt() -> None:
    texts = ["Classify  this", "classify\nTHIS ", "Classify that"]
    found = ladder("m", [PromptAnswers(str(i), text, right(20, 10)) for i, text in enumerate(texts)])
    assert [r.distinct for r in found.rungs] == [True, False, True]


def test_under_ten_clusters_nothing_is_decided() -> None:
    groups = np.repeat(np.arange(9), 10)
    found = ladder("m", [PromptAnswers(p, p, right(90, k)) for p, k in (("a", 40), ("b", 50))], groups)
    assert found.rungs[1].gain is not None and found.rungs[1].upper is None


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one value per common sample"):
        ladder("m", [PromptAnswers("a", "A", [1, 0]), PromptAnswers("b", "B", [1])])


@pytest.mark.parametrize(
    ("upper", "gap", "used_up"),
    [
        (0.009, 0.0, True),
        (0.009, None, True),
        (0.01, 0.0, False),
        (0.019, 0.08, True),
        (0.021, 0.08, False),
        (0.009, -0.5, True),
        (None, 0.08, None),
    ],
)
def test_the_rule(upper: float | None, gap: float | None, used_up: bool | None) -> None:
    found, why = headroom_used_up(Ladder("m", (rung("a", None), rung("b", 0.3), rung("c", upper))), gap)
    assert found is used_up and "m" in why


def test_the_reason_has_its_numbers() -> None:
    _, why = headroom_used_up(Ladder("gpt", (rung("a", None), rung("b", 0.3), rung("c", 0.034))), 0.08)
    assert "3.4 points" in why and "2 points" in why and "(c)" in why and "gpt" in why


@given(st.lists(st.booleans(), max_size=6), st.floats(0, 1))
def test_under_three_different_prompts_nothing_is_told(distinct: list[bool], gap: float) -> None:
    rungs = tuple(rung(str(i), -0.5, d) for i, d in enumerate(distinct))
    found, why = headroom_used_up(Ladder("m", rungs), gap)
    assert found is (True if sum(distinct) >= 3 else None)
    assert found or "at least 3" in why


def test_a_copy_at_the_end_is_not_the_last_rung() -> None:
    rungs = (rung("a", None), rung("b", 0.3), rung("c", 0.2), rung("c again", 0.0, distinct=False))
    assert headroom_used_up(Ladder("m", rungs), 0.01)[0] is False


def test_few_samples_do_not_use_it_up() -> None:
    answers = [PromptAnswers(p, p, right(60, 45)) for p in "abc"]
    assert headroom_used_up(ladder("m", answers), 0.04)[0] is False
    many = [PromptAnswers(p, p, right(1000, 750)) for p in "abc"]
    assert headroom_used_up(ladder("m", many), 0.04)[0] is True
