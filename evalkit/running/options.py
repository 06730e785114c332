"""What a caller of a run sets and sees."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.engine.monitor import Monitor
from evalkit.engine.open_loop import OpenRate
from evalkit.records.evidence import Vouch
from evalkit.running.prepare import Prepared
from evalkit.suite.file.errors import SuiteError


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a caller may set. `models` restricts the run to some models of the suite; `vouched` is evidence that the
    user stands for instead of measuring it; `max_cost` are the US dollars that the run may cost at most."""

    suite: Path
    models: tuple[str, ...] = ()
    require_all: bool = False
    runs: Path = Path("runs")
    vouched: tuple[Vouch, ...] = ()
    max_cost: float | None = None
    rate: OpenRate | None = None

    @property
    def command(self) -> str:
        """The command that starts this run again."""
        models = "".join(f" --model {shlex.quote(name)}" for name in self.models)
        stood = "".join(f" --vouch {name}" for name in self.vouched)
        limit = "" if self.max_cost is None else f" --max-cost {self.max_cost:g}"
        even = " --constant" if self.rate and self.rate.arrivals == "constant" else ""
        rate = "" if self.rate is None else f" --rate {self.rate.rate:g}{even}"
        return f"python -m evalkit run {shlex.quote(str(self.suite))}{models}{stood}{limit}{rate}"


class Interrupted(Exception):
    """Raised when the run was stopped; `kept` answers are in the response cache."""

    def __init__(self, kept: int, total: int) -> None:
        self.kept, self.total = kept, total
        super().__init__(f"{kept} of {total} answers are kept")


class NothingToRun(SuiteError):
    """Raised where no contender can be asked, or one that is required cannot."""


@dataclass
class Watch:
    """What a caller sees of a run under way: a monitor per contender, and warnings as they come."""

    monitors: dict[str, Monitor] = field(default_factory=dict)
    on_start: Callable[[Prepared], None] = lambda _: None
    on_warning: Callable[[str], None] = lambda _: None
