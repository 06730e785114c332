"""`local/…`: a GGUF model in this process, through llama.cpp; no key, no network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

from evalkit.errors import ModelUnavailable
from evalkit.models.base import ModelContext
from evalkit.models.local.files import INSTALL, LocalFile, local_file
from evalkit.models.local.prompt import chat_question, text_question
from evalkit.models.local.server import LocalServer
from evalkit.records.completion import Completion, Failure
from evalkit.records.model import ModelSpec
from evalkit.records.request import Request

_CLOSING_S = 1.0


def open_model(spec: ModelSpec, context: ModelContext) -> LocalModel:
    """Open a local model; it is loaded at the first request, so that a warm rerun never loads it.

    Raises ModelUnavailable where a package or the file is missing.
    """
    if find_spec("xllamacpp") is None:
        raise ModelUnavailable(f"package xllamacpp is not installed: {INSTALL}")
    file = local_file(spec.model, spec.revision)
    notes = [file.notice] if file.notice else []
    return LocalModel(spec, file, context.timeout_s, context.stream, notes)


@dataclass
class LocalModel:
    """Answers one request at a time in one slot, whose cached prefix the next request reuses."""

    spec: ModelSpec
    file: LocalFile
    timeout_s: float = 120.0
    stream: bool = False
    notes: list[str] = field(default_factory=list)
    max_concurrency: int | None = 1
    cacheable: bool = True
    _thread: ThreadPoolExecutor | None = None

    def __post_init__(self) -> None:
        self.server = LocalServer(self.file)

    @property
    def identity(self) -> Mapping[str, str | None]:
        """The parts of the request key that belong to the model."""
        return {
            "provider": "local",
            "model": self.spec.model,
            "digest": self.file.sha256,
            "revision": self.spec.revision,
        }

    async def complete(self, request: Request) -> Completion | Failure:
        """Answer one request in the model's own thread; greedy unless the suite sets a temperature.

        A call that is cancelled or takes too long ends within 128 prompt tokens, or at the next answer token.
        """
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="evalkit-local")
        question = chat_question(request) if self.file.chat else text_question(request)
        cancelled = threading.Event()
        call = asyncio.get_running_loop().run_in_executor(self._thread, self.server.ask, question, cancelled)
        try:
            async with asyncio.timeout(self.timeout_s):
                outcome = await call
        except TimeoutError:
            return Failure("infra", f"no answer within {self.timeout_s:g} s", retryable=True)
        finally:
            cancelled.set()
        if isinstance(outcome, Completion) and not self.stream:
            return replace(outcome, timing=replace(outcome.timing, ttft_ms=None))
        return outcome

    async def aclose(self) -> None:
        """Stop what is under way and free the model; where that takes long, it goes on without being waited for."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self.server.stop_now()
        closing = asyncio.get_running_loop().run_in_executor(thread, self.server.close)
        thread.shutdown(wait=False)
        await asyncio.wait([closing], timeout=_CLOSING_S)
