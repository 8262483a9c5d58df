"""Scripts in languages that nothing here parses: only words can be looked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ...records import Evidence
from ..files.documents import DocumentError, read_bounded
from ..files.quoting import quote, safe_name
from ..files.walk import Walk
from .scene import Scene

_ENDINGS = (
    ".js",
    ".ts",
    ".mjs",
    ".cjs",
    ".go",
    ".rs",
    ".rb",
    ".pl",
    ".php",
    ".java",
    ".lua",
    ".jl",
)
_NOT_THEIRS = frozenset(
    {"site-packages", "dist-packages", "node_modules", ".git", ".cache", ".npm"}
)
_LARGEST = 400_000
_MOST = 2000
_COMMENT = re.compile(r"^\s*(?://|#|/?\*|--)")


def lines_naming(scene: Scene, pattern: re.Pattern[str]) -> Iterator[Evidence]:
    """Lines of such scripts, and of Python that can't be parsed, in which a word stands."""
    unread = {place.file for place, _ in scene.study.unread}
    seen = 0
    for label, root in (("workspace", scene.case.workspace), ("scratch", scene.case.scratch)):
        if not root.is_dir():
            continue
        for node in Walk(root):
            path = f"{label}/{node.path}"
            script = node.name.endswith(_ENDINGS) or path in unread
            if node.kind != "file" or not script or node.status.st_size > _LARGEST:
                continue
            if _NOT_THEIRS.intersection(PurePosixPath(node.path).parts[:-1]):
                continue
            seen += 1
            if seen > _MOST:
                return
            try:
                descriptor = node.open()
            except OSError:
                continue
            try:
                text = read_bounded(descriptor, _LARGEST).decode("utf-8", "replace")
            except DocumentError:
                continue
            finally:
                os.close(descriptor)
            for number, line in enumerate(text.split("\n"), start=1):
                if pattern.search(line) and not _COMMENT.match(line):
                    yield Evidence(file=safe_name(path), line=number, quote=quote(line.strip()))
