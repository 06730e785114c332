"""YAML → data with positions: core-schema scalars, exact places, and errors instead of surprises."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.suite.file.yaml_source import YamlPath, YamlSource

FILE = Path("suite.yaml")


def parse(text: str) -> Any:
    return YamlSource(FILE, text).data


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("off", "off"),
        ("NO", "NO"),
        ("null", None),
        ("~", None),
        ("", None),
        ("3_000_000", 3_000_000),
        ("3__0", "3__0"),
        ("_3", "_3"),
        ("-7", -7),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("5.", 5.0),
        ("1_000.5", 1000.5),
        (".", "."),
        ("1:30", "1:30"),
        ("2026-11-20", "2026-11-20"),
        ("-.inf", -math.inf),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("!!float 5", 5.0),
        ("! 5", 5),
        ("|\n  a\n  b", "a\nb\n"),
        ("=", "="),
    ],
)
def test_scalars(written: str, value: object) -> None:
    found = parse(f"a: {written}\n")["a"]
    assert found == value and type(found) is type(value)


def test_keys_are_text_as_written() -> None:
    assert parse("1: a\ntrue: b\n~: c\n'<<': d") == {"1": "a", "true": "b", "~": "c", "<<": "d"}


def test_merge_keys() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 9}\nd:\n  <<: *a\n"
    source = YamlSource(FILE, text)
    assert source.data["c"] == {"x": 9, "y": 2, "z": 4}
    assert source.data["d"] == {"x": 1, "y": 2}
    assert source.position(("c", "x"), key=True) == (3, 19)
    assert source.position(("c", "z")) == (2, 17)  # where the merged value is written


def test_positions_walk_as_far_as_the_path_goes() -> None:
    source = YamlSource(FILE, "a:\n  b: {c: 5}\n  d: [1, [2]]\n")
    assert source.position(("a", "b", "c")) == (2, 10)
    assert source.position(("a", "b", "c"), key=True) == (2, 7)
    assert source.position(("a", "d", 1, 0)) == (3, 11)
    assert source.position(("a", "b", "nothing", 3), key=True) == (2, 6)
    assert source.position(("nothing",)) == (1, 1)
    assert source.line_text(2) == "  b: {c: 5}"
    assert source.line_text(99) == ""


def test_lines_inside_a_literal_text() -> None:
    source = YamlSource(FILE, "a: |  # why\n\n  x\n    y\nb: 'x\n\n  y'\n")
    assert source.position_inside(("a",), 3) == (4, 5)
    assert source.position_inside(("b",), 2) == (5, 4)


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "column", "piece"),
    [
        ("", 1, 1, "the file is empty"),
        ("# only words\n", 1, 1, "the file is empty"),
        ("- a\n- b\n", 1, 1, "not a mapping"),
        ("just text", 1, 1, "not a mapping"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key `a` is given twice, first in line 1"),
        ("a: {b: 1, b: 2}", 1, 11, "given twice"),
        ("a:\n\tb: 1\n", 2, 1, "a tab is used for indentation"),
        ("a: |\n\tx\n", 2, 1, "a tab is used for indentation"),
        ("a: &x [*x]\n", 1, 8, "the anchor `&x` holds itself"),
        ("a: &anchor 1\nb: *anchr\n", 2, 4, "did you mean `*anchor`?"),
        ("a: {<<: 5}\n", 1, 9, "not a mapping"),
        ("a: [1, 2\n", 1, 4, "this [ is never closed"),
        ("a: [1, 2\nb: 3\n", 2, 2, "for the [ in line 1"),
        ("a: 'x\n", 1, 4, "this ' is never closed"),
        ("a: b: c\n", 1, 5, "mapping values"),
        ("a: @x\n", 1, 4, "quotes round a text that starts with @"),
        ("a: {{ x }}\n", 1, 5, "quotes round a template"),
        ("? [a]\n: b\n", 1, 3, "stands as a key"),
        ("a: !python/object:os.system x\n", 1, 4, "the tag"),
        ("a: !!int x\n", 1, 4, "the tag"),
        ("a: !!set {x}\n", 1, 4, "the tag"),
        ("é: 1\nb: \x07\n", 2, 4, "U+0007"),
        ("a: " + "9" * 5000, 1, 4, "too many digits"),
        ("a: " + "[" * 500 + "]" * 500, 1, 104, "nested deeper"),
        ("[" * 100_000, 1, None, "nest"),
    ],
)
def test_errors_have_a_place(text: str, line: int, column: int | None, piece: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse(text)
    assert piece in caught.value.render()
    assert caught.value.line == line
    assert column is None or caught.value.column == column


def test_alias_bombs_are_refused() -> None:
    with pytest.raises(SuiteError, match="more than 200,000 values"):
        parse(bomb())
    keys = ", ".join(f"k{i}: 1" for i in range(2000))
    with pytest.raises(SuiteError, match="more than 200,000 keys are merged"):
        parse(f"a: &a {{{keys}}}\nb: {{<<: [{', '.join(['*a'] * 2000)}]}}\n")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: \xc3\xa9 # x\r\nc: [\r\n")
    with pytest.raises(SuiteError) as caught:
        YamlSource.read(path)
    assert (caught.value.line, caught.value.column) == (3, 4)
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(SuiteError, match="not UTF-8: byte 0xff") as caught:
        YamlSource.read(path)
    assert (caught.value.line, caught.value.column) == (2, 4)
    path.write_bytes(b"#" * 4_000_001)
    with pytest.raises(SuiteError, match="larger than"):
        YamlSource.read(path)


SCALARS = st.sampled_from(["5", "x y", "'q: #'", '"é\\n"', "true", "~", "-1.5", "2026-11-20", "漢字"])
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b c", "é", "'k'", "<"]), inner, min_size=1)
    ),
    max_leaves=10,
)


class Writer:
    """Writes a tree as YAML, block style or flow, and remembers where everything was put."""

    def __init__(self, tree: Any, flow: frozenset[int]) -> None:
        self.lines, self.flow, self.nodes = [""], flow, 0
        self.keys: dict[YamlPath, tuple[int, int]] = {}
        self.values: dict[YamlPath, tuple[int, int]] = {}
        self.write(tree, (), 0, False)

    def here(self) -> tuple[int, int]:
        return (len(self.lines), len(self.lines[-1]) + 1)

    def put(self, text: str) -> None:
        self.lines[-1] += text

    def write(self, tree: Any, path: YamlPath, indent: int, flow: bool) -> None:
        self.nodes += 1
        if isinstance(tree, str):
            self.values[path] = self.here()
            self.put(tree)
            return
        flow = flow or self.nodes in self.flow
        pairs = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree))
        if flow:
            self.values[path] = self.here()
            self.put("{ " if isinstance(tree, dict) else "[")
        for number, (step, value) in enumerate(pairs):
            if flow:
                self.put(", " if number else "")
            elif path or number:
                self.lines += [f"# {number}", " " * indent]
            if not flow and number == 0:
                self.values[path] = self.here()
            step = step.strip("'") if isinstance(step, str) else step
            if isinstance(tree, dict):
                self.keys[(*path, step)] = self.here()
                self.put(f"{pairs[number][0]}: ")
            elif not flow:
                self.put("- ")
            self.write(value, (*path, step), indent + 3, flow)
        if flow:
            self.put("}" if isinstance(tree, dict) else "]")


@settings(max_examples=200, deadline=None)
@given(
    tree=st.dictionaries(st.sampled_from(["a", "b", "c d"]), TREES, min_size=1),
    flow=st.frozensets(st.integers(1, 12)),
)
def test_positions_of_every_key_and_value(tree: Any, flow: frozenset[int]) -> None:
    written = Writer(tree, flow)
    source = YamlSource(FILE, "\n".join(written.lines))
    assert {path: source.position(path) for path in written.values} == written.values
    assert {path: source.position(path, key=True) for path in written.keys} == written.keys


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60) | st.text("\t\n :-[]{}&*!|>'\"%@`#?,<~0a", max_size=60))
def test_random_text_gives_data_or_a_suite_error(text: str) -> None:
    try:
        assert isinstance(parse(text), dict)
    except SuiteError as error:
        assert error.line is not None
        assert error.render()
