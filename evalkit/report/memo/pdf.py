"""The memo as PDF, printed by a chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from evalkit.errors import ChromiumMissing, PdfFailed

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 120


def memo_pdf(html: str, path: str | os.PathLike[str]) -> None:
    """Print a memo's HTML to a PDF file, without network; the page's own policy forbids scripts.

    Raises ChromiumMissing, PdfFailed, or OSError where the file cannot be written.
    """
    browser = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if browser is None:
        raise ChromiumMissing(f"a PDF needs one of {', '.join(_NAMES)} on the PATH; the HTML file prints as well")
    target = Path(path).absolute()
    with TemporaryDirectory(prefix="evalkit-pdf-", ignore_cleanup_errors=True) as folder:
        page, printed = Path(folder, "memo.html"), Path(folder, "memo.pdf")
        page.write_text(html, encoding="utf-8")
        _print(_command(browser, page, printed, Path(folder, "profile")), printed)
        shutil.copyfile(printed, target)


def _command(browser: str, page: Path, printed: Path, profile: Path) -> list[str]:
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        browser,
        "--headless",
        *sandbox,
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={profile}",
        "--no-pdf-header-footer",
        f"--print-to-pdf={printed}",
        page.as_uri(),
    ]


def _print(command: list[str], printed: Path) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise PdfFailed(f"{command[0]} did not finish within {_SECONDS} s") from error
    if done.returncode or not printed.is_file() or not printed.stat().st_size:
        last = " / ".join(done.stderr.strip().splitlines()[-3:]) or "no message"
        raise PdfFailed(f"{command[0]} wrote no PDF (exit {done.returncode}): {last}")
