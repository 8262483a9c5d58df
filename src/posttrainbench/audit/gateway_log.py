"""The gateway's own log of a run, as checks read it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .files.documents import DocumentError, read_bounded

_LARGEST = 128 << 20


def gateway_rows(path: Path | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The lines of ``gateway.jsonl``; it is ours, and only as safe as the disk."""
    if path is None or not path.is_file():
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = read_bounded(descriptor, _LARGEST)
    except DocumentError:
        return
    finally:
        os.close(descriptor)
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            row = json.loads(line) if line else None
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield number, row
