"""The commands. Everything heavy is imported inside the command that needs it, so that `--help` is instant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="evalkit",
    help="Measure what prompting already gives, before paying for a fine-tune.",
    epilog="Start with: evalkit init FILE.jsonl, then evalkit run suites/FILE.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

SuiteArgument = Annotated[Path, typer.Argument(help="The suite file.", metavar="SUITE")]
ModelsOption = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="Only this model of the suite; may be repeated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table, only the answer.")]
RequireOption = Annotated[
    bool, typer.Option("--require-all", help="A model that cannot be asked is an error, not a skip.")
]


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """Measure what prompting already gives, before paying for a fine-tune."""
    if version:
        from evalkit import __version__

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


@app.command(short_help="Ask every model; say how far each is off.")
def run(
    suite: SuiteArgument,
    model: ModelsOption = None,
    require_all: RequireOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and estimate only, as `plan`.")] = False,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a suite: ask every model, score, and say how far each is from good enough."""
    from evalkit.cli.run_command import run_command

    if dry_run:
        plan(suite, model, json_output)
        return
    sys.exit(run_command(suite, tuple(model or ()), require_all, json_output, quiet))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A run's folder, or runs/SUITE for its newest run.", metavar="RUN")],
    json_output: JsonOption = False,
) -> None:
    """Show a finished run again."""
    from evalkit.cli.report_command import report_command

    sys.exit(report_command(folder, json_output))


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


def main() -> None:
    """The entry point of `evalkit` and `python -m evalkit`."""
    app(prog_name="evalkit")
