"""The memo: a run and its verdict as one HTML file, as Markdown for a pull request, and as PDF."""

from __future__ import annotations

from evalkit.report.memo.charts.svg import ChartsMissing
from evalkit.report.memo.html import memo_html
from evalkit.report.memo.markdown import memo_markdown
from evalkit.report.memo.pdf import ChromiumMissing, PdfFailed, memo_pdf

__all__ = ["ChartsMissing", "ChromiumMissing", "PdfFailed", "memo_html", "memo_markdown", "memo_pdf"]
