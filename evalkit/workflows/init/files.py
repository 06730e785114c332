"""Where a new suite and its files go; nothing is overwritten unasked, and no file is left half."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from evalkit.errors import Place, SuiteError
from evalkit.quote import nearest
from evalkit.suite.config.json_schema import suite_json_schema_text
from evalkit.workflows.init.text import SCHEMA_FILE

FOLDER = Path("suites")
_DATA = "data"
_LONGEST_NAME = 60
_ENDINGS = re.compile(r"\.(jsonl|ndjson|json|csv|tsv|parquet|gz|zst|bz2|xz|zip)$", re.I)
_SPLIT_WORD = re.compile(r"[._-](train|test|dev|val|validation|all|full)$")
_SAYS_NOTHING = frozenset(("train", "test", "dev", "val", "data", "dataset", "items", "rows", "all", "export"))


@dataclass(slots=True)
class Files:
    """The files of one new suite. `written` lists what has been written, in that order."""

    suite: Path
    force: bool
    written: list[Path] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The suite's name, from its file."""
        return slug(self.suite.stem) or "suite"

    @property
    def answer_schema(self) -> Path:
        """The JSON Schema of the answers."""
        return self.suite.with_name(f"{self.name}.answer.schema.json")

    def data(self, split: str) -> Path:
        """The copied rows of a split."""
        return self.suite.parent / _DATA / f"{self.name}.{split}.jsonl"

    def relative(self, path: Path) -> str:
        """A path as the suite names it: from the suite's folder, or whole where that is shorter."""
        whole = path.absolute()
        return min(os.path.relpath(whole, self.suite.absolute().parent), str(whole), key=len)

    def refuse_overwriting(self, planned: list[Path], sources: list[Path]) -> None:
        """Raises SuiteError where a planned file is there already, or is a file that is being read."""
        try:
            for path in planned:
                self._refuse(path, sources)
        except OSError as error:
            raise SuiteError(f"cannot be written: {error.strerror or error}", Place(self.suite)) from None

    def _refuse(self, path: Path, sources: list[Path]) -> None:
        if path.is_dir():
            raise SuiteError("a folder, not a file", Place(path), expected=f"--out {path / 'NAME.yaml'}")
        if not path.exists():
            return
        if any(path.samefile(source) for source in sources):
            problem = "this file would be overwritten by its own copy"
            raise SuiteError(problem, Place(path), expected="--out another.yaml")
        if not self.force:
            problem = "already there; nothing was written"
            raise SuiteError(problem, Place(path), expected="--force, or --out another.yaml")

    def write_text(self, path: Path, text: str) -> None:
        """Write a text as UTF-8, whole or not at all. Raises SuiteError."""
        with self.writing([path]) as (file,):
            file.write(text.encode())

    def write_editor_schema(self) -> None:
        """The schema that editors check suites by, where it is missing."""
        path = self.suite.with_name(SCHEMA_FILE)
        if not path.exists():
            self.write_text(path, suite_json_schema_text())

    @contextmanager
    def writing(self, paths: list[Path]) -> Iterator[list[BinaryIO]]:
        """Open files under passing names, which become the right ones at the end. Raises SuiteError."""
        drafts = [path.with_name(f".{path.name}.part") for path in paths]
        opened: list[BinaryIO] = []
        try:
            for draft in drafts:
                draft.parent.mkdir(parents=True, exist_ok=True)
                opened.append(draft.open("wb"))
            yield opened
            for file, draft, path in zip(opened, drafts, paths, strict=True):
                file.close()
                draft.replace(path)
        except OSError as error:
            raise SuiteError(f"cannot be written: {error.strerror or error}", Place(paths[0])) from None
        finally:
            for file, draft in zip(opened, drafts, strict=False):
                file.close()
                draft.unlink(missing_ok=True)
        self.written += paths


def readable(path: Path) -> Path:
    """The path of a file that is there. Raises SuiteError with the nearest name where it is not."""
    try:
        if path.is_file():
            return path
        if path.is_dir():
            expected = f"one file, such as {path / 'rows.jsonl'}"
            raise SuiteError("a folder, not a file", Place(path), expected=expected)
        siblings = os.listdir(path.parent) if path.parent.is_dir() else []
    except (OSError, ValueError) as error:
        raise SuiteError(f"cannot be read: {error}", Place(path)) from None
    close = nearest(path.name, siblings)
    raise SuiteError("no such file", Place(path), hint=str(path.with_name(close)) if close else None)


def suite_path(data: Path, out: Path | None) -> Path:
    """Where the suite goes: `out`, or suites/NAME.yaml with a name made from the data's."""
    if out is not None:
        return out
    name = base_name(data)
    if name in _SAYS_NOTHING or not name:
        name = base_name(Path(data.absolute().parent.name)) or name
    return FOLDER / f"{name or 'suite'}.yaml"


def base_name(path: Path) -> str:
    """The file's name as a suite's name, without endings and without the word for its split."""
    return _SPLIT_WORD.sub("", slug(_stem(path)))


def sibling_train(data: Path) -> Path | None:
    """A file beside the data that is its training part by name, such as x.train.jsonl beside x.test.jsonl."""
    parts = data.name.rpartition("test")
    if not parts[1]:
        return None
    path = data.with_name(f"{parts[0]}train{parts[2]}")
    return path if path.is_file() else None


def slug(text: str) -> str:
    """Small letters, digits, dots, underscores and hyphens; may be empty."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:_LONGEST_NAME].strip("-._")


def _stem(path: Path) -> str:
    """The name without its ending, and without a second one where it is compressed."""
    return _ENDINGS.sub("", _ENDINGS.sub("", path.name))
