"""What goes together and what does not, and the flags to paste again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import UsageError
from evalkit.running.settings import RunSettings
from evalkit.running.ways.choice import HowToAsk
from tests.cli_helper import evalkit

WRONG: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"constant": True}, ("--constant", "--rate")),
    ({"wait": False}, ("--no-wait", "--batch")),
    ({"workers": 2}, ("--workers", "--cluster")),
    ({"address": "auto"}, ("--address", "--cluster")),
    ({"rate": 2.0, "batch": True}, ("--rate", "--batch")),
    ({"rate": 2.0, "max_cost": 1.0}, ("--rate", "--max-cost")),
    ({"cluster": "ray", "batch": True}, ("--cluster", "--batch")),
    ({"cluster": "ray", "rate": 2.0}, ("--cluster", "--rate")),
    ({"batch": True, "max_cost": 1.0}, ("--batch", "--max-cost")),
]


@pytest.mark.parametrize(("options", "names"), WRONG)
def test_what_does_not_go_together_is_refused_with_both_names(options: dict[str, Any], names: tuple[str, str]) -> None:
    with pytest.raises(UsageError) as refused:
        HowToAsk(**options)
    assert all(name in str(refused.value) for name in names)


def test_another_cluster_than_ray_is_refused() -> None:
    with pytest.raises(UsageError, match="--cluster takes ray"):
        HowToAsk(cluster="dask")


@pytest.mark.parametrize("command", ["run", "check", "ladder"])
def test_every_command_refuses_alike(tmp_path: Path, command: str) -> None:
    done = evalkit(command, "suite.yaml", "--no-wait", cwd=tmp_path)
    assert done.code == 2 and "--no-wait goes with --batch" in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("how", "flags"),
    [
        (HowToAsk(), ""),
        (HowToAsk(batch=True, wait=False), " --batch"),
        (HowToAsk(rate=2.5, constant=True), " --rate 2.5 --constant"),
        (HowToAsk(cluster="ray", workers=3, address="a b:1", max_cost=4), " --max-cost 4 --cluster ray --workers 3"),
    ],
)
def test_the_flags_start_the_same_again(how: HowToAsk, flags: str) -> None:
    assert how.flags.startswith(flags)
    command = RunSettings(Path("my suite.yaml"), ("a",), how=how).command
    assert shlex.split(command)[3:6] == ["run", "my suite.yaml", "--model"]
    assert command.endswith(how.flags)
    if how.address is not None:
        assert shlex.split(command)[-1] == how.address
