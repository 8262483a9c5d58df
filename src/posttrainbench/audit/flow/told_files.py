"""Texts of the agent's small files, as they were when a command read them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from .. import Case
from ..deeds import Place
from ..deeds.files import Written, written
from .naming import path_node


class ToldFiles:
    """What the trace tells of a file at some time, else what lies there in the end.

    Args:
        case: the run.
        left: the text of a file that lies there, by its name and the folder that it counts from.
    """

    def __init__(self, case: Case, left: Callable[[str, str], str | None]) -> None:
        self.case, self.left = case, left

    def text(self, name: str, cwd: str, place: Place) -> str | None:
        """The text of a file when the deed at ``place`` ran; ``None`` where nothing tells it."""
        node = path_node(name, cwd, self.case.places)
        before = [one for one in self._told.get(node, ()) if not _later(one.place, place)]
        if before and before[-1].whole and before[-1].content is not None:
            return before[-1].content
        return self.left(name, cwd)

    def mentions(self, names: frozenset[str]) -> bool:
        """Whether the trace tells of files of some names at all."""
        return any(node.rpartition("/")[2] in names for node in self._told)

    @cached_property
    def _told(self) -> dict[str, list[Written]]:
        case = self.case
        found: dict[str, list[Written]] = {}
        for one in written(case.deeds, case.workspace, case.scratch, case.places):
            found.setdefault(one.path, []).append(one)
        return found


def _later(one: Place, other: Place) -> bool:
    """Whether a deed comes after another; attempts are numbered in their files' names."""
    return (one.file, one.line) > (other.file, other.line)
