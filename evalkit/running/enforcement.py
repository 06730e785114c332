"""Whether a provider enforces the schema that it was asked to enforce, told from its own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from evalkit.models.registry import facts, schema_for
from evalkit.records.completion import Completion
from evalkit.suite.prompts.contenders import Contender

if TYPE_CHECKING:
    from evalkit.forms.parsing.schema_check import SchemaCheck


class Enforcement:
    """Counts finished answers that do not match the schema that was sent.

    Where decoding is held to a schema, an answer that the model ended matches it. So each one that does not shows a
    server that took the schema and did not use it: many compatible servers do. What was cut off or refused, or misses a
    part of the suite's schema that was not sent, shows nothing.
    """

    def __init__(self, contender: Contender) -> None:
        self.finished = self.broken = 0
        self._check: SchemaCheck | None = None
        schema, spec = contender.parameters.schema, contender.spec
        if schema is not None and facts(spec.provider).enforces_schema:
            from evalkit.forms.parsing.schema_check import SchemaCheck

            self._check = SchemaCheck(schema_for(spec, schema).schema)

    def see(self, completion: Completion) -> None:
        """Take one answer."""
        if self._check is None or completion.stop != "end":
            return
        self.finished += 1
        try:
            found = self._check.problem(msgspec.json.decode(completion.text)) is None
        except (msgspec.DecodeError, RecursionError):
            found = False
        self.broken += not found

    @property
    def doubt(self) -> str | None:
        """One line where the schema was not enforced, None where nothing shows that."""
        if not self.broken:
            return None
        return (
            f"the schema is not enforced here: {self.broken:,} of {self.finished:,} finished answers do not match it, "
            "so this server takes native structured output and does not use it"
        )
