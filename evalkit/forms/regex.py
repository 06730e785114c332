"""`form: regex`: the whole answer matches a pattern, and its group `answer` is what is judged."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from evalkit.forms.base import Form, Key, KeyProblem, TargetCheck, no_single_value
from evalkit.forms.keys import LABELS
from evalkit.forms.parsing.alike import alike
from evalkit.forms.parsing.clean import prepared
from evalkit.forms.parsing.compare import number_key
from evalkit.forms.parsing.misfit import Misfit
from evalkit.forms.parsing.notes import shown, storable
from evalkit.forms.parsing.vocabulary import Vocabulary
from evalkit.forms.reading import EMPTY, TOO_SLOW, NoAnswer, Reader, Reading
from evalkit.records.output import Output
from evalkit.records.sample import Target

if TYPE_CHECKING:
    from evalkit.forms.parsing.pattern import AnswerPattern


def _compiles(value: Any) -> Iterable[KeyProblem]:
    import regex

    expected = r"a pattern such as (?P<answer>\d+)"
    try:
        if "answer" not in regex.compile(value).groupindex:
            yield KeyProblem("the pattern has no group `answer`", expected)
    except regex.error as failure:
        yield KeyProblem(f"not a regular expression: {failure}", expected)


class RegexForm(Form):
    """A text around an answer, such as reasoning with a last line that is a number."""

    name = "regex"
    words = "texts of a pattern"
    keys = (LABELS, Key("pattern", r'pattern: "^(?P<answer>\\d+)$"', required=True, check=_compiles))

    def strict(self, output: Output) -> Reader:
        """The pattern matched by the whole text. Raises SuiteMistake where the pattern is none."""
        if output.pattern is None:
            raise ValueError("form regex needs a pattern")
        return Pattern(_pattern(output.pattern))

    def lenient(self, output: Output) -> Reader:
        """The pattern's last match anywhere in the text."""
        if output.pattern is None:
            return NoAnswer()
        return PatternInText(_pattern(output.pattern), Vocabulary(output.labels) if output.labels else None)

    def target_check(self, output: Output) -> TargetCheck:
        """A target that the pattern's group `answer` cannot hold is never an answer."""
        if output.pattern is None:
            return super().target_check(output)
        pattern = _pattern(output.pattern)

        def check(target: Target, cell: Any) -> Misfit | str | None:
            text = str(target)
            if several := no_single_value(text, cell):
                return several
            if pattern.gives(text):
                return text
            if pattern.may_hold(text) is not False:
                return None  # what stands around the answer is not known
            found = f"the pattern has no answer {shown(text, 60)}"
            expected = f"a target that the group `answer` of {output.pattern} matches"
            nearby = (number_key(text), text.lower(), text.upper())
            hint = next((near for near in nearby if near and near != text and pattern.may_hold(near)), None)
            return Misfit(found, expected, hint, kind="pattern")

        return check

    def guide(self, output: Output) -> str | None:
        """The pattern itself."""
        if output.pattern is None:
            return None
        return f"The whole answer must match this regular expression: {output.pattern}"


class Pattern:
    """The whole text matches the pattern; the answer is its group `answer`."""

    def __init__(self, pattern: AnswerPattern) -> None:
        self._pattern = pattern

    def read(self, text: str) -> Reading:
        """What the group holds; a pattern that takes longer than 0.1 s counts as not matched."""
        try:
            answer = self._pattern.whole(text)
        except TimeoutError:
            return Reading(None, TOO_SLOW)
        if answer is None:
            return Reading(None, f"does not match the pattern: {shown(text, 50)}") if text else EMPTY
        return Reading(storable(alike(answer)))


class PatternInText:
    """The last place in the text that the pattern matches."""

    def __init__(self, pattern: AnswerPattern, vocabulary: Vocabulary | None) -> None:
        self._pattern = pattern
        self._vocabulary = vocabulary

    def read(self, text: str) -> Reading:
        """What the group `answer` holds there, as a label where there are labels."""
        try:
            answer = self._pattern.last(prepared(text))
        except TimeoutError:
            return Reading(None, TOO_SLOW)
        if answer is None:
            return Reading(None)
        if self._vocabulary is not None:
            return Reading(self._vocabulary.match(answer) or storable(alike(answer).strip()))
        return Reading(storable(alike(answer).strip()))


@cache
def _pattern(pattern: str) -> AnswerPattern:
    from evalkit.forms.parsing.pattern import AnswerPattern  # its library is loaded only where it is used

    return AnswerPattern(pattern)
