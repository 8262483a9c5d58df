"""``gateway.jsonl``: a line for every request, without bodies and keys.  A full disk stops none."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..records import now

_LARGEST = 64 << 20
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

    def write(self, **facts: Any) -> None:
        """One line, with the time in front."""
        shown = {key: self._shown(value) for key, value in facts.items() if value not in (None, "")}
        line = json.dumps({"at": now(), **shown}).encode() + b"\n"
        with self._lock:
            try:
                self._append(line)
            except OSError:
                self.lost += 1

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o644)
        try:
            if os.fstat(descriptor).st_size + len(line) > _LARGEST or os.write(
                descriptor, line
            ) != len(line):
                self.lost += 1
        finally:
            os.close(descriptor)

    def _shown(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for secret, mark in self._secrets:
            value = value.replace(secret, mark)
        return value[:_LONGEST]
