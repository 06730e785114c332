"""The request key: SHA-256 over canonical JSON of everything that decides the answer.

The parts that a contender's samples share are hashed once; per sample only suffix and epoch are added.
Not in it: time-outs, concurrency, how long the provider keeps a prefix, prices and the sample's position.

Prompt caching changes the bill and not the answer. It counts all the same, since a cached answer keeps its first usage:
of two contenders that differ in it only, the second would be told the costs of the first. Only `off` has a part of its
own, so that answers which were kept before that part existed are found again wherever caching is on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from evalkit.records.request import Parameters, Prefix, Request

_VERSION = 1


class RequestKey:
    """Makes the keys of one contender. `parts` holds the shared parts, for telling what changed.

    `prefix_name` is equal for contenders that share one cached prefix at the provider; one that asks for no caching
    shares none.
    """

    def __init__(self, identity: Mapping[str, str | None], prefix: Prefix, parameters: Parameters) -> None:
        self.parts: dict[str, Any] = {
            "version": _VERSION,
            **{name: identity[name] for name in sorted(identity)},
            "prefix": prefix.digest,
            "schema": parameters.schema,
            "max_tokens": parameters.max_tokens,
            "temperature": parameters.temperature,
            "seed": parameters.seed,
            "reasoning": parameters.reasoning,
            "stop": list(parameters.stop),
            "labels": list(parameters.labels),
        }
        if parameters.cache_ttl == "off":
            self.parts["caching"] = "off"
        encode = msgspec.json.Encoder(order="deterministic").encode
        shared = ("provider", "base_url", "model", "prefix", "schema", "reasoning", "caching")
        self.prefix_name = hashlib.sha256(encode([self.parts.get(name) for name in shared])).hexdigest()
        # The canonical JSON is `[shared, suffix, epoch]`; its head is the same for all samples.
        self._head = hashlib.sha256(b"[" + encode(self.parts) + b",")
        self._encode = encode

    def of(self, request: Request) -> str:
        """The key of one request, 64 hex digits."""
        digest = self._head.copy()
        digest.update(self._encode(request.suffix) + b"," + str(request.epoch).encode() + b"]")
        return digest.hexdigest()
