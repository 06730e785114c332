"""Rows of a source as dictionaries, one at a time, with the place each came from.

Local JSONL, JSON, CSV, TSV and Parquet are read directly, because importing `datasets` costs more than most
runs. Hub names and compressed files go through Hugging Face `datasets` in streaming mode.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from evalkit.suite.errors import Place, SuiteError

READABLE = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz", ".zip")
_BUILDERS = {
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowSource:
    """Where rows come from: `paths` (files), or `hub` with its configuration, split and revision."""

    paths: tuple[str, ...] = ()
    hub: str | None = None
    config: str | None = None
    split: str | None = None
    revision: str | None = None

    def rows(self) -> Iterator[tuple[Place, Row]]:
        """All rows in order. Raises SuiteError."""
        if self.hub is not None:
            yield from _hub_rows(self)
            return
        for path in self.paths:
            yield from _compressed_rows(path) if _is_compressed(path) else _file_rows(path)


def _is_compressed(path: str) -> bool:
    return path.lower().endswith(_COMPRESSED)


def _file_rows(path: str) -> Iterator[tuple[Place, Row]]:
    suffix = Path(path).suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        return _jsonl(path)
    if suffix == ".json":
        return _json(path)
    if suffix in (".csv", ".tsv"):
        return _csv(path, "\t" if suffix == ".tsv" else ",")
    if suffix == ".parquet":
        return _parquet(path)
    raise _problem(
        Place(Path(path), 1),
        f"cannot read {suffix or 'a file without ending'}; expected one of {', '.join(READABLE)}",
    )


def _jsonl(path: str) -> Iterator[tuple[Place, Row]]:
    decode, name = msgspec.json.Decoder().decode, Path(path)
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if number == 1 and line.startswith(b"\xef\xbb\xbf"):
                line = line[3:]
            if line.isspace():
                continue
            try:
                row = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise _json_error(Place(name, number), line, error) from None
            place = Place(name, number)
            yield place, _object(row, place)


def _json(path: str) -> Iterator[tuple[Place, Row]]:
    data = Path(path).read_bytes()
    try:
        rows = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _json_error(Place(Path(path), 1), data, error) from None
    if not isinstance(rows, list):
        raise _problem(Place(Path(path), 1), f"expected a list of objects, found {_kind(rows)}")
    for number, row in enumerate(rows, 1):
        place = Place(Path(path), number)
        yield place, _object(row, place)


def _csv(path: str, delimiter: str) -> Iterator[tuple[Place, Row]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = next(reader, None)
            if not header:
                raise _problem(Place(Path(path), 1), "expected a header line with column names, found an empty file")
            for values in reader:
                if not values:
                    continue
                place = Place(Path(path), reader.line_num)
                if len(values) != len(header):
                    raise _problem(place, f"expected {len(header)} columns as in the header, found {len(values)}")
                yield place, dict(zip(header, values, strict=True))
        except csv.Error as error:
            raise _problem(Place(Path(path), reader.line_num), f"not valid CSV: {error}") from None
        except UnicodeDecodeError as error:
            raise _problem(Place(Path(path), reader.line_num + 1), f"not UTF-8: {error.reason}") from None


def _parquet(path: str) -> Iterator[tuple[Place, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield Place(Path(path), number), row
    except (pa.ArrowException, OSError) as error:
        raise _problem(Place(Path(path), number + 1), f"not a readable Parquet file: {error}") from None


def _compressed_rows(path: str) -> Iterator[tuple[Place, Row]]:
    bare = path.lower()
    for ending in _COMPRESSED:
        bare = bare.removesuffix(ending)
    suffix = Path(bare).suffix
    if suffix not in _BUILDERS:
        raise _problem(Place(Path(path), 1), f"cannot tell the format; expected an ending of {', '.join(READABLE)}")
    extra = {"sep": "\t"} if suffix == ".tsv" else {}
    yield from _streamed(path, path=_BUILDERS[suffix], data_files=path, split="train", **extra)


def _hub_rows(source: RowSource) -> Iterator[tuple[Place, Row]]:
    assert source.hub is not None
    yield from _streamed(
        source.hub,
        path=source.hub,
        name=source.config,
        split=source.split,
        revision=source.revision,
    )


def _streamed(where: str, **arguments: Any) -> Iterator[tuple[Place, Row]]:
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    datasets.disable_progress_bars()
    number = 0
    try:
        data = datasets.load_dataset(streaming=True, **arguments)
        names = _class_names(data)
        for row in data:
            number += 1
            for column, labels in names.items():
                if isinstance(row[column], int):
                    row[column] = labels[row[column]]
            yield Place(Path(where), number), row
    except (OSError, ValueError, datasets.exceptions.DatasetsError, HfHubHTTPError) as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        raise _problem(Place(Path(where), number + 1), f"cannot be read: {problem[:300]}") from None


def _class_names(data: Any) -> dict[str, list[str]]:
    """Columns that hold class numbers, with the names that the hub gives them: labels are shown by name."""
    features = data.features or {}
    return {name: feature.names for name, feature in features.items() if hasattr(feature, "int2str")}


def resolve_revision(source: RowSource) -> str | None:
    """The commit that a hub revision stands for now, so that every pass and every rerun reads the same rows.

    None where the hub cannot tell (a local folder in place of a name). Raises SuiteError if there is no such
    data set.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    assert source.hub is not None
    if Path(source.hub).exists():
        return None
    try:
        sha: str | None = HfApi().dataset_info(source.hub, revision=source.revision).sha
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        problem = " ".join(str(error).split())
        raise _problem(Place(Path(source.hub)), f"cannot be found on the hub: {problem[:300]}") from None
    return sha


def _object(row: Any, place: Place) -> Row:
    if not isinstance(row, dict):
        raise _problem(place, f"expected an object with columns, found {_kind(row)}")
    return row


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _json_error(place: Place, text: bytes, error: Exception) -> SuiteError:
    """A position that an editor can jump to: msgspec tells the byte within the text."""
    message = str(error)
    digits = message.rpartition("byte ")[2].rstrip(")")
    if not digits.isdigit():
        return _problem(place, f"not valid JSON: {message}")
    before = text[: int(digits)]
    line = (place.line or 1) + before.count(b"\n")
    head = before.rpartition(b"\n")[2].decode("utf-8", "replace")
    source = head + text[len(before) :].partition(b"\n")[0].decode("utf-8", "replace")
    problem = f"not valid JSON: {message.partition(' (')[0]}"
    return _problem(Place(place.file, line, len(head) + 1, source.rstrip("\r")), problem)


def _problem(place: Place, problem: str) -> SuiteError:
    return SuiteError(problem, place)
