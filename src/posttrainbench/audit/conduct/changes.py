"""Files that the agent changed by its own hand: by a tool, a command, or a program."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ...records import Evidence
from ..deeds.places import ours
from ..flow import Ran
from ..flow.naming import path_node
from .scene import Scene, at, of_command, of_fact

How = Literal["write", "copy", "delete"]
_COPIES = frozenset({"cp", "mv", "ln", "rsync", "install"})


@dataclass(frozen=True)
class Change:
    """One file or folder that was changed, or was to be."""

    path: str
    """As evidence names it."""
    how: How
    evidence: Evidence
    source: str = ""
    """``copy``: where it came from."""


def changes(scene: Scene) -> Iterator[Change]:
    """All changes, also those that failed: to try counts."""
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

    for redirect in command.redirects:
        if redirect.writes:
            yield Change(path(redirect.target), "write", evidence)
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    name = command.name
    if name == "tee" or name in ("touch", "truncate"):
        for word in words:
            yield Change(path(word), "write", evidence)
    elif name in ("sed", "perl") and any(w.startswith("-i") for w in command.argv[1:]):
        for word in words[1:] or words:
            yield Change(path(word), "write", evidence)
    elif name in _COPIES and len(words) > 1:
        target = words[-1]
        for source in words[:-1]:
            one = path(source)
            yield Change(path(target), "copy", evidence, one)
            if target.endswith(("/", ".")) or "." not in posixpath.basename(target):
                inside = f"{path(target)}/{posixpath.basename(one)}"
                yield Change(inside, "copy", evidence, one)
            if name == "mv":
                yield Change(one, "delete", evidence)
    elif name in ("rm", "shred", "unlink"):
        for word in words:
            yield Change(path(word), "delete", evidence)
    elif name == "dd":
        for word in words:
            if word.startswith("of="):
                yield Change(path(word[3:]), "write", evidence)
    elif name == "patch" and words:
        yield Change(path(words[0]), "write", evidence)
