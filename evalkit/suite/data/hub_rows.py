"""Rows of a data set on the Hugging Face hub, streamed through `datasets`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from evalkit.errors import Place, SuiteError
from evalkit.rows.parquet import as_json_has_it
from evalkit.rows.row import Rows, one_line


def hub_rows(hub: str, config: str | None, split: str | None, revision: str | None) -> Rows:
    """The rows of one split, class numbers as names, media undecoded. Raises SuiteError."""
    failures = _failures()
    import datasets

    datasets.disable_progress_bars()
    number = 0
    # RuntimeError: what `datasets` raises for a data set that is a script.
    failures = (*failures, ValueError, RuntimeError, datasets.exceptions.DatasetsError)
    try:
        data = datasets.load_dataset(hub, config, split=split, revision=revision, streaming=True)
        names = _class_names(data)
        # Media stay bytes: a decoded image has no content to hash, and decoders are heavy.
        for row in data if data.features is None else data.decode(False):
            number += 1
            for column, labels in names.items():
                row[column] = _class_name(row[column], labels)
            yield Place(Path(hub), number), {column: as_json_has_it(cell) for column, cell in row.items()}
    except failures as error:
        place = Place(Path(hub), number + 1 if number else None)
        raise SuiteError(f"cannot be read: {one_line(error)}", place) from None


def resolve_revision(hub: str, revision: str | None) -> str | None:
    """The commit that a revision stands for now, so that every pass and every rerun reads the same rows.

    None where the hub cannot tell (a local folder in place of a name). Raises SuiteError if there is no such
    data set or the hub cannot be reached.
    """
    if Path(hub).exists():
        return None
    failures = _failures()
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError

    failures = (*failures, HFValidationError)
    try:
        sha: str | None = HfApi().dataset_info(hub, revision=revision).sha
    except failures as error:
        raise SuiteError(f"cannot be found on the hub: {one_line(error)}", Place(Path(hub))) from None
    return sha


def _failures() -> tuple[type[Exception], ...]:
    """What a connection or an answer that fails raises. To be called before hub libraries are imported."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub.errors import HfHubHTTPError

    # A failed connection is an error of the HTTP client, which differs between releases.
    return (OSError, *HfHubHTTPError.__bases__)


def _class_names(data: Any) -> dict[str, list[str]]:
    """Columns that hold class numbers, with the names that the hub gives them: labels are shown by name."""
    features = data.features or {}
    return {name: feature.names for name, feature in features.items() if hasattr(feature, "int2str")}


def _class_name(value: Any, names: list[str]) -> Any:
    """The name of a class number; None for -1, which is how the hub marks a row without a label."""
    if not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None
