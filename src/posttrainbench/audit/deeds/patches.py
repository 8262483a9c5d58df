"""The patch format of ``apply_patch``, which Codex and OpenCode let models write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

BEGIN = "*** Begin Patch"
_END = "*** End Patch"
_ADD, _UPDATE = "*** Add File: ", "*** Update File: "
_DELETE, _MOVE, _END_OF_FILE = "*** Delete File: ", "*** Move to: ", "*** End of File"
MOST = 5000
"""Changes that are read in one patch."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a patch does to one passage of one file."""

    kind: Literal["write", "edit", "delete", "move"]
    path: str
    text: str = ""
    """The content, the new text of the passage, or the new path."""
    old: str = ""


@dataclass(slots=True)
class _Passage:
    """Lines of one place in a file, before and after."""

    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)

    def change(self, path: str) -> Iterator[Change]:
        if self.old != self.new:
            yield Change("edit", path, _joined(self.new), _joined(self.old))


def changes_of(patch: str) -> list[Change]:
    """The changes of a patch, in order; what does not look like one is passed over."""
    found: list[Change] = []
    for change in _changes(patch):
        found.append(change)
        if len(found) >= MOST:
            break
    return found


def _changes(patch: str) -> Iterator[Change]:
    kind, path, target = "", "", ""
    passage = _Passage()

    def finished() -> Iterator[Change]:
        if kind == "add":
            yield Change("write", path, _joined(passage.new))
        elif kind == "update":
            yield from passage.change(path)
            if target:
                yield Change("move", path, target)

    for line in patch[max(0, patch.find(BEGIN)) :].rstrip("\n").split("\n"):
        if line.startswith((_ADD, _UPDATE, _DELETE)) or line.rstrip() == _END:
            yield from finished()
            kind, target, passage = "", "", _Passage()
            if line.rstrip() == _END:
                return
            head, path = line.split(": ", 1)
            path = path.strip()
            kind = "add" if "Add" in head else "update" if "Update" in head else ""
            if line.startswith(_DELETE):
                yield Change("delete", path)
        elif line.startswith(_MOVE):
            target = line.removeprefix(_MOVE).strip()
        elif line.startswith("@@"):
            if kind == "update":
                yield from passage.change(path)
                passage = _Passage()
        elif line.startswith("+"):
            passage.new.append(line[1:])
        elif line.startswith("-"):
            passage.old.append(line[1:])
        elif kind == "update" and not line.startswith(_END_OF_FILE):
            passage.old.append(line[1:])
            passage.new.append(line[1:])
    yield from finished()


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
