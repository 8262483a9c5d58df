"""Programs that lie on the disk at the end: found, and read as hostile text."""

from __future__ import annotations

import io
import os
import stat
import tokenize
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from ..files.documents import DocumentError, read_bounded
from ..files.opening import open_below
from ..files.walk import Node, Walk
from . import Language
from .places import on_disk, split
from .replay import shebang

LONGEST = 2_000_000
"""Bytes of a program that is read."""
MOST_SNIFFED = 20_000
"""Files without a telling name whose first bytes are looked at."""
LANGUAGES: dict[str, Language] = {
    ".py": "python",
    ".pyw": "python",
    ".ipynb": "python",
    ".sh": "shell",
    ".bash": "shell",
}
_NOT_THEIRS = frozenset({"site-packages", "dist-packages", "node_modules", ".git"})
_CODINGS = ("utf-8", "utf-7", "iso-8859-", "latin", "cp", "windows-", "ascii", "gb", "big5",
            "shift_jis", "euc", "koi8", "mac-roman", "utf-16", "utf-32")  # fmt: skip


class SourceError(ValueError):
    """A program cannot be read; says why in a few words."""


@dataclass(slots=True)
class Left:
    """Programs that were left."""

    workspace: Path
    scratch: Path
    languages: dict[str, Language] = field(default_factory=dict)
    """By evidence name."""
    named: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Evidence names by the last name of the path."""
    gaps: list[tuple[str, str]] = field(default_factory=list)

    def text(self, path: str) -> str:
        """The text of a file.

        Raises:
            SourceError: it is not there, too large, or no text.
        """
        return decoded(read_raw(path, self.workspace, self.scratch))

    def read(self, path: str) -> str | None:
        """The text of a file, or ``None``."""
        try:
            return self.text(path)
        except SourceError:
            return None

    def is_folder(self, path: str) -> bool:
        """Whether a path is a folder that was left."""
        real = on_disk(path, self.workspace, self.scratch)
        try:
            return real is not None and stat.S_ISDIR(os.lstat(real).st_mode)
        except OSError:
            return False


def programs_left(workspace: Path, scratch: Path) -> Left:
    """Look for programs below both folders: by extension, or by ``#!`` in their first line."""
    left = Left(workspace, scratch)
    sniffed = 0
    for label, root in (("workspace", workspace), ("scratch", scratch)):
        if not root.is_dir():
            continue
        walk = Walk(root)
        for node in walk:
            if node.kind != "file" or _NOT_THEIRS.intersection(node.path.split("/")[:-1]):
                continue
            extension = Path(node.name).suffix.lower()
            language = LANGUAGES.get(extension)
            if language is None and _may_be(node, extension) and sniffed < MOST_SNIFFED:
                sniffed += 1
                language = _first_line(node)
            if language is not None:
                path = f"{label}/{node.path}"
                left.languages[path] = language
                left.named[node.name].append(path)
        left.gaps += [(label, gap) for gap in walk.gaps]
    return left


def _may_be(node: Node, extension: str) -> bool:
    small = 4 < node.status.st_size <= LONGEST
    return small and (not extension or bool(node.status.st_mode & stat.S_IXUSR))


def _first_line(node: Node) -> Language | None:
    try:
        descriptor = node.open()
    except OSError:
        return None
    try:
        return shebang(os.pread(descriptor, 200, 0).decode("utf-8", "replace"))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_raw(path: str, workspace: Path, scratch: Path) -> bytes:
    """The bytes of a file by its evidence name; no link is followed.

    Raises:
        SourceError: it is not there, cannot be opened, or is too large.
    """
    below = split(path)
    if below is None or not below[1]:
        raise SourceError("it lies outside of workspace and scratch")
    root = workspace if below[0] == "workspace" else scratch
    try:
        descriptor = open_below(root, "/".join(below[1]))
    except (OSError, ValueError) as error:
        raise SourceError(getattr(error, "strerror", None) or "it cannot be opened") from None
    try:
        return read_bounded(descriptor, LONGEST)
    except DocumentError as error:
        raise SourceError(str(error)) from None
    finally:
        os.close(descriptor)


def decoded(raw: bytes) -> str:
    """The text of a program, by the coding that its first lines name.

    Raises:
        SourceError: the coding is unknown, or unusual enough to hide something.
    """
    try:
        coding = tokenize.detect_encoding(io.BytesIO(raw).readline)[0]
    except (SyntaxError, ValueError):
        coding = "latin-1"
    if not coding.lower().startswith(_CODINGS):
        raise SourceError(f"its coding {coding[:40]!r} is not read")
    try:
        text = raw.decode(coding, "replace")
    except (LookupError, ValueError):
        raise SourceError(f"its coding {coding[:40]!r} is not known") from None
    return text
