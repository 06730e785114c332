"""A process that asks `n` requests of a fake through one lane, made to be killed: `url folder n concurrency`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from evalkit.models.registry import open_model
from evalkit.store.cache import ResponseCache
from tests.engine.asking import QUICK, context, lane_of, request, spec


def main(url: str, folder: str, n: int, concurrency: int) -> None:
    """Ask everything; prints how many were delivered."""
    delivered: list[object] = []
    cache = ResponseCache(Path(folder))
    config = replace(QUICK, concurrency=concurrency)

    async def run() -> None:
        model = open_model(spec("openai", url), context(concurrency=concurrency))
        lane = lane_of(model, cache, delivered.append, config)
        await lane.run((request(f"text {i}", i), i) for i in range(n))
        await model.aclose()

    asyncio.run(run())
    print(len(delivered))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
