"""What every way of asking does for a run."""

from __future__ import annotations

from abc import ABC, abstractmethod

from evalkit.models.base import Model
from evalkit.running.state import Asking, RunState
from evalkit.suite.prompts.contenders import Contender


class Way(ABC):
    """Opens the models of one run and asks its contenders. A way may hold another one, for those that it cannot ask."""

    state: RunState

    def start(self, state: RunState) -> None:
        """The run begins. What its user should know of this way is warned here."""
        self.state = state

    @abstractmethod
    async def open(self, contender: Contender, split: str) -> Model:
        """Open a contender's model. Raises ModelUnavailable."""

    @abstractmethod
    async def ask(self, asking: Asking) -> None:
        """Ask all of a contender's requests; `asking.run.take` gets every outcome exactly once."""

    def end_round(self) -> None:
        """All contenders of a round were asked. Raises what ends a run whose answers are not all there yet."""
        return

    def finish(self) -> None:
        """The run's folder is written: what was kept aside for it may go."""
        return
