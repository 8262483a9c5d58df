"""``resources.jsonl``: what the machine and the run's processes were doing, a line a minute."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import RecordError
from ..spec import Frozen


class GpuSample(Frozen):
    """One GPU at one moment; ``None`` is what its driver does not tell."""

    index: int
    """As the driver counts on the machine."""
    name: str
    util_percent: float | None = None
    """Share of the last moment in which it computed anything, 0 to 100."""
    memory_used: int | None = None
    memory_total: int | None = None
    power_watts: float | None = None
    temperature_c: float | None = None
    pids: tuple[int, ...] = ()
    """Those of the run's own processes that compute on it."""


class ResourceSample(Frozen):
    """One line; ``None`` is what could not be read."""

    at: str
    stage: str = ""
    """Which stage was at work; empty between stages."""
    cpu_percent: float | None = None
    """Of all cores of the machine together, 0 to 100, since the line before; ``None`` in the first
    line of a recorder."""
    cpus: int | None = None
    """Logical cores of the machine."""
    load: float | None = None
    """Processes that ran or waited, on average over the last minute."""
    memory_used: int | None = None
    """Of the machine: what could not be had for a new program."""
    memory_total: int | None = None
    run_processes: int | None = None
    """The worker's descendants that are alive now; the worker itself is not counted."""
    run_cpu_seconds: float | None = None
    """What these have used up so far; it falls when one of them ends."""
    run_memory: int | None = None
    """Their resident memory; what several share is counted for each."""
    disk_used: int | None = None
    """Of the run directory's file system."""
    disk_free: int | None = None
    network_sent: int | None = None
    """By the machine since it was started; the difference of two lines is what counts."""
    network_received: int | None = None
    gpus: tuple[GpuSample, ...] = ()
    note: str = ""


def read_resources(path: Path) -> list[ResourceSample]:
    """All whole lines in their order; damaged ones are skipped, a missing file has none.

    Raises:
        RecordError: the file is there and cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    samples = []
    for line in content.split(b"\n"):
        try:
            samples.append(ResourceSample.model_validate(json.loads(line)))
        except (ValueError, RecursionError):
            continue
    return samples
