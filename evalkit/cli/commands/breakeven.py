"""`evalkit breakeven`: its options."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evalkit.cli.options import JsonOption, SpanOption, typed


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="The break-even calculator; needs no run.")(breakeven)


def breakeven(
    calls_per_month: Annotated[str | None, SpanOption("Calls a month; default: 10M.")] = None,
    saving_per_call: Annotated[
        str | None,
        typer.Option("--saving", "--saving-per-call", help="In $ a call; default: 0.0003..0.0008.", metavar="FIGURE"),
    ] = None,
    prompted_cost_per_1000_calls: Annotated[str | None, SpanOption("In $, instead of the saving.")] = None,
    tuned_cost_per_1000_calls: Annotated[str | None, SpanOption("In $, instead of the saving.")] = None,
    build_cost: Annotated[str | None, SpanOption("In $; default: 15k..60k.")] = None,
    hosting_per_month: Annotated[str | None, SpanOption("Fixed cost a month, in $.")] = None,
    operations_per_month: Annotated[str | None, SpanOption("People who keep it running, in $ a month.")] = None,
    retrain_cost: Annotated[str | None, SpanOption("Training it again once, in $.")] = None,
    retrains_per_year: Annotated[str | None, SpanOption("How often a year.")] = None,
    prompted_price_change_per_year: Annotated[str | None, SpanOption("-0.3 is 30 % cheaper a year.")] = None,
    horizon_months: Annotated[str | None, SpanOption("Default: 12.")] = None,
    json_output: JsonOption = False,
) -> None:
    """When does a fine-tune pay back? A range such as 15k..60k goes through a simulation of 10,000 draws.

    With the rule of thumb, 15,000 to 60,000 $ over 0.0003 to 0.0008 $ saved per call, the gross break-even is 18.75 M
    to 200 M calls; the field's own "5 to 50 M calls" does not follow from those inputs.
    """
    given = typed(
        calls_per_month=calls_per_month,
        saving_per_call=saving_per_call,
        prompted_cost_per_1000_calls=prompted_cost_per_1000_calls,
        tuned_cost_per_1000_calls=tuned_cost_per_1000_calls,
        build_cost=build_cost,
        hosting_per_month=hosting_per_month,
        operations_per_month=operations_per_month,
        retrain_cost=retrain_cost,
        retrains_per_year=retrains_per_year,
        prompted_price_change_per_year=prompted_price_change_per_year,
        horizon_months=horizon_months,
    )
    from evalkit.cli.breakeven_command import breakeven_command

    sys.exit(breakeven_command(given, json_output))
