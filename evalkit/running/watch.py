"""What a caller of a run sees of it while it is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from evalkit.engine.monitor import Monitor
from evalkit.running.prepare import Prepared


@dataclass
class Watch:
    """What a caller sees of a run under way: a monitor per contender, and warnings as they come.

    `label` goes before the names and warnings of this run, where several are under way at once.
    """

    monitors: dict[str, Monitor] = field(default_factory=dict)
    on_start: Callable[[Prepared], None] = lambda _: None
    on_warning: Callable[[str], None] = lambda _: None
    label: str = ""
