"""`local/…`: a GGUF model in this process, through llama.cpp; no key, no network."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from evalkit.models.base import ModelContext, ModelUnavailable
from evalkit.models.local_files import LocalFile, local_file
from evalkit.models.sdk import example_turns
from evalkit.records.completion import Completion, Failure, StopReason, Timing, Usage
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Request

_CONTEXT_TOKENS = 8192
_ANSWER = "\nAnswer:"
_STOP: dict[str | None, StopReason] = {"stop": "end", "length": "max_tokens"}


def open_model(spec: ModelSpec, context: ModelContext) -> LocalModel:
    """Open a local model; it is loaded at the first request, so that a warm rerun never loads it.

    Raises ModelUnavailable where the package or the file is missing.
    """
    try:
        import xllamacpp  # noqa: F401 - only to know that it is there
    except ImportError:
        raise ModelUnavailable('package xllamacpp is not installed: pip install "evalkit[local]"') from None
    file = local_file(spec.model, spec.revision)
    return LocalModel(spec, file, notes=[file.notice] if file.notice else [])


@dataclass
class LocalModel:
    """Answers one request at a time in one slot, whose cached prefix the next request reuses."""

    spec: ModelSpec
    file: LocalFile
    max_concurrency: int | None = 1
    cacheable: bool = True
    notes: list[str] = field(default_factory=list)
    _server: Any = None
    _busy: bool = False

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
        """Answer one request in a thread; greedy unless the suite sets a temperature."""
        self._busy = True
        try:
            answer, seconds = await asyncio.to_thread(self._ask, request)
        finally:
            self._busy = False
        return _read(answer, Timing(seconds * 1000), self.spec.model)

    async def aclose(self) -> None:
        """Free the model. A thread that still computes keeps it: it ends with the process."""
        if not self._busy:
            self._server = None

    def _ask(self, request: Request) -> tuple[dict[str, Any], float]:
        if self._server is None:
            self._server = _load(self.file)
        body = _body(request.parameters)
        started = perf_counter()
        if self.file.chat:
            messages = [{"role": "system", "content": request.prefix.system}] if request.prefix.system else []
            messages += [*example_turns(request.prefix), {"role": "user", "content": request.suffix}]
            answer = self._server.handle_chat_completions({**body, "messages": messages})
        else:
            stop = list(request.parameters.stop) or ["\n\n"]
            answer = self._server.handle_completions(
                {**body, "prompt": _prompt(request.prefix, request.suffix), "stop": stop}
            )
        return answer, perf_counter() - started


def _load(file: LocalFile) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file.path)
    parameters.n_parallel = 1
    parameters.n_ctx = _CONTEXT_TOKENS
    parameters.swa_full = True  # without it Gemma's sliding window keeps no prefix to reuse
    parameters.warmup = False
    parameters.verbosity = -1
    # Half of the cores: more threads cost more CPU for little time on a model of this size.
    threads = max(1, min(8, (os.cpu_count() or 2) // 2))
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(parameters)


def _body(parameters: Parameters) -> dict[str, Any]:
    body: dict[str, Any] = {
        "max_tokens": parameters.max_tokens,
        "temperature": parameters.temperature or 0.0,
        "cache_prompt": True,
    }
    if parameters.seed is not None:
        body["seed"] = parameters.seed
    if parameters.schema is not None:
        body["json_schema"] = dict(parameters.schema)
    return body


def _prompt(prefix: Prefix, suffix: str) -> str:
    """A text that a base model continues with the answer."""
    parts = [prefix.system] if prefix.system else []
    parts += [f"{turn.user}{_ANSWER} {turn.assistant}" for turn in prefix.examples]
    return "\n\n".join([*parts, f"{suffix}{_ANSWER}"])


def _read(answer: dict[str, Any], timing: Timing, model: str) -> Completion | Failure:
    if error := answer.get("error"):
        too_long = error.get("type") == "exceed_context_size_error"
        return Failure("rejected" if too_long else "ambiguous", str(error.get("message") or error))
    choice = answer["choices"][0]
    text = choice["message"]["content"] if "message" in choice else choice["text"].removeprefix(" ")
    timings = answer.get("timings") or {}
    usage = Usage(
        input=int(timings.get("prompt_n", 0)),
        cache_read=int(timings.get("cache_n", 0)),
        output=int(timings.get("predicted_n", 0)),
    )
    return Completion(text or "", _STOP.get(choice.get("finish_reason"), "other"), timing, usage, model)
