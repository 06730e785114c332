"""The one place that turns a path in a suite into file, line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evalkit.errors import SuiteError, SuiteMistake, SuiteMistakes
from evalkit.quote import nearest
from evalkit.suite.config.base import YamlPath
from evalkit.suite.config.suite import DEFAULT_PROMPT
from evalkit.suite.file.loaded import PromptTexts
from evalkit.suite.file.text_file import line_of
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
    asked = [_in_file(source.data, mistake.path) for mistake in mistakes]
    files = [_own_file(texts, mistake) for mistake in mistakes]
    lines = [None if file is not None else mistake.line for mistake, file in zip(mistakes, files, strict=True)]
    spots = source.places(asked, [mistake.key for mistake in mistakes], lines)
    placed: dict[tuple[int, int], int] = {}
    for i, spot in enumerate(spots):
        placed.setdefault((spot.line or 1, spot.column or 1), i)
    chosen = placed[min(placed)]
    first, file = mistakes[chosen], files[chosen]
    place = spots[chosen] if file is None or first.line is None else line_of(file, first.line)
    hint = nearest(*first.near) if first.near is not None else first.hint
    return SuiteError(first.problem, place, expected=first.expected, hint=hint, more=len(placed) - 1)


def _own_file(texts: Mapping[str, PromptTexts], mistake: SuiteMistake) -> Path | None:
    """The file of a prompt's text in which a line is meant; None where the text stands in the suite."""
    path = mistake.path
    text = texts.get(str(path[1])) if mistake.line is not None and len(path) > 2 and path[0] == "prompts" else None
    return None if text is None else {"system": text.system_file, "user": text.user_file}.get(str(path[2]))


def _in_file(data: Mapping[str, Any], path: YamlPath) -> YamlPath:
    """The path as the file has it: a single prompt stands under `prompt`."""
    if path[:2] == ("prompts", DEFAULT_PROMPT) and "prompts" not in data:
        return ("prompt", *path[2:])
    return path
