"""The one place that turns a path in a suite into file, line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from evalkit.errors import Place, SuiteError, SuiteMistake, SuiteMistakes
from evalkit.quote import nearest
from evalkit.suite.config.base import YamlPath
from evalkit.suite.config.suite import DEFAULT_PROMPT
from evalkit.suite.file.loaded import PromptTexts
from evalkit.suite.file.text_file import read_text
from evalkit.suite.file.yaml_source import YamlSource


@contextmanager
def located(source: YamlSource, texts: Mapping[str, PromptTexts] | None = None) -> Iterator[None]:
    """Make a SuiteError of a SuiteMistake that is raised within. `texts` are the suite's prompts, where they are read.

    A path that goes on past what the file holds (a default, a short form) ends at the last part that is there. A
    single prompt may be named as ("prompts", "default", …). A line inside a text is one of the suite where the text
    stands in it, and of the text's own file where it comes from one.
    """
    try:
        yield
    except SuiteMistake as mistake:
        raise _first(source, texts or {}, (mistake,)) from mistake.__cause__
    except SuiteMistakes as several:
        raise _first(source, texts or {}, several.mistakes) from None


def _first(source: YamlSource, texts: Mapping[str, PromptTexts], mistakes: tuple[SuiteMistake, ...]) -> SuiteError:
    """The first mistake in the order of the file; several at one spot count once."""
    placed: dict[tuple[int, int], SuiteMistake] = {}
    for mistake in mistakes:
        placed.setdefault(source.position(_in_file(source.data, mistake.path), mistake.key), mistake)
    position, first = min(placed.items(), key=lambda item: item[0])
    place = source.place(position) if first.line is None else _inside(source, texts, first)
    hint = nearest(*first.near) if first.near is not None else first.hint
    return SuiteError(first.problem, place, expected=first.expected, hint=hint, more=len(placed) - 1)


def _inside(source: YamlSource, texts: Mapping[str, PromptTexts], mistake: SuiteMistake) -> Place:
    """A line inside a text: of the suite where the text stands in it, of the text's own file where it has one."""
    path, line, file = mistake.path, mistake.line or 1, None
    text = texts.get(str(path[1])) if len(path) > 2 and path[0] == "prompts" else None
    if text is not None:
        file = {"system": text.system_file, "user": text.user_file}.get(str(path[2]))
    if file is None:
        return source.place(source.position_inside(_in_file(source.data, path), line))
    lines = read_text(file).splitlines()
    return Place(file, line, 1, lines[line - 1] if 0 < line <= len(lines) else "")


def _in_file(data: Mapping[str, Any], path: YamlPath) -> YamlPath:
    """The path as the file has it: a single prompt stands under `prompt`."""
    if path[:2] == ("prompts", DEFAULT_PROMPT) and "prompts" not in data:
        return ("prompt", *path[2:])
    return path
