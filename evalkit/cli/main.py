"""The commands. Everything heavy is imported inside the command that needs it, so that `--help` is instant."""

from __future__ import annotations

import atexit
import gc
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from evalkit.cli import nightly
from evalkit.cli.how_options import (
    AddressOption,
    BatchOption,
    ClusterOption,
    MaxCostOption,
    NoWaitOption,
    WorkersOption,
    how_to_ask,
)

app = typer.Typer(
    name="evalkit",
    help="Measure what prompting already gives, before paying for a fine-tune.",
    epilog="Start with: evalkit init FILE.jsonl, then evalkit run suites/FILE.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Vouchable(StrEnum):
    """What a user may stand for."""

    PROMPT = "prompt"
    LABELS = "labels"
    FORMAT = "format"


def SpanOption(text: str) -> Any:
    """A figure or a range, as people type it."""
    return typer.Option(help=text, metavar="FIGURE")


def _vouched(chosen: list[Vouchable] | None) -> tuple[Any, ...]:
    return tuple(each.value for each in chosen or ())


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


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """Measure what prompting already gives, before paying for a fine-tune."""
    if version:
        from evalkit.version import __version__

        typer.echo(f"evalkit {__version__}")
        raise typer.Exit


@app.command(short_help="Write a first suite for your own rows.")
def init(
    data: Annotated[Path, typer.Argument(help="Your rows: .jsonl, .json, .csv, .tsv or .parquet.", metavar="DATA")],
    train: Annotated[
        Path | None, typer.Option(help="Rows to learn from; otherwise half of DATA.", metavar="FILE")
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column with the right answer.", metavar="COLUMN")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A column to show; may be repeated.", metavar="COLUMN")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The suite to write; default: suites/NAME.yaml.", metavar="SUITE")
    ] = None,
    no_split: Annotated[bool, typer.Option("--no-split", help="All rows are test rows.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Write a first suite for your own rows: guesses the columns, says why, and splits them."""
    from evalkit.cli.init_command import init_command
    from evalkit.workflows.init import InitOptions

    sys.exit(init_command(InitOptions(data, train, target, tuple(text or ()), out, not no_split, force)))


@app.command(short_help="Ask every model; give the verdict.")
def run(
    suite: SuiteArgument,
    model: ModelsOption = None,
    require_all: RequireOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and estimate only, as `plan`.")] = False,
    vouch: VouchOption = None,
    max_cost: MaxCostOption = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="Ask a server at this many calls a second, whether it keeps up or not.", min=0.001),
    ] = None,
    constant: Annotated[bool, typer.Option("--constant", help="With --rate: evenly spaced, not at random.")] = False,
    batch: BatchOption = False,
    no_wait: NoWaitOption = False,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a suite: ask every model, score, hold each against good enough, and give the verdict on a fine-tune."""
    from evalkit.cli.run_command import run_command
    from evalkit.workflows.run import RunSettings

    if dry_run:
        plan(suite, model, json_output)
        return
    how = how_to_ask(
        batch=batch,
        wait=not no_wait,
        rate=rate,
        constant=constant,
        cluster=cluster,
        workers=workers,
        address=address,
        max_cost=max_cost,
    )
    settings = RunSettings(suite, tuple(model or ()), require_all, vouched=_vouched(vouch), how=how)
    sys.exit(run_command(settings, json_output, quiet))


@app.command(short_help="Show a run again, and write its memo.")
def report(
    folder: RunArgument,
    markdown: Annotated[bool, typer.Option("--md", help="Markdown for a pull request, on standard output.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="The memo; default: memo.html in the run's folder.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="A PDF of the memo too; needs chromium.")] = None,
    vouch: VouchOption = None,
    json_output: JsonOption = False,
) -> None:
    """Show a finished run with its verdict, and write the memo: one self-contained HTML file."""
    from evalkit.cli.report_command import ReportOptions, report_command

    sys.exit(report_command(ReportOptions(folder, json_output, markdown, html, pdf, _vouched(vouch))))


@app.command(short_help="Answer what the suite leaves open; write the memo.")
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
    given = {k: v for k, v in locals().items() if isinstance(v, str)}
    from evalkit.cli.scope_command import ScopeOptions, scope_command

    asks = not (no_ask or json_output)
    options = ScopeOptions(where, given, _vouched(vouch), asks, defaults, save, json_output, out, can_wait)
    sys.exit(scope_command(options))


@app.command(short_help="Is B better than A? Runs, contenders or baselines.")
def compare(
    sides: Annotated[
        list[str], typer.Argument(help="RUN, RUN:contender, runs/SUITE or a baseline.", metavar="A [B …]")
    ],
    margin: Annotated[
        float | None, typer.Option(help="Non-inferiority: 0.02 asks whether B is at most 2 points worse.", min=0, max=1)
    ] = None,
    flips: Annotated[int, typer.Option(help="Samples to show that changed, each way.", min=0)] = 3,
    json_output: JsonOption = False,
) -> None:
    """Compare contenders on the same samples: difference with interval and test, corrected for several pairs."""
    from evalkit.cli.compare_command import compare_command

    sys.exit(compare_command(sides, json_output, margin, flips))


nightly.register(app)


@app.command(short_help="Do better prompts still help? Tried on dev.")
def ladder(
    suite: SuiteArgument,
    model: ModelsOption = None,
    rungs: Annotated[str | None, typer.Option(help="Only these, as zero-shot,4,8; default: all.")] = None,
    show: Annotated[
        str | None, typer.Option(help="Print this rung of the newest climb as YAML.", metavar="RUNG")
    ] = None,
    max_cost: MaxCostOption = None,
    batch: BatchOption = False,
    no_wait: NoWaitOption = False,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    json_output: JsonOption = False,
) -> None:
    """Climb from zero-shot over a label guide and examples to reasoning, on dev, and say whether the curve is flat."""
    from evalkit.cli.ladder_command import ladder_command
    from evalkit.workflows.ladder.climb import LadderOptions

    names = tuple(name.strip() for name in rungs.split(",")) if rungs else ()
    how = how_to_ask(
        batch=batch, wait=not no_wait, cluster=cluster, workers=workers, address=address, max_cost=max_cost
    )
    sys.exit(ladder_command(LadderOptions(suite, tuple(model or ()), names, how=how), json_output, show))


@app.command(short_help="The break-even calculator; needs no run.")
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
    given = {k: v for k, v in locals().items() if isinstance(v, str)}
    from evalkit.cli.breakeven_command import breakeven_command

    sys.exit(breakeven_command(given, json_output))


@app.command(short_help="How many calls a second a server keeps its need at.")
def sweep(
    suite: SuiteArgument,
    model: Annotated[str, typer.Option("--model", "-m", help="The model whose endpoint is measured.")],
    low: Annotated[float, typer.Option("--from", help="Calls a second to start at.", min=0.01)] = 1.0,
    high: Annotated[float, typer.Option("--to", help="Calls a second to end at.", min=0.01)] = 200.0,
    max_calls: Annotated[int, typer.Option("--max-calls", help="Send no more calls than this.", min=70)] = 20_000,
    constant: Annotated[bool, typer.Option("--constant", help="Evenly spaced calls, not at random.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Find the highest rate of calls at which an endpoint keeps the suite's p95 of latency or time to first token."""
    from evalkit.cli.sweep_command import sweep_command
    from evalkit.workflows.sweep.sweep import SweepOptions

    if low > high:
        raise typer.BadParameter(f"--from {low:g} is above --to {high:g}")
    arrivals: Any = "constant" if constant else "poisson"
    sys.exit(sweep_command(SweepOptions(suite, model, low, high, max_calls, arrivals), json_output))


@app.command(short_help="Check and estimate a run; spends nothing.")
def plan(suite: SuiteArgument, model: ModelsOption = None, json_output: JsonOption = False) -> None:
    """Check a suite, show a request per prompt, and estimate calls, tokens and cost. Spends nothing."""
    from evalkit.cli.plan_command import plan_command

    sys.exit(plan_command(suite, tuple(model or ()), json_output))


@app.command()
def schema() -> None:
    """Print the JSON Schema of suite files, for editors."""
    from evalkit.cli.schema_command import schema_command

    sys.exit(schema_command())


batch_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What runs by batch are waiting for.")
app.add_typer(batch_app, name="batch", short_help="Batches under way: status, collect.")


@batch_app.command(name="status")
def batch_status(json_output: JsonOption = False) -> None:
    """Show every batch on record, as its vendor tells it."""
    from evalkit.cli.batch_command import batch_status_command

    sys.exit(batch_status_command(json_output))


@batch_app.command(name="collect")
def batch_collect(json_output: JsonOption = False) -> None:
    """Take the answers of every batch that has ended into the response cache."""
    from evalkit.cli.batch_command import batch_collect_command

    sys.exit(batch_collect_command(json_output))


def main() -> None:
    """The entry point of `evalkit` and `python -m evalkit`."""
    # Starting makes many objects and hardly any garbage, and all memory goes with the process at its end: to look for
    # garbage every 700 objects, and once more in the end, costs a fifth of a short command.
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    app(prog_name="evalkit")
