"""What a section of the memo is made of: paragraphs, tables, charts, a confusion matrix, examples, a command.

All texts are data: the template escapes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

Tone = Literal["", "good", "bad", "open", "muted"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell. `sub` is a smaller second line; a `tone` gives that line a mark beside its words."""

    text: str
    sub: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. `numeric` holds the columns (from 0) that are set to the right."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | str, ...], ...]
    numeric: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs; `tone` muted for side remarks."""

    kind: ClassVar[str] = "text"
    paragraphs: tuple[str, ...]
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Short sentences, one a line."""

    kind: ClassVar[str] = "listing"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A line to paste."""

    kind: ClassVar[str] = "command"
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Key:
    """What a line style of a chart stands for: the number of its colour (from 1) and a dash pattern."""

    label: str
    colour: int
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart in a wide and a narrow drawing (SVG text that is safe to insert), with its data as a table.

    `title` says what it shows, `note` how to read it.
    """

    kind: ClassVar[str] = "figure"
    id: str
    title: str
    wide: str
    narrow: str
    data: Table
    note: str = ""
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Heat:
    """A confusion matrix. `cells[i][j]` is a count and its share of row i; the last column holds invalid answers."""

    kind: ClassVar[str] = "heat"
    title: str
    labels: tuple[str, ...]
    cells: tuple[tuple[tuple[int, float], ...], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A worst example, cut: `head` names it, each part is a heading, a text, and what was left out of it."""

    head: str
    tags: tuple[str, ...]
    parts: tuple[tuple[str, str, str], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """Worst examples, one after the other."""

    kind: ClassVar[str] = "examples"
    items: tuple[Example, ...]


Block = Table | Text | Listing | Command | Figure | Heat | Examples


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its blocks. `short` is its name in the contents."""

    id: str
    title: str
    short: str
    blocks: Sequence[Block] = field(default_factory=tuple)


def absent(why: str) -> tuple[Text]:
    """The one sentence that stands where a section has no data."""
    return (Text((why,), "muted"),)
