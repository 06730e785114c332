"""What the ending of a file says of its rows."""

from __future__ import annotations

from pathlib import PurePath

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_TABLES = (".csv", ".tsv")


def format_of(path: PurePath) -> str:
    """The ending that tells the format, without that of a compression."""
    bare = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return bare.suffix.lower()


def is_table(path: PurePath) -> bool:
    """Whether all cells of a file are text: an empty one may be nothing or an empty text, and marks may enclose one."""
    return format_of(path) in _TABLES
