"""Who is asked on which split, in which order, and whether the run ends with a verdict."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from evalkit.records.run import ContenderResult
from evalkit.running.prepare import Prepared
from evalkit.suite.prompts.contenders import Contender

if TYPE_CHECKING:
    from evalkit.running.state import RunState

AskRound = Callable[[Sequence[Contender], str], Awaitable[list[ContenderResult]]]


class Rounds(Protocol):
    """The plan of a run. `decided`: whether the run ends with a verdict."""

    @property
    def decided(self) -> bool:
        """Whether the run ends with a verdict."""
        ...

    async def play(self, state: RunState, ask: AskRound) -> None:
        """Ask round by round: `ask(contenders, split)` gives the figures of one, and `state` knows all before."""
        ...


@dataclass(frozen=True, slots=True)
class DevThenTest:
    """One prompt goes straight to test; several are compared on dev, and the best one goes to test."""

    decided: ClassVar[bool] = True

    async def play(self, state: RunState, ask: AskRound) -> None:
        """Dev where there is something to choose, then test."""
        everyone: Sequence[Contender] = state.prepared.contenders
        if compares_prompts(state.prepared):
            from evalkit.running.prompt_choice import ranked

            await ask(everyone, "dev")
            state.ranks, words = ranked(state.prepared, state.runs)
            chosen = next(rank.prompt for rank in state.ranks if rank.chosen)
            state.warn(f"prompt {words}")
            everyone = [c for c in everyone if c.prompt == chosen]
        elif len(state.prepared.config.prompts) > 1:
            state.chosen_on_test = True
            missing = "dev" if "train" in state.prepared.suite.dataset.splits else "train"
            state.warn(f"several prompts and no {missing} split: the prompt is chosen on test")
        await ask(everyone, "test")


@dataclass(frozen=True, slots=True)
class OnlyThese:
    """Some contenders (ids) on test, without a verdict: the run that confirms what fell."""

    contenders: tuple[str, ...]
    decided: ClassVar[bool] = False

    async def play(self, state: RunState, ask: AskRound) -> None:
        """One round."""
        await ask([c for c in state.prepared.contenders if c.id in self.contenders], "test")


def compares_prompts(prepared: Prepared) -> bool:
    """Whether a run of this suite compares its prompts on dev first."""
    return len(prepared.config.prompts) > 1 and "dev" in prepared.suite.dataset.splits
