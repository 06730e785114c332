"""Baseline files: the same bytes for the same results, small diffs, and one clear error for everything else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import BaselineError
from evalkit.records.baseline import SampleResult
from evalkit.regression.baseline_file import decode, encode
from evalkit.regression.baselines import baseline_path, find_baseline, read_baseline, write_baseline
from tests.builders.baselines import baseline, samples

WHOLE = baseline(["+", "-", "f", "e", "+"] * 20)

a_sample = st.builds(
    SampleResult,
    id=st.text(min_size=1, max_size=8),
    answers=st.text("+-ftrje", max_size=3),
    target=st.text("0123456789abcdef", min_size=16, max_size=16),
    group=st.none() | st.integers(0, 9),
)


@settings(deadline=None)
@given(st.lists(a_sample, unique_by=lambda s: s.id, max_size=20), st.randoms())
def test_the_bytes_depend_on_nothing_but_the_results(found: list[SampleResult], shuffler: object) -> None:
    ordered = replace(WHOLE, samples=tuple(sorted(found, key=lambda s: s.id)))
    shuffler.shuffle(found)  # type: ignore[attr-defined]
    status = dict(reversed(list(WHOLE.status.items())))
    data = encode(replace(WHOLE, samples=tuple(found), status=status))
    assert data == encode(ordered)
    assert decode(data, "x", "") == ordered
    assert encode(decode(data, "x", "")) == data


def test_ids_with_half_characters_survive() -> None:
    odd = replace(WHOLE, samples=(SampleResult("\ud800 \x00\u202e", "+", "0" * 16),))
    assert decode(encode(odd), "x", "") == odd


def test_a_sample_more_changes_few_lines() -> None:
    before = encode(baseline(["+"] * 400)).decode().splitlines()
    more = (*samples(["+"] * 400), SampleResult("s00100b", "-", "0" * 16))
    after = encode(baseline(["+"] * 400, samples=more)).decode().splitlines()
    assert max(len(line) for line in before) < 2500
    assert len(set(after) - set(before)) <= 3  # the line of the sample, perhaps its end, and the digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["s00001","-"', '["s00001","+"'),
        ('"suite": "tickets"', '"suite": "others"'),
        ('"value": 0.9', '"value": 0.99'),
        ('"sha256:', '"sha256:0'),
        ('["s00001","-",', '["s00001","-",0,'),
        (' "digest"', ' "digests"'),
    ],
)
def test_an_edited_file_is_one_clear_error(tmp_path: Path, old: str, new: str) -> None:
    path, _ = write_baseline(tmp_path, WHOLE)
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BaselineError) as error:
        read_baseline(path)
    assert str(path) in str(error.value)
    assert "python -m evalkit baseline accept runs/tickets" in str(error.value)
    assert "\n" not in str(error.value)


@settings(deadline=None)
@given(st.integers(0, len(encode(WHOLE)) - 3))
def test_a_cut_file_is_one_clear_error(length: int) -> None:
    with pytest.raises(BaselineError, match="REMEDY"):
        decode(encode(WHOLE)[:length], "x", "REMEDY")


@settings(deadline=None)
@given(
    st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists, max_leaves=5).map(json.dumps).map(str.encode)
)
def test_anything_else_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(BaselineError, match="REMEDY"):
        decode(data, "x", "REMEDY")


@pytest.mark.parametrize(("found", "words"), [(0, "no longer read"), ("1", "no longer read"), (2, "newer evalkit")])
def test_another_format_is_refused_with_the_way_out(found: object, words: str) -> None:
    text = encode(WHOLE).decode().replace('"format": 1', f'"format": {json.dumps(found)}')
    with pytest.raises(BaselineError, match=f"{words}.*REMEDY"):
        decode(text.encode(), "x", "REMEDY")


@pytest.mark.parametrize(
    ("suite", "contender"),
    [
        ("..", "a/b/prompt"),
        ("s/t", "a/b/prompt"),
        ("", "a/b/prompt"),
        ("s", "../b/prompt"),
        ("s", "a/b"),
        ("s", "a/b/c/d"),
        ("s", "a\x00/b/prompt"),
        ("s", "a\n/b/prompt"),
        ("s", "/etc/passwd"),
        ("s", "a/.b/prompt"),
        ("s", "ä/b/prompt"),
        ("s", f"{'a' * 101}/b/prompt"),
    ],
)
def test_hostile_names_are_refused(suite: str, contender: str) -> None:
    with pytest.raises(BaselineError, match="names no baseline"):
        baseline_path(Path("baselines"), suite, contender)


def test_the_file_name_is_the_id_with_dots(tmp_path: Path) -> None:
    path, changed = write_baseline(tmp_path, WHOLE)
    assert path == tmp_path / "tickets" / "haiku.default.prompt.json"
    assert changed
    again, changed = write_baseline(tmp_path, WHOLE)
    assert not changed
    assert [p.name for p in again.parent.iterdir()] == [path.name]
    assert find_baseline(tmp_path, "tickets", "haiku/default/prompt") == (path, WHOLE)
    assert find_baseline(tmp_path, "tickets", "opus/default/prompt") is None


def test_two_contenders_never_share_a_file(tmp_path: Path) -> None:
    path, _ = write_baseline(tmp_path, replace(WHOLE, contender="a.b/c/prompt"))
    with pytest.raises(BaselineError, match=r"already holds a\.b/c/prompt"):
        write_baseline(tmp_path, replace(WHOLE, contender="a/b.c/prompt"))
    with pytest.raises(BaselineError, match=r"holds a\.b/c/prompt of tickets, not a/b\.c/prompt"):
        find_baseline(tmp_path, "tickets", "a/b.c/prompt")
    path.write_text("{", encoding="utf-8")
    write_baseline(tmp_path, replace(WHOLE, contender="a/b.c/prompt"))  # a damaged file is replaced
