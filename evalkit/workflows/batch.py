"""Batches under way, of whatever run: what their vendors say of them, and collecting their answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from evalkit.engine.batch import BatchCollector
from evalkit.errors import BatchError, ModelUnavailable
from evalkit.models.base import Model, ModelContext
from evalkit.models.registry import batch_api, open_model
from evalkit.records.places import cache_folder
from evalkit.running.ways.batch import BatchLine, batch_store
from evalkit.store.batches import BatchRecord
from evalkit.store.cache import ResponseCache

__all__ = ["BatchLine", "collect", "status", "under_way"]


def under_way() -> int:
    """How many batches are on record and not collected yet. Raises BatchStoreError."""
    return sum(not record.collected for record in batch_store().all())


async def status() -> list[BatchLine]:
    """Every batch on record, as its vendor tells it. Raises BatchStoreError."""
    return [await _with_model(record, _look) for record in batch_store().all()]


async def collect(warn: Callable[[str], None] = lambda _: None) -> list[BatchLine]:
    """Take the answers of every batch that has ended into the response cache, each where its run looks for it.

    Raises CacheError, BatchStoreError.
    """
    cache = ResponseCache(cache_folder() / "responses", warn=warn)
    store = batch_store()

    async def take(record: BatchRecord, model: Model) -> BatchLine:
        api = batch_api(model)
        assert api is not None
        now, state = await BatchCollector(api, cache, store).look(record)
        return BatchLine(now, state) if now else BatchLine(record, None, "it was never submitted; its record is gone")

    try:
        return [await _with_model(record, take) for record in store.all()]
    finally:
        cache.close()


async def _look(record: BatchRecord, model: Model) -> BatchLine:
    api = batch_api(model)
    assert api is not None
    if record.collected:
        return BatchLine(record)
    if record.id is None:
        return BatchLine(record, None, "it is not known yet whether it was submitted")
    return BatchLine(record, await api.status(record.id))


async def _with_model(record: BatchRecord, what: Callable[[BatchRecord, Model], Awaitable[BatchLine]]) -> BatchLine:
    """Do something about a batch with its model; that it cannot be reached is told in the line."""
    try:
        model = open_model(record.spec, ModelContext(lambda: (), ""))
    except ModelUnavailable as reason:
        return BatchLine(record, None, str(reason))
    try:
        return await what(record, model)
    except BatchError as error:
        return BatchLine(record, None, str(error))
    finally:
        await model.aclose()
