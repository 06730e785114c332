"""The one place that knows how Ray is started, joined and left.

A Ray of this machine alone listens on the loopback device only and tells nobody of its use. Its workers inherit the
environment, and with it the keys; nothing else carries a key.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from evalkit.errors import ClusterError

_STORE_BYTES = 80 * 2**20  # nothing of ours goes through the object store; Ray wants 75 MB at least
_FEWEST = 2
_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}


@dataclass
class RayConnection:
    """Ray as this process is connected to it, and the number of `workers` to start. `own`: started or joined here."""

    ray: Any
    workers: int
    own: bool = True
    _classes: dict[type, Any] = field(default_factory=dict)

    @classmethod
    async def open(cls, address: str | None, workers: int | None) -> RayConnection:
        """Start a Ray of this machine (no `address`), or join one. What is connected already is used as it is.

        Raises ClusterError.
        """
        if address is not None and address.startswith("ray://"):
            raise ClusterError("join a cluster from one of its machines, with HOST:PORT or auto; not by ray://")
        ray = import_ray(local=address is None)
        own = not ray.is_initialized()
        if own:
            try:
                await asyncio.to_thread(_join, ray, address, workers or _FEWEST)
            except Exception as error:  # Ray raises a bare Exception where its node does not start in time
                raise ClusterError(f"Ray cannot be started or reached: {error}") from error
            _take_back_sigterm()
        nodes = sum(1 for node in ray.nodes() if node["Alive"])
        return cls(ray, workers or max(_FEWEST, nodes), own)

    @property
    def errors(self) -> Any:
        """Ray's exceptions."""
        return self.ray.exceptions

    def actor(self, kind: type) -> Any:
        """Start an actor on whichever machine has most room. It has a core, and ends with this process."""
        if kind not in self._classes:
            self._classes[kind] = self.ray.remote(kind).options(
                num_cpus=1, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD"
            )
        return self._classes[kind].remote()

    def kill(self, actor: Any) -> None:
        """End an actor at once, dead or alive."""
        if self.ray.is_initialized():
            self.ray.kill(actor)

    async def close(self) -> None:
        """Leave Ray, which ends it where it was started here. Safe to call twice."""
        if self.own and self.ray.is_initialized():
            await asyncio.to_thread(self.ray.shutdown)


def import_ray(local: bool) -> Any:
    """Ray, told what it reads at its import. Raises ClusterError where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if local:
        # What Ray does on macOS and Windows: every port on 127.0.0.1 only.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        return import_module("ray")
    except ImportError as error:
        raise ClusterError(f"Ray cannot be loaded ({error}); install it with: pip install 'evalkit[ray]'") from None


def start_local(ray: Any, workers: int) -> Any:
    """Start a Ray of this machine alone with a core for each worker. Returns Ray's context."""
    own = {"include_dashboard": False, "num_cpus": workers, "object_store_memory": _STORE_BYTES}
    return ray.init(address="local", **own, **_QUIET)


def _join(ray: Any, address: str | None, workers: int) -> Any:
    return start_local(ray, workers) if address is None else ray.init(address=address, **_QUIET)


def _take_back_sigterm() -> None:
    """Ray's libraries put a handler below Python's that aborts the process three seconds after SIGTERM."""
    handler = signal.getsignal(signal.SIGTERM)
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)
        if callable(handler):
            signal.siginterrupt(signal.SIGTERM, False)
