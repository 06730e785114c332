from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.diagnosis import near
from evalkit.diagnosis.labels import Limits, label_facts, normalised
from tests.data import shared

Row = tuple[str, str]
rows_of = st.lists(st.tuples(st.text("abc A\u00a0\ud800é", max_size=12), st.sampled_from("xyz")), max_size=30)
texts_of = st.lists(st.text("abc A", max_size=12), max_size=5)

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("nt", "rk", "lm", "sh", "v", "q")]


def sentences(n: int, words: int = 12, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=words)) for _ in range(n)]


def changed(text: str, at: int = 5) -> str:
    return f"{text[:at]}#{text[at + 1 :]}"


@settings(deadline=None)
@given(rows_of, texts_of, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[Row], test: list[str], rng: random.Random) -> None:
    facts = label_facts(rows, test, per_class=True)
    rng.shuffle(rows)
    rng.shuffle(test)
    assert label_facts(rows, test, per_class=True) == facts


@settings(deadline=None)
@given(rows_of, texts_of)
def test_every_row_is_counted_once(rows: list[Row], test: list[str]) -> None:
    facts = label_facts(rows, test, per_class=True)
    assert facts.rows == len(rows) == facts.exact + facts.near + facts.in_test + facts.usable
    assert sum(facts.per_class.values()) == facts.usable
    assert facts.usable + facts.near + facts.in_test == len({normalised(text) for text, _ in rows})


@settings(deadline=None)
@given(rows_of, texts_of, st.integers(2, 3))
def test_copies_of_everything_are_exact_duplicates(rows: list[Row], test: list[str], times: int) -> None:
    once, more = label_facts(rows, test, per_class=True), label_facts(rows * times, test * times, per_class=True)
    assert more.exact == once.exact + (times - 1) * len(rows)
    assert (more.usable, more.near, more.in_test, more.per_class) == (
        once.usable,
        once.near,
        once.in_test,
        once.per_class,
    )


def test_form_case_and_white_space_make_no_difference() -> None:
    facts = label_facts(
        [("Where  is my\tcard", "a"), ("where is MY card", "a"), ("ﬁnd it", "a"), ("find it", "a")], [], True
    )
    assert (facts.exact, facts.near, facts.usable) == (2, 0, 2)


@pytest.mark.parametrize("words", [12, 60], ids=["short", "long"])
def test_planted_near_copies_are_found_and_nothing_else(words: int) -> None:
    texts = sentences(300, words)
    rows = [(text, "a") for text in texts] + [(changed(text), "a") for text in texts[:100]]
    facts = label_facts(rows, [changed(text, 9) for text in texts[250:]], per_class=False)
    assert (facts.exact, facts.near, facts.in_test, facts.usable) == (0, 100, 50, 250)


def test_pairs_across_the_two_length_schemes_are_found() -> None:
    texts = [text[:240] for text in sentences(60, 80)]
    longer = [f"{text} and so on it goes" for text in texts]
    assert len(texts[0]) < 250 < len(longer[0])
    assert label_facts([(t, "a") for t in texts + longer], [], False).near == 60


def test_close_texts_of_different_targets_are_kept_and_told() -> None:
    rows = [("my new card has arrived today", "arrived"), ("my new card has not arrived today", "missing")]
    facts = label_facts(rows, [], per_class=True)
    assert (facts.near, facts.usable, facts.per_class) == (0, 2, {"arrived": 1, "missing": 1})
    assert (
        facts.near_method is not None
        and "≥ 0.9" in facts.near_method
        and facts.near_method.endswith("another class: 1")
    )
    assert label_facts([(text, "same") for text, _ in rows], [], True).near == 1


def test_a_text_with_two_targets_counts_once_as_the_more_frequent() -> None:
    assert label_facts([("a", "x"), ("A", "y"), ("a ", "y")], [], True).per_class == {"y": 1}
    assert label_facts([("a", "y"), ("a", "x")], [], True).per_class == {"x": 1}


def test_what_is_in_test_goes_whatever_its_target() -> None:
    facts = label_facts([("Ask me", "x"), ("ask  me", "y"), ("else", "x")], ["ask me"], True)
    assert (facts.exact, facts.in_test, facts.usable) == (1, 1, 1)


def test_a_near_copy_of_a_dropped_row_is_held_against_kept_ones_only() -> None:
    # Each step is alike to its neighbours only: a chain must not fall as one.
    steps = ["a" * i + "bcdefghijklmnopqrstuvwxyz0123456789"[i:] for i in range(0, 30, 3)]
    facts = label_facts([(text, "x") for text in steps], [], False)
    assert 2 <= facts.usable < len(steps)


@pytest.mark.parametrize("limits", [Limits(rows=2), Limits(chars=20)])
def test_too_much_to_hold_is_said_and_equal_texts_still_count(limits: Limits) -> None:
    rows = [("where is my card", "x"), ("where is my cards", "x"), ("something else", "x"), ("something else", "x")]
    facts = label_facts(rows, ["where is my card"], False, limits)
    assert (facts.exact, facts.near, facts.in_test, facts.usable) == (1, 0, 1, 2)
    assert facts.near_method is None and facts.near_skipped is not None and "compare" in facts.near_skipped


def test_too_much_work_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_MOST_WORK", 1)
    facts = label_facts([("where is my card", "x"), ("where is my cards", "x")], [], False)
    assert facts.near_skipped is not None and "takes too long" in facts.near_skipped and facts.usable == 2


def test_iterables_are_read_once_and_nothing_is_nothing() -> None:
    def rows() -> Iterator[Row]:
        yield "a", "x"

    assert label_facts(rows(), iter(["b"]), True).usable == 1
    empty = label_facts([], [], True)
    assert (empty.rows, empty.usable, empty.per_class, empty.near_skipped) == (0, 0, {}, None)


def test_banking77() -> None:
    train, test = (
        [json.loads(line) for line in (shared("banking77") / f"{s}.jsonl").open()] for s in ("train", "test")
    )
    facts = label_facts([(r["text"], r["label"]) for r in train], [r["text"] for r in test], per_class=True)
    assert (facts.rows, facts.exact, len(facts.per_class)) == (10_003, 4, 77)
    # All pairs at the threshold, compared by hand: 854 in train; MinHash finds 99 % of them.
    assert 440 <= facts.near <= 480 and 580 <= facts.in_test <= 600 and min(facts.per_class.values()) == 33


def test_snips() -> None:
    train, test = ([json.loads(line) for line in (shared("snips") / f"{s}.jsonl").open()] for s in ("train", "test"))
    rows = [(r["input"], json.dumps(r["target"], sort_keys=True)) for r in train]
    facts = label_facts(rows, [r["input"] for r in test], per_class=False)
    assert (facts.rows, facts.exact, facts.per_class) == (3000, 11, {})
    by_intent = label_facts([(r["input"], r["label"]) for r in train], [], per_class=True)
    assert facts.near < by_intent.near  # slots that differ keep close rows apart
