"""A line per contender while a run is under way; plain lines now and then where there is no terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import IO, Any, Protocol

from evalkit.report.console import console
from evalkit.wording.numbers import count, money
from evalkit.wording.text import plain

_FRAME_SECONDS = 0.2
_PLAIN_SECONDS = 15.0


class Watched(Protocol):
    """What the display reads of a contender under way."""

    total: int | None
    done: int
    cached: int
    sent: int
    retries: int
    spent: float | None
    stopped: str | None

    def waiting(self) -> str | None:
        """Why nothing is sent just now, None where nothing waits."""
        ...


@asynccontextmanager
async def progress(monitors: Mapping[str, Watched], stream: IO[str]) -> AsyncIterator[None]:
    """Show the monitors, which may grow, until the block ends."""
    show = _live if stream.isatty() else _lines
    task = asyncio.create_task(show(monitors, stream))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _live(monitors: Mapping[str, Watched], stream: IO[str]) -> None:
    from rich.live import Live

    started = monotonic()
    with Live(console=console(stream), transient=True, auto_refresh=False) as live:
        while True:
            live.update(_table(monitors, monotonic() - started), refresh=True)
            await asyncio.sleep(_FRAME_SECONDS)


async def _lines(monitors: Mapping[str, Watched], stream: IO[str]) -> None:
    started = monotonic()
    while True:
        await asyncio.sleep(_PLAIN_SECONDS)
        for name, monitor in monitors.items():
            if monitor.total is None or monitor.done < monitor.total:
                print(f"{name}: {'  '.join(cells(monitor, monotonic() - started))}", file=stream, flush=True)


def _table(monitors: Mapping[str, Watched], seconds: float) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for name, monitor in monitors.items():
        table.add_row(Text(name, style="bold"), *(Text(cell) for cell in cells(monitor, seconds)))
    return table


def cells(monitor: Watched, seconds: float) -> list[str]:
    """Done, rate, retries, what it waits for, and what was spent so far."""
    total = f"/{monitor.total:,}" if monitor.total is not None else ""
    rate = (monitor.done - monitor.cached) / seconds if seconds > 0 else 0.0
    return [
        f"{monitor.done:,}{total}",
        f"{rate:,.1f}/s" if monitor.sent else "",
        count(monitor.retries, "retry", "retries") if monitor.retries else "",
        _waiting(monitor),
        f"{money(monitor.spent)} spent" if monitor.spent else "",
    ]


def _waiting(monitor: Watched) -> str:
    if monitor.stopped:
        return f"stopped: {plain(monitor.stopped, 60)}"
    if text := monitor.waiting():
        return text
    if monitor.cached and not monitor.sent:
        return "from cache"
    return ""
