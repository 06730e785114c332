"""Parameters that a server may refuse and the job can do without: which one an error is about, and what is learned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.inside import message_of
from evalkit.records.completion import Failure

ANSWER_PARAMETERS = frozenset({"temperature", "seed", "reasoning_effort", "thinking"})

# A name as errors write it, bare or quoted, alone or in a list of names.
_NAME = r"[\[('\"`]*(?P<name>%s)[\])'\"`]*(?![\w-])"
_OTHERS = r"(?:[\[('\"`]*\w+[\])'\"`]*(?:,| and)\s+){0,6}"
_NOUN = r"(?:parameter|param|argument|field|key|property|propertie|option|input|value|keyword|name)(?:s|\(s\))?"
_UNWANTED = r"(?:unsupported|unknown|unrecogni[sz]ed|unexpected|unpermitted|disallowed|extra|extraneous|unavailable)"
_TAKEN = r"(?:supported?|permitted|allowed|accepted|available|recogni[sz]ed|expected|used?|set|specified|a valid)"
_REFUSED = (
    rf"(?:(?:is|are|was|were|has been|can|may)?\s*(?:currently |only )?(?:not|never|no longer)\s+(?:be\s+)?{_TAKEN}"
    r"|cannot be|can only be|may only be|(?:is|are)\s+(?:only|deprecated|unsupported|unexpected|unknown|disabled|fixed)"
    r"|(?:was|were)\s+unexpected|unsupported|(?:does|do)(?: not|n't) support)"
)
_NOT_TAKE = (
    r"(?:does not|doesn't|do not|don't|cannot|can't|not)\s+(?:support|accept|allow|take|permit|recogni[sz]e|use|set)"
)
_FILLERS = rf"(?:(?:the|a|any|setting|custom|non-default|following|request|{_NOUN}|for|of)\s+)*"
_PASSED = r"(?:\s+(?:supplied|provided|found|received|passed|name))?"
# What an error says when it is about a parameter. Each stands right beside the name: elsewhere in a message, the name
# may be a word of a sample.
_WORDINGS = (
    rf"{_UNWANTED}\s+(?:\w+\s+){{0,2}}{_NOUN}{_PASSED}\s*[:=]?\s*{_OTHERS}{_NAME}",
    rf"{_UNWANTED}\s*:\s*{_OTHERS}{_NAME}",
    rf"(?<![\w-]){_NAME}(?:\s+{_NOUN})?\s+{_REFUSED}",
    rf"(?<![\w-]){_NAME}(?:\.[\w.]+)?\s*:\s*[^.;:]{{0,40}}?(?:{_REFUSED}|extra inputs|extra fields|{_UNWANTED})",
    rf"{_NOT_TAKE}(?:ed)?\s+{_FILLERS}(?:{_NOUN})?\s*:?\s*{_OTHERS}{_NAME}",
)
_OUT_OF_RANGE = re.compile(
    r"must be|should be|between|at least|at most|less than|greater than|out of range|above|below|exceed|too (?:large|"
    r"high|low|small|big)|maximum|minimum",
    re.IGNORECASE,
)
_REFUSAL = re.compile(rf"{_UNWANTED}|{_REFUSED}|not permitted|not support|deprecated", re.IGNORECASE)
# A quotation of several words is no name: most often it is the sample.
_WRAPPED_PARAM = re.compile(r"""['"]param['"]\s*:\s*['"](\w+)['"]""")
_WRAPPED_MESSAGE = re.compile(
    r"""['"]message['"]\s*:\s*(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)')"""
)
_QUOTATIONS = re.compile(r"(?<!\w)(?:'[^']*'(?!\w)|\"[^\"]*\"|`[^`]*`|“[^”]*”|«[^»]*»)")


def blamed(body: object, message: str, names: Iterable[str]) -> tuple[str, ...]:
    """Which of the parameters that were sent an error is about; empty where it is about none of them.

    The error's own field for it decides where it has one. Else the name must stand beside words that refuse a
    parameter: a message that merely holds the name, as one does that quotes the sample, blames nothing.
    """
    sent = {name.lower(): name for name in names}
    message = _own_words(body) or message
    # A gateway puts the whole error of the server behind it into its message, as text.
    told = list(_told(body)) or [found.lower() for found in _WRAPPED_PARAM.findall(message)]
    if wrapped := _WRAPPED_MESSAGE.search(message):
        message = wrapped["double"] or wrapped["single"] or message
    if told:
        out_of_range = _OUT_OF_RANGE.search(message) and not _REFUSAL.search(message)
        return () if out_of_range else tuple(dict.fromkeys(sent[name] for name in told if name in sent))
    if not sent:
        return ()
    text = _QUOTATIONS.sub(lambda found: found[0] if len(found[0].split()) == 1 else "…", message)
    found = []
    for name in sent:
        if any(re.search(each.replace("%s", re.escape(name)), text, re.IGNORECASE) for each in _WORDINGS):
            found.append(sent[name])
    return tuple(found)


def _own_words(body: object) -> str | None:
    """The message of the error itself; an SDK's text quotes the whole body."""
    inner = body.get("error") if isinstance(body, Mapping) else None
    return message_of(inner) or message_of(body)


def _told(body: object) -> Iterator[str]:
    """The parameters that the fields of an error name: `param`, or where validators say what they looked at."""
    if isinstance(body, list):
        for each in body:
            yield from _told(each)
    if not isinstance(body, Mapping):
        return
    if isinstance(param := body.get("param"), str) and param.strip():
        yield _last(param)
    location = body.get("loc")
    if isinstance(location, list) and location and isinstance(location[-1], str):
        yield _last(location[-1])
    for name in ("error", "detail", "errors", "message"):
        yield from _told(body.get(name))


def _last(path: str) -> str:
    """The name at the end of `body.temperature`, `$.temperature` or `request['temperature']`."""
    parts = re.findall(r"[\w-]+", path)
    return parts[-1].lower() if parts else ""


@dataclass(slots=True)
class Droppable:
    """Parameters that a server may refuse and the job can do without, and what replaces them.

    A server that refuses one of them is asked again without it. Where that gets through, the name is remembered, so
    that this costs one extra request per run, and is told in the run. Where it does not, nothing is learned.
    """

    replacements: dict[str, str | None]
    dropped: set[str] = field(default_factory=set)

    def apply(self, body: dict[str, Any], also: Iterable[str] = ()) -> dict[str, Any]:
        """The body without what was dropped before, and without what `also` names."""
        for name in (self.dropped | set(also)) & body.keys():
            value, other = body.pop(name), self.replacements.get(name)
            if other:
                body[other] = value
        return body

    def told(self) -> set[str]:
        """The dropped names that the suite asked for; a mere change of name is not worth a word."""
        return {name for name in self.dropped if self.replacements[name] is None and name in ANSWER_PARAMETERS}

    def leave_out(self, names: Iterable[str]) -> None:
        """Drop what an earlier run learned."""
        self.dropped |= set(names) & self.replacements.keys()

    def candidate(self, failure: Failure, body: Mapping[str, Any], tried: Iterable[str] = ()) -> str | None:
        """The parameter of a body that a failure blames and that can go; None where there is none."""
        if failure.http_status not in (400, 422):
            return None
        gone = self.dropped | set(tried)
        for name in failure.blames:
            if name in body and name in self.replacements and self.replacements[name] not in gone:
                return name
        return None

    def learn(self, failure: Failure, body: Mapping[str, Any]) -> bool:
        """Whether the failure blames a parameter of the body that can go; if so, it is left out from now on."""
        name = self.candidate(failure, body)
        if name is None:
            return False
        self.dropped.add(name)
        return True
