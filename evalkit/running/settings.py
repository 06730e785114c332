"""What a caller of a run sets."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from evalkit.records.evidence import Vouch
from evalkit.running.ways.choice import LIVE, HowToAsk


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a caller may set. `models` restricts the run to some models of the suite; `vouched` is evidence that the
    user stands for instead of measuring it. `namespace` sets the answers of a fresh night apart from all others.
    `resume` is the command that goes on with what was left, where that is not the run's own."""

    suite: Path
    models: tuple[str, ...] = ()
    require_all: bool = False
    runs: Path = Path("runs")
    vouched: tuple[Vouch, ...] = ()
    how: HowToAsk = LIVE
    namespace: str = ""
    resume: str | None = None

    @property
    def command(self) -> str:
        """The command that starts this run again."""
        models = "".join(f" --model {shlex.quote(name)}" for name in self.models)
        strict = " --require-all" if self.require_all else ""
        stood = "".join(f" --vouch {name}" for name in self.vouched)
        return f"python -m evalkit run {shlex.quote(str(self.suite))}{models}{strict}{stood}{self.how.flags}"

    @property
    def going_on(self) -> str:
        """The command that goes on with what this run left."""
        return self.resume or self.command
