"""How to ask, as a user says it: one object for `--batch`, `--rate`, `--cluster`, `--max-cost` and their like."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.errors import UsageError


@dataclass(frozen=True, slots=True)
class HowToAsk:
    """Without anything set, requests are asked live from this machine.

    `rate` is in calls a second, at random times or, with `constant`, evenly spaced. `cluster` is `ray`. `max_cost` are
    the US dollars that the whole command may cost at most. By batch, the first look is after `first_look_s` seconds;
    without `wait` the command ends when everything is submitted. Raises UsageError.
    """

    batch: bool = False
    wait: bool = True
    rate: float | None = None
    constant: bool = False
    cluster: str | None = None
    workers: int | None = None
    address: str | None = None
    max_cost: float | None = None
    first_look_s: float = 2.0

    def __post_init__(self) -> None:
        problem = next(self._problems(), None)
        if problem is not None:
            raise UsageError(problem)

    @property
    def flags(self) -> str:
        """The options to paste again, each after a space. `--no-wait` is not among them: who goes on, waits."""
        cost = "" if self.max_cost is None else f" --max-cost {self.max_cost:g}"
        rate = "" if self.rate is None else f" --rate {self.rate:g}{' --constant' if self.constant else ''}"
        cluster = "" if self.cluster is None else f" --cluster {self.cluster}"
        workers = "" if self.workers is None else f" --workers {self.workers}"
        address = "" if self.address is None else f" --address {shlex.quote(self.address)}"
        return f"{cost}{rate}{cluster}{workers}{address}{' --batch' if self.batch else ''}"

    def _problems(self) -> Iterator[str]:
        if self.constant and self.rate is None:
            yield "--constant goes with --rate"
        if not self.wait and not self.batch:
            yield "--no-wait goes with --batch"
        if self.cluster is None and (self.workers is not None or self.address is not None):
            yield f"{'--workers' if self.workers is not None else '--address'} goes with --cluster"
        if self.rate is not None and (self.batch or self.max_cost is not None):
            yield "--rate goes with neither --batch nor --max-cost"
        if self.cluster is not None and (self.cluster != "ray" or self.batch or self.rate is not None):
            yield "--cluster takes ray, and goes with neither --batch nor --rate"
        if self.batch and self.max_cost is not None:
            yield "--batch submits a batch whole; use --max-cost without --batch"


LIVE = HowToAsk()
