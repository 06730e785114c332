from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from evalkit.records.comparison import CompareOptions, Provenance, SampleText
from evalkit.regression.compare import common_samples, compare_sides
from evalkit.regression.differences import differences
from evalkit.stats.mcnemar import mcnemar_exact
from evalkit.stats.multiple import holm
from tests.builders.sides import side

PLAIN = CompareOptions()


def test_samples_are_paired_by_id_and_never_by_position() -> None:
    ids = [f"s{i}" for i in range(200)]
    right = [float(i % 3 > 0) for i in range(200)]
    shuffled = list(range(200))
    random.Random(1).shuffle(shuffled)
    b = side([right[i] for i in shuffled], ids=[ids[i] for i in shuffled])
    pair = compare_sides([(side(right, ids=ids), b)], PLAIN)[0]
    assert (pair.n, pair.only_a, pair.only_b, pair.p) == (200, 0, 0, 1.0)
    assert pair.difference.value == 0
    assert pair.difference.high is not None and pair.difference.high > 0


def test_only_common_samples_count_and_the_rest_is_told() -> None:
    a = side([1, 1, 0, 0, 1, None], ids=["a", "b", "c", "d", "e", "f"], targets=["x"] * 6)
    b = side([1, 0, 1, 1, 1], ids=["b", "c", "d", "e", "g"], targets=["x", "y", "x", "x", "x"])
    pair = compare_sides([(a, b)], PLAIN)[0]
    assert common_samples(a, b) == (3, 1)
    assert (pair.left_out.only_in_a, pair.left_out.only_in_b) == (2, 1)
    assert (pair.left_out.other_target, pair.left_out.no_answer) == (1, 0)
    assert (pair.n, pair.only_a, pair.only_b) == (3, 0, 1)  # b, d and e; c means another thing on both sides
    assert pair.figures_a.accuracy == pytest.approx(2 / 3)
    assert pair.figures_b.accuracy == 1.0
    assert pair.figures_a.infra_errors == 1


def test_lost_answers_count_neither_as_right_nor_as_wrong() -> None:
    pair = compare_sides([(side([1, None, 0, 1]), side([1, 1, None, 0]))], PLAIN)[0]
    assert (pair.n, pair.left_out.no_answer, pair.only_a, pair.only_b) == (2, 2, 1, 0)
    nothing = compare_sides([(side([None, 1]), side([1, None]))], CompareOptions(0.02))[0]
    assert (nothing.n, nothing.p, nothing.p_corrected, nothing.difference.value) == (0, None, None, None)
    assert nothing.noninferiority is not None and nothing.noninferiority.shown is None


def test_several_pairs_are_corrected_together_and_see_less() -> None:
    rng = np.random.default_rng(0)
    sides = [side((rng.random(300) < p).astype(float).tolist(), f"m{i}/d/p") for i, p in enumerate((0.6, 0.7, 0.75))]
    pairs = [(sides[0], sides[1]), (sides[0], sides[2]), (sides[1], sides[2])]
    together = compare_sides(pairs, PLAIN)
    assert [p.p for p in together] == [mcnemar_exact(p.only_a, p.only_b) for p in together]
    assert tuple(p.p_corrected for p in together) == holm([p.p for p in together])
    alone = compare_sides(pairs[:1], PLAIN)[0]
    assert alone.p_corrected == alone.p == together[0].p
    assert together[0].visible > alone.visible  # type: ignore[operator]


def test_an_undecidable_pair_costs_the_others_nothing() -> None:
    clear = side([1.0] * 40), side([0.0] * 20 + [1.0] * 20)
    few = side([1.0] * 40, groups=["g"] * 40), side([0.0] * 40)
    pairs = compare_sides([clear, few], PLAIN)
    assert pairs[0].p_corrected == pairs[0].p
    assert (pairs[1].p, pairs[1].p_corrected, pairs[1].clusters, pairs[1].visible) == (None, None, 1, None)


def test_groups_and_epochs_reach_the_test() -> None:
    right, wrong = [1.0] * 120, [1.0] * 60 + [0.0] * 60
    groups = [f"g{i // 3}" for i in range(120)]
    plain = compare_sides([(side(right), side(wrong))], PLAIN)[0]
    grouped = compare_sides([(side(right, groups=groups), side(wrong))], PLAIN)[0]
    other = compare_sides([(side(right), side(wrong, groups=groups))], PLAIN)[0]
    assert (plain.test, plain.clusters) == ("mcnemar_exact", None)
    assert (grouped.test, grouped.clusters) == ("cluster_t_and_sign_flip", 40)
    assert other.p == grouped.p
    assert grouped.p is not None and plain.p is not None and grouped.p > plain.p
    epochs = compare_sides([(side([0.5, 1.0] * 30, epochs=2), side([1.0, 1.0] * 30))], PLAIN)[0]
    assert (epochs.test, epochs.clusters, epochs.only_b) == ("cluster_t_and_sign_flip", 60, 30)
    assert epochs.difference.value == pytest.approx(0.25)
    unanimous = compare_sides([(side([1.0] * 60, epochs=3), side([0.0] * 60))], PLAIN)[0]
    assert (unanimous.test, unanimous.difference.method) == ("cluster_t_and_sign_flip", "tango_epochs")


def test_a_sample_without_a_group_stands_alone() -> None:
    groups: list[str | None] = [None] * 20
    pair = compare_sides([(side([1.0] * 20, groups=[*groups[:18], "g", "g"]), side([0.0] * 20))], PLAIN)[0]
    assert pair.clusters == 19


def test_non_inferiority_takes_the_margin() -> None:
    a, b = side([1.0] * 990 + [0.0] * 10), side([0.0] * 10 + [1.0] * 990)
    readings = [compare_sides([(a, b)], CompareOptions(m))[0].noninferiority for m in (0.02, 0.001)]
    assert [r.shown for r in readings if r is not None] == [True, False]
    assert readings[0] is not None and readings[0].lower is not None and -0.02 < readings[0].lower < 0
    assert compare_sides([(a, b)], PLAIN)[0].noninferiority is None


def test_flips_go_both_ways_with_their_texts() -> None:
    texts_a = {f"s{i}": SampleText(f"in {i}", "yes", f"a says {i}") for i in range(6)}
    texts_b = {f"s{i}": SampleText(f"in {i}", "yes", f"b says {i}") for i in range(6)}
    a = side([1, 0, 1, 0.5, 1, None], epochs=2, texts=texts_a)
    b = side([0, 1, 1, 1, 0, 1], epochs=2, texts=texts_b)
    flips = compare_sides([(a, b)], CompareOptions(flips=5))[0].flips
    assert [(f.sample_id, f.right, f.difference) for f in flips] == [
        ("s0", "a", -1.0),
        ("s4", "a", -1.0),
        ("s1", "b", 1.0),
        ("s3", "b", 0.5),
    ]
    assert (flips[0].input, flips[0].target, flips[0].answer_a, flips[0].answer_b) == (
        "in 0",
        "yes",
        "a says 0",
        "b says 0",
    )
    assert [f.sample_id for f in compare_sides([(a, b)], CompareOptions(flips=1))[0].flips] == ["s0", "s1"]
    assert compare_sides([(a, b)], PLAIN)[0].flips == ()


def test_unknown_texts_stay_unknown() -> None:
    b = side([0.0], texts={"s0": SampleText("in", "yes", "no")})
    flip = compare_sides([(side([1.0]), b)], CompareOptions(flips=1))[0].flips[0]
    assert (flip.input, flip.target, flip.answer_a, flip.answer_b) == ("in", "yes", None, "no")


KNOWN = Provenance(
    data="d1",
    prompt="p1",
    scoring="s1",
    needs="n1",
    prompt_name="default",
    enforce="prompt",
    provider_model="x/y",
    served_model="y-1",
    parameters={"max_tokens": 64},
    version="0.1",
)


@pytest.mark.parametrize(
    ("change", "what", "words"),
    [
        ({"data": "d2"}, "data", "the data differ: 1 and 1 samples of test"),
        ({"prompt": "p2", "prompt_name": "short"}, "prompt", "the prompt differs (default, short)"),
        ({"prompt": "p2"}, "prompt", "the prompt differs"),
        ({"scoring": "s2"}, "scoring", "the scoring differs (task, output or target of the suite)"),
        ({"enforce": "native", "prompt": "p2"}, "form", "the form is enforced in different ways (prompt, native)"),
        ({"served_model": "y-2"}, "model", "another model answered (y-1, y-2)"),
        ({"provider_model": "x/z", "served_model": "z"}, "model", "the model differs (x/y, x/z)"),
        ({"parameters": {"max_tokens": 128}}, "parameters", "the request differs (max_tokens 64 and 128)"),
        ({"version": "0.2"}, "version", "scored by different versions of evalkit (0.1, 0.2)"),
        ({"needs": "n2"}, "needs", "good_enough differs; it plays no part in the comparison"),
    ],
)
def test_each_difference_is_said(change: dict[str, object], what: str, words: str) -> None:
    a = side([1.0], provenance=KNOWN)
    found = differences(a, replace(a, provenance=replace(KNOWN, **change)))  # type: ignore[arg-type]
    assert [(d.what, d.text) for d in found] == [(what, words)]


def test_what_is_unknown_and_what_belongs_to_two_contenders_is_no_difference() -> None:
    a = side([1.0], provenance=KNOWN)
    assert differences(a, a) == ()
    assert differences(a, side([1.0])) == ()
    other = replace(KNOWN, provider_model="x/z", served_model="z", parameters={"max_tokens": 1})
    assert differences(a, side([1.0], "z/default/prompt", provenance=other)) == ()


def test_unequal_epochs_are_said() -> None:
    assert [d.what for d in differences(side([1.0]), side([0.5], epochs=2))] == ["epochs"]
