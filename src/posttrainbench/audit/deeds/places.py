"""The agent's paths and ours: ``/workspace/data/x.jsonl`` is ``workspace/data/x.jsonl``."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

Places = Sequence[tuple[str, str]]
"""(absolute path as the agent saw it, ours as evidence names it), as in ``Case.places``."""

_HOME = "scratch/home"
_HOMES = ("~", "$HOME", "${HOME}")
_LONGEST = 4096


def workspace_of(places: Places) -> str:
    """The workspace as the agent saw it: where its tools begin."""
    return next((theirs for theirs, name in places if name == "workspace"), "/workspace")


def absolute(path: str, cwd: str, places: Places) -> str:
    """The agent's path, absolute and without ``.`` and ``..``; links are not known of.

    Args:
        cwd: the folder that a relative path counts from; empty for the workspace.
    """
    path, cwd = _at_home(path[:_LONGEST], places), _at_home(cwd[:_LONGEST], places)
    base = posixpath.join(workspace_of(places), cwd)
    whole = posixpath.normpath(posixpath.join(base, path))
    return "/" + whole.lstrip("/")


def ours(path: str, cwd: str, places: Places) -> str:
    """How evidence names the agent's path: below one of our folders, else absolute as it is.

    Args:
        path: absolute, relative, or below ``~`` or ``$HOME``.
        cwd: the folder that a relative path counts from; empty for the workspace.
        places: which folders the agent saw where.
    """
    whole = absolute(path, cwd, places)
    known = sorted(places, key=lambda place: -len(place[0]))
    if not any(name == "workspace" for _, name in places):
        known.append((workspace_of(places), "workspace"))
    for theirs, name in known:
        stem = theirs.rstrip("/")
        if whole == stem:
            return name
        if whole.startswith(f"{stem}/"):
            return name + whole[len(stem) :]
    return whole


def on_disk(path: str, workspace: Path, scratch: Path) -> Path | None:
    """The file that evidence calls ``path``; ``None`` when it is not below our two folders.

    It may be absent, or a link: open it with ``audit.files.opening.open_below``.
    """
    below = split(path)
    if below is None:
        return None
    root, rest = below
    return (workspace if root == "workspace" else scratch).joinpath(*rest)


def split(path: str) -> tuple[str, list[str]] | None:
    """Root (``workspace`` or ``scratch``) and names below it; ``None`` for any other path."""
    root, _, rest = path.partition("/")
    names = rest.split("/") if rest else []
    if root not in ("workspace", "scratch") or "\0" in path:
        return None
    return None if any(name in ("", ".", "..") for name in names) else (root, names)


def _at_home(path: str, places: Places) -> str:
    first, slash, rest = path.partition("/")
    if first in _HOMES:
        home = next((theirs for theirs, name in places if name == _HOME), "/home")
        return home + slash + rest
    return f".{slash}{rest}" if first in ("$PWD", "${PWD}") else path
