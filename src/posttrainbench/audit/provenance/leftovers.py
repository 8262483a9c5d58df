"""Where models may lie in what the agent left in home, /tmp and workspace.

Every regular file that could be part of one is put to its place: a repository of a hub's cache, or
a folder.  No link is followed.  What a place holds is looked at in :mod:`.candidates`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..files.quoting import shown_name
from ..files.walk import Node, Walk
from .downloads import File, Way

SMALLEST = 2048
"""Bytes of a file that can hold a weight matrix."""
MOST_PLACES, MOST_FILES = 5_000, 2_000
"""Places, and files of one place, that are remembered; the largest ones."""
MOST_NOTES = 20_000
LARGEST_NOTE = 4_096
_SUFFIXES = (".safetensors", ".bin", ".gguf", ".pt", ".pth")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HUB = re.compile(r"(?:^|/)models--(?P<name>[^/]+)/(?:blobs|snapshots)/")
_SCOPE = re.compile(r"(?:^|/)modelscope/hub/(?:models/)?(?P<name>[^/]+/[^/]+)/")
_GIT = re.compile(r"(?P<folder>^|^.*/)\.git/lfs/objects/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}$")
_NOTE = re.compile(r"(?P<folder>^|^.*/)\.cache/huggingface/download/(?P<rest>.+)\.metadata$")


@dataclass
class Place:
    """One repository of a cache, or one folder."""

    name: str
    """``owner/name``, or the folder; safe to show."""
    way: Way
    files: list[File] = field(default_factory=list)
    size: int = 0
    held: int = 0
    dropped: int = 0
    """Bytes of files that were too many to remember."""
    configs: list[File] = field(default_factory=list)

    def add(self, file: File) -> None:
        """One more file; of too many, the smallest are forgotten."""
        self.files.append(file)
        self.size += file.size
        self.held += min(file.held, file.size)
        if len(self.files) >= 2 * MOST_FILES:
            self.files.sort(key=lambda one: -one.held)
            self.dropped += sum(one.size for one in self.files[MOST_FILES:])
            del self.files[MOST_FILES:]


class Leftovers:
    """All places below some roots.

    Args:
        roots: folders that the agent filled.
        submission: the folder that was handed in, which is no candidate.
    """

    def __init__(self, roots: Iterable[Path], submission: Path) -> None:
        self.places: dict[tuple[Path, str], Place] = {}
        self.forgotten = 0
        """Places that were too many to remember."""
        self._submission = submission
        self._seen: set[tuple[int, int]] = set()
        self._fetched: dict[tuple[Path, str], str] = {}
        self._notes: set[tuple[Path, str]] = set()
        for root in roots:
            for node in Walk(root):
                self._look(root, node)

    def _look(self, root: Path, node: Node) -> None:
        path = node.path
        if node.kind == "symlink" and node.name == "config.json":
            self._linked(root, path, node.readlink())
        if node.kind != "file":
            return
        if note := _NOTE.search(path):
            self._remember(root, note["folder"] + note["rest"], node)
            return
        folder, _, name = path.rpartition("/")
        key, called, way = self._place(root, path, folder)
        if name == "config.json":
            self._at((root, key), called, way).configs.append(File(root, path))
            return
        if node.status.st_size < SMALLEST or root / folder == self._submission:
            return
        if way == "own" and not name.endswith(_SUFFIXES):
            return
        identity = (node.status.st_dev, node.status.st_ino)
        if identity not in self._seen:
            self._seen.add(identity)
            checksum = self._fetched.get((root, path), "")
            if way == "cache" and _SHA256.fullmatch(name):
                checksum = name
            file = File(root, path, node.status.st_size, node.status.st_blocks * 512, checksum)
            self._at((root, key), called, way).add(file)

    def _place(self, root: Path, path: str, folder: str) -> tuple[str, str, Way]:
        """Key and name of the place that a file belongs to, and how it came there."""
        if found := _HUB.search(path):
            owner, _, name = found["name"].partition("--")
            return path[: found.end("name")], f"{owner}/{name}" if name else owner, "cache"
        if found := _SCOPE.search(path):
            return path[: found.end("name")], found["name"], "cache"
        if found := _GIT.search(path):
            return found["folder"] + ".git", found["folder"].rstrip("/") or ".", "cache"
        return folder, folder or ".", "folder" if (root, folder) in self._notes else "own"

    def _at(self, key: tuple[Path, str], called: str, way: Way) -> Place:
        if key not in self.places:
            if len(self.places) >= 2 * MOST_PLACES:
                self._forget()
            self.places[key] = Place(shown_name(called), way)
        return self.places[key]

    def _forget(self) -> None:
        """Keep the places that hold most on the disk."""
        ranked = sorted(self.places.items(), key=lambda entry: -entry[1].held)
        self.forgotten += sum(1 for _, place in ranked[MOST_PLACES:] if place.size)
        self.places = dict(ranked[:MOST_PLACES])

    def _remember(self, root: Path, path: str, node: Node) -> None:
        """The hub client's note on a file that it fetched into a folder: revision and checksum."""
        if node.status.st_size > LARGEST_NOTE or len(self._fetched) >= MOST_NOTES:
            return
        try:
            descriptor = node.open()
        except OSError:
            return
        try:
            lines = os.pread(descriptor, LARGEST_NOTE, 0).decode("ascii", "replace").split("\n")
        except OSError:
            return
        finally:
            os.close(descriptor)
        if len(lines) > 1 and _SHA256.fullmatch(lines[1]):
            self._fetched[root, path] = lines[1]
            self._notes.add((root, path.rpartition("/")[0]))

    def _linked(self, root: Path, path: str, target: str) -> None:
        """The configuration of a cached repository lies in a blob, the link says in which."""
        found = _HUB.search(path)
        blob = target.rpartition("/")[2]
        if found and re.fullmatch(r"[0-9a-f]{40,64}", blob):
            key, called, way = self._place(root, path, "")
            file = File(root, f"{key}/blobs/{blob}")
            self._at((root, key), called, way).configs.append(file)
