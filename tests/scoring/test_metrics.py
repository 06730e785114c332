"""From scores to figures: who is counted, and in what unit."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.records.completion import Timing
from evalkit.records.estimate import Need
from evalkit.records.output import Output
from evalkit.records.score import FieldResult, Score, Status
from evalkit.scoring.classes import ClassFigures, confusion, per_class
from evalkit.scoring.metrics import measure
from evalkit.scoring.tally import Tally
from evalkit.stats.requirement import judge

OUTPUT = Output("classify", "label", ("a", "b", "c"))
INFRA = Score(Status.INFRA_ERROR)


def right(label: str) -> Score:
    return Score(Status.OK, label, True, label, True, True)


def wrong(label: str) -> Score:
    return Score(Status.OK, label, False, label, False, True)


def sloppy(label: str, correct: bool = True) -> Score:
    return Score(Status.FORMAT_INVALID, None, False, label, correct, True, note="case")


def field_results(hits: int, said: int, expected: int) -> tuple[FieldResult, ...]:
    same = [FieldResult("f", "x", "x", "same")] * hits
    extra = [FieldResult("f", None, "y", "extra")] * (said - hits)
    return (*same, *extra, *[FieldResult("f", "x", None, "missing")] * (expected - hits))


def tallied(*rows: tuple[Score, int, str], output: Output = OUTPUT) -> Tally:
    tally = Tally(output)
    for score, sample, target in rows:
        tally.add(score, sample, target)
    return tally


MIXED = (
    (right("a"), 0, "a"),
    (right("a"), 1, "a"),
    (wrong("b"), 2, "a"),
    (right("b"), 3, "b"),
    (sloppy("b"), 4, "b"),
    (Score(Status.REFUSED, in_vocabulary=False), 5, "c"),
    (INFRA, 6, "c"),
    (Score(Status.TRUNCATED, lenient_answer="c", lenient_grade=1.0, in_vocabulary=True), 7, "c"),
)


def test_each_metric_on_eight_answers() -> None:
    tally = tallied(*MIXED)
    found = {name: (m.estimate.value, m.estimate.n) for name, m in measure(tally).items()}
    assert found == {
        "accuracy": (3 / 7, 7),
        "accuracy_if_valid": (3 / 4, 4),
        "accuracy_lenient": (5 / 7, 7),
        "format_validity": (4 / 7, 7),
        "vocabulary": (6 / 7, 7),
        # a: 2·2/(3+2), b: 2·1/(2+2), c: 0/(2+0)
        "macro_f1": (pytest.approx((4 / 5 + 2 / 4 + 0) / 3), 7),
        "latency_p95_ms": (None, 0),
        "ttft_p95_ms": (None, 0),
        "cost_per_1000_calls": (None, 0),
    }
    assert tally.status_counts() == {
        "ok": 4, "format_invalid": 1, "truncated": 1, "refused": 1, "rejected": 0, "infra_error": 1,
    }  # fmt: skip
    assert len(tally) == 8


def test_classes_and_confusion() -> None:
    tally = tallied(*MIXED)
    assert confusion(tally).tolist() == [[2, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 2]]
    assert confusion(tally, lenient=True).tolist() == [[2, 1, 0, 0], [0, 2, 0, 0], [0, 0, 1, 1]]
    a, b, c = per_class(tally)
    assert a == ClassFigures("a", 3, 2, 1.0, 2 / 3, 4 / 5)
    assert b == ClassFigures("b", 2, 2, 1 / 2, 1 / 2, 1 / 2)
    assert c == ClassFigures("c", 2, 0, None, 0.0, 0.0)
    assert per_class(Tally(OUTPUT))[0] == ClassFigures("a", 0, 0, None, None, None)
    with pytest.raises(ValueError, match="classification"):
        confusion(Tally(Output("answer", "text")))


def test_a_target_outside_the_labels_is_an_error_and_counts_nothing() -> None:
    tally = Tally(OUTPUT)
    with pytest.raises(ValueError, match="not one of the 3 labels"):
        tally.add(right("a"), 0, "z")
    assert len(tally) == 0


@pytest.mark.parametrize("output", [OUTPUT, Output("answer", "text"), Output("extract", "json")])
@pytest.mark.parametrize("infra", [0, 3])
def test_nothing_is_none_and_never_zero(output: Output, infra: int) -> None:
    tally = Tally(output)
    for i in range(infra):
        tally.add(Score(Status.INFRA_ERROR, fields=field_results(0, 0, 2)), i, "a")
    found = measure(tally)
    assert {m.estimate.value for m in found.values()} == {None}
    assert {m.estimate.n for m in found.values()} == {0}
    assert ("macro_f1" in found, "vocabulary" in found) == (output is OUTPUT, output is OUTPUT)
    assert ("field_f1" in found) is (output.task == "extract")


def test_infra_errors_can_turn_a_state() -> None:
    need = Need("accuracy", 0.9)
    clean = tallied(*((right("a"), i, "a") for i in range(100)))
    assert judge("x", need, measure(clean)["accuracy"]).state == "met"
    for i in range(100, 110):
        clean.add(INFRA, i, "a")
    found = measure(clean)["accuracy"]
    assert (found.estimate.value, found.estimate.n, found.infra_errors) == (1.0, 100, 10)
    assert judge("x", need, found).state == "undecided"


def test_epochs_are_averaged_and_do_not_narrow() -> None:
    rows = [(right("a") if i % 4 else wrong("b"), i, "a") for i in range(40)]
    once, thrice = measure(tallied(*rows)), measure(tallied(*rows, *rows, *rows))
    for name in ("accuracy", "format_validity", "macro_f1"):
        one, three = once[name].estimate, thrice[name].estimate
        assert three.value == pytest.approx(one.value)
        assert one.n == three.n == 40
        assert one.low is not None and three.low is not None
        assert three.low <= one.low + 0.01
    half = tallied((right("a"), 0, "a"), (wrong("b"), 0, "a"), (right("a"), 1, "a"), (INFRA, 1, "a"))
    assert measure(half)["accuracy"].estimate.value == 0.75


def test_groups_are_clusters() -> None:
    tally = Tally(OUTPUT)
    for i in range(60):
        tally.add(right("a") if i % 3 else wrong("b"), i, "a", group=i // 5 if i < 50 else -1)
    found = measure(tally)
    assert found["accuracy"].n_clusters == 20
    assert found["macro_f1"].n_clusters == 20
    assert found["accuracy"].estimate.n == 60


def test_times_and_cost() -> None:
    tally = Tally(OUTPUT)
    for i in np.random.default_rng(0).permutation(200).tolist():  # not one after the other: that would be a drift
        tally.add(right("a"), i, "a", timing=Timing(float(i), i / 10), cost=i * 1e-6)
    tally.add(Score(Status.REJECTED), 200, "a")
    found = measure(tally)
    assert found["latency_p95_ms"].estimate.value == 189.0
    assert found["ttft_p95_ms"].estimate.value == 18.9
    assert found["cost_per_1000_calls"].estimate.value == pytest.approx(1000 * 99.5e-6)
    assert judge("x", Need("latency_p95_ms", 198, at_least=False), found["latency_p95_ms"]).state == "met"
    tally.add(right("a"), 201, "a", timing=Timing(1.0))
    found = measure(tally)
    assert found["cost_per_1000_calls"].estimate.value is None
    assert found["ttft_p95_ms"].estimate.n == 200


def test_the_quantile_of_repeated_calls_is_bounded_by_samples() -> None:
    once, repeated = Tally(OUTPUT), Tally(OUTPUT)
    order = np.random.default_rng(1).permutation(150).tolist()
    for i in order:
        once.add(right("a"), i, "a", timing=Timing(float(i)))
    for i in order * 4:
        repeated.add(right("a"), i, "a", timing=Timing(float(i)))
    single, again = measure(once)["latency_p95_ms"], measure(repeated)["latency_p95_ms"]
    assert (again.estimate.value, again.estimate.n) == (single.estimate.value, 150)
    assert again.worth is not None and again.worth <= 150
    assert again.bounds.upper == pytest.approx(single.bounds.upper, abs=3)


def test_fields() -> None:
    tally = Tally(Output("extract", "json"))
    for i, fields in enumerate([(2, 2, 2), (1, 3, 2), (0, 0, 2)]):
        tally.add(Score(Status.OK, "{}", i == 0, "{}", i == 0, fields=field_results(*fields)), i, {})
    tally.add(Score(Status.INFRA_ERROR, fields=field_results(0, 0, 9)), 3, {})
    found = measure(tally)
    assert found["field_f1"].estimate.value == pytest.approx(2 * 3 / (5 + 6))
    assert found["exact_match"] == found["accuracy"]
    assert found["exact_match"].estimate.value == pytest.approx(1 / 3)
    assert found["field_f1"].infra_errors == 1


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([right("a"), wrong("b"), sloppy("c"), INFRA]), st.integers(0, 8), st.just("a")),
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_completions_is_nothing(rows: list[tuple[Score, int, str]], rnd: random.Random) -> None:
    shuffled = rnd.sample(rows, len(rows))
    for name, found in measure(tallied(*rows)).items():
        again = measure(tallied(*shuffled))[name]
        assert again.estimate == found.estimate or name == "macro_f1"  # its bootstrap draws by order
        assert again.estimate.value == pytest.approx(found.estimate.value)


def test_a_completion_takes_at_most_62_bytes() -> None:
    for output in (OUTPUT, Output("extract", "json"), Output("answer", "text")):
        tally = Tally(output)
        for i in range(100):
            tally.add(right("a"), i, "a")
        assert len(tally) == 100
        assert tally.nbytes <= 62 * 100


def test_a_grade_between_counts_as_wrong_and_is_kept() -> None:
    tally = tallied((Score(Status.OK, "a", 0.25, "a", 1.0), 0, "a"), (right("a"), 1, "a"))
    columns = tally.columns()
    assert (columns.grade.tolist(), columns.correct.tolist()) == ([0.25, 1.0], [False, True])
    assert columns.lenient_correct.tolist() == [True, True]
    assert measure(tally)["accuracy"].estimate.value == 0.5


def test_columns_outlive_what_is_added_after_them() -> None:
    tally = tallied((right("a"), 0, "a"))
    before = tally.columns()
    tally.add(wrong("b"), 1, "a")
    assert (before.status.size, before.own["answer"].tolist()) == (1, [0])
    assert tally.columns().own["answer"].tolist() == [0, 1]


def test_codes_of_more_labels_than_two_bytes_hold() -> None:
    labels = tuple(map(str, range(40_000)))
    tally = tallied((right("39999"), 0, "39999"), output=Output("classify", "label", labels))
    assert tally.columns().own["target"].tolist() == [39_999]
