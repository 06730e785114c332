"""A run's memo: what it shows is collected here and written as HTML, Markdown or PDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evalkit.decision.front import cost_front
from evalkit.diagnosis.worst import AnswerColumns, worst_examples
from evalkit.errors import MemoFailed
from evalkit.records.memo import LatencyCurve, Memo, PriceLine
from evalkit.records.model import Role
from evalkit.records.run import RunResult
from evalkit.store.read import StoredRun
from evalkit.store.samples import SampleFile

_CURVE = np.concatenate([np.linspace(0.0, 0.9, 46), np.linspace(0.91, 0.99, 9), [0.995, 0.999]])
_RATES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


@dataclass(frozen=True, slots=True)
class MemoFiles:
    """Where to write: None takes `memo.html` in the run's folder, and no PDF."""

    html: Path | None = None
    pdf: Path | None = None


def write_memo(stored: StoredRun, result: RunResult, files: MemoFiles) -> list[Path]:
    """Write the memo; gives the files. Raises MemoFailed."""
    from evalkit.report.memo import memo_html, memo_pdf

    path = files.html or stored.folder / "memo.html"
    try:
        html = memo_html(memo_of(stored, result))
        path.write_text(html, encoding="utf-8")
        if files.pdf is not None:
            memo_pdf(html, files.pdf)
    except OSError as error:
        raise MemoFailed(f"{error.filename}: cannot be written: {error.strerror}") from error
    return [path, *([files.pdf] if files.pdf else [])]


def markdown_of(stored: StoredRun, result: RunResult) -> str:
    """The memo for a pull request. Raises MemoFailed for a run without a verdict."""
    from evalkit.report.memo import memo_markdown

    return memo_markdown(memo_of(stored, result))


def memo_of(stored: StoredRun, result: RunResult) -> Memo:
    """Everything that the memo shows. Raises MemoFailed for a run without a verdict."""
    if result.facts is None or result.verdict is None:
        raise MemoFailed(f"{stored.folder}: written by an older evalkit; run the suite again (answers are kept)")
    about = stored.about
    return Memo(
        result=result,
        verdict=result.verdict,
        facts=result.facts,
        command=about.command,
        created=about.created or "",
        description=about.description,
        fingerprint=about.data.fingerprint or "",
        splits={name: rows.n for name, rows in about.data.splits.items()},
        versions=about.versions,
        latency=_latency(stored.answers),
        worst=worst_examples(_columns(stored.answers, {c.id: c.role for c in result.contenders})),
        prices=_prices(result),
        front=cost_front(result),
    )


def _columns(answers: SampleFile, roles: Mapping[str, Role]) -> AnswerColumns:
    names = ("contender", "sample_id", "input", "target", "text", "status", "correct", "note")
    columns: dict[str, list[Any]] = answers.table(names, "test", in_order=True).to_pydict()
    return AnswerColumns(**columns, role=[roles[c] for c in columns["contender"]])


def _latency(answers: SampleFile) -> tuple[LatencyCurve, ...]:
    """By contender in the order of their names."""
    table = answers.table(("contender", "latency_ms", "ttft_ms"), "test", in_order=True)
    contenders = np.array(table["contender"].to_pylist(), dtype=object)
    curves = []
    for contender in dict.fromkeys(contenders.tolist()):
        for kind in ("latency", "ttft"):
            ms = table[f"{kind}_ms"].to_numpy()[contenders == contender]  # null becomes NaN
            known = ms[~np.isnan(ms)]
            if known.size >= 2:
                values = np.quantile(known, _CURVE, method="inverted_cdf")
                curves.append(LatencyCurve(contender, kind, tuple(_CURVE.tolist()), tuple(values.tolist())))
    return tuple(curves)


def _prices(result: RunResult) -> tuple[PriceLine, ...]:
    assert result.facts is not None
    lines = []
    for contender, price in result.facts.prices.items():
        mix = result.facts.mixes.get(contender)
        rates = price.rates_for(round(mix.prompt) if mix else 0)
        lines.append(PriceLine(contender, {n: getattr(rates, n) for n in _RATES}, price.as_of, price.source))
    return tuple(lines)
