"""The request key: SHA-256 over canonical JSON of everything that decides the answer.

The parts that a contender's samples share are hashed once; per sample only suffix and epoch are added.
Not in it: time-outs, concurrency, how long the provider keeps a prefix, prices and the sample's position.

Prompt caching changes the bill and not the answer. It counts all the same, since a cached answer keeps its first usage:
of two contenders that differ in it only, the second would be told the costs of the first. Only `off` has a part of its
own, so that answers which were kept before that part existed are found again wherever caching is on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from evalkit.records.request import Parameters, Prefix, Request

_VERSION = 1

# The part of the key that a parameter of a request stands in.
_PARTS = {"temperature": "temperature", "seed": "seed", "reasoning_effort": "reasoning", "thinking": "reasoning"}
_NAMES = frozenset(_PARTS)


class RequestKey:
    """Makes the keys of one contender. `parts` holds the shared parts, for telling what changed.

    `prefix_name` is equal for contenders that share one cached prefix at the provider; one that asks for no caching
    shares none.

    A key follows what is sent. Parameters that the provider refused are in `left_out`: from then on keys are those of
    requests without them, equal to the keys of a contender that never set them.
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
        self._encode = encode
        self.left_out: frozenset[str] = frozenset()
        self._heads = {self.left_out: self._head(self.left_out)}
        # Where the response cache keeps which parameters the provider refused of these requests.
        self.note = hashlib.sha256(b"left out" + encode(self.parts)).hexdigest()

    def leave_out(self, names: Iterable[str]) -> None:
        """Keys are from now on those of requests without these parameters too."""
        self.left_out |= _NAMES.intersection(names)

    def of(self, request: Request, left_out: Iterable[str] | None = None) -> str:
        """The key of one request, 64 hex digits; of one that was sent without just these parameters, where given."""
        names = self.left_out if left_out is None else _NAMES.intersection(left_out)
        if names not in self._heads:
            self._heads[names] = self._head(names)
        digest = self._heads[names].copy()
        digest.update(self._encode(request.suffix) + b"," + str(request.epoch).encode() + b"]")
        return str(digest.hexdigest())

    def _head(self, left_out: frozenset[str]) -> Any:
        """The canonical JSON is `[shared, suffix, epoch]`; its head is the same for all samples."""
        parts = {**self.parts, **{_PARTS[name]: None for name in left_out}}
        return hashlib.sha256(b"[" + self._encode(parts) + b",")
