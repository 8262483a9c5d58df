"""Weights of one model among what the agent left: hostile data, and sometimes proof of a download.

Three ways of fetching a model leave the checksum that its publisher gave for each file: the hub's
client names the blobs of its cache by it, keeps it beside a download into a folder of the user's,
and git names its large files by it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ...errors import SubmissionError
from ...records.hashing import descriptor_hash
from ..files.opening import open_below
from ..weights.names import canonical
from ..weights.safetensors_header import read_header
from ..weights.tensors import ModelTensors

Way = Literal["cache", "folder", "own"]
"""``cache``: only a client of a hub lays files so.  ``folder``: a folder with a client's notes on
what it fetched, which may have been overwritten since.  ``own``: nothing says that it was brought
here, and checkpoints of the run's own training look the same."""

LARGEST_HEADER = 1 << 24
"""Bytes; a shard of the largest open models has some hundred kB."""


@dataclass(frozen=True)
class File:
    """A file that may hold weights."""

    root: Path
    path: str
    """Below the root."""
    size: int = 0
    held: int = 0
    """Bytes that it takes on the disk; few for a file of holes."""
    checksum: str = ""
    """SHA-256 that its publisher gave for it, where that is on record."""

    def open(self) -> int:
        """A descriptor, no link followed.

        Raises:
            OSError: it is not there any more, or no regular file.
        """
        return open_below(self.root, self.path)

    def is_certain(self) -> bool:
        """Whether it has the checksum that its publisher gave; reads all of it."""
        if not self.checksum:
            return False
        try:
            descriptor = self.open()
        except OSError:
            return False
        try:
            return descriptor_hash(descriptor) == self.checksum
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Its tensors' shapes by canonical name; empty where it is no sound safetensors file."""
        try:
            descriptor = self.open()
        except OSError:
            return {}
        try:
            head = os.pread(descriptor, 9, 0)
            if head[8:] != b"{" or int.from_bytes(head[:8], "little") > LARGEST_HEADER:
                return {}
            found = read_header(descriptor, self.path)
            return {canonical(name): tensor.shape for name, tensor in found.items()}
        except (OSError, SubmissionError):
            return {}
        finally:
            os.close(descriptor)


@dataclass
class Download:
    """Files that make up one model."""

    repository: str
    """``owner/name`` where it is known, else the folder; safe to show."""
    way: Way = "cache"
    files: list[File] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """Tensors of the base model that it has in the same shape."""

    @property
    def place(self) -> str:
        """Where it lies, for a person."""
        return self.files[0].path

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
                "unreadable", f"a file of it cannot be opened: {error.strerror}"
            ) from None
        return ModelTensors.of_files(opened)

    def is_certain(self) -> bool:
        """Whether every file has its publisher's checksum; reads all of them."""
        return all(file.is_certain() for file in self.files)


def assemble(
    repository: str, way: Way, files: Iterable[tuple[File, set[str]]], least: int
) -> tuple[list[Download], set[str]]:
    """Put the files of one place together to models.

    Args:
        repository: what the models are called.
        way: how they came.
        files: each with the tensors of the base model that it has in the same shape.
        least: how many of these a model must have.

    Returns:
        The models, and the tensors that stand in files which make none.  Files that hold the same
        tensors (two revisions) become two models.
    """
    models: list[Download] = []
    for file, names in files:
        if not names:
            continue
        home = next((model for model in models if not model.names & names), None)
        if home is None:
            home = Download(repository, way)
            models.append(home)
        home.files.append(file)
        home.names |= names
    whole = [model for model in models if len(model.names) >= least]
    odd = set().union(*(model.names for model in models if len(model.names) < least))
    return whole, odd
