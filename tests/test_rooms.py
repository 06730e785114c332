"""The rooms of ARCHITECTURE.md hold: who may import whom, and no two files import each other in a circle.

The table is read from the page itself, so that page and code cannot differ. Imports inside functions and under
TYPE_CHECKING count like any other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent
PACKAGE = HOME / "evalkit"

# What waits to be mended; both must be empty in a release. An entry that is no longer true fails the test too.
# A breach of the table: the file, and the file that it imports.
BREACHES: frozenset[tuple[str, str]] = frozenset()
# A circle: the first and the last of its files in order of their names.
CIRCLES: frozenset[tuple[str, str]] = frozenset()


def rooms_of_page(page: str) -> dict[str, frozenset[str]]:
    """For each room the rooms that it may import, itself included, as the page's table says.

    The first two rows are the ground: any later room may import it. Rooms of one row are one room with several doors.
    """
    section = page.split("## The rooms", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    may: dict[str, frozenset[str]] = {}
    ground: frozenset[str] = frozenset()
    for place, (names_cell, _, may_cell) in enumerate(rows):
        names = [_room(name) for name in re.findall(r"`([^`]+)`", names_cell)]
        if place <= 2:
            ground = frozenset(may)
        allowed = ground | _allowed(may_cell.strip(), may.keys()) | frozenset(names)
        may |= dict.fromkeys(names, allowed)
    return may


def _room(name: str) -> str:
    return name.strip("/").removesuffix(".py")


def _allowed(cell: str, above: Iterable[str]) -> frozenset[str]:
    if cell == "–":
        return frozenset()
    but = frozenset[str]()
    if cell.startswith("all above"):
        but = frozenset(re.findall(r"\w+", cell.removeprefix("all above").removeprefix(" but ")))
        named = frozenset(above) - but
    else:
        named = frozenset(re.findall(r"\w+", cell))
    unknown = (named | but) - frozenset(above)
    assert not unknown, f"ARCHITECTURE.md names rooms that do not stand above: {sorted(unknown)}"
    return named


def imports_of(text: str, module: str, is_package: bool, modules: Mapping[str, str]) -> Iterator[str]:
    """The files of the package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: None if is_package else -1]
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [node.module])])
            # `from package import module` names a file, `from module import name` the file itself.
            named = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            first = node.args[0]
            named = [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
        else:
            continue
        yield from (modules[name] for name in named if name in modules)


def import_graph(package: Path) -> dict[str, set[str]]:
    """For each file of the package, as a path inside it, the other files that it imports."""
    files = {path.relative_to(package).as_posix(): path for path in sorted(package.rglob("*.py"))}
    names = {file: ".".join([package.name, *Path(file).with_suffix("").parts]) for file in files}
    modules = {name.removesuffix(".__init__"): file for file, name in names.items()}
    graph: dict[str, set[str]] = {}
    for file, path in files.items():
        is_package = path.name == "__init__.py"
        module = names[file].removesuffix(".__init__")
        graph[file] = set(imports_of(path.read_text("utf-8"), module, is_package, modules)) - {file}
    return graph


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of files each of which reaches all others of its group, sorted (Tarjan's components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(file: str) -> None:
        order[file] = low[file] = len(order)
        stack.append(file)
        for used in sorted(graph[file]):
            if used not in order:
                visit(used)
                low[file] = min(low[file], low[used])
            elif used in stack:
                low[file] = min(low[file], order[used])
        if low[file] == order[file]:
            at = stack.index(file)
            group, stack[at:] = sorted(stack[at:]), []
            if len(group) > 1:
                groups.append(group)

    for file in graph:
        if file not in order:
            visit(file)
    return groups


def room_of(file: str) -> str:
    return _room(file.split("/", 1)[0])


@pytest.fixture(scope="module")
def may() -> dict[str, frozenset[str]]:
    return rooms_of_page((HOME / "ARCHITECTURE.md").read_text("utf-8"))


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return import_graph(PACKAGE)


def test_every_file_has_a_room_and_every_room_has_files(
    may: dict[str, frozenset[str]], graph: dict[str, set[str]]
) -> None:
    assert {room_of(file) for file in graph} == set(may)


def test_rooms_import_only_what_the_table_allows(may: dict[str, frozenset[str]], graph: dict[str, set[str]]) -> None:
    found = {(file, used) for file, uses in graph.items() for used in uses if room_of(used) not in may[room_of(file)]}
    assert found == BREACHES, _difference(found, BREACHES)


def test_no_file_is_in_a_circle(graph: dict[str, set[str]]) -> None:
    found = {(group[0], group[-1]) for group in circles(graph)}
    assert found == CIRCLES, _difference(found, CIRCLES) + f"; all circles: {circles(graph)}"


def test_nobody_climbs_back_to_the_package_root(graph: dict[str, set[str]]) -> None:
    assert [file for file, uses in graph.items() if "__init__.py" in uses] == []


def test_records_and_stats_stand_on_the_ground_alone(may: dict[str, frozenset[str]]) -> None:
    assert may["records"] == {"errors", "quote", "version", "records"}
    assert may["stats"] == {"errors", "quote", "version", "records", "stats"}


def test_files_that_the_page_names_are_there() -> None:
    page = (HOME / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`([\w./]*/[\w./]*)`", page))
    assert len(named) > 20
    assert [path for path in sorted(named) if not ((PACKAGE / path).exists() or (HOME / path).exists())] == []


def _difference(found: set[tuple[str, str]], listed: frozenset[tuple[str, str]]) -> str:
    return f"not allowed: {sorted(found - listed)}; mended, take it off the list: {sorted(listed - found)}"


# That the test can fail: the same functions on a small house.


def test_an_import_counts_wherever_it_stands(tmp_path: Path) -> None:
    house = tmp_path / "house"
    for room in ("low", "high"):
        (house / room).mkdir(parents=True)
        (house / room / "__init__.py").touch()
    (house / "__init__.py").touch()
    (house / "high" / "b.py").touch()
    (house / "high" / "c.py").write_text("from . import b\nfrom ..low.a import x\n")
    (house / "low" / "a.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import house.high.b\n"
        "def f():\n    from house.high import c\n"
        "def g():\n    from house import version\n"
    )
    graph = import_graph(house)
    assert graph["low/a.py"] == {"high/b.py", "high/c.py", "__init__.py"}
    assert graph["high/c.py"] == {"high/b.py", "low/a.py"}
    assert circles(graph) == [["high/c.py", "low/a.py"]]


def test_long_circles_are_found_and_lines_are_none() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_the_table_is_read_as_it_is_written() -> None:
    page = (
        "# House\n## The rooms, in order\n| room | job | may use |\n| --- | --- | --- |\n"
        "| `errors.py`, `version.py` | – | – |\n| `records/` | – | – |\n| `stats/` | – | – |\n"
        "| `store/` | – | – |\n| `report/` | `code` in words | stats |\n| `running/` | – | all above but report |\n"
        "| `cli/`, `__init__.py` | – | running, report |\n## Next\n| `not/` | a | room |\n"
    )
    ground = {"errors", "version", "records"}
    may = rooms_of_page(page)
    assert may["stats"] == ground | {"stats"}
    assert may["report"] == ground | {"stats", "report"}
    assert may["running"] == ground | {"stats", "store", "running"}
    assert may["cli"] == may["__init__"] == ground | {"running", "report", "cli", "__init__"}
    assert "not" not in may


def test_a_room_may_not_use_one_that_stands_below_it() -> None:
    page = "## The rooms\n| `errors.py` | – | – |\n| `records/` | – | – |\n| `a/` | – | b |\n| `b/` | – | – |\n"
    with pytest.raises(AssertionError, match=r"\['b'\]"):
        rooms_of_page(page)
