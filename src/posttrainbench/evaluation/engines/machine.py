"""What this process may use of the machine, and what it has used."""

from __future__ import annotations

import math
import resource
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def free_bytes(device: torch.device, utilization: float | None = None) -> int:
    """Memory that may still be taken.

    Args:
        utilization: share of a GPU that may be used in all; ``None`` means all of it.
    """
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return max(0, int(free - total * (1 - (utilization or 1.0))))
    free = int(psutil.virtual_memory().available)
    return min([free, *_left_by_cgroups()])


def cores() -> int:
    """Threads that are worth having; torch knows the cores but not a control group's quota."""
    quotas = []
    for group in _cgroups():
        try:
            quota, period = (group / "cpu.max").read_text().split()
            quotas.append(math.ceil(int(quota) / int(period)))
        except (OSError, ValueError):
            continue  # the file is not there, or says "max"
    return max(1, min([int(torch.get_num_threads()), *quotas]))


def peak_bytes(device: torch.device) -> int:
    """The most that this process has used so far, of the GPU's memory where there is one."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _left_by_cgroups() -> Iterator[int]:
    for group in _cgroups():
        try:
            most = int((group / "memory.max").read_text())
            lines = (group / "memory.stat").read_text().splitlines()
            # Cached files are dropped when memory is wanted.
            cached = int(dict(line.split() for line in lines).get("inactive_file", 0))
            used = int((group / "memory.current").read_text()) - cached
        except (OSError, ValueError):
            continue  # the file is not there, or says "max"
        yield max(0, most - used)


def _cgroups() -> Iterator[Path]:
    """This process's control group and those above it, where the kernel shows them."""
    try:
        lines = OWN_CGROUP.read_text().splitlines()
    except OSError:
        return
    name = next((line[3:] for line in lines if line.startswith("0::")), "")
    group = CGROUPS / name.lstrip("/")
    while group == CGROUPS or CGROUPS in group.parents:
        yield group
        group = group.parent
