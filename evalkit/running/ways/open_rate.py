"""Asking at a given rate, whether the server keeps up or not; what is not hosted is asked live."""

from __future__ import annotations

from dataclasses import replace

from evalkit.engine.open_loop import OpenLane, OpenRate, connections
from evalkit.models.base import Model
from evalkit.models.registry import facts, open_model
from evalkit.running.state import Asking, RunState
from evalkit.running.ways.live import LiveWay
from evalkit.running.ways.way import Way
from evalkit.suite.prompts.contenders import Contender


class OpenRateWay(Way):
    """Sends by a schedule. Nothing is read from the response cache or written to it."""

    def __init__(self, live: LiveWay, pace: OpenRate) -> None:
        self.live, self.pace = live, pace

    def start(self, state: RunState) -> None:
        """The way of what is not hosted begins too."""
        super().start(state)
        self.live.start(state)

    async def open(self, contender: Contender, split: str) -> Model:
        """Open with as many connections as a slow server may need."""
        context = replace(self.live.context(contender, split), concurrency=connections())
        return open_model(contender.spec, context)

    async def ask(self, asking: Asking) -> None:
        """Send each request at its time, and say where the client itself was late."""
        run = asking.run
        if not facts(run.contender.spec.provider).hosted:
            await self.live.ask(asking)
            return
        lane = OpenLane(
            asking.model,
            asking.keys,
            self.pace,
            run.monitor,
            run.take,
            name=run.contender.spec.provider,
            max_wait_s=self.state.prepared.config.run.max_wait_s,
        )
        await lane.run(asking.work())
        if (warning := lane.warning()) is not None:
            self.state.warn(f"{run.contender.id}: {warning}")
