"""One writer per run directory, also on shared file systems and after any crash.

Every worker that may write adds one file ``leases/NNN.json``.  The highest number is the writer; a
lease is taken by creating the next number, which the file system grants to one process only.
Nothing is ever renamed over or deleted, so two candidates for an abandoned lease cannot both win,
and a writer that was frozen and wakes up cannot overwrite its successor: it finds a higher number
and stops.
"""

from __future__ import annotations

import errno
import os
import re
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from ..errors import LeaseError
from .files import now, storage_error, sync_folder, temporary_beside
from .holder import (
    HEARTBEAT_SECONDS,
    STALE_BEATS,
    LeaseRecord,
    Sighting,
    Standing,
    judge,
    look,
    read_lease,
)

_NUMBERED = re.compile(r"^(\d{3,})\.json$")
_ROOM = 64
"""Spare bytes of a lease file, so that it can be rewritten in place at a constant size."""


class Lease:
    """The right to write in one run directory; a context manager that gives it back.

    ``took_over`` is empty, or says in one sentence whose lease had been abandoned: a line for the
    journal.
    """

    def __init__(self, path: Path, descriptor: int, record: LeaseRecord, took_over: str) -> None:
        self.path = path
        self.took_over = took_over
        self._descriptor = descriptor
        self._record = record
        self._size = os.fstat(descriptor).st_size
        self._number = _number(path)
        self._beaten = _boottime()
        self._lost = ""
        self._mutex = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="lease", daemon=True)
        self._thread.start()

    @classmethod
    def acquire(
        cls,
        run_dir: Path,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        notify: Callable[[str], None] = lambda _: None,
    ) -> Lease:
        """Become the writer of ``run_dir``.

        Waits only where a lease from another host looks abandoned (at most 90 s, announced through
        ``notify``): it must be seen not to change before it is taken.

        Raises:
            LeaseError: somebody else is the writer; says who, where, and how to go on.
            StorageError: the folder cannot be written.
        """
        folder = run_dir / "leases"
        try:
            folder.mkdir(exist_ok=True)
            while True:
                latest = _latest(folder)
                took_over = _claim(run_dir, latest, notify) if latest else ""
                number = _number(latest) + 1 if latest else 1
                record = LeaseRecord.of_this_process(uuid.uuid4().hex, heartbeat_seconds)
                path = folder / f"{number:03d}.json"
                descriptor = _create(path, record)
                if descriptor is not None:
                    return cls(path, descriptor, record, took_over)
        except OSError as error:
            raise storage_error(folder, error) from error

    @property
    def record(self) -> LeaseRecord:
        """What stands in the file."""
        return self._record

    def check(self) -> None:
        """Make sure that this process is still the writer; call it before every write.

        Raises:
            LeaseError: it is not: the lease was taken over, removed, or left by a fork.
        """
        if not self._lost:
            self._lost = self._loss()
        if self._lost:
            raise LeaseError(
                f"this worker (pid {os.getpid()}) may no longer write in "
                f"{self.path.parent.parent}: {self._lost}",
                advice="nothing is lost: look at `ptb show` there; if no other worker is at it, "
                "start `ptb worker` on it again",
            )

    def release(self) -> None:
        """Give the lease back; without effect when it is lost or given back already."""
        if self._ended.is_set() or self._record.pid != os.getpid():
            return
        self._ended.set()
        self._thread.join()
        with self._mutex:
            try:
                if not self._lost:
                    self._write(released_at=now())
            except OSError:
                pass  # then it counts as abandoned as soon as this process has ended
            finally:
                os.close(self._descriptor)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _loss(self) -> str:
        """Why this process is not the writer; empty while it is."""
        if self._ended.is_set():
            return "the lease was given back"
        if self._record.pid != os.getpid():
            return f"the lease belongs to pid {self._record.pid}"
        try:
            if _boottime() - self._beaten > STALE_BEATS / 2 * self._record.heartbeat_seconds:
                self._beat()  # frozen, or the disk refused for long: show life, then look
            latest = _latest(self.path.parent)
            if latest is None or _number(latest) < self._number:
                return f"{self.path} was removed"
            found, _ = read_lease(latest)
        except OSError as error:
            return f"{self.path} cannot be renewed: {error.strerror or error}"
        if _number(latest) > self._number:
            return f"{found.describe() if found else latest.name} took it over"
        if found is None or found.token != self._record.token:
            return f"{self.path} was replaced"
        return ""

    def _beat_on(self) -> None:
        while not self._ended.wait(self._record.heartbeat_seconds):
            try:
                self._beat()
            except OSError:
                continue  # check() finds out when it lasts

    def _beat(self) -> None:
        with self._mutex:
            self._write(heartbeat=self._record.heartbeat + 1)
        self._beaten = _boottime()

    def _write(self, **changes: int | str) -> None:
        """Rewrite our own file in place: never by name, which may be a successor's by now."""
        record = self._record.model_copy(update=changes)
        content = record.model_dump_json(indent=2).encode().ljust(self._size - 1) + b"\n"
        os.pwrite(self._descriptor, content, 0)
        os.fsync(self._descriptor)
        self._record = record


def last_sighting(run_dir: Path) -> tuple[LeaseRecord, Standing] | None:
    """Who wrote here last, and whether they still do; for readers.  ``None``: nobody known."""
    try:
        latest = _latest(run_dir / "leases")
        seen = look(latest) if latest else None
    except OSError:
        return None
    return (seen.record, judge(seen)) if seen and seen.record else None


def _claim(run_dir: Path, latest: Path, notify: Callable[[str], None]) -> str:
    """Make sure that the latest lease is nobody's any more; whose it was, if it was abandoned."""
    seen = look(latest)
    standing = judge(seen)
    if standing.state == "watch":
        notify(
            f"{run_dir} was written by {_who(seen, latest)} ({standing.reason}): "
            f"watching for {standing.seconds:.0f} s whether that worker is really gone"
        )
        standing = _watch(latest, seen, standing)
    if standing.state == "free":
        return ""
    if standing.state == "abandoned":
        return f"{_who(seen, latest)} left without giving the lease back: {standing.reason}"
    raise LeaseError(
        f"{run_dir} is being written by another worker: {_who(seen, latest)}; {standing.reason}",
        advice="follow it with `ptb show`, or stop it where it runs; after it has ended, the same "
        f"command goes on. A worker that vanished without a word is given up "
        f"{seen.stale_after:.0f} s after its last heartbeat",
    )


def _watch(path: Path, first: Sighting, standing: Standing) -> Standing:
    started = _boottime()
    while (elapsed := _boottime() - started) < standing.seconds:
        time.sleep(min(1.0, standing.seconds / 10))
        if look(path).changed(first, _boottime() - started):
            return Standing("held", "its heartbeat goes on")
    return Standing("abandoned", f"no heartbeat in {elapsed:.0f} s; {standing.reason}")


def _who(seen: Sighting, path: Path) -> str:
    return seen.record.describe() if seen.record else f"the unknown owner of {path}"


def _create(path: Path, record: LeaseRecord) -> int | None:
    """Create the lease whole, or not at all; ``None`` when somebody else was faster.

    A link is atomic on network file systems as well.  Its answer can get lost there, so the link
    count decides.
    """
    temporary = temporary_beside(path)
    body = record.model_dump_json(indent=2).encode()
    body = body.ljust(len(body) + _ROOM) + b"\n"
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        if os.write(descriptor, body) != len(body):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
        try:
            path.hardlink_to(temporary)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                # A file system without links; an exclusive name is the next best thing there.
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
                temporary.replace(path)
            elif temporary.stat().st_nlink != 2:
                raise
        sync_folder(path.parent)
    except BaseException as error:
        os.close(descriptor)
        # The temporary name can vanish under us: the writer sweeps.  Then somebody else has it.
        if isinstance(error, (FileExistsError, FileNotFoundError)):
            return None
        raise
    finally:
        temporary.unlink(missing_ok=True)
    return descriptor


def _latest(folder: Path) -> Path | None:
    """The lease with the highest number; listing makes a network file system ask its server."""
    numbered = [entry for entry in folder.iterdir() if _NUMBERED.match(entry.name)]
    return max(numbered, key=_number, default=None)


def _number(path: Path) -> int:
    return int(path.stem)


def _boottime() -> float:
    """Like a monotonic clock, but it goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
