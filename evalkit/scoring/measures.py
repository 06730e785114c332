"""How each metric of the table is measured: a function per name, from a contender's columns to a figure with bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalkit.records.score import Status
from evalkit.scoring.view import View
from evalkit.stats.measured import Measured


def accuracy(view: View) -> Measured:
    """The exact form and the right answer."""
    return view.share(view.columns.correct)


def accuracy_if_valid(view: View) -> Measured:
    """Right among the answers with the exact form."""
    return view.share(view.columns.correct, among=view.columns.is_status(Status.OK))


def accuracy_lenient(view: View) -> Measured:
    """Right with the form forgiven."""
    return view.share(view.columns.lenient_correct)


def format_validity(view: View) -> Measured:
    """The exact form, right or wrong."""
    return view.share(view.columns.is_status(Status.OK))


def vocabulary(view: View) -> Measured:
    """Answers inside the closed label set."""
    return view.share(view.columns.in_vocabulary)


def latency_p95_ms(view: View) -> Measured:
    """Milliseconds from sending to the last token."""
    return view.p95(view.columns.latency_ms)


def ttft_p95_ms(view: View) -> Measured:
    """Milliseconds from sending to the first token."""
    return view.p95(view.columns.ttft_ms)


# The table of `records/metric.py` says which suites have which of these; a test holds that both have the same names.
MEASURES: Mapping[str, Callable[[View], Measured]] = {
    "accuracy": accuracy,
    "accuracy_if_valid": accuracy_if_valid,
    "accuracy_lenient": accuracy_lenient,
    "macro_f1": View.macro_f1,
    "exact_match": accuracy,
    "field_f1": View.field_f1,
    "format_validity": format_validity,
    "vocabulary": vocabulary,
    "ttft_p95_ms": ttft_p95_ms,
    "latency_p95_ms": latency_p95_ms,
    "cost_per_1000_calls": View.cost_per_1000,
}
