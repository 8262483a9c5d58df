"""Whether an agent changed anything in its workspace."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...audit.files.walk import Walk

_MOST = 200_000


def fingerprint(workspace: Path) -> str | None:
    """A digest over names, sizes and times of all files; ``None`` where there are too many.

    Contents are not read: a workspace holds gigabytes of weights.
    """
    digest = hashlib.sha256()
    for count, node in enumerate(Walk(workspace)):
        if count >= _MOST:
            return None
        status = node.status
        digest.update(f"{node.path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(
            "utf-8", "surrogateescape"
        ))  # fmt: skip
    return digest.hexdigest()
