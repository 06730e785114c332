"""The options: help of every command, wrong combinations, and what each option becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from evalkit.cli.commands import COMMANDS
from evalkit.cli.main import app
from evalkit.version import __version__

ASKING = (("run", "s.yaml"), ("check", "s.yaml"), ("ladder", "s.yaml"))


def paths(command: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command with its sub-commands, as typed."""
    inner = getattr(command, "commands", {})
    return [before, *(path for name, sub in inner.items() for path in paths(sub, (*before, name)))]


def call(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    return done.exit_code, done.output


@pytest.mark.parametrize("path", paths(get_command(app)), ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    code, text = call(*path, "--help")
    assert code == 0 and "Usage:" in text and "Traceback" not in text


def test_every_command_says_what_it_does_in_the_overview() -> None:
    overview = call("--help")[1]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        line = next(line for line in overview.splitlines() if line.strip().startswith(f"{name} "))
        assert len(line.split()) > 2 and command.help


def test_every_file_of_commands_registers_itself() -> None:
    here = {path.stem for path in (Path(__file__).parents[2] / "evalkit/cli/commands").glob("[a-z]*.py")}
    assert here == {command.__name__.rpartition(".")[2] for command in COMMANDS}
    for command in COMMANDS:
        alone = typer.Typer()
        command.register(alone)
        assert len(alone.registered_commands) + len(alone.registered_groups) == 1


def test_the_version() -> None:
    assert call("--version") == (0, f"evalkit {__version__}\n")


def test_without_arguments_the_help_is_shown() -> None:
    for path in ((), ("baseline",), ("batch",)):
        assert "Usage:" in call(*path)[1]


@pytest.mark.parametrize(
    ("options", "both"),
    [
        (("--no-wait",), ("--no-wait", "--batch")),
        (("--workers", "2"), ("--workers", "--cluster")),
        (("--address", "auto"), ("--address", "--cluster")),
        (("--batch", "--max-cost", "1"), ("--batch", "--max-cost")),
        (("--batch", "--cluster", "ray"), ("--batch", "--cluster")),
    ],
    ids=lambda value: " ".join(value),
)
@pytest.mark.parametrize("command", ASKING, ids=lambda command: command[0])
def test_options_that_do_not_go_together(command: tuple[str, ...], options: tuple[str, ...], both: Any) -> None:
    code, text = call(*command, *options)
    assert code == 2 and all(option in text for option in both), text


@pytest.mark.parametrize(
    ("options", "both"),
    [
        (("--constant",), ("--constant", "--rate")),
        (("--rate", "5", "--batch"), ("--rate", "--batch")),
        (("--rate", "5", "--max-cost", "1"), ("--rate", "--max-cost")),
        (("--rate", "5", "--cluster", "ray"), ("--rate", "--cluster")),
        (("--cluster", "dask"), ("--cluster", "ray")),
    ],
    ids=lambda value: " ".join(value),
)
def test_options_of_run_that_do_not_go_together(options: tuple[str, ...], both: tuple[str, str]) -> None:
    code, text = call("run", "s.yaml", *options)
    assert code == 2 and all(option in text for option in both), text


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "s.yaml", "--rate", "0"),
        ("run", "s.yaml", "--max-cost", "-1"),
        ("run", "s.yaml", "--vouch", "everything"),
        ("run", "s.yaml", "--workers", "0", "--cluster", "ray"),
        ("sweep", "s.yaml"),
        ("sweep", "s.yaml", "-m", "a", "--from", "9", "--to", "2"),
        ("compare", "a", "--margin", "2"),
        ("compare", "a", "--flips", "-1"),
        ("history", "s", "--last", "0"),
        ("breakeven", "--no-such-option"),
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    code, text = call(*arguments)
    assert code == 2 and "Error" in text, text


FIGURES = ("calls-per-month", "build-cost", "horizon-months", "hosting-per-month", "retrain-cost")


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("command", ["breakeven", "scope"])
def test_every_figure_reaches_its_field(command: str, figure: str, tmp_path: Path) -> None:
    """A figure that cannot be read is told under its own option."""
    where = (str(_scoped(tmp_path)),) if command == "scope" else ()
    code, text = call(command, *where, f"--{figure}", "lots")
    assert code == 2 and f"--{figure}: " in text, text


def _scoped(folder: Path) -> Path:
    (folder / "test.jsonl").write_text('{"text": "x", "label": "a"}\n{"text": "y", "label": "b"}\n')
    suite = folder / "suite.yaml"
    suite.write_text(
        "name: s\ndataset: {test: test.jsonl, target: label}\nprompt: {user: '{{ text }}'}\n"
        "output: {form: label, labels: from_data}\nmodels: {m: anthropic/claude-haiku-5-5}\n"
        "good_enough: {accuracy: 0.9}\n"
    )
    return suite
