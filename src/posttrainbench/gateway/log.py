"""``gateway.jsonl``: a line for every request, without bodies and keys.  A full disk stops none.

A line ``{"at": ..., "lost": 3}`` says how many could not be written, as soon as there is room
again; some is kept at the end, so that nobody takes a log for whole that is not.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..records import now

_LARGEST = 64 << 20
_SPARE, _MARK = 8192, 200
"""Bytes at the end that are kept for saying what was lost, and what that takes at most."""
_LONGEST = 300
_SHORTEST = 6
"""Shorter values are no secrets, and would blacken every line."""


class RequestLog:
    """Appends lines; never raises.

    Args:
        secrets: values that must not be written.
    """

    def __init__(self, path: Path, secrets: Mapping[str, str]) -> None:
        self._path = path
        self._secrets = [
            (value, f"[REDACTED:{name}]")
            for name, value in secrets.items()
            if len(value) >= _SHORTEST
        ]
        self._lock = threading.Lock()
        self.lost = 0
        """Lines that could not be written."""
        self._owed = 0
        """Those of them that the log itself does not name yet."""
        self._full = False
        """Whether the log says that it is full; it says so once."""

    def write(self, **facts: Any) -> None:
        """One line, with the time in front."""
        shown = {key: self._shown(value) for key, value in facts.items() if value not in (None, "")}
        line = json.dumps({"at": now(), **shown}).encode() + b"\n"
        with self._lock:
            try:
                self._append(line)
            except OSError:
                self._lose()

    def _lose(self) -> None:
        self.lost += 1
        self._owed += 1

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            full = size + len(line) > _LARGEST - _SPARE
            if full:
                self._lose()
            if self._owed and not self._full and size < _LARGEST - _MARK:
                mark = {"at": now(), "lost": self._owed}
                # On a line of its own: the one before it may have been cut.
                os.write(descriptor, b"\n" + json.dumps(mark).encode() + b"\n")
                self._owed, self._full = 0, full
            if not full and os.write(descriptor, line) != len(line):
                self._lose()
        finally:
            os.close(descriptor)

    def _shown(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for secret, mark in self._secrets:
            value = value.replace(secret, mark)
        return value[:_LONGEST]
