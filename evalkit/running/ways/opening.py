"""From what the user said to the way of each run of a command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from evalkit.engine.budget import Budget
from evalkit.running.ways.choice import HowToAsk
from evalkit.running.ways.live import LiveWay, Pace
from evalkit.running.ways.way import Way

Ways = Callable[[], Way]


@asynccontextmanager
async def opened_ways(how: HowToAsk) -> AsyncIterator[Ways]:
    """Gives what makes a way for one run. What the runs of a command share (rate limits, primed prefixes, the budget,
    workers, the batch desk) is made once, and closed at the end."""
    pace = Pace(budget=None if how.max_cost is None else Budget(how.max_cost))
    # Imported where it is chosen: most commands need one of them.
    if how.cluster is not None:
        from evalkit.engine.cluster.driver import ClusterConfig
        from evalkit.running.ways.cluster import ClusterWay, Crew

        crew = Crew(ClusterConfig(how.workers, how.address))
        try:
            yield lambda: ClusterWay(LiveWay(pace), crew)
        finally:
            await crew.close()
    elif how.batch:
        from evalkit.running.ways.batch import BatchDesk, BatchWay

        desk = BatchDesk(wait=how.wait, first_look_s=how.first_look_s)
        yield lambda: BatchWay(LiveWay(pace), desk)
    elif how.rate is not None:
        from evalkit.engine.open_loop import OpenRate
        from evalkit.running.ways.open_rate import OpenRateWay

        rate = OpenRate(how.rate, "constant" if how.constant else "poisson")
        yield lambda: OpenRateWay(LiveWay(pace), rate)
    else:
        yield lambda: LiveWay(pace)
