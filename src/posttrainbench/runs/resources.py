"""Recording once a minute what the machine, the run's processes and the GPUs are doing.

It is a record for people and decides nothing.  So it must not hurt: what cannot be read is left out
and counted, a file that cannot be written ends it, and a library that hangs hangs a thread of its
own.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import psutil

from ..records import RunDir, now
from ..records.resources import ResourceSample
from ..sandboxes.accelerators import gpu_devices
from .gpu_meter import GpuMeter

MOST_BYTES = 16_000_000
"""The file grows no further; ten hours of one-minute lines with eight GPUs are about 1.5 MB."""
_LEAVING = 5.0
"""Seconds that the end of a run waits for the last line."""

Value = TypeVar("Value")


class ResourceRecorder:
    """Appends to the run's ``resources.jsonl`` while it is entered, from a thread of its own.

    The first line comes at once, the last one on leaving.  The first minute has more of them (after
    1, 2, 4 seconds and so on), so that a run of seconds has lines, too.

    Args:
        stage: called for every line: which stage is at work.
        every: seconds between two lines, at most.
        devices: device files of the GPUs to record; ``None``: those that this process was granted.
    """

    def __init__(
        self,
        run: RunDir,
        stage: Callable[[], str] = lambda: "",
        every: float = 60.0,
        devices: tuple[str, ...] | None = None,
    ) -> None:
        self._file = run.resources_file
        self._folder = run.path
        self._stage = stage
        self._every = every
        self._devices = devices
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._record, name="ptb-resources", daemon=True)
        self._failed = 0
        self._last_failure = ""
        self._busy: tuple[float, float] | None = None

    def __enter__(self) -> ResourceRecorder:
        with contextlib.suppress(RuntimeError):  # no further thread can be had
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        if self._thread.ident is not None:
            self._thread.join(_LEAVING)

    def _record(self) -> None:
        try:
            meter = self._read(lambda: GpuMeter(self._granted()))
            note = meter.note if meter else ""
            pause = min(1.0, self._every)
            while self._append(self._sample(meter, note)):
                note = ""
                if self._leave.wait(pause):
                    self._append(self._sample(meter, self._failures()))
                    break
                pause = min(2 * pause, self._every)
            if meter:
                self._read(meter.close)
        except Exception:  # a defect of ours; it would only stand between the lines of the screen
            return

    def _granted(self) -> tuple[str, ...]:
        return gpu_devices() if self._devices is None else self._devices

    def _read(self, ask: Callable[[], Value]) -> Value | None:
        """What ``ask`` gives; ``None`` where it fails, which is counted."""
        try:
            return ask()
        except Exception as error:
            self._failed += 1
            self._last_failure = f"{type(error).__name__}: {error}"[:200]
            return None

    def _failures(self) -> str:
        if not self._failed:
            return ""
        return f"{self._failed} readings failed; the last: {self._last_failure}"

    def _sample(self, meter: GpuMeter | None, note: str) -> ResourceSample:
        memory = self._read(psutil.virtual_memory)
        disk = self._read(lambda: shutil.disk_usage(self._folder))
        network = self._read(psutil.net_io_counters)  # None where there is no network
        own = self._read(_descendants)
        pids = {process.pid for process in own or ()} | {os.getpid()}
        return ResourceSample(
            at=now(),
            stage=self._read(lambda: str(self._stage())) or "",
            cpu_percent=self._read(self._cpu_percent),
            cpus=self._read(psutil.cpu_count),
            load=self._read(lambda: round(os.getloadavg()[0], 2)),
            memory_used=memory.total - memory.available if memory else None,
            memory_total=memory.total if memory else None,
            **(_used(own) if own is not None else {}),
            disk_used=disk.used if disk else None,
            disk_free=disk.free if disk else None,
            network_sent=network.bytes_sent if network else None,
            network_received=network.bytes_recv if network else None,
            gpus=(self._read(lambda: meter.read(pids)) if meter else None) or (),
            note=note,
        )

    def _cpu_percent(self) -> float | None:
        times = psutil.cpu_times()
        # Linux counts a guest's time within the user's.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        busy = total - times.idle - getattr(times, "iowait", 0.0)
        before, self._busy = self._busy, (busy, total)
        if before is None or total <= before[1]:
            return None
        return round(min(100.0, max(0.0, 100 * (busy - before[0]) / (total - before[1]))), 1)

    def _append(self, sample: ResourceSample) -> bool:
        """Write a line; False where there will be no more."""
        line = json.dumps(sample.model_dump(mode="json")).encode() + b"\n"
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                size = os.fstat(descriptor).st_size
                if size + len(line) > MOST_BYTES:
                    return False
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    line = b"\n" + line  # after a crash in the middle of a line
                return os.write(descriptor, line) == len(line)
            finally:
                os.close(descriptor)
        except OSError:
            return False


def _descendants() -> list[psutil.Process]:
    """All processes below this one."""
    return psutil.Process().children(recursive=True)


def _used(processes: list[psutil.Process]) -> dict[str, Any]:
    """Their number, time and memory; one that is gone meanwhile counts for nothing."""
    alive, seconds, memory = 0, 0.0, 0
    for process in processes:
        try:
            with process.oneshot():
                times, resident = process.cpu_times(), process.memory_info().rss
        except psutil.Error:
            continue
        alive, seconds, memory = alive + 1, seconds + times.user + times.system, memory + resident
    return {"run_processes": alive, "run_cpu_seconds": round(seconds, 2), "run_memory": memory}
