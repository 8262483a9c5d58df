"""Everything that could have been data for training: what was left, and what the trace tells.

Left out is what is ours: untouched desk files, and copies of the base model's own files.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ...records import Evidence
from ...records.hashing import descriptor_hash
from .. import Case
from ..deeds import Place
from ..deeds.files import written
from ..files.quoting import quote, safe_name
from ..files.walk import Node, Walk

TOLD_LIMIT = 2_000_000_000
"""Characters of texts from the trace that are searched in all."""
_MOST_NAMES = 100_000
_PROGRAMS = (".py", ".sh", ".ipynb", ".js", ".toml", ".yaml", ".yml", ".md", ".cfg")

Origin = Literal["left", "told", "program"]


@dataclass(frozen=True)
class Source:
    """One file, or one text that a file once held."""

    path: str
    """As evidence and the flow of data name it; empty for inline code."""
    origin: Origin
    node: Node | None = None
    """``left``: the file, to be opened before the next source is asked for."""
    text: str = ""
    """``told`` and ``program``: its content."""
    place: Place | None = None
    """``told`` and ``program``: where the trace tells it."""

    @property
    def node_name(self) -> str:
        """What the flow of data calls it."""
        if self.path or self.place is None:
            return self.path
        return f"{self.place.file}:{self.place.line}"

    @property
    def size(self) -> int:
        """Bytes on the disk, or characters."""
        if self.node is None:
            return len(self.text)
        return min(self.node.status.st_size, self.node.status.st_blocks * 512 + 4096)


@dataclass
class Gathering:
    """Iterate over all sources; afterwards ``unseen`` and ``deleted`` are complete."""

    case: Case
    unseen: list[Evidence] = field(default_factory=list)
    deleted: list[Evidence] = field(default_factory=list)
    """Files that were written and deleted, whose content the trace does not tell."""
    names: dict[str, str] = field(default_factory=dict)
    """Files of a hub's cache that carry only a checksum as their name, and what they are called."""
    _texts: set[bytes] = field(default_factory=set)

    def __iter__(self) -> Iterator[Source]:
        yield from self._left()
        yield from self._told()

    def _left(self) -> Iterator[Source]:
        for label, root in (("workspace", self.case.workspace), ("scratch", self.case.scratch)):
            if not root.is_dir():
                continue
            walk = Walk(root)
            for node in walk:
                if node.kind == "file" and not _is_ours(self.case, label, node):
                    yield Source(f"{label}/{node.path}", "left", node)
                elif node.kind == "symlink" and "/snapshots/" in node.path:
                    self._name(f"{label}/{node.path}", node.readlink())
            self.unseen += [Evidence(file=label, quote=quote(gap)) for gap in walk.gaps]

    def _name(self, link: str, target: str) -> None:
        """A link of a hub's cache tells the name of a file; it is not followed."""
        blob = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        if "/blobs/" in blob and len(self.names) < _MOST_NAMES:
            self.names.setdefault(blob, link)

    def _told(self) -> Iterator[Source]:
        case, total = self.case, 0
        for text in written(case.deeds, case.workspace, case.scratch, case.places):
            if text.content is None:
                if not text.left and not text.path.endswith(_PROGRAMS):
                    where = text.place
                    self.deleted.append(
                        Evidence(file=where.file, line=where.line, quote=quote(text.path))
                    )
            elif not text.same and text.language is None and self._is_new(text.content):
                total += len(text.content)
                if total > TOLD_LIMIT:
                    self.unseen.append(Evidence(quote="the trace tells more text than is searched"))
                    return
                yield Source(text.path, "told", text=text.content, place=text.place)
        for program in case.programs.all:
            if not program.left and self._is_new(program.text):
                yield Source(program.path, "program", text=program.text, place=program.place)

    def _is_new(self, text: str) -> bool:
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        known = digest in self._texts
        self._texts.add(digest)
        return not known and bool(text.strip())


def _is_ours(case: Case, label: str, node: Node) -> bool:
    """Whether the file is untouched from the desk, or a copy of a file of the base model."""
    if label == "workspace" and (issued := case.preparation.desk_files.get(node.path)):
        return _hash(node) == issued
    twin = case.base / node.name
    if node.name.endswith(".safetensors"):
        return False
    if not twin.is_file() or twin.stat().st_size != node.status.st_size:
        return False
    return _hash(node) == hashlib.sha256(twin.read_bytes()).hexdigest()


def _hash(node: Node) -> str:
    try:
        descriptor = node.open()
    except OSError:
        return ""
    try:
        return descriptor_hash(descriptor)
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def shown(source: Source) -> str:
    """How evidence names the file."""
    if source.origin != "left" and source.place is not None:
        return source.place.file
    return safe_name(source.path)
