"""A lane over a real model and a real cache, in a few words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evalkit.engine.answer import Answer
from evalkit.engine.config import EngineConfig
from evalkit.engine.key import RequestKey
from evalkit.engine.lane import Lane
from evalkit.engine.monitor import Monitor
from evalkit.engine.primer import Primers
from evalkit.models.base import Model, ModelContext
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Request
from evalkit.store.cache import ResponseCache
from evalkit.suite.prompts.template import make_prefix
from tests.conftest import TEST_KEY_ENV
from tests.servers.launch import FakeProvider

MODELS = {"anthropic": "anthropic/claude-haiku-5-5", "openai": "openai/gpt-6-luna"}
PREFIX = make_prefix("Answer with one label.", [])
LONG_PREFIX = make_prefix("Answer with one label. " * 400, [])  # about 2,300 tokens: cached
PARAMETERS = Parameters(max_tokens=16)
QUICK = EngineConfig(first_wait_s=0.001, longest_wait_s=0.002, max_attempts=3, again_s=0, not_there_s=0)


def context(*, stream: bool = False, timeout_s: float = 20.0, concurrency: int = 32) -> ModelContext:
    """What a factory gets; the models here never train."""
    return ModelContext(lambda: (), "", stream, timeout_s, concurrency)


def spec(provider: str, url: str | None, **more: Any) -> ModelSpec:
    """A model behind a fake server."""
    plain = {"provider_model": MODELS[provider], "api_key_env": TEST_KEY_ENV}
    return ModelSpec(name="m", role="prompted", base_url=url, **{**plain, **more})


def request(text: str, number: int = 0, **more: Any) -> Request:
    """A request of the plain prefix and parameters; `more` overrides fields."""
    return replace(Request(PREFIX, text, PARAMETERS, str(number)), **more)


def ask_all(model: Model, requests: Iterable[Request]) -> list[Completion | Failure]:
    """Ask a model directly, one after the other, and close it."""

    async def run() -> list[Completion | Failure]:
        try:
            return [await model.complete(each) for each in requests]
        finally:
            await model.aclose()

    return asyncio.run(run())


def ask_fake(fake: FakeProvider, provider: str, each: Request, *, stream: bool = False) -> Completion | Failure:
    """One request to a fake through the real SDK."""
    model = open_model(spec(provider, fake.url), context(stream=stream, timeout_s=10))
    return ask_all(model, [each])[0]


@dataclass
class Asked:
    """What a lane delivered."""

    answers: list[Answer[int]] = field(default_factory=list)
    monitor: Monitor = field(default_factory=Monitor)

    @property
    def kinds(self) -> dict[str, int]:
        """Outcomes by kind: `answer`, or the failure's."""
        found: dict[str, int] = {}
        for answer in self.answers:
            outcome = answer.outcome
            kind = "answer" if isinstance(outcome, Completion) else outcome.kind
            found[kind] = found.get(kind, 0) + 1
        return found

    @property
    def reasons(self) -> set[str]:
        """Distinct reasons of the failures."""
        return {a.outcome.reason for a in self.answers if isinstance(a.outcome, Failure)}

    @property
    def numbers(self) -> list[int]:
        """Whom it was delivered to."""
        return sorted(answer.context for answer in self.answers)


@dataclass
class Scripted:
    """A model that needs no server: `answer` gives the outcome of a request's n-th send."""

    answer: Callable[[Request, int], Completion | Failure | Awaitable[Completion | Failure]]
    identity: Mapping[str, str | None] = field(default_factory=lambda: {"provider": "scripted", "model": "m"})
    max_concurrency: int | None = None
    cacheable: bool = True
    notes: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def complete(self, request: Request) -> Completion | Failure:
        """The next outcome, after other tasks had their turn."""
        self.sent.append(request.suffix)
        await asyncio.sleep(0)
        outcome = self.answer(request, self.sent.count(request.suffix))
        return outcome if isinstance(outcome, Completion | Failure) else await outcome

    async def aclose(self) -> None:
        """Nothing to close."""


def said(text: str = "yes") -> Completion:
    """An answer."""
    return Completion(text, "end", Timing(1.0))


def lane_of(
    model: Model,
    cache: ResponseCache,
    deliver: Callable[[Answer[int]], None],
    config: EngineConfig = QUICK,
    *,
    prefix: Prefix = PREFIX,
    primers: Primers | None = None,
) -> Lane[int]:
    """A lane with keys of the model's identity."""
    keys = RequestKey(model.identity, prefix, PARAMETERS)
    return Lane(model, keys, config, cache, primers or Primers(), Monitor(), deliver)


def run_lane(
    model: Model, folder: Path, texts: Iterable[str], config: EngineConfig = QUICK, *, prefix: Prefix = PREFIX
) -> Asked:
    """Ask all texts through one lane with the cache in `folder`, then close everything."""
    found = Asked()
    cache = ResponseCache(folder)

    async def run() -> None:
        lane = lane_of(model, cache, found.answers.append, config, prefix=prefix)
        found.monitor = lane.monitor
        try:
            await lane.run((request(t, i, prefix=prefix), i) for i, t in enumerate(texts))
        finally:
            await model.aclose()

    try:
        asyncio.run(run())
    finally:
        cache.close()
    return found


def run_fake(
    fake: FakeProvider,
    provider: str,
    folder: Path,
    texts: Iterable[str],
    config: EngineConfig = QUICK,
    *,
    prefix: Prefix = PREFIX,
    timeout_s: float = 20.0,
) -> Asked:
    """Ask all texts of a fake server through the real SDK."""
    model = open_model(spec(provider, fake.url), context(timeout_s=timeout_s, concurrency=config.concurrency))
    return run_lane(model, folder, texts, config, prefix=prefix)
