"""`form: text`: any text that is more than white space."""

from __future__ import annotations

from evalkit.forms.base import Form
from evalkit.forms.keys import LABELS
from evalkit.forms.parsing.alike import alike
from evalkit.forms.parsing.notes import storable
from evalkit.forms.reading import EMPTY, Reader, Reading
from evalkit.records.output import Output


class TextForm(Form):
    """The answer is the text itself. The strict reading takes all but an empty one."""

    name = "text"
    words = "texts"
    keys = (LABELS,)
    free_text = True

    def strict(self, output: Output) -> Reader:
        """Any text."""
        return Text()


class Text:
    """Any text that is more than white space."""

    def read(self, text: str) -> Reading:
        """The text itself."""
        return Reading(storable(alike(text))) if text.strip() else EMPTY
