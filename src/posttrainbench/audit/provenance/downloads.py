"""Checkpoints in a hub cache that the agent filled: hostile data, and proof of what it fetched.

The hub's client keeps a repository as ``models--OWNER--NAME/blobs/SHA256``, with links to the blobs
under the names of the files.  No link is followed here: every regular file in such a folder that is
safetensors by its content is taken, wherever in home, /tmp or workspace the cache stands.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import SubmissionError
from ...records.hashing import descriptor_hash
from ..files.opening import open_below
from ..files.quoting import shown_name
from ..files.walk import Node, Walk
from ..weights.safetensors_header import read_header
from ..weights.tensors import ModelTensors

SMALLEST = 2048
"""Bytes of a file that can hold a weight matrix."""
MOST_FILES = 400
"""Safetensors files that are looked at; the largest open models have some 150 shards."""
MOST_MODELS = 12
LARGEST_HEADER = 1 << 24
"""Bytes; a shard of the largest open models has some hundred kB."""
_PLACE = re.compile(r"(?:^|/)models--(?P<repository>[^/]+)/(?P<kind>blobs|snapshots)/(?P<rest>.+)$")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class File:
    """A safetensors file of a hub cache."""

    root: Path
    path: str
    """Below the root."""

    def open(self) -> int:
        """A descriptor, no link followed.

        Raises:
            OSError: it is not there any more, or no regular file.
        """
        return open_below(self.root, self.path)

    def is_certain(self) -> bool:
        """Whether it has the checksum that the hub gave it as its name; reads all of it."""
        name = self.path.rpartition("/")[2]
        if not _SHA256.fullmatch(name):
            return False
        try:
            descriptor = self.open()
        except OSError:
            return False
        try:
            return descriptor_hash(descriptor) == name
        except OSError:
            return False
        finally:
            os.close(descriptor)


@dataclass
class Download:
    """Files that make up one model."""

    repository: str
    """``owner/name``, safe to show."""
    files: list[File] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def open(self) -> ModelTensors:
        """Its tensors.

        Raises:
            SubmissionError: a file is gone or corrupt.
        """
        opened: list[tuple[str, int]] = []
        try:
            for file in self.files:
                opened.append((file.path, file.open()))
        except OSError as error:
            for _, descriptor in opened:
                os.close(descriptor)
            raise SubmissionError(
                "unreadable", f"a cached file cannot be opened: {error}"
            ) from None
        return ModelTensors.of_files(opened)

    def is_certain(self) -> bool:
        """Whether every file has the hub's checksum; reads all of them."""
        return all(file.is_certain() for file in self.files)


def downloads(roots: Iterable[Path]) -> list[Download]:
    """The models in all hub caches below ``roots``, the files of one model together.

    Files that hold the same tensors (two revisions) become two models.
    """
    found: dict[str, list[Download]] = {}
    seen: set[tuple[int, int]] = set()
    for number, (repository, file) in enumerate(_files(roots, seen)):
        if number >= MOST_FILES:
            break
        names = _tensor_names(file)
        if not names:
            continue
        models = found.setdefault(repository, [])
        home = next((model for model in models if not model.names & names), None)
        if home is None:
            home = Download(repository)
            models.append(home)
        home.files.append(file)
        home.names |= names
    return [model for models in found.values() for model in models][:MOST_MODELS]


def _files(roots: Iterable[Path], seen: set[tuple[int, int]]) -> Iterator[tuple[str, File]]:
    for root in roots:
        for node in Walk(root):
            if node.kind != "file" or node.status.st_size < SMALLEST:
                continue
            place = _PLACE.search(node.path)
            identity = (node.status.st_dev, node.status.st_ino)
            if place and identity not in seen and _looks_like_safetensors(node):
                seen.add(identity)
                owner, _, name = place["repository"].partition("--")
                yield shown_name(f"{owner}/{name}" if name else owner), File(root, node.path)


def _looks_like_safetensors(node: Node) -> bool:
    try:
        descriptor = node.open()
    except OSError:
        return False
    try:
        head = os.pread(descriptor, 9, 0)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return (
        len(head) == 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < LARGEST_HEADER
    )


def _tensor_names(file: File) -> set[str]:
    try:
        descriptor = file.open()
    except OSError:
        return set()
    try:
        return set(read_header(descriptor, file.path))
    except SubmissionError:
        return set()
    finally:
        os.close(descriptor)
