"""Asking live: each request is sent and its answer waited for, within the key's rate limit and the budget."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from evalkit.engine.budget import Budget, Purse
from evalkit.engine.config import EngineConfig
from evalkit.engine.lane import Lane
from evalkit.engine.primer import Primers
from evalkit.engine.throttle import Throttles
from evalkit.errors import SuiteMistake
from evalkit.models.base import Model, ModelContext
from evalkit.models.registry import facts, is_billed, open_model
from evalkit.running.contender_run import ContenderRun
from evalkit.running.model_context import model_context
from evalkit.running.state import Asking
from evalkit.running.ways.way import Way
from evalkit.suite.prompts.contenders import Contender


@dataclass
class Pace:
    """What all runs of one command share: primed prefixes, rate limits, and the budget where there is one."""

    primers: Primers = field(default_factory=Primers)
    throttles: Throttles = field(default_factory=Throttles)
    budget: Budget | None = None


class LiveWay(Way):
    """Asks from this machine, as fast as the provider allows."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace

    def context(self, contender: Contender, split: str) -> ModelContext:
        """What the contender's model is opened with; its throttle hears the headers of every answer."""
        context = model_context(self.state.prepared.suite, contender, split)
        return replace(context, on_headers=self.pace.throttles.of(contender.spec).hear)

    async def open(self, contender: Contender, split: str) -> Model:
        """Open the model in this process."""
        return open_model(contender.spec, self.context(contender, split))

    async def ask(self, asking: Asking) -> None:
        """Ask within the throttle of its key and, under a budget, within its purse."""
        run, config = asking.run, self.state.prepared.config
        contender = run.contender
        known = facts(contender.spec.provider)
        engine = EngineConfig(
            concurrency=contender.concurrency,
            prime=contender.parameters.cache_ttl != "off" and known.caches_prompts,
            want_ttft=config.wants_ttft and known.tells_ttft,
            max_wait_s=config.run.max_wait_s,
            want_latency=config.good_enough.need("latency_p95_ms") is not None,
        )
        lane = Lane(
            asking.model,
            asking.keys,
            engine,
            self.state.cache,
            self.pace.primers,
            run.monitor,
            run.take,
            self.pace.throttles.of(contender.spec),
            self.purse(run),
        )
        await lane.run(asking.work())

    def purse(self, run: ContenderRun) -> Purse | None:
        """The contender's hand in the budget, where its calls cost money.

        Raises SuiteMistake where no price is known.
        """
        spec, budget = run.contender.spec, self.pace.budget
        if budget is None or not is_billed(spec):
            return None
        if run.price is None:
            problem = f"--max-cost cannot be kept: no price is known for {spec.provider_model}"
            expected = "price: {input: …, output: …} in dollars per million"
            raise SuiteMistake(("models", spec.name), problem, expected)
        return Purse(budget, run.price)
