from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from evalkit.records.comparison import CompareOptions, Comparison, NonInferiority, Pair, Provenance, SampleText
from evalkit.records.estimate import Estimate
from evalkit.regression.compare import compare_sides
from evalkit.report.comparison import comparison_json, show_comparison
from evalkit.report.comparison_words import readings
from tests.builders.sides import side


def pair(value: float | None, p: float | None, low: float = -0.01, high: float = 0.05, n: int = 900) -> Pair:
    made = compare_sides([(side([1.0] * 20, "a/d/p"), side([1.0] * 20, "b/d/p"))], CompareOptions())[0]
    estimate = Estimate(value, low, high, n, "tango")
    return replace(made, a="A", b="B", n=n, difference=estimate, p=p, p_corrected=p, visible=0.031)


def words(one: Pair, tested: int = 1) -> list[str]:
    return readings(one, Comparison((one,), tested))


def test_a_difference_is_said_from_the_side_of_b() -> None:
    assert words(pair(0.024, 0.003, 0.008, 0.041), 6) == [
        "B is better than A by 2.4 points (0.8 to 4.1), p = 0.003 after Holm over 6 pairs."
    ]
    assert words(pair(-0.024, 0.00001, -0.041, -0.008)) == ["B is worse than A by 2.4 points (0.8 to 4.1), p < 0.0001."]


def test_no_evidence_names_what_could_not_be_seen() -> None:
    assert words(pair(0.004, 0.41)) == [
        "B against A: no evidence of a difference (B is 0.4 points better on these samples (−1.0 to 5.0)); "
        "at this n a difference under 3.1 points could not be seen."
    ]
    assert words(pair(-0.004, 0.41))[0].count("0.4 points worse on these samples (−5.0 to 1.0)") == 1
    assert "both are equally often right" in words(pair(0.0, 1.0))[0]
    assert "4 samples cannot show any difference" in words(replace(pair(0.0, 1.0, n=4), visible=None))[0]


def test_nothing_is_decided_with_few_clusters_or_without_answers() -> None:
    few = compare_sides([(side([1.0] * 20, groups=["x", "y"] * 10), side([1.0] * 19 + [0.0]))], CompareOptions())[0]
    assert "nothing is decided (only 2 clusters: at least 30 are needed)" in words(few, 0)[0]
    epochs = compare_sides([(side([1.0] * 4, epochs=2), side([0.5] * 4, epochs=2))], CompareOptions(0.02))[0]
    said = words(epochs, 0)
    assert "only 4 rows" in said[0]
    assert said[1].startswith("Whether") and said[1].endswith("is not decided.")
    none = compare_sides([(side([None]), side([1.0]))], CompareOptions(0.02))[0]
    assert words(none, 0) == ["m/default/prompt and m/default/prompt: no sample was answered on both sides."]


@pytest.mark.parametrize(
    ("lower", "upper", "shown", "expected"),
    [
        (-0.013, 0.02, True, "B is at most 2 points worse than A: with 95 % confidence at most 1.3."),
        (0.003, 0.02, True, "B is not worse than A: at least 0.3 points better with 95 % confidence."),
        (-0.034, 0.02, False, "Not shown that B is at most 2 points worse than A: it may be 3.4 points worse"),
        (-0.06, -0.03, False, "B is more than 2 points worse than A: with 95 % confidence at least 3.0."),
        (-0.06, 0.03, None, "Whether B is at most 2 points worse than A is not decided."),
    ],
)
def test_the_margin_in_words(lower: float, upper: float, shown: bool | None, expected: str) -> None:
    reading = NonInferiority(0.02, lower, upper, shown)
    assert words(replace(pair(0.0, 1.0), noninferiority=reading))[1].startswith(expected)


def shown(comparison: Comparison) -> str:
    stream = io.StringIO()
    show_comparison(comparison, stream)
    return stream.getvalue()


def test_what_differs_comes_before_any_figure() -> None:
    a = side([1.0, 0.0, 1.0], ids=["x", "y", "z"], provenance=Provenance(data="1", prompt="1"))
    b = side([1.0, 0.0], ids=["x", "y"], provenance=Provenance(data="2", prompt="2"))
    text = shown(Comparison(compare_sides([(a, b)], CompareOptions()), 1, ("a note",)))
    places = [
        text.index(part)
        for part in ("Careful: the data differ", "Careful: the prompt differs", "1 sample only in A", "a note", "pair ")
    ]
    assert places == sorted(places)


def test_a_difference_of_some_pairs_names_them() -> None:
    same, other = Provenance(prompt="1"), Provenance(prompt="2")
    sides = [side([1.0, 0.0], f"m{i}/d/p", provenance=p) for i, p in enumerate((same, same, other))]
    pairs = [(sides[0], sides[1]), (sides[0], sides[2]), (sides[1], sides[2])]
    text = shown(Comparison(compare_sides(pairs, CompareOptions()), 3))
    assert "Careful: the prompt differs (C − A, C − B)." in text


def test_hostile_texts_are_harmless() -> None:
    evil = "\x1b[31m[bold]\u202eevil\u2066\r\n" + "x" * 5000
    texts = {"s0": SampleText(evil, evil, evil, evil)}
    a, b = side([1.0], f"{evil}/d/p", texts=texts), side([0.0], "b/d/p", texts=texts)
    comparison = Comparison(compare_sides([(a, b)], CompareOptions(flips=3)), 1, (evil,))
    text = shown(comparison)
    assert "[bold]" in text  # not read as markup
    assert not {"\x1b", "\u202e", "\u2066", "\r"} & set(text)
    assert max(len(line) for line in text.splitlines()) < 800


def test_the_json_object_starts_with_the_contract_and_is_strict_json() -> None:
    made = compare_sides([(side([1.0, 0.0, None]), side([1.0, 1.0, 1.0]))], CompareOptions(0.02, 1))
    data = json.loads(json.dumps(comparison_json(Comparison(made, 1)), allow_nan=False))
    one = data["pairs"][0]
    names = ["a", "b", "n", "difference", "p", "p_corrected", "test", "only_a", "only_b"]
    assert list(one)[:9] == names
    assert set(one["difference"]) == {"value", "low", "high", "n", "method"}
    assert (one["n"], one["only_a"], one["only_b"], one["test"]) == (2, 0, 1, "mcnemar_exact")
    assert one["flips"][0]["right"] == "b"
    assert one["noninferiority"]["margin"] == 0.02
    assert one["reading"][0].startswith("m/default/prompt against")
