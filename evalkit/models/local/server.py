"""llama.cpp's server in this process: started at the first question, one slot, its prompt cache reused.

Every method but `stop_now` blocks and belongs in the model's one thread. llama.cpp leaves the interpreter free
while it computes, but not while it loads a model (1.5 s for the pinned one).
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from evalkit.models.endings import stop_of
from evalkit.models.local.files import LocalFile
from evalkit.models.local.prompt import Question
from evalkit.records.completion import Completion, Failure, Timing, Usage

_LEAST_CONTEXT = 4096
_BATCH = 64  # prompt tokens between two chances to stop, of which two may pass; larger ones are no faster
_PROMPT_CACHE_MIB = 512
_MOST_THREADS = 8


@dataclass
class LocalServer:
    """One GGUF file behind one slot. `context` is the room for prompt and answer in tokens, 0 if not started."""

    file: LocalFile
    context: int = 0
    _server: Any = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def ask(self, question: Question, cancelled: threading.Event) -> Completion | Failure:
        """Answer one question; start, or start again with more room, where that is needed.

        A failure where the file cannot be loaded or llama.cpp refuses the question. What a cancelled call
        returns is of no use.
        """
        try:
            if cancelled.is_set() or self._stopped.is_set():
                return Failure("infra", "not asked: stopped")
            self._make_room(question.tokens)
            answer = self._call(question, cancelled)
            if answer.too_long and self.context < self.file.context:
                self._make_room(answer.too_long)
                answer = self._call(question, cancelled)
        except (RuntimeError, MemoryError, ImportError) as error:
            return Failure("fatal", f"llama.cpp cannot use {self.file.path}: {error}")
        return answer.outcome(question, self.file.path.name)

    def stop_now(self) -> None:
        """Let the call under way, if there is one, end at its next piece. From any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Free the model. Safe to call twice; the next question starts it again."""
        self._server = None
        self.context = 0
        self._stopped.clear()

    def _make_room(self, tokens: int) -> None:
        wanted = _LEAST_CONTEXT
        while wanted < tokens:
            wanted *= 2
        wanted = min(wanted, self.file.context)
        if self._server is None or self.context < wanted:
            self._server = None  # freed first: two of them may not fit
            self._server = _start(self.file, wanted)
            self.context = wanted

    def _call(self, question: Question, cancelled: threading.Event) -> _Answer:
        answer = _Answer(question, perf_counter(), (cancelled, self._stopped))
        body = dict(question.body)
        if "json_schema" in body:
            body["grammar"] = _grammar(body.pop("json_schema"))
        call = self._server.handle_chat_completions if question.chat else self._server.handle_completions
        call(body, answer.take)
        answer.finished = perf_counter()
        return answer


@dataclass
class _Answer:
    """Collects the pieces of one answer; `take` returns True to end the call."""

    question: Question
    started: float
    stops: tuple[threading.Event, ...]
    finished: float = 0.0
    first: float | None = None
    pieces: list[str] = field(default_factory=list)
    reason: str | None = None
    timings: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None

    def take(self, piece: Mapping[str, Any]) -> bool:
        """One piece: progress on the prompt, some text, the end, or an error."""
        if "error" in piece or "choices" not in piece:
            self.error = piece.get("error") or piece
            return True
        self.timings = piece.get("timings") or self.timings
        for choice in piece["choices"][:1]:
            text = choice.get("text") or (choice.get("delta") or {}).get("content")
            self.reason = choice.get("finish_reason") or self.reason
            if text:
                self.first = self.first or perf_counter()
                self.pieces.append(text)
        return any(stop.is_set() for stop in self.stops)

    @property
    def too_long(self) -> int:
        """Tokens that prompt and answer need, where the context was too small for them; else 0."""
        if self.error is None or self.error.get("type") != "exceed_context_size_error":
            return 0
        prompt, answer = self.error.get("n_prompt_tokens"), self.question.body["max_tokens"]
        return int(prompt) + int(answer) if isinstance(prompt, int) else 0

    def outcome(self, question: Question, model: str) -> Completion | Failure:
        """The completion, or why there is none."""
        if self.error is not None:
            reason = " ".join(str(self.error.get("message") or self.error).split())
            if self.error.get("type") == "exceed_context_size_error":
                return Failure("rejected", reason)
            return Failure("ambiguous", f"llama.cpp refuses the question: {reason}", http_status=self._status)
        if self.reason is None:
            return Failure("infra", "the answer broke off", retryable=True)
        ttft = (self.first - self.started) * 1000 if self.first else None
        timing = Timing((self.finished - self.started) * 1000, ttft)
        stop = stop_of(self.reason, "finish_reason")
        if isinstance(stop, Failure):
            return stop
        return Completion(question.answer("".join(self.pieces)), stop, timing, self._usage, model)

    @property
    def _status(self) -> int | None:
        code = (self.error or {}).get("code")
        return code if isinstance(code, int) else None

    @property
    def _usage(self) -> Usage | None:
        counts = [self.timings.get(name) for name in ("prompt_n", "cache_n", "predicted_n")]
        if not all(isinstance(count, int) and count >= 0 for count in counts):
            return None
        fresh, cached, output = (int(count or 0) for count in counts)
        return Usage(input=fresh, cache_read=cached, output=output)


def _grammar(schema: Mapping[str, Any]) -> str:
    """The schema as a grammar without white space between the parts: a weak model would write nothing else."""
    import xllamacpp

    grammar: str = xllamacpp.json_schema_to_grammar({**schema, "x-guidance": {"whitespace_flexible": False}})
    return grammar


def _start(file: LocalFile, context: int) -> Any:
    """Load the model. Raises RuntimeError where llama.cpp cannot."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file.path)
    parameters.n_parallel = 1
    parameters.n_ctx = context
    parameters.n_batch = parameters.n_ubatch = _BATCH
    parameters.swa_full = True  # without it a long suffix drives the prefix out of Gemma's sliding window
    parameters.cache_ram_mib = _PROMPT_CACHE_MIB  # other prefixes, put aside; the default is 8 GiB
    parameters.warmup = False
    parameters.verbosity = -1  # silent: the terminal belongs to the run
    # The server listens on loopback too and cannot be told not to: nobody else gets in.
    parameters.api_keys = [secrets.token_urlsafe()]
    parameters.n_threads_http = 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = _threads()
    return xllamacpp.Server(parameters)


def _threads() -> int:
    """Half of the cores: waiting for each other, more threads cost CPU and leave none to the other models."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 2
    return max(1, min(_MOST_THREADS, cores // 2))
