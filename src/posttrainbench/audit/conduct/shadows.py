"""Packages of the agent's own that are found before the evaluator's, of the same name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ...records import Evidence
from ..flow import Ran
from ..flow.code_steps import is_evaluation
from ..flow.naming import path_node
from .changes import changes
from .scene import Scene, at, of_command

HOOKS = ("sitecustomize.py", "usercustomize.py")
"""Modules that Python imports by itself whenever it starts."""
_BESIDE = "workspace"
"""evaluate.py's own folder, where Python looks first."""


def shadows(scene: Scene, packages: tuple[str, ...]) -> Iterator[Evidence]:
    """Where such packages lie beside evaluate.py, or where it is started with them in its path."""
    made = _made(scene, packages)
    if _BESIDE in made:
        yield made[_BESIDE]
    for entry in scene.ran:
        if is_evaluation(entry.command) and any(one in made for one in _paths(scene, entry)):
            yield of_command(entry)


def _made(scene: Scene, packages: tuple[str, ...]) -> dict[str, Evidence]:
    """The folders that hold a package of such a name, as evidence names them."""
    ends = tuple(f"/{name}{end}" for name in packages for end in (".py", "/__init__.py"))
    ends += tuple(f"/{name}" for name in HOOKS)
    found: dict[str, Evidence] = {}
    for program in scene.case.programs.all:
        if program.path.endswith(ends):
            found.setdefault(_folder(program.path), at(program.place, program.path))
    for change in changes(scene):
        if change.how != "delete" and change.path.endswith(ends):
            found.setdefault(_folder(change.path), change.evidence)
    return found


def _folder(path: str) -> str:
    above = posixpath.dirname(path)
    return posixpath.dirname(above) if path.endswith("/__init__.py") else above


def _paths(scene: Scene, entry: Ran) -> Iterator[str]:
    """The folders of a command's ``PYTHONPATH``."""
    command = entry.command
    for name, value in command.env:
        if name == "PYTHONPATH":
            for part in value.split(":"):
                if part:
                    yield path_node(part, command.cwd, scene.case.places)
