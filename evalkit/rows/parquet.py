"""Rows of a Parquet file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from evalkit.errors import Place, SuiteError
from evalkit.rows.row import Notes, Rows, distinct, one_line


def parquet_rows(opened: Callable[[], IO[bytes]], path: Path, quoting: bool | None, notes: Notes) -> Rows:
    """Rows with their types: not a number is null, and bytes that are UTF-8 are text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with opened() as file, pq.ParquetFile(file) as table:
            schema = table.schema_arrow
            distinct(schema.names, Place(path))
            # Only these can hold what JSON has not, as far as a row's own columns go.
            odd = [f.name for f in schema if not (pa.types.is_string(f.type) or pa.types.is_integer(f.type))]
            for batch in table.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    for name in odd:
                        row[name] = as_json_has_it(row[name])
                    yield Place(path, number), row
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SuiteError(f"not a readable Parquet file: {one_line(error)}", Place(path, number + 1)) from None


def as_json_has_it(value: Any) -> Any:
    """A cell without what JSON does not know, where something else means the same.

    Bytes inside an object are media, and stay.
    """
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return _no_nan(value)


def _no_nan(value: Any) -> Any:
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, dict):
        return {key: _no_nan(inner) for key, inner in value.items()}
    return [_no_nan(inner) for inner in value] if isinstance(value, list) else value
