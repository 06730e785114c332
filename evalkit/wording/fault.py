"""A fault of evalkit itself, or of the machine, told in one line."""

from __future__ import annotations

import os
import re
from pathlib import Path

from evalkit.wording.text import plain

DEBUG = "EVALKIT_DEBUG"
_HOME = Path(__file__).parent.parent
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS|PROXY)$", re.I)
_SHORTEST_SECRET = 6


def fault(error: BaseException) -> str:
    """What happened, where, and what to do about it; no value of a variable that holds a secret is quoted."""
    if isinstance(error, MemoryError):
        return "There is not enough memory here."
    if isinstance(error, OSError) and error.strerror:
        return plain(hidden(f"evalkit cannot go on: {f'{error.filename}: ' if error.filename else ''}{error.strerror}"))
    said = " ".join(str(error).split())
    what = plain(hidden(f"{type(error).__name__}{f': {said}' if said else ''}"))
    return f"evalkit itself failed: {what}{_where(error)}. Please report this line; {DEBUG}=1 shows the whole trace."


def hidden(text: str) -> str:
    """A text without the values of variables that hold secrets."""
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and len(value.strip()) >= _SHORTEST_SECRET:
            text = text.replace(value.strip(), "[hidden]")
    return re.sub(r"(?<=://)[^/\s]*@", "[hidden]@", text)


def wants_trace() -> bool:
    """Whether the user asked for whole traces."""
    return bool(os.environ.get(DEBUG))


def _where(error: BaseException) -> str:
    """The last line of evalkit that was on the way."""
    found, step = "", error.__traceback__
    while step is not None:
        file = Path(step.tb_frame.f_code.co_filename)
        if file.is_relative_to(_HOME):
            found = f" (evalkit/{file.relative_to(_HOME).as_posix()}:{step.tb_lineno})"
        step = step.tb_next
    return found
