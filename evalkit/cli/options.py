"""The options that several commands share, each said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.workflows.run import HowToAsk


class Vouchable(StrEnum):
    """What a user may stand for."""

    PROMPT = "prompt"
    LABELS = "labels"
    FORMAT = "format"


def SpanOption(text: str) -> Any:
    """A figure or a range, as people type it."""
    return typer.Option(help=text, metavar="FIGURE")


def vouched(chosen: list[Vouchable] | None) -> tuple[Any, ...]:
    """What the user stands for, as the records say it."""
    return tuple(each.value for each in chosen or ())


def typed(**figures: str | None) -> dict[str, str]:
    """The figures that were given, by name."""
    return {name: text for name, text in figures.items() if text is not None}


SuiteArgument = Annotated[Path, typer.Argument(help="The suite file.", metavar="SUITE")]
ModelsOption = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="Only this model of the suite; may be repeated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table, only the answer.")]
VouchOption = Annotated[
    list[Vouchable] | None,
    typer.Option("--vouch", help="Stand for evidence that was not measured; the memo says so first. May be repeated."),
]
RunArgument = Annotated[Path, typer.Argument(help="A run's folder, or runs/SUITE for its newest run.", metavar="RUN")]
RequireOption = Annotated[
    bool, typer.Option("--require-all", help="A model that cannot be asked is an error, not a skip.")
]
FlipsOption = Annotated[int, typer.Option("--flips", help="How many flips to list each way.", min=0)]

# How to ask, the same for every command that asks models.
BatchOption = Annotated[bool, typer.Option("--batch", help="Ask by the vendors' batch APIs, at half the price.")]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="With --batch: submit, and end.")]
ClusterOption = Annotated[str | None, typer.Option("--cluster", help="Ask from several workers: ray.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", help="With --cluster; default: 2, or one per node.", min=1)
]
AddressOption = Annotated[
    str | None, typer.Option("--address", help="A running cluster, HOST:PORT or auto; default: this machine.")
]
MaxCostOption = Annotated[
    float | None, typer.Option("--max-cost", help="Stop before it costs more US dollars than this.", min=0)
]


def how_to_ask(**options: Any) -> HowToAsk:
    """The options as one object. A wrong combination is a wrong call, exit code 2."""
    from evalkit.workflows.run import HowToAsk

    try:
        return HowToAsk(**options)
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
