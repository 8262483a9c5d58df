"""The manifest: every path of the workspace as the agent left it, written before any cleaning.

The file is JSON lines: a head (schema, time), one :class:`FileEntry` per path, and a tail with the
totals and with everything that could not be seen.  A file without its tail is not whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .. import __version__
from ..audit.files.quoting import safe_name
from ..audit.files.walk import MAX_ENTRIES, Node, Walk
from ..errors import RecordError
from ..records import FileEntry, now, publish, temporary_beside
from ..records.files import parse, storage_error
from ..records.hashing import descriptor_hash
from ..spec import Frozen
from ..units import format_size
from .pruning import Pruned, delete_droppable

HASH_FILE_LIMIT = 32 * 10**9
"""Bytes: a larger file is listed with its size and not hashed."""
HASH_TOTAL_LIMIT = 500 * 10**9
"""Bytes hashed in all; what comes after is listed only."""
SPARSE_LIMIT = 10**9
"""Bytes: a file of more, less than half of which lies on the disk, is listed only."""
REPORT_EVERY = 10_000

Progress = Callable[[str], None]


class ManifestHead(Frozen):
    """First line of a manifest."""

    schema_version: Literal["manifest/1"] = "manifest/1"
    at: str
    package_version: str


class ManifestTail(Frozen):
    """Last line of a manifest."""

    entries: int
    size: int
    """Sum of the files' sizes in bytes."""
    gaps: tuple[str, ...] = ()
    """What was not seen, and why; at most about a hundred lines."""


@dataclass
class Scan:
    """Iterate over the entries of ``root``; ``gaps`` is complete when the iteration is over.

    Nothing is followed, no fifo or device is opened, and neither depth nor number nor size of what
    is found can exhaust memory, stack or time.
    """

    root: Path
    file_limit: int = HASH_FILE_LIMIT
    total_limit: int = HASH_TOTAL_LIMIT
    max_entries: int = MAX_ENTRIES
    progress: Progress | None = None
    gaps: list[str] = field(default_factory=list)
    entries: int = 0
    size: int = 0
    _hashed: int = 0

    def __iter__(self) -> Iterator[FileEntry]:
        self.entries = self.size = self._hashed = 0
        walk = Walk(self.root, max_entries=self.max_entries, gaps=self.gaps)
        for node in walk:
            self.entries += 1
            if self.progress and self.entries % REPORT_EVERY == 0:
                self.progress(f"manifest: {self.entries} paths, {format_size(self._hashed)} hashed")
            yield self._entry(node)

    def _entry(self, node: Node) -> FileEntry:
        path = safe_name(node.path)
        if node.kind == "file":
            size = node.status.st_size
            self.size += size
            return FileEntry(path=path, kind="file", size=size, sha256=self._sha256(node))
        if node.kind == "symlink":
            return FileEntry(path=path, kind="symlink", target=safe_name(node.readlink()))
        return FileEntry(path=path, kind=node.kind)

    def _sha256(self, node: Node) -> str | None:
        size, on_disk = node.status.st_size, node.status.st_blocks * 512
        sparse = size > SPARSE_LIMIT and on_disk < size // 2
        if sparse or size > self.file_limit or self._hashed + size > self.total_limit:
            return None
        self._hashed += size
        try:
            descriptor = node.open()
        except OSError:
            return None
        try:
            return descriptor_hash(descriptor, limit=size)
        except OSError:
            return None
        finally:
            os.close(descriptor)


def scan(root: Path, progress: Progress | None = None) -> Scan:
    """Every path below ``root``, folders before their content, names in order."""
    return Scan(root, progress=progress)


def write(path: Path, entries: Scan) -> int:
    """Write the manifest to ``path``, whole or not at all.

    Returns:
        How many paths it lists.

    Raises:
        StorageError: the disk refuses.
    """

    def lines() -> Iterator[FileEntry | ManifestTail]:
        yield from entries
        yield ManifestTail(entries=entries.entries, size=entries.size, gaps=tuple(entries.gaps))

    _write(path, lines())
    return entries.entries


def prune(workspace: Path, path: Path) -> Pruned:
    """Delete weights and caches (see :mod:`.pruning`), then note in the manifest what is left.

    May be repeated after a crash at any point.

    Raises:
        RecordError: the manifest was not written before, or is damaged; nothing was deleted.
        StorageError: the manifest cannot be rewritten.
    """
    for _line in read(path):
        pass  # Nothing is deleted before it is known that the manifest is whole.
    done = delete_droppable(workspace)
    present = {safe_name(node.path) for node in Walk(workspace)}

    def lines() -> Iterator[FileEntry | ManifestTail]:
        for line in read(path):
            if isinstance(line, FileEntry):
                line = line.model_copy(update={"kept": line.path in present})
            yield line

    _write(path, lines())
    return done


def read(path: Path) -> Iterator[FileEntry | ManifestTail]:
    """The entries of a manifest, and its tail as the last.

    Raises:
        RecordError: missing, damaged, without its end, or of another schema.
    """
    whole = False
    try:
        with path.open(encoding="utf-8") as file:
            parse(path, json.loads(file.readline()), ManifestHead)
            for line in file:
                data = json.loads(line)
                whole = "entries" in data
                yield ManifestTail(**data) if whole else FileEntry(**data)
    except (OSError, ValueError, TypeError) as error:
        raise RecordError(
            f"{path} cannot be read: {error}", advice="restore the file from a copy of the run"
        ) from error
    if not whole:
        raise RecordError(f"{path} ends early", advice="restore the file from a copy of the run")


def _write(path: Path, lines: Iterator[FileEntry | ManifestTail]) -> None:
    temporary = temporary_beside(path)
    head = ManifestHead(at=now(), package_version=__version__)
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(_line(head.model_dump()))
            for line in lines:
                file.write(_line(line.model_dump()))
            file.flush()
            os.fsync(file.fileno())
        publish(temporary, path)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
