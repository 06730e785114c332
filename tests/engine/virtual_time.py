"""An event loop whose clock jumps to the next timer, and a server with a known capacity that lives in it.

What takes minutes in the world takes milliseconds here, always the same way.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.request import Request

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Never waits: time passes instead."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.passed += max(0.0, timeout or 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time` starts at 0 and moves only where all tasks wait."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._jumping.passed

    def hold(self, seconds: float) -> None:
        """Let time pass with nobody having a turn, as a long computation does."""
        self._jumping.passed += seconds


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run in a loop of virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


@dataclass
class Queueing:
    """A model with `slots` workers that take `seconds` for each answer, first come first served.

    Its capacity is slots / seconds. The first text comes at half of an answer's time. `fail` texts are failures.
    """

    slots: int
    seconds: float
    fail: Mapping[str, Failure] = field(default_factory=dict)
    identity: Mapping[str, str | None] = field(default_factory=lambda: {"provider": "queueing", "model": "m"})
    max_concurrency: int | None = None
    cacheable: bool = True
    notes: list[str] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.slots)

    async def complete(self, request: Request) -> Completion | Failure:
        """Wait for a worker, then for the answer."""
        clock = asyncio.get_running_loop().time
        began = clock()
        self.starts.append(began)
        if request.suffix in self.fail:
            return self.fail[request.suffix]
        async with self._free:
            await asyncio.sleep(self.seconds / 2)
            first = clock()
            await asyncio.sleep(self.seconds / 2)
        return Completion("yes", "end", Timing((clock() - began) * 1000, (first - began) * 1000))

    async def aclose(self) -> None:
        """Nothing to close."""
