"""Watch how much disk a command takes, off the thread that serves it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

_SHORTEST_S = 2.0
_SHARE = 20
"""A measurement may take this part of the time between two of them."""


class DiskWatch:
    """Measures folders again and again until they exceed ``limit`` bytes together.

    ``du`` does the walk: by descriptor, at any depth, following no link, counting allocated
    blocks and a hard-linked file once.  It runs at low priority and ever more rarely the longer
    it takes.  What a command deleted but keeps open is not seen; a single file is bounded by
    ``RLIMIT_FSIZE`` besides.

    Args:
        counted: folders whose whole use counts.
        grown: folders of which only the growth since now counts.
    """

    def __init__(
        self, counted: tuple[Path, ...], grown: tuple[Path, ...], limit: int | None
    ) -> None:
        self._roots = _outermost((*counted, *grown))
        self._limit = limit
        self._stop = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="disk watch", daemon=True)
        self._works = limit is not None and shutil.which("du") is not None
        self._before = (measure(grown) or 0) if self._works and grown else 0

    def __enter__(self) -> DiskWatch:
        if self._works:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._works:
            self._thread.join()

    @property
    def over(self) -> bool:
        """Whether a measurement has found more than the limit."""
        return self._over.is_set()

    def mechanism(self) -> str:
        """In words for the record."""
        if self._limit is None:
            return "no limit asked for"
        if not self._works:
            return "RLIMIT_FSIZE for each file; their sum not enforced: no program du"
        return f"watched every {_SHORTEST_S:g} s or more rarely, RLIMIT_FSIZE for each file"

    def _watch(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            started = time.monotonic()
            used = measure(self._roots, self._stop)
            if used is not None and self._limit is not None and used - self._before > self._limit:
                self._over.set()
                return
            pause = max(_SHORTEST_S, _SHARE * (time.monotonic() - started))


def measure(roots: tuple[Path, ...], stop: threading.Event | None = None) -> int | None:
    """Bytes on disk below ``roots``; ``None`` when stopped, or when nothing could be read."""
    command = ["du", "-skc", "--", *map(str, roots)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as du:
        os.setpriority(os.PRIO_PROCESS, du.pid, 19)
        while True:
            try:
                # Exit code 1 only says that something vanished or is locked: the sum still counts.
                out, _ = du.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                if stop is not None and stop.is_set():
                    du.kill()
                    return None
    total = out.decode(errors="replace").rstrip("\n").rpartition("\n")[2].partition("\t")[0]
    return int(total) * 1024 if total.isdigit() else None


def _outermost(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths without those that stand inside another one, so that none counts twice."""
    real = sorted({path.resolve() for path in paths})
    return tuple(
        path
        for path in real
        if not any(path != other and path.is_relative_to(other) for other in real)
    )
