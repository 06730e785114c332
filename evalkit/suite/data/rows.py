"""Where the rows of a split come from: files beside the suite, or a data set on the Hugging Face hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.rows.files import file_rows
from evalkit.rows.row import Notes, Rows


@dataclass(frozen=True, slots=True)
class RowSource:
    """Where rows come from: `paths` (files), or `hub` with its configuration, split and revision.

    `quoting` tells whether quotation marks enclose cells of tables; None: as their endings say.
    """

    paths: tuple[str, ...] = ()
    hub: str | None = None
    config: str | None = None
    split: str | None = None
    revision: str | None = None
    quoting: bool | None = None

    def rows(self, notes: Notes | None = None) -> Rows:
        """All rows in order, each with its place: see `file_rows`; on the hub the line is the row's number, from 1.

        `notes` takes lines on what was read otherwise than written. Raises SuiteError for everything that keeps a row
        from being read.
        """
        if self.hub is not None:
            from evalkit.suite.data.hub_rows import hub_rows

            yield from hub_rows(self.hub, self.config, self.split, self.revision)
        for path in self.paths:
            yield from file_rows(Path(path), self.quoting, notes)
