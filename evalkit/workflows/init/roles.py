"""Which column is what: guesses from names and shapes, with the doubts that remain."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import Place, SuiteError
from evalkit.quote import nearest, visible
from evalkit.rows.row import Row
from evalkit.workflows.init import names as names
from evalkit.workflows.init.columns import Column, Look, encode, is_blank

_FEWEST_GROUPS = 20
_MOST_SHOWN = 30
_MOST_NAMED = 12
_FITS = 25
_LEAK_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user has said: the column of the right answer, the columns to show."""

    target: str | None = None
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns in use. `texts` are shown to the models, in this order; `doubts` are for the user."""

    target: Column
    texts: tuple[Column, ...]
    id: str | None
    group: str | None
    split: str | None
    doubts: tuple[str, ...] = ()


def code(text: str, limit: int = 60) -> str:
    """A word of the user's between backticks: shortened, with control characters escaped."""
    return f"`{visible(text[:limit])}{'…' if len(text) > limit else ''}`"


def option(name: str, column: str) -> str:
    """An option as it would be typed in a shell."""
    return f"{name} {shlex.quote(visible(column))}"


def split_side(value: object) -> str | None:
    """`test` or `train` for the value of a split column, None for any other; dev counts as train."""
    word = str(value).strip().casefold()
    return "test" if word in names.TEST else "train" if word in names.TRAIN else None


def guess_roles(look: Look, wanted: Wanted, file: Path) -> Roles:
    """Give every column its part.

    The right answer is known by its name first and its shape second; an identifier by name and by being
    unique; a group by name and by repeating; what is shown, by name or by being free text. Raises SuiteError
    where a wanted column is not there, where none can be the target and where none is left to show.
    """
    columns = list(look.columns.values())
    if len(columns) == 1 and file.suffix.lower() in (".csv", ".tsv"):
        raise SuiteError(
            f"the only column is {code(columns[0].name)}",
            Place(file, 1),
            expected="commas between the columns of a .csv file, tabs in a .tsv file",
        )
    for name in (*(() if wanted.target is None else (wanted.target,)), *wanted.texts):
        if name not in look.columns:
            raise _no_column(name, look, file)
    if wanted.target is not None and wanted.target in wanted.texts:
        raise SuiteError(f"{code(wanted.target)} cannot be both --target and --text", Place(file))
    doubts: list[str] = []
    free = [c for c in columns if c.name != wanted.target and c.name not in wanted.texts]
    split = _split_column(free, look.sample)
    target = _target(columns, split, wanted, file, doubts)
    rest = [c for c in columns if c.name not in (target.name, split)]
    row_id = _id_column(rest)
    group = _group_column([c for c in rest if c.name != row_id and c.name not in wanted.texts], doubts)
    if wanted.texts:
        texts = tuple(look.columns[name] for name in dict.fromkeys(wanted.texts))
    else:
        texts = _texts([c for c in rest if c.name not in (row_id, group)], target, look, doubts)
    if not texts:
        raise SuiteError(
            f"besides {code(target.name)} no column is left to show to a model",
            Place(file),
            expected="a column with the text that is judged, or --text COLUMN",
        )
    return Roles(target, texts, row_id, group, split, tuple(doubts))


def _no_column(name: str, look: Look, file: Path) -> SuiteError:
    return SuiteError(
        f"no column {code(name)} in the rows",
        Place(file),
        expected=f"one of {_listed(list(look.columns))}",
        hint=nearest(name, look.columns),
    )


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    return ", ".join(code(name) for name in columns[:_MOST_NAMED]) + more


def _split_column(columns: list[Column], sample: Sequence[Row]) -> str | None:
    """A column that says itself which rows are for training and which for testing."""
    for column in columns:
        if column.name_words and column.name_words[-1] in names.SPLIT and column.everywhere and column.distinct > 1:
            sides = {split_side(row.get(column.name)) for row in sample}
            if sides == {"train", "test"}:
                return column.name
    return None


def _target(columns: list[Column], split: str | None, wanted: Wanted, file: Path, doubts: list[str]) -> Column:
    scores = {c.name: _target_score(c) for c in columns if c.name != split and c.name not in wanted.texts}
    ranked = sorted((c for c in columns if scores.get(c.name, 0) > 0), key=lambda c: -scores[c.name])
    if wanted.target is not None:
        return next(c for c in columns if c.name == wanted.target)
    if not ranked:
        raise _no_target(columns, wanted, file)
    best = ranked[0]
    by_shape_only = _name_score(best) <= 0
    if by_shape_only:
        doubts.append(f"no column is named like a right answer; {code(best.name)} was chosen for its few values")
    others = [c.name for c in ranked[1:] if (by_shape_only or scores[c.name] >= _FITS) and _could_be_target(c)]
    for name in others[:3]:
        doubts.append(f"{code(name)} would also fit as the right answer; use {option('--target', name)}")
    return best


def _no_target(columns: list[Column], wanted: Wanted, file: Path) -> SuiteError:
    given = [c.name for c in columns]
    if any(c.name in ("messages", "conversations") and c.kind == "list" for c in columns):
        return SuiteError(
            "the rows hold whole chats, not columns",
            Place(file),
            expected="a column with the text that is asked and one with the right answer",
        )
    left = [name for name in given if name not in wanted.texts]
    return SuiteError(
        "no column looks like the right answer",
        Place(file),
        expected=f"--target COLUMN: one of {_listed(left)}" if left else "a column with the right answer",
    )


def _target_score(column: Column) -> int:
    """How well a column would do as the target: name before shape; 0 or less means that it cannot be."""
    if not column.filled:
        return 0
    named = _name_score(column)
    if named < 0:
        return named
    if column.kind in ("object", "list"):
        return named + (40 if column.kind == "object" else 10) if named else 0
    if not column.few_values:
        return named
    speaks_against = names.GROUP | names.ID | names.INPUT | names.ASIDE
    if not named and (speaks_against.intersection(column.name_words) or column.numeric):
        return 0
    return named + (20 if column.kind == "text" and not column.numeric else 12)


def _could_be_target(column: Column) -> bool:
    return column.few_values or column.kind == "object"


def _name_score(column: Column) -> int:
    """0 for a name that says nothing, below 0 for one that speaks against the right answer."""
    words = column.name_words
    if not words:
        return 0
    if names.DERIVED.intersection(words):
        return -1
    if words[-1] in names.ASIDE:
        return -1 if words[0] in names.TARGET else 0
    if words[-1] in names.TARGET:
        better = 45 if names.BETTER.intersection(words[:-1]) else 0
        return better + (100 if len(words) == 1 else 60) - names.TARGET.index(words[-1])
    if words[0] in names.SURELY:
        return 45
    if words[0] in names.TARGET:
        return 5 if words[-1] in names.ID else 30
    return 0


def _id_column(columns: list[Column]) -> str | None:
    found = [
        c
        for c in columns
        if c.everywhere and c.distinct == c.rows and c.short and c.name_words and c.name_words[-1] in names.ID
    ]
    return min(found, key=lambda c: len(c.name_words)).name if found else None


def _group_column(columns: list[Column], doubts: list[str]) -> str | None:
    """A column of rows that belong together. Few groups decide nothing, so those are only told."""
    for column in columns:
        words = column.name_words
        repeats = 2 <= column.distinct < column.filled and column.short
        if not repeats or not names.GROUP.intersection(words):
            continue
        if column.distinct < _FEWEST_GROUPS:
            doubts.append(
                f"{code(column.name)} has only {column.distinct} values, too few for clusters: were the rows"
                " of one value alike, intervals would be too narrow"
            )
        elif not column.everywhere:
            empty = column.rows - column.filled
            doubts.append(f"{code(column.name)} could be `group`, but it is empty in {empty:,} rows")
        else:
            return column.name
    return None


def _texts(columns: list[Column], target: Column, look: Look, doubts: list[str]) -> tuple[Column, ...]:
    """What the models are shown: the columns named as inputs, else all free text, else all that is left."""
    filled = [c for c in columns if c.kind != "empty"]
    safe = [c for c in filled if _name_score(c) == 0 and not _tells(c, target, look.sample)]
    texts = [c for c in safe if c.kind == "text" and (c.free_text or _named_input(c))]
    texts = [c for c in texts if c.present == c.rows] or texts
    chosen = [c for c in texts if _named_input(c)] or texts
    withheld = [c for c in columns if c.free_text and c not in chosen]
    if not chosen:
        chosen = [c for c in safe if c.present == c.rows][:_MOST_SHOWN]
        if chosen:
            doubts.append(f"no column holds sentences; the prompt shows {_listed([c.name for c in chosen])}")
    options = " ".join(option("--text", c.name) for c in chosen)
    for column in withheld[:3]:
        why = "could give the answer away" if column not in safe else "may not belong to the question"
        if column.present < column.rows:
            why = f"is missing in {column.rows - column.present:,} rows"
        doubts.append(
            f"{code(column.name)} is not shown, because it {why}; to show it:"
            f" {options} {option('--text', column.name)}".replace("  ", " ")
        )
    return tuple(chosen)


def _named_input(column: Column) -> bool:
    words = column.name_words
    if not words or column.distinct < 2:
        return False
    if words[-1] in names.INPUT:
        return column.words >= 1.5 or (words[-1] in names.EVEN_ONE_WORD and not column.few_values)
    about = names.ID | names.GROUP | names.ASIDE
    return words[0] in names.INPUT and words[-1] not in about and column.words >= 2


def _tells(column: Column, target: Column, sample: Sequence[Row]) -> bool:
    return _gives_away(column, target, sample) or _mirrors(column, target, sample)


def _gives_away(column: Column, target: Column, sample: Sequence[Row]) -> bool:
    """Whether a text mostly ends with the right answer, as a worked solution does."""
    if column.kind != "text" or target.kind not in ("text", "number") or target.few_values:
        return False
    pairs = [(row.get(column.name), row.get(target.name)) for row in sample]
    known = [(str(text).rstrip(" ."), str(right)) for text, right in pairs if not is_blank(right)]
    ending = sum(text.endswith(right) for text, right in known)
    return bool(known) and ending >= _LEAK_SHARE * len(known)


def _mirrors(column: Column, target: Column, sample: Sequence[Row]) -> bool:
    """Whether a column says the same as the target in other words, value for value."""
    pairs = {(encode(row.get(column.name)), encode(row.get(target.name))) for row in sample}
    left, right = {a for a, _ in pairs}, {b for _, b in pairs}
    return column.few_values and len(pairs) == len(left) == len(right) > 1
