"""The memo: a run and its verdict as one HTML file, as Markdown for a pull request, and as PDF."""

from __future__ import annotations

from evalkit.report.memo.html import memo_html
from evalkit.report.memo.markdown import memo_markdown
from evalkit.report.memo.pdf import memo_pdf

__all__ = ["memo_html", "memo_markdown", "memo_pdf"]
