"""What became of files, as the trace tells it: texts written, deleted or changed; moves and copies.

Contents come from write tools, edits of texts that are known, patches, heredocs, echo and printf.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from . import Deeds, Language, Place
from .ledger import Move, MoveKind
from .places import on_disk
from .programs import language_of
from .replay import NO_DISK, Disk, replay
from .sources import Left, SourceError, read_raw

__all__ = ["Move", "MoveKind", "Written", "moves", "written"]


@dataclass(frozen=True)
class Written:
    """One text that a file held at some time."""

    place: Place
    """Where the trace tells it."""
    path: str
    """As evidence names it: ``workspace/data.jsonl``; elsewhere absolute."""
    content: str | None
    """``None``: something was written, and the trace does not tell what."""
    left: bool
    """Whether a file of this path lies on the disk at the end."""
    same: bool
    """Whether the file on the disk holds this very text."""
    whole: bool = True
    """``False``: ``content`` is only a part (appended to, or edited in, an unknown text), or has
    variables of the shell in it whose values are not known."""
    deleted: Place | None = None
    """The first deed after it that deleted, moved away or overwrote the file."""
    language: Language | None = None
    """For programs, which ``programs_of`` gives as well."""


def written(
    deeds: Deeds, workspace: Path, scratch: Path, places: tuple[tuple[str, str], ...]
) -> tuple[Written, ...]:
    """Every text that the trace tells of any file, in order; also programs (see ``language``).

    Files outside of workspace and scratch count as not left: they were not kept.
    """
    left = Left(workspace, scratch)
    played = replay(deeds, places, Disk(left.read, left.is_folder, {}))
    return tuple(
        Written(
            place=version.place,
            path=version.path,
            content=version.text,
            left=_lies(version.path, workspace, scratch),
            same=version.text is not None and _same(version.path, version.text, left),
            whole=version.whole,
            deleted=version.ended,
            language=language_of(version.path, version.text, version.language),
        )
        for version in played.ledger.versions
    )


def moves(
    deeds: Deeds,
    places: tuple[tuple[str, str], ...],
    workspace: Path | None = None,
    scratch: Path | None = None,
) -> tuple[Move, ...]:
    """``mv``, ``cp`` and ``ln`` of the trace, in order; with several sources one for each.

    Args:
        workspace: with ``scratch``, for asking whether a target is a folder.
    """
    disk = NO_DISK
    if workspace is not None and scratch is not None:
        left = Left(workspace, scratch)
        disk = Disk(left.read, left.is_folder, {})
    return tuple(replay(deeds, places, disk).ledger.moves)


def _lies(path: str, workspace: Path, scratch: Path) -> bool:
    real = on_disk(path, workspace, scratch)
    return real is not None and os.path.lexists(real)


def _same(path: str, text: str, left: Left) -> bool:
    try:
        raw = read_raw(path, left.workspace, left.scratch)
    except SourceError:
        return False
    return raw == text.encode("utf-8", "surrogatepass")
