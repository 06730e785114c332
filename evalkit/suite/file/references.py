"""Files that a suite names: found or missed, and read where they belong to the declaration."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from evalkit.errors import Place, SuiteError, SuiteMistake, SuiteMistakes
from evalkit.quote import nearest
from evalkit.suite.config.base import FileRef, YamlPath
from evalkit.suite.config.dataset import Source
from evalkit.suite.config.suite import Suite
from evalkit.suite.file.loaded import PromptTexts, SuiteFiles
from evalkit.suite.file.text_file import read_text

_MAX_BYTES = 16_000_000


def suite_files(suite: Suite, directory: Path) -> SuiteFiles:
    """Find all files that the suite names, and read its prompts and its schema.

    Raises SuiteMistakes for files that are not there, and SuiteError, in their own lines, for those that are wrong.
    """
    rows = {split: _matching(directory, name) for split, name in _row_files(suite)}
    missing = [
        _missing(("dataset", split, "path"), name, directory) for split, name in _row_files(suite) if not rows[split]
    ]
    for path, name in _single_files(suite):
        if "\0" in name or not (directory / name).is_file():
            missing.append(_missing(path, name, directory))
    if missing:
        raise SuiteMistakes(tuple(missing))
    files = {file: read_text(file, _MAX_BYTES) for file in _read_files(suite, directory)}
    schema = None
    if suite.output.schema_ is not None:
        file = directory / suite.output.schema_.path
        schema = _json_schema(file, files[file])
        _check_answer(suite, schema)
    return SuiteFiles(rows, _prompt_texts(suite, directory, files), schema)


def _read_files(suite: Suite, directory: Path) -> Iterator[Path]:
    """The files that are part of the declaration: the schema, and the prompts' texts."""
    if suite.output.schema_ is not None:
        yield directory / suite.output.schema_.path
    for prompt in suite.prompts.values():
        yield from (directory / part.path for part in (prompt.system, prompt.user) if isinstance(part, FileRef))


def _matching(directory: Path, path: str) -> tuple[Path, ...]:
    """The files that `path`, a name or a glob relative to `directory`, stands for, sorted; empty: none."""
    if "\0" in path:
        return ()
    whole = directory / path
    if whole.is_file():
        return (whole,)
    found = glob.iglob(path, root_dir=directory, recursive=True) if glob.has_magic(path) else ()
    return tuple(sorted(directory / name for name in found if (directory / name).is_file()))


def _prompt_texts(suite: Suite, directory: Path, files: Mapping[Path, str]) -> dict[str, PromptTexts]:
    """The prompts' templates, those in files from `files`."""

    def text(part: str | FileRef | None) -> tuple[str, Path | None]:
        if not isinstance(part, FileRef):
            return part or "", None
        file = directory / part.path
        return files[file], file

    found = {}
    for name, prompt in suite.prompts.items():
        (system, system_file), (user, user_file) = text(prompt.system), text(prompt.user)
        found[name] = PromptTexts(system, user, system_file, user_file)
    return found


def _json_schema(file: Path, text: str) -> dict[str, Any]:
    """A file's text as a JSON Schema. Raises SuiteError, in that file's lines, where it is not JSON or no schema."""
    import jsonschema_rs

    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        line = (text.split("\n")[error.lineno - 1 : error.lineno] or [""])[0]
        raise SuiteError(f"not JSON: {error.msg}", Place(file, error.lineno, error.colno, line)) from None
    except (RecursionError, ValueError) as error:
        raise SuiteError(f"not JSON that can be read: {error}", Place(file)) from None
    if not isinstance(schema, dict):
        raise SuiteError("not a JSON Schema: the top level is not an object", Place(file))
    try:
        jsonschema_rs.validator_for(schema, retriever=_refuse)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        at = "/".join(str(step) for step in getattr(error, "instance_path", ()))
        where = f" at {at}" if at else ""
        raise SuiteError(f"not a JSON Schema{where}: {getattr(error, 'message', error)}", Place(file)) from None
    return schema


def _check_answer(suite: Suite, schema: Mapping[str, Any]) -> None:
    """`output.answer` must be a property of the schema, where that lists its properties."""
    answer, properties = suite.output.answer, schema.get("properties")
    if answer is None or not isinstance(properties, dict) or answer in properties:
        return
    listed = "one of its properties: " + ", ".join(list(properties)[:12])
    path, problem = ("output", "answer"), f"the schema has no property `{answer}`"
    raise SuiteMistake(path, problem, listed, near=(answer, properties))


def _refuse(uri: str) -> NoReturn:
    """Nothing is fetched on behalf of a schema."""
    raise ValueError(f"the reference {uri} leads out of this file")


def _row_files(suite: Suite) -> Iterator[tuple[str, str]]:
    for split in ("test", "train", "dev"):
        source = getattr(suite.dataset, split)
        if isinstance(source, Source) and source.path is not None:
            yield split, source.path


def _single_files(suite: Suite) -> Iterator[tuple[YamlPath, str]]:
    for name, prompt in suite.prompts.items():
        for part in ("system", "user"):
            value = getattr(prompt, part)
            if isinstance(value, FileRef):
                yield ("prompts", name, part, "path"), value.path
    if suite.output.schema_ is not None:
        yield ("output", "schema", "path"), suite.output.schema_.path
    for name, model in suite.models.items():
        if model.path is not None and "${" not in model.path:
            yield ("models", name, "path"), model.path


def _missing(path: YamlPath, name: str, directory: Path) -> SuiteMistake:
    """Says how far the path leads, with the nearest entry of the first folder that lacks its next part."""
    whole = directory / name.replace("\0", "")
    if whole.is_dir():
        return SuiteMistake(path, f"`{name}` is a folder", expected=f"a file, such as {os.path.join(name, '*.jsonl')}")
    if glob.has_magic(name):
        return SuiteMistake(path, f"no file matches `{name}` in {directory}")
    base, parts = Path(whole.anchor), list(whole.parts[1:])
    while parts and (base / parts[0]).is_dir():
        base /= parts.pop(0)
    try:
        entries = sorted(os.listdir(base))
    except OSError:
        entries = []
    close = nearest(parts[0], entries) if parts else None
    hint = os.path.relpath(base.joinpath(close, *parts[1:]), directory) if close else None
    what = f"no file `{name}`" if len(parts) < 2 else f"no folder `{parts[0]}` on the way to `{name}`"
    return SuiteMistake(path, f"{what} in {directory}", hint=hint)
