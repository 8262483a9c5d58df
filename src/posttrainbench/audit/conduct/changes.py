"""Files that the agent changed by its own hand: by a tool, a command, or a program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...records import Evidence
from ..deeds.places import ours
from ..flow import Ran
from ..flow.naming import path_node
from .by_command import How, files_of, patched, touched
from .scene import Scene, at, of_command, of_fact


@dataclass(frozen=True)
class Change:
    """One file or folder that was changed, or was to be."""

    path: str
    """As evidence names it."""
    how: How
    evidence: Evidence
    source: str = ""
    """``copy``: where it came from."""


def changes(scene: Scene) -> tuple[Change, ...]:
    """All changes, also those that failed: to try counts.  Made once for each scene."""
    kept = vars(scene)
    if "_changes" not in kept:
        kept["_changes"] = tuple(_changes(scene))
    found: tuple[Change, ...] = kept["_changes"]
    return found


def _changes(scene: Scene) -> Iterator[Change]:
    places = scene.case.places
    for deed in scene.case.deeds.all:
        if deed.kind in ("write", "edit", "delete") and deed.path:
            how: How = "delete" if deed.kind == "delete" else "write"
            shown = f"{deed.kind} {deed.path}: {deed.text[:200]}"
            yield Change(ours(deed.path, "", places), how, at(deed.place, shown))
    for entry in scene.ran:
        yield from _by_command(scene, entry)
    for acted, fact in scene.facts("write", "save-model", "copy", "delete"):
        steps = [path_node(t, acted.start.cwd, places) for t in fact.targets]
        evidence = of_fact(acted, fact)
        if fact.kind == "copy" and len(steps) == 2:
            yield Change(steps[1], "copy", evidence, steps[0])
        else:
            for path in steps:
                yield Change(path, "delete" if fact.kind == "delete" else "write", evidence)


def _by_command(scene: Scene, entry: Ran) -> Iterator[Change]:
    command, places = entry.command, scene.case.places
    evidence = of_command(entry)

    def path(name: str) -> str:
        return path_node(name, command.cwd, places)

    for one in touched(command):
        yield Change(path(one.path), one.how, evidence, path(one.source) if one.source else "")
    patch = patched(command)
    if patch is not None:
        file, text = patch
        text = text or scene.study.text_of(file, command.cwd) or ""
        for name in (*files_of(text), *_named_directly(command.argv)):
            yield Change(path(name), "write", evidence)


def _named_directly(argv: tuple[str, ...]) -> list[str]:
    """``patch FILE < changes``."""
    words = [word for word in argv[1:] if not word.startswith("-")]
    return words[:1] if argv[0].endswith("patch") else []
