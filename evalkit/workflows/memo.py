"""A run's memo: what it shows is collected here and written as HTML, Markdown or PDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evalkit.diagnosis.worst import AnswerColumns, worst_examples
from evalkit.errors import MemoFailed
from evalkit.records.memo import LatencyCurve, Memo, PriceLine
from evalkit.records.model import Role
from evalkit.records.run import RunResult
from evalkit.store.runs import StoredRun

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
    manifest = stored.manifest
    data = manifest.get("data", {})
    frame = stored.samples
    on_test = frame[frame["split"] == "test"]
    return Memo(
        result=result,
        verdict=result.verdict,
        facts=result.facts,
        command=str(manifest.get("command", "")),
        created=str(manifest.get("created", "")),
        description=manifest.get("description"),
        fingerprint=str(data.get("fingerprint", "")),
        splits={name: split["n"] for name, split in data.get("splits", {}).items()},
        versions={str(name): str(value) for name, value in manifest.get("versions", {}).items()},
        latency=_latency(on_test),
        worst=worst_examples(_columns(on_test, {c.id: c.role for c in result.contenders})),
        prices=_prices(result),
    )


def _columns(frame: Any, roles: Mapping[str, Role]) -> AnswerColumns:
    names = ("contender", "sample_id", "input", "target", "text", "status", "correct", "note")
    columns: dict[str, list[Any]] = {
        name: [None if value != value else value for value in frame[name].tolist()] for name in names
    }
    return AnswerColumns(**columns, role=[roles[c] for c in columns["contender"]])


def _latency(frame: Any) -> tuple[LatencyCurve, ...]:
    found = []
    for contender, rows in frame.groupby("contender", sort=False):
        for kind in ("latency", "ttft"):
            known = rows[f"{kind}_ms"].dropna().to_numpy(dtype=np.float64)
            if known.size >= 2:
                values = np.quantile(known, _CURVE, method="inverted_cdf")
                found.append(LatencyCurve(str(contender), kind, tuple(_CURVE.tolist()), tuple(values.tolist())))
    return tuple(found)


def _prices(result: RunResult) -> tuple[PriceLine, ...]:
    assert result.facts is not None
    lines = []
    for contender, price in result.facts.prices.items():
        mix = result.facts.mixes.get(contender)
        rates = price.rates_for(round(mix.prompt) if mix else 0)
        lines.append(PriceLine(contender, {n: getattr(rates, n) for n in _RATES}, price.as_of, price.source))
    return tuple(lines)
