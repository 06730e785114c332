"""YAML → plain data with the position of every key and value.

Built on PyYAML's parse events (libyaml where it is compiled in) instead of its nodes, because events tell a
quoted scalar from a plain one and are read without recursion, so that hostile nesting stays an error.
Plain scalars follow the YAML 1.2 core schema: `yes`, `off` and `2026-11-20` stay text. Numbers
may hold underscores between digits. Keys are always text, as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from evalkit.errors import Place, SuiteError
from evalkit.quote import nearest
from evalkit.suite.file.text_file import LINE_BREAK, read_text
from evalkit.suite.file.yaml_scalar import resolve_scalar

YamlPath = tuple[str | int, ...]
Position = tuple[int, int]

_MAX_BYTES = 4_000_000
_MAX_DEPTH = 100
_MAX_NODES = 200_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_YAML = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LITERAL = re.compile(r"\|[-+0-9]*\s*(?:#.*)?$")
_TAGGED_TYPES = {"int": int, "float": float, "bool": bool, "null": type(None)}
_LONGEST_TAGGED = 100
_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")}


@dataclass(slots=True)
class _Scalar:
    value: str | int | float | bool | None
    text: str = field(default="", compare=False)


@dataclass(slots=True)
class _Sequence:
    items: list[tuple[Position, _Node]] = field(default_factory=list)


@dataclass(slots=True)
class _Mapping:
    """`entries`: key → (position of the key, position of the value, value)."""

    entries: dict[str, tuple[Position, Position, _Node]] = field(default_factory=dict)


_Node = _Scalar | _Sequence | _Mapping


class YamlSource:
    """One parsed YAML file: its data, and where everything stands in it."""

    def __init__(self, path: Path, text: str) -> None:
        """Parse `text`. Raises SuiteError with a position for everything that is not one plain mapping."""
        self.path = path
        self.text = text
        self._lines = LINE_BREAK.split(text)
        self._keys: dict[YamlPath, Position] = {}
        self._values: dict[YamlPath, Position] = {}
        self.written: dict[YamlPath, str] = {}
        """The values that YAML reads as a number, a truth value or nothing, as they stand in the file."""
        self._nodes = 0
        position, root = _Builder(self).build()
        if not isinstance(root, _Mapping):
            found = "the file is empty" if root == _Scalar(None) else "the top level is not a mapping"
            raise self.error(found, position, expected="keys such as `name:`, `dataset:`, `prompt:`")
        self.data: dict[str, Any] = self._flatten(root, position, ())

    @classmethod
    def read(cls, path: Path) -> YamlSource:
        """Read and parse a file. Raises SuiteError also where it cannot be read or is not UTF-8."""
        return cls(path, read_text(path, _MAX_BYTES))

    def position(self, path: YamlPath, key: bool = False) -> Position:
        """Line and column, from 1, of the value (or its key) at `path`, walking as far as the path exists."""
        for end in range(len(path), -1, -1):
            if key and end == len(path) and path in self._keys:
                return self._keys[path]
            if path[:end] in self._values:
                return self._values[path[:end]]
        return (1, 1)

    def position_inside(self, path: YamlPath, line: int) -> Position:
        """The start of line `line`, from 1, of the text at `path`, where it is a literal block (`|`).

        Lines of other styles cannot be told: the position of the text.
        """
        first, column = self.position(path)
        if not _LITERAL.search(self.line_text(first)[column - 1 :]):
            return (first, column)
        text = self.line_text(first + line)
        return (first + line, len(text) - len(text.lstrip(" ")) + 1)

    def line_text(self, line: int) -> str:
        """The line with this number, from 1, without its line break; empty past the end."""
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""

    def place(self, position: Position) -> Place:
        """The position with file and line, for an error."""
        return Place(self.path, *position, self.line_text(position[0]))

    def places(self, paths: Sequence[YamlPath], keys: Sequence[bool], lines: Sequence[int | None]) -> list[Place]:
        """Where each path stands: its value, its key, or a line of its text."""
        found = []
        for path, key, line in zip(paths, keys, lines, strict=True):
            found.append(self.place(self.position(path, key) if line is None else self.position_inside(path, line)))
        return found

    def error(
        self, problem: str, position: Position, *, expected: str | None = None, hint: str | None = None
    ) -> SuiteError:
        """A SuiteError at a position of this file."""
        return SuiteError(problem, self.place(position), expected=expected, hint=hint)

    def _flatten(self, node: _Node, position: Position, path: YamlPath) -> Any:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise self.error(f"more than {_MAX_NODES:,} values, aliases counted as often as they are used", position)
        if len(path) > _MAX_DEPTH:
            raise self.error(f"nested deeper than {_MAX_DEPTH} levels", position)
        self._values[path] = position
        if isinstance(node, _Scalar):
            if not isinstance(node.value, str):
                self.written[path] = node.text
            return node.value
        if isinstance(node, _Sequence):
            return [self._flatten(item, at, (*path, i)) for i, (at, item) in enumerate(node.items)]
        data: dict[str, Any] = {}
        for name, (key_at, value_at, value) in node.entries.items():
            self._keys[(*path, name)] = key_at
            data[name] = self._flatten(value, value_at, (*path, name))
        return data


class _Builder:
    """One pass over the parse events that gives the node tree; anchors are shared, never copied."""

    def __init__(self, source: YamlSource) -> None:
        self._source = source
        self._anchors: dict[str, _Node | None] = {}  # None while the anchored node is still open
        self._merged = 0
        self._open_brackets: list[Position] = []
        self._events = self._parse()

    def build(self) -> tuple[Position, _Node]:
        hidden = _NOT_YAML.search(self._source.text.removeprefix("\ufeff"))
        if hidden:
            before = LINE_BREAK.split(self._source.text[: self._source.text.index(hidden[0])])
            position = (len(before), len(before[-1]) + 1)
            raise self._source.error(f"the character U+{ord(hidden[0]):04X} is not allowed in YAML", position)
        empty: tuple[Position, _Node] = ((1, 1), _Scalar(None))
        root: tuple[Position, _Node] | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._source.error(
                        "a second document starts here", _at(event), expected="one suite in a file"
                    )
                root = self._node(next(self._events), 0)
        return root or empty

    def _parse(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self._source.text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            raise self._syntax_error(error) from None
        except yaml.YAMLError as error:
            raise self._source.error(f"not YAML: {error}", (1, 1)) from None

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> SuiteError:
        mark = error.problem_mark
        position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        here = self._character(position)
        problem, expected = f"not YAML: {error.problem or error}", None
        opener = self._opener(error)
        if here == "\t" or "tab" in problem.split():
            problem, expected = "a tab is used for indentation", "spaces"
        elif opener and mark and mark.index >= len(self._source.text.rstrip()):
            position, problem = opener, f"this {self._character(opener)} is never closed"
        elif opener and opener[0] < position[0]:
            problem += f" (for the {self._character(opener)} in line {opener[0]})"
        elif here and here in "@`%":
            expected = f"quotes round a text that starts with {here}"
        elif "mapping values" in problem:
            expected = "quotes round a text that holds a colon and a space, or a new line for the next key"
        return self._source.error(problem, position, expected=expected)

    def _opener(self, error: yaml.MarkedYAMLError) -> Position | None:
        """The quote or bracket that is still open where the error happened."""
        if error.context_mark:
            quote = (error.context_mark.line + 1, error.context_mark.column + 1)
            if self._character(quote) in ("'", '"'):
                return quote
        return self._open_brackets[-1] if self._open_brackets else None

    def _character(self, position: Position) -> str:
        return self._source.line_text(position[0])[position[1] - 1 : position[1]]

    def _node(self, event: Any, depth: int) -> tuple[Position, _Node]:
        position = _at(event)
        if depth > _MAX_DEPTH:
            raise self._source.error(f"nested deeper than {_MAX_DEPTH} levels", position)
        if isinstance(event, yaml.AliasEvent):
            return position, self._alias(event, position)
        if event.anchor:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node: _Node = _Scalar(self._scalar(event, position), event.value)
        else:
            node = self._collection(event, position, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return position, node

    def _collection(self, event: Any, position: Position, depth: int) -> _Node:
        if event.flow_style:
            self._open_brackets.append(position)
        node: _Node
        if isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event, "seq", position)
            node = _Sequence()
            while not isinstance(child := next(self._events), yaml.SequenceEndEvent):
                node.items.append(self._node(child, depth + 1))
        else:
            self._check_tag(event, "map", position)
            node = self._mapping(depth)
        if event.flow_style:
            self._open_brackets.pop()
        return node

    def _mapping(self, depth: int) -> _Mapping:
        node, merged = _Mapping(), _Mapping()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_at = _at(event)
            if isinstance(event, yaml.AliasEvent):
                event_value = self._alias(event, key_at)
                key, plain = (event_value.value if isinstance(event_value, _Scalar) else event_value), False
            elif isinstance(event, yaml.ScalarEvent):
                key, plain = event.value, event.implicit[0]
            else:
                key, plain = event, False
            if not isinstance(key, str):
                raise self._complex_key(key_at)
            if isinstance(event, yaml.ScalarEvent) and event.anchor:
                self._anchors[event.anchor] = _Scalar(key)
            value_at, value = self._node(next(self._events), depth + 1)
            if key == "<<" and plain:
                self._merge(merged, value, value_at)
            elif key in node.entries:
                first = node.entries[key][0][0]
                raise self._source.error(f"the key `{key}` is given twice, first in line {first}", key_at)
            else:
                node.entries[key] = (key_at, value_at, value)
        for key, entry in merged.entries.items():
            node.entries.setdefault(key, entry)
        return node

    def _complex_key(self, position: Position) -> SuiteError:
        if "{{" in self._source.line_text(position[0]):
            return self._source.error(
                "YAML reads these braces as a mapping",
                position,
                expected='quotes round a template: "{{ text }}"',
            )
        return self._source.error("a list, a mapping or a number stands as a key", position, expected="a text as key")

    def _merge(self, into: _Mapping, value: _Node, position: Position) -> None:
        for part in [node for _, node in value.items] if isinstance(value, _Sequence) else [value]:
            if not isinstance(part, _Mapping):
                raise self._source.error(
                    "`<<` merges something that is not a mapping", position, expected="<<: *anchor"
                )
            self._merged += len(part.entries)
            if self._merged > _MAX_NODES:
                raise self._source.error(f"more than {_MAX_NODES:,} keys are merged", position)
            for key, entry in part.entries.items():
                into.entries.setdefault(key, entry)

    def _alias(self, event: Any, position: Position) -> _Node:
        if event.anchor not in self._anchors:
            hint = nearest(event.anchor, self._anchors)
            raise self._source.error(
                f"no anchor `&{event.anchor}` stands before this alias", position, hint=hint and f"*{hint}"
            )
        node = self._anchors[event.anchor]
        if node is None:
            raise self._source.error(f"the anchor `&{event.anchor}` holds itself", position)
        return node

    def _check_tag(self, event: Any, kind: str, position: Position) -> None:
        if event.tag is not None and event.tag != "!" and _TAGS.get(event.tag) != kind:
            raise self._source.error(f"the tag `{event.tag}` is not supported", position, expected="no tag")

    def _scalar(self, event: Any, position: Position) -> str | int | float | bool | None:
        text: str = event.value
        if event.tag is None or event.tag == "!":
            try:
                return resolve_scalar(text) if event.implicit[0] else text
            except ValueError:
                raise self._source.error("this number has too many digits", position) from None
        kind = _TAGS.get(event.tag)
        if kind == "str":
            return text
        value = resolve_scalar(text) if len(text) < _LONGEST_TAGGED else text
        if kind == "float" and type(value) is int:
            value = float(value)
        if type(value) is not _TAGGED_TYPES.get(kind or ""):
            raise self._source.error(f"the tag `{event.tag}` does not fit here", position, expected="no tag")
        return value


def _at(event: Any) -> Position:
    return (event.start_mark.line + 1, event.start_mark.column + 1)
