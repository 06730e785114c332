"""The text of a baseline: the same bytes for the same results, readable in a pull request, and sealed by a digest.

JSON of which the summary takes a line per figure and the samples share lines. A line ends after a sample whose id
says so (by its digest), so that a sample that comes or goes changes one line and leaves all others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from evalkit.errors import BaselineError
from evalkit.records.baseline import LETTERS, RIGHT, WRONG, Baseline, SampleResult

FORMAT = 1
_SAMPLES_A_LINE = 8
_ANSWERS = frozenset((RIGHT, WRONG, *LETTERS.values()))


def encode(baseline: Baseline) -> bytes:
    """The baseline's file. Equal baselines give equal bytes, whatever the order of their mappings."""
    head = {name: _plain(value) for name, value in asdict(baseline).items() if name != "samples"}
    head = {"format": FORMAT, **head}
    rows = [_row(sample) for sample in sorted(baseline.samples, key=lambda s: s.id)]
    lines = [f" {_json(name)}: {_block(value)}" for name, value in {**head, "digest": _digest(head, rows)}.items()]
    samples = ",\n".join(_lines(rows))
    return ("{\n" + ",\n".join(lines) + ',\n "samples": [\n' + samples + "\n ]\n}\n").encode()


def decode(data: bytes, where: str, remedy: str) -> Baseline:
    """Read a baseline's file. `where` names it in errors and `remedy` says what helps.

    Raises BaselineError for a file that is cut, edited by hand, of another format, or something else.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{where}: cut or damaged: {error}. {remedy}") from None
    if not isinstance(content, dict) or "format" not in content:
        raise BaselineError(f"{where}: not a baseline. {remedy}")
    _check_format(content["format"], where, remedy)
    try:
        sealed, rows = content.pop("digest"), content.pop("samples")
        if sealed != _digest(content, rows):
            raise BaselineError(f"{where}: edited by hand or merged: its digest does not fit its content. {remedy}")
        del content["format"]
        samples = tuple(_sample(row) for row in rows)
        return msgspec.convert({**content, "samples": samples}, Baseline)
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        raise BaselineError(f"{where}: not a whole baseline: {error}. {remedy}") from None


def _check_format(found: object, where: str, remedy: str) -> None:
    if found == FORMAT:
        return
    if isinstance(found, int) and found > FORMAT:
        newer = f"written by a newer evalkit (format {found}, this one reads {FORMAT})"
        raise BaselineError(f"{where}: {newer}. Upgrade evalkit, or: {remedy}")
    raise BaselineError(f"{where}: format {found!r} is no longer read (now {FORMAT}). {remedy}")


def _digest(head: Mapping[str, Any], rows: object) -> str:
    """SHA-256 over the canonical JSON of all content but the digest itself."""
    text = json.dumps([head, rows], sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Plain data in which mappings stand in the order of their keys."""
    if isinstance(value, Mapping):
        return {name: _plain(value[name]) for name in sorted(value)}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def _block(value: Any) -> str:
    """A mapping takes a line per entry, so that a changed figure is a changed line."""
    if not isinstance(value, dict) or not value:
        return _json(value)
    return "{\n" + ",\n".join(f"  {_json(name)}: {_json(each)}" for name, each in value.items()) + "\n }"


def _row(sample: SampleResult) -> list[Any]:
    row: list[Any] = [sample.id, sample.answers, sample.target]
    return row if sample.group is None else [*row, sample.group]


def _sample(row: Any) -> SampleResult:
    sample = SampleResult(*row)
    texts = (sample.id, sample.answers, sample.target)
    if not all(isinstance(text, str) for text in texts) or not set(sample.answers) <= _ANSWERS:
        raise ValueError(f"sample {str(row)[:60]} is no sample's result")
    if sample.group is not None and (isinstance(sample.group, bool) or not isinstance(sample.group, int)):
        raise ValueError(f"the group of sample {sample.id[:60]!r} is no code")
    return sample


def _lines(rows: list[list[Any]]) -> Iterator[str]:
    line: list[str] = []
    for row in rows:
        line.append(json.dumps(row, separators=(",", ":"), ensure_ascii=True))
        if hashlib.sha256(row[0].encode("utf-8", "surrogatepass")).digest()[0] % _SAMPLES_A_LINE == 0:
            yield "  " + ", ".join(line)
            line = []
    if line:
        yield "  " + ", ".join(line)
