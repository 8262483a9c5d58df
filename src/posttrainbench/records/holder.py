"""Who writes in a run directory, and whether that process is still there.

Exact where it can be (the same boot of the same machine and the same process namespace: ask the
kernel), else by heartbeat.  A heartbeat's age is measured against a file that was touched just now
on the same file system, never against another machine's clock; and because some cluster file
systems stamp files with the clock of the client, an old heartbeat is only believed after it was
also seen not to change for a while.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from .. import __version__
from ..spec import Frozen
from ..units import format_duration
from .files import now, temporary_beside

HEARTBEAT_SECONDS = 10.0
STALE_BEATS = 9
"""After so many missed beats a lease from elsewhere counts as abandoned (90 s)."""
CONFIRM_BEATS = 3
"""For so many beats an old heartbeat is watched before it is believed (30 s)."""


class LeaseRecord(Frozen):
    """``leases/NNN.json``: one worker's time as the writer of a run directory.

    The file is created whole and afterwards only changed in place by its own worker.
    """

    schema_version: Literal["lease/1"] = "lease/1"
    token: str
    """Random; tells this lease from every other."""
    host: str
    boot_id: str
    """The kernel's id of this boot; empty where there is none."""
    pid_namespace: str
    pid: Annotated[int, Field(gt=0)]
    pid_start_time: int
    """Clock ticks after boot, so that a reused pid is not taken for the same process."""
    package_version: str
    command: str
    acquired_at: str
    heartbeat_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Longest time between two heartbeats of a healthy worker."""
    heartbeat: int = 0
    """Counts up while the worker lives."""
    released_at: str | None = None
    """When the worker gave the lease back; ``None`` while it holds it, or when it was killed."""

    @classmethod
    def of_this_process(cls, token: str, heartbeat_seconds: float) -> LeaseRecord:
        return cls(
            token=token,
            host=socket.gethostname(),
            boot_id=boot_id(),
            pid_namespace=_pid_namespace(),
            pid=os.getpid(),
            pid_start_time=_start_time(os.getpid()) or 0,
            package_version=__version__,
            command=" ".join(Path(word).name for word in sys.argv[:2])[:200],
            acquired_at=now(),
            heartbeat_seconds=heartbeat_seconds,
        )

    def describe(self) -> str:
        """For messages: who, where, since when."""
        return f"pid {self.pid} on host {self.host}, since {self.acquired_at}"


@dataclass(frozen=True)
class Sighting:
    """One look at a lease file.  ``record`` is ``None`` when its content makes no sense."""

    record: LeaseRecord | None
    age: float
    """Seconds since the last heartbeat, by the clock of the file system; may be negative."""

    @property
    def stale_after(self) -> float:
        return STALE_BEATS * (self.record.heartbeat_seconds if self.record else HEARTBEAT_SECONDS)

    def changed(self, earlier: Sighting, elapsed: float) -> bool:
        """Whether the holder showed life in the ``elapsed`` seconds between two looks."""
        if self.record and earlier.record:
            return self.record != earlier.record
        return abs(self.age - earlier.age - elapsed) > 1


@dataclass(frozen=True)
class Standing:
    """What one sighting means."""

    state: Literal["free", "held", "abandoned", "watch"]
    """``watch``: abandoned, if it does not change within ``seconds``."""
    reason: str
    seconds: float = 0.0


def read_lease(path: Path) -> tuple[LeaseRecord | None, float]:
    """A lease (``None``: its content makes no sense) and when it was last touched.

    Raises:
        OSError: it is gone or cannot be read.
    """
    for attempt in range(5):
        # Opening (rather than stat) makes a network file system ask its server again.
        with path.open("rb") as file:
            content, touched = file.read(), os.fstat(file.fileno()).st_mtime
        try:
            return LeaseRecord.model_validate_json(content), touched
        except ValidationError:
            time.sleep(0.02 * attempt)  # perhaps read in the middle of a heartbeat
    return None, touched


def look(path: Path) -> Sighting:
    """Look at a lease as somebody else who may want it.

    Raises:
        OSError: it is gone or cannot be read.
    """
    record, touched = read_lease(path)
    return Sighting(record, file_system_time(path.parent) - touched)


def judge(seen: Sighting) -> Standing:
    """Whether the holder of a lease is still there."""
    record = seen.record
    if record is None:
        if seen.age > seen.stale_after:
            return Standing("abandoned", "its lease is unreadable and was not touched for long")
        return Standing("held", "its lease is unreadable, but was touched a short while ago")
    if record.released_at is not None:
        return Standing("free", f"given back at {record.released_at}")
    if record.boot_id and record.boot_id == boot_id() and record.pid_namespace == _pid_namespace():
        if _alive(record.pid, record.pid_start_time):
            return Standing("held", "its process is alive")
        return Standing("abandoned", "its process has ended")
    beat = f"last heartbeat {format_duration(max(0.0, seen.age))} ago"
    if record.host == socket.gethostname() and seen.age > time.clock_gettime(time.CLOCK_BOOTTIME):
        return Standing("abandoned", f"this machine was started again since; {beat}")
    if seen.age > seen.stale_after:
        return Standing("watch", beat, CONFIRM_BEATS * record.heartbeat_seconds)
    if seen.age < -record.heartbeat_seconds:
        return Standing("watch", "last heartbeat in the future", seen.stale_after)
    return Standing("held", beat)


def file_system_time(folder: Path) -> float:
    """What the clock that stamps files in ``folder`` says now.

    Our own clock stands in where we may not write; such a caller can only read anyway.
    """
    probe = temporary_beside(folder / "clock")
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return time.time()
    try:
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
        probe.unlink(missing_ok=True)


@cache
def boot_id() -> str:
    """The kernel's id of this boot, the same in every container; empty where it is hidden."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _alive(pid: int, start_time: int) -> bool:
    """In doubt: yes.  The signal 0 also sees processes that ``/proc`` hides from other users."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    started = _start_time(pid)
    return started != 0 and (started is None or not start_time or started == start_time)


def _start_time(pid: int) -> int | None:
    """Field 22 of ``/proc/PID/stat``; 0 for a zombie, ``None`` where it cannot be known."""
    try:
        if Path("/proc/self").readlink().name != str(os.getpid()):
            return None  # the ``/proc`` of another process namespace: its pids are not ours
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        fields = stat[stat.rindex(b")") + 2 :].split()
        return 0 if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None
