"""Installed packages: a file that lies as its wheel installed it is nobody's training data."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
from pathlib import Path

from ..deeds.places import on_disk
from ..files.opening import open_below

_PACKAGES = re.compile(r"^(.*/(?:site|dist)-packages)/(.+)$")
_MOST = 2_000
"""Packages of one folder whose lists are read."""


def package_parts(path: str) -> tuple[str, str] | None:
    """The folder of packages, and the path in it; ``None`` for any other file."""
    found = _PACKAGES.match(path)
    return (found[1], found[2]) if found else None


def installed(path: str, workspace: Path, scratch: Path) -> bool:
    """Whether a wheel's own list names the file with the content that it has."""
    parts = package_parts(path)
    root = on_disk(parts[0], workspace, scratch) if parts else None
    if parts is None or root is None:
        return False
    try:
        with os.scandir(root) as entries:
            found = [entry.name for entry in entries if entry.name.endswith(".dist-info")]
    except OSError:
        return False
    top = _plain(parts[1].partition("/")[0])
    found.sort(key=lambda name: not _plain(name).startswith(top))
    for name in found[:_MOST]:
        digest = _listed(root, f"{name}/RECORD", parts[1])
        if digest is not None:
            return digest in ("", _sha256(root, parts[1]))
    return False


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _listed(root: Path, record: str, inner: str) -> str | None:
    """The checksum that a wheel's list gives a file; ``None`` when it is not in the list."""
    try:
        descriptor = open_below(root, record)
    except OSError:
        return None
    with os.fdopen(descriptor, encoding="utf-8", errors="replace", newline="") as lines:
        try:
            for row in csv.reader(lines):
                if len(row) >= 2 and row[0] == inner:
                    return row[1]
        except csv.Error:
            return None
    return None


def _sha256(root: Path, inner: str) -> str:
    try:
        descriptor = open_below(root, inner)
    except OSError:
        return "?"
    with os.fdopen(descriptor, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
