"""Claude on somebody's cloud: the same messages, at a URL that names the model, under a version in the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.anthropic.model import AnthropicModel
from evalkit.records.request import Parameters, Prefix

_REGION_AND_VENDOR = re.compile(r"^.*anthropic\.")
_VERSION = re.compile(r"(-v\d+(:\w+)*)?(@(\w+))?$")


def bare_name(name: str) -> str:
    """`us.anthropic.claude-haiku-4-5-20251001-v1:0` and `claude-haiku-4-5@20251001` as the vendor calls them."""
    name = _REGION_AND_VENDOR.sub("", name.rpartition("/")[2])
    return _VERSION.sub(lambda found: f"-{found[4]}" if (found[4] or "").isdigit() else "", name)


@dataclass
class CloudModel(AnthropicModel):
    """A model of a cloud. `place` tells in the request key where it is asked."""

    place: Mapping[str, str] = field(default_factory=dict)

    @property
    def known_as(self) -> str:
        """The vendor's own name."""
        return bare_name(self.spec.model)

    @property
    def identity(self) -> Mapping[str, str | None]:
        """The parts of the request key that belong to the model."""
        return {**super().identity, **self.place}

    def cache_mark(self, parameters: Parameters) -> dict[str, Any]:
        """Five minutes are what a mark means; older versions of a cloud's API do not know the word for it."""
        mark = super().cache_mark(parameters)
        if parameters.cache_ttl == "5m":
            mark["cache_control"] = {"type": "ephemeral"}
        return mark

    def encode(self, prefix: Prefix, parameters: Parameters) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The body without its messages, and the messages of the prefix."""
        body, turns = super().encode(prefix, parameters)
        del body["model"]
        return {"anthropic_version": self.api_version, **body}, turns
