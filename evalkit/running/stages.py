"""The steps of a round. The first asks and scores; a later one, such as a judge, reads answers and sets scores.

A stage gets the contenders of one round side by side. Where there is a later stage, every `ContenderRun` holds its
answers back: the stage reads `run.held` and replaces the `score` of what it grades, and only then do the answers go
into figures and onto the disk. Without a later stage nothing is held, and memory stays flat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from evalkit.running.state import Asking, RunState
from evalkit.running.ways.way import Way


class Stage(Protocol):
    """One step of every round."""

    async def work(self, state: RunState, contenders: Sequence[Asking]) -> None:
        """Take the answers of all contenders of a round one step further. May raise what ends the run."""
        ...


@dataclass(frozen=True, slots=True)
class AskAndScore:
    """Asks all contenders of a round side by side; each answer is scored by the suite's rules as it comes."""

    way: Way

    async def work(self, state: RunState, contenders: Sequence[Asking]) -> None:
        """Ask everything. The first thing that goes wrong ends it all."""
        try:
            async with asyncio.TaskGroup() as group:
                for asking in contenders:
                    group.create_task(self.way.ask(asking))
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        self.way.end_round()


def first_error(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first single error inside nested groups."""
    first = errors.exceptions[0]
    return first_error(first) if isinstance(first, BaseExceptionGroup) else first
