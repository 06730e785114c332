"""Git LFS leaves a small text in place of a file that was not fetched."""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import Place, SuiteError

_HEAD = b"version https://git-lfs.github.com/spec/"


def is_pointer(head: bytes) -> bool:
    """Whether a file that begins like this stands for another one."""
    return head.startswith(_HEAD)


def pointer_error(path: Path) -> SuiteError:
    """What is wrong with such a file."""
    problem = "this is a Git LFS pointer, not the file itself"
    return SuiteError(problem, Place(path, 1), expected="the file: run `git lfs pull`")


def refuse_pointer(path: Path) -> None:
    """Raise SuiteError where a file is a pointer of Git LFS."""
    with path.open("rb") as file:
        if is_pointer(file.read(len(_HEAD))):
            raise pointer_error(path)
