"""`evalkit scope`: its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.options import JsonOption, SpanOption, VouchOption, typed, vouched


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="Answer what the suite leaves open; write the memo.")(scope)


def scope(
    where: Annotated[Path, typer.Argument(help="A run's folder, or a suite.", metavar="RUN|SUITE")],
    calls_per_month: Annotated[str | None, SpanOption("Calls a month, as 3M or 1M..5M.")] = None,
    build_cost: Annotated[str | None, SpanOption("Building the fine-tune once, in $.")] = None,
    horizon_months: Annotated[str | None, SpanOption("Months within which it must pay back.")] = None,
    hosting_per_month: Annotated[str | None, SpanOption("Fixed hosting a month, in $.")] = None,
    tuned_cost_per_1000_calls: Annotated[str | None, SpanOption("Running cost of the fine-tune, in $.")] = None,
    tuned_accuracy: Annotated[str | None, SpanOption("Accuracy that it is expected to reach.")] = None,
    value_of_a_correct_answer: Annotated[str | None, SpanOption("Worth of one more correct answer, in $.")] = None,
    value_of_meeting_need_per_month: Annotated[str | None, SpanOption("Worth of meeting the need, in $.")] = None,
    label_cost_each: Annotated[str | None, SpanOption("One more label, in $.")] = None,
    retrain_cost: Annotated[str | None, SpanOption("Training it again once, in $.")] = None,
    retrains_per_year: Annotated[str | None, SpanOption("How often a year.")] = None,
    prompted_price_change_per_year: Annotated[str | None, SpanOption("-0.3 is 30 % cheaper a year.")] = None,
    active_hours: Annotated[str | None, SpanOption("Hours a day in which calls arrive.")] = None,
    operations_per_month: Annotated[str | None, SpanOption("People who keep it running, in $ a month.")] = None,
    can_wait: Annotated[
        bool | None, typer.Option("--can-wait/--live", help="Whether answers may come a day later, by batch.")
    ] = None,
    vouch: VouchOption = None,
    save: Annotated[bool, typer.Option("--save", help="Write the answers into the suite.")] = False,
    defaults: Annotated[bool, typer.Option("--defaults", help="Take the defaults for what is open.")] = False,
    no_ask: Annotated[bool, typer.Option("--no-ask", help="Ask nothing.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="The memo; default: memo.html in the run's folder.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Hold the scoping conversation: asks for what the suite does not say, decides again, and writes the memo."""
    given = typed(
        calls_per_month=calls_per_month,
        build_cost=build_cost,
        horizon_months=horizon_months,
        hosting_per_month=hosting_per_month,
        tuned_cost_per_1000_calls=tuned_cost_per_1000_calls,
        tuned_accuracy=tuned_accuracy,
        value_of_a_correct_answer=value_of_a_correct_answer,
        value_of_meeting_need_per_month=value_of_meeting_need_per_month,
        label_cost_each=label_cost_each,
        retrain_cost=retrain_cost,
        retrains_per_year=retrains_per_year,
        prompted_price_change_per_year=prompted_price_change_per_year,
        active_hours=active_hours,
        operations_per_month=operations_per_month,
    )
    from evalkit.cli.scope_command import ScopeOptions, scope_command

    asks = not (no_ask or json_output)
    options = ScopeOptions(where, given, vouched(vouch), asks, defaults, save, json_output, out, can_wait)
    sys.exit(scope_command(options))
