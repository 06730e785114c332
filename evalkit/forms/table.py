"""The forms that an answer can have: one line per form."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.forms.base import Form, Key
from evalkit.forms.json import JsonForm
from evalkit.forms.label import LabelForm
from evalkit.forms.regex import RegexForm
from evalkit.forms.text import TextForm
from evalkit.records.output import Output

_TABLE: tuple[Form, ...] = (
    LabelForm(),
    JsonForm(),
    RegexForm(),
    TextForm(),
)

FORMS: Mapping[str, Form] = {form.name: form for form in _TABLE}


def form_of(output: Output) -> Form:
    """The form of this output."""
    return FORMS[output.form]


def keys() -> Mapping[str, Key]:
    """Every key under `output:` that some form takes, by name."""
    return {key.name: key for form in _TABLE for key in form.keys}


def forms_with(key: str) -> tuple[str, ...]:
    """The forms that take this key."""
    return tuple(form.name for form in _TABLE if form.key(key) is not None)


def enforceable() -> tuple[str, ...]:
    """The forms that a provider can enforce."""
    return tuple(form.name for form in _TABLE if form.enforceable)
