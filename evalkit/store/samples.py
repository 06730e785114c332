"""samples.parquet: its one writer and its one reader. The columns are those of `SampleRow`."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

import msgspec

from evalkit.errors import RunError, RunNotWritten
from evalkit.records.sample_row import SampleRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "samples.parquet"
_ROWS_AT_ONCE = 2048
_BYTES_AT_ONCE = 8 * 2**20
_ARROW = {str: "string", bool: "bool", int: "int64", float: "float64"}
_ORDER = ("contender", "index", "epoch")


@cache
def columns() -> Mapping[str, str]:
    """All columns in their order, each with the name of its Arrow type."""
    hints = get_type_hints(SampleRow, include_extras=True)
    return {name: _arrow_type(hints[name]) for name in SampleRow.__struct_fields__}


def _arrow_type(hint: Any) -> str:
    for meta in getattr(hint, "__metadata__", ()):
        return str(meta.extra["arrow"])
    (kind,) = (each for each in get_args(hint) or (hint,) if each is not type(None))
    return _ARROW[kind]


@cache
def _in_every_file() -> frozenset[str]:
    return frozenset(each.name for each in msgspec.structs.fields(SampleRow) if each.required)


class SampleWriter:
    """Writes rows as they come. They wait as JSON text, which is compact; memory does not grow with the rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = bytearray()
        self._waiting = 0
        self._writer: Any = None
        self._encode_into = msgspec.json.Encoder().encode_into

    def add(self, row: SampleRow) -> None:
        """Add one row. Raises RunNotWritten where the file cannot be written."""
        self._encode_into(row, self._lines, -1)
        self._lines += b"\n"
        self._waiting += 1
        if self._waiting >= _ROWS_AT_ONCE or len(self._lines) >= _BYTES_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is left. Raises RunNotWritten where the file cannot be written."""
        self._flush()
        try:
            self._writer.close()
        except OSError as error:
            raise self._failed(error) from error

    def abandon(self) -> None:
        """Let go of a file that is not needed."""
        if self._writer is not None:
            with suppress(OSError):  # a full disk, which ended the run
                self._writer.close()

    def _flush(self) -> None:
        import pyarrow.parquet as pq

        schema = _schema()
        try:
            if self._writer is None:
                self._writer = pq.ParquetWriter(self.path, schema, compression="zstd")
            if self._waiting:
                self._writer.write_table(_table(bytes(self._lines), schema))
        except OSError as error:
            raise self._failed(error) from error
        self._lines.clear()
        self._waiting = 0

    def _failed(self, error: OSError) -> RunNotWritten:
        return RunNotWritten(f"{self.path}: cannot be written: {error}")


class Coded(NamedTuple):
    """A column of texts as codes of its distinct values; a null has the code -1."""

    codes: NDArray[np.int64]
    values: list[str]


@dataclass
class SampleFile:
    """Reads columns when they are asked for, each at most once, and keeps them.

    All methods raise RunError for a file that cannot be read, or lacks a column that every file has.
    """

    path: Path
    _read: dict[str, Any] = field(default_factory=dict)

    def load(self, names: Iterable[str]) -> None:
        """Read columns that will be asked for, in one go."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        new = [name for name in dict.fromkeys(names) if name not in self._read]
        if not new:
            return
        types = {each.name: each.type for each in _schema()}
        try:
            with pq.ParquetFile(self.path) as file:
                there = set(file.schema_arrow.names)
                self._check(there)
                table = file.read([name for name in new if name in there])
                n = file.metadata.num_rows
                for name in new:
                    column = table[name] if name in there else pa.chunked_array([pa.nulls(n, types[name])])
                    self._read[name] = column.cast(types[name])
        except (OSError, KeyError, pa.ArrowException) as error:
            raise self._unreadable(error) from error

    def table(self, names: Iterable[str], split: str | None = None, *, in_order: bool = False) -> Any:
        """Columns as a pyarrow Table; only the rows of `split` where it is given.

        Rows stand as they were written, or `in_order` of contender, sample and epoch. A column that this file is too
        old for is all null.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = list(names)
        needed = [*wanted, *(_ORDER if in_order else ()), *(["split"] if split else ())]
        self.load(needed)
        table = pa.table({name: self._read[name] for name in needed})
        if split:
            table = table.filter(pc.equal(table["split"], split))
        if in_order:
            table = table.sort_by([(name, "ascending") for name in _ORDER])
        return table.select(wanted)

    def coded(self, name: str) -> Coded:
        """A column of texts as codes."""
        import numpy as np
        import pyarrow as pa

        self.load([name])
        encoded = self._read[name].dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        parts = encoded.chunks if isinstance(encoded, pa.ChunkedArray) else [encoded]
        codes = [part.indices.fill_null(-1).to_numpy(zero_copy_only=False) for part in parts]
        values = parts[0].dictionary.to_pylist() if parts else []
        return Coded(np.concatenate([np.empty(0, np.int64), *codes]).astype(np.int64), values)

    def numbers(self, name: str, null: float = 0) -> NDArray[Any]:
        """A column of numbers or truth values; `null` stands for what is unknown."""
        import pyarrow as pa

        self.load([name])
        column = self._read[name]
        filled: NDArray[Any] = column.fill_null(pa.scalar(null).cast(column.type)).to_numpy()
        return filled

    def frame(self) -> Any:
        """All columns, also those of a newer evalkit, as a pandas DataFrame in order."""
        import pandas as pd

        try:
            frame = pd.read_parquet(self.path)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        self._check(frame.columns)
        for name in columns():
            if name not in frame:
                frame[name] = self.table([name])[name].to_pandas()
        others = [name for name in frame.columns if name not in columns()]
        return frame[[*columns(), *others]].sort_values(list(_ORDER), ignore_index=True)

    def _check(self, there: Iterable[str]) -> None:
        missing = _in_every_file().difference(there)
        if missing:
            first = next(name for name in columns() if name in missing)
            raise RunError(f"{self.path}: cannot be read: damaged, it has no column {first!r}")

    def _unreadable(self, error: Exception) -> RunError:
        return RunError(f"{self.path}: cannot be read: {error}")


def _schema() -> Any:
    import pyarrow as pa

    kinds = {
        "string": pa.string(),
        "bool": pa.bool_(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "float64": pa.float64(),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in columns().items()])


def _table(lines: bytes, schema: Any) -> Any:
    """Rows from JSON lines: from Python lists pyarrow would import pandas, which costs a quarter of a second."""
    import pyarrow.json as pj

    reading = pj.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    return pj.read_json(io.BytesIO(lines), reading, pj.ParseOptions(explicit_schema=schema)).select(schema.names)
