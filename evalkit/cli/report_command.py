"""`evalkit report`: a finished run again, and its memo."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.quote import visible
from evalkit.records.evidence import Vouch
from evalkit.report.run import show_run
from evalkit.workflows.memo import MemoFiles, markdown_of, write_memo
from evalkit.workflows.reopen import open_run, stand_for


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What to show. `html` and `pdf` name files; None takes `memo.html` in the run's folder, and no PDF."""

    run: Path
    as_json: bool = False
    markdown: bool = False
    html: Path | None = None
    pdf: Path | None = None
    vouched: tuple[Vouch, ...] = ()


@with_exit_code
def report_command(options: ReportOptions) -> int:
    """Show a run from its folder, or the newest run of a suite's folder, and write its memo. Returns the exit code."""
    stored, result = open_run(options.run)
    if options.vouched:
        result = stand_for(result, options.vouched)
    if options.as_json:
        from evalkit.workflows.as_data import run_json

        print_json(run_json(result))
        return GOOD
    if options.markdown:
        print(markdown_of(stored, result))
        return GOOD
    show_run(result, sys.stdout)
    if result.verdict is None:
        print("No memo: this run was written by an older evalkit; run the suite again (answers are kept).")
        return GOOD
    written = write_memo(stored, result, MemoFiles(options.html, options.pdf))
    print(f"Memo: {', '.join(visible(str(path)) for path in written)}")
    return GOOD
