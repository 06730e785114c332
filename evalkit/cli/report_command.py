"""`evalkit report`: a finished run again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from evalkit.report.as_json import from_json
from evalkit.report.terminal import show_run
from evalkit.store.runs import RunError, load_run, newest_run


def report_command(folder: Path, as_json: bool) -> int:
    """Show a run from its folder, or the newest run of a suite's folder. Returns the exit code."""
    try:
        newest = None if (folder / "manifest.json").is_file() else newest_run(folder)
        stored = load_run(newest or folder)
        result = from_json(stored.summary)
    except (RunError, ValueError) as error:
        print(f"{error}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(stored.summary, ensure_ascii=False))
    else:
        show_run(result, str(stored.manifest.get("command") or "python -m evalkit run SUITE"), sys.stdout)
    return 0
