"""The options that say how to ask, the same for every command that asks models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.workflows.run import HowToAsk

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
