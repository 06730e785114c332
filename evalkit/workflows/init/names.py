"""What the words of a column's name say about its part in a suite."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The right answer, the likeliest word first.
TARGET = _words(
    "label target gold answer intent category class expected y truth labels sentiment topic output completion"
    " response reply summary translation department team queue tag tags type kind verdict decision outcome"
    " result status priority rating score stars outputs answers responses completions correct incorrect"
)
# Words that make it the right answer rather than somebody's.
BETTER = frozenset(_words("gold golden correct expected true ground target final"))
SURELY = frozenset(_words("gold golden correct expected target"))

# What a model is shown. The second set holds such columns even where they are single words.
INPUT = frozenset(
    _words(
        "text input question prompt query message body subject title content context passage document"
        " sentence premise hypothesis utterance review description email mail ticket article abstract comment"
        " post tweet conversation dialogue transcript instruction request headline complaint note source"
    )
)
EVEN_ONE_WORD = frozenset(_words("text input question prompt query sentence title utterance content message"))

# What is written on the way to the answer, or after it: shown to a model, it would give the answer away.
DERIVED = frozenset(
    _words(
        "rationale reasoning explanation explain cot thought thoughts chain solution justification hint"
        " feedback resolution pred predicted prediction predictions guess guessed model llm annotator"
        " annotation"
    )
)

ID = frozenset(_words("id ids uuid guid key index idx no nr number ref identifier"))
GROUP = frozenset(
    _words(
        "customer user account acct session conversation thread doc document patient author speaker client"
        " company org organisation organization tenant group cluster case household dialog dialogue article"
        " page paper visit device contact sender participant subject student worker family"
    )
)
# About a row and not in it.
ASIDE = frozenset(
    _words(
        "date time year month day created updated timestamp at url link path file filename length len count"
        " size address tokens chars characters ms seconds latency cost"
    )
)

SPLIT = frozenset(_words("split fold partition subset"))
TEST = frozenset(_words("test testing eval evaluation holdout"))
TRAIN = frozenset(_words("train training dev development val valid validation"))
