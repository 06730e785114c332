"""The one protocol that every model answers, and what a provider's factory is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from evalkit.records.completion import Completion, Failure
from evalkit.records.model import ModelSpec
from evalkit.records.request import Request


class Model(Protocol):
    """Something that answers requests.

    `identity` holds what the request key needs of the model: provider, base URL, model, revision, API
    version; for local, recorded and trained models the digest of the file or of the training data.
    `max_concurrency` caps what the suite asks for (None: no cap). `cacheable` is False where reading the
    answer again is as cheap as the response cache (`recorded`). `notes` are sentences that the run shows once
    (a licence, a training time); they may grow while the model works.

    A model that drops parameters which its server refuses may have `leave_out(names)` too: it is told so what an
    earlier run learned (`Completion.left_out`).
    """

    max_concurrency: int | None
    cacheable: bool
    notes: list[str]

    @property
    def identity(self) -> Mapping[str, str | None]:
        """What the request key needs of the model."""
        ...

    async def complete(self, request: Request) -> Completion | Failure:
        """Answer one request once. Never retries, never raises for what an API can do."""
        ...

    async def aclose(self) -> None:
        """Free connections, processes and memory. Safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class ModelContext:
    """What a factory may use besides its spec.

    `training_rows` yields (rendered user text, target) of train, for models that learn; `training_digest`
    is the SHA-256 of those rows. `stream` asks for TTFT. `timeout_s` is per call, `concurrency` sizes the
    connection pool. `on_headers`, where a model has headers to give, takes those of every answer just before
    `complete` returns.
    """

    training_rows: Callable[[], Iterable[tuple[str, str]]]
    training_digest: str
    stream: bool = False
    timeout_s: float = 120.0
    concurrency: int = 32
    seed: int = 7
    on_headers: Callable[[Mapping[str, str]], None] | None = None


ModelFactory = Callable[[ModelSpec, ModelContext], Model]
