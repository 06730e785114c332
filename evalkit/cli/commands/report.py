"""`evalkit report`: its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.options import JsonOption, RunArgument, VouchOption, vouched


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="Show a run again, and write its memo.")(report)


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

    sys.exit(report_command(ReportOptions(folder, json_output, markdown, html, pdf, vouched(vouch))))
