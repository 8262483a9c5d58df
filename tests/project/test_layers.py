"""The floors of the house: a room imports only from floors below, and no module in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "posttrainbench"
FLOORS = (
    {"errors", "units", "paths", "spec", "rules", "registry", "records"},
    {"catalog", "templates", "sandboxes", "traces", "gateway", "scripted"},
    {"benchmarks", "agents"},
    {"evaluation", "audit"},
    {"runs"},
    {"backends", "scoring", "interop", "judge_eval"},
    {"report", "demo", "redteam"},
    {"cli"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS, start=1) for room in rooms}
FRONT = {"", "__main__"}
"""The package's own face and `python -m`: they may name any room."""


def module_files(root: Path) -> dict[str, Path]:
    """Dotted name below the package, without it, of every module."""
    source = root / "src" / PACKAGE
    names = {}
    for path in source.rglob("*.py"):
        parts = path.relative_to(source).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports(
    name: str, tree: ast.AST, is_package: bool, known: set[str]
) -> Iterator[tuple[str, int]]:
    """Modules of the package that ``tree`` imports anywhere, with their lines."""
    here = name.split(".") if name else []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == PACKAGE:
                    yield alias.name.partition(".")[2], node.lineno
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                up = node.level - (1 if is_package else 0)
                base = here[: len(here) - up] if up else here
                target = [*base, *(node.module.split(".") if node.module else [])]
            elif (node.module or "").split(".")[0] == PACKAGE:
                target = (node.module or "").split(".")[1:]
            else:
                continue
            for alias in node.names:
                inner = ".".join([*target, alias.name])
                yield (inner if inner in known else ".".join(target)), node.lineno


@pytest.fixture(scope="module")
def graph(root: Path) -> dict[str, list[tuple[str, int]]]:
    files = module_files(root)
    return {
        name: list(
            imports(
                name,
                ast.parse(path.read_text(encoding="utf-8")),
                path.name == "__init__.py",
                set(files),
            )
        )
        for name, path in files.items()
    }


def room_of(module: str) -> str:
    return module.split(".")[0]


def test_every_module_has_a_floor(graph: dict[str, list[tuple[str, int]]]) -> None:
    assert {room_of(name) for name in graph} - FRONT <= set(FLOOR)


def test_rooms_import_downward(graph: dict[str, list[tuple[str, int]]]) -> None:
    wrong = []
    for name, targets in graph.items():
        room = room_of(name)
        if room in FRONT:
            continue
        for target, line in targets:
            other = room_of(target)
            if other in (room, ""):  # "" is __version__, a plain string
                continue
            if FLOOR[other] > FLOOR[room] or (FLOOR[other] == FLOOR[room] and FLOOR[room] > 1):
                wrong.append(f"{name}:{line} imports {target}")
    assert not wrong


def test_no_module_imports_itself_in_a_circle(graph: dict[str, list[tuple[str, int]]]) -> None:
    edges = {
        name: {target for target, _ in targets if target not in ("", name)}
        for name, targets in graph.items()
        if room_of(name) not in FRONT
    }
    finished: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in finished:
            for target in sorted(edges.get(name, ())):
                visit(target, (*way, name))
            finished.add(name)

    for name in sorted(edges):
        visit(name, ())


def test_the_reader_of_imports_sees_every_form() -> None:
    code = "import posttrainbench.runs.api\nfrom ..spec import RunSpec\nfrom . import layout\n"
    code += "def f():\n    from posttrainbench.records import now\n"
    known = {"runs.api", "spec", "records", "records.layout"}
    found = [name for name, _ in imports("records.files", ast.parse(code), False, known)]
    assert sorted(found) == ["records", "records.layout", "runs.api", "spec"]
    inside = imports("records", ast.parse("from .layout import RunDir"), True, known)
    assert [name for name, _ in inside] == ["records.layout"]
