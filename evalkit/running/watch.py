"""What a caller of a run sees of it, and the ways in which a run ends early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from evalkit.engine.monitor import Monitor
from evalkit.running.prepare import Prepared
from evalkit.suite.file.errors import SuiteError


class Interrupted(Exception):
    """Raised when the run was stopped; `kept` answers are in the response cache."""

    def __init__(self, kept: int, total: int) -> None:
        self.kept, self.total = kept, total
        super().__init__(f"{kept} of {total} answers are kept")


class NothingToRun(SuiteError):
    """Raised where no contender can be asked, or one that is required cannot."""


@dataclass
class Watch:
    """What a caller sees of a run under way: a monitor per contender, and warnings as they come.

    `label` goes before the names and warnings of this run, where several are under way at once.
    """

    monitors: dict[str, Monitor] = field(default_factory=dict)
    on_start: Callable[[Prepared], None] = lambda _: None
    on_warning: Callable[[str], None] = lambda _: None
    label: str = ""
