"""The device files of this machine's accelerators, and which of them a run was granted.

A scheduler grants GPUs by ``CUDA_VISIBLE_DEVICES``.  An agent could unset that variable, so a
sandbox that isolates files shows the device files of the granted GPUs alone; inside, CUDA counts
what it can open from 0.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"

_DEV = Path("/dev")
_CONTROL = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset")


def gpu_devices(dev: Path = _DEV, visible: str | None = None) -> tuple[str, ...]:
    """What a command needs to use the granted GPUs: device files under ``dev``; none without a GPU.

    Args:
        visible: what ``CUDA_VISIBLE_DEVICES`` grants; ``None``: as in this process' environment.
            Indices are taken as the numbers of the device files, which holds where CUDA counts by
            PCI bus (``CUDA_DEVICE_ORDER``) and on machines with GPUs of one kind.  Names of other
            kinds (UUID, MIG) restrict nothing here, CUDA itself reads them.
    """
    granted = visible if visible is not None else os.environ.get(VISIBLE)
    every = {path for path in dev.glob("nvidia[0-9]*") if not path.is_dir()}
    wanted = _numbers(granted)
    cards = every if wanted is None else {dev / f"nvidia{number}" for number in wanted} & every
    if not cards:
        return ()
    control = {dev / name for name in _CONTROL if (dev / name).exists()}
    return tuple(sorted(str(path) for path in cards | control))


def visible_inside(*, isolated: bool) -> dict[str, str]:
    """The variable for a command that is started with :func:`gpu_devices`.

    Args:
        isolated: whether its sandbox shows it no other device files.
    """
    granted = os.environ.get(VISIBLE)
    numbers = _numbers(granted)
    if granted is None:
        return {}
    if not isolated or not numbers:
        return {VISIBLE: granted}
    return {VISIBLE: ",".join(str(position) for position in range(len(numbers)))}


def _numbers(granted: str | None) -> list[int] | None:
    """The indices that are granted; ``None`` where the text says it in another way, or not."""
    if granted is None:
        return None
    parts = [part.strip() for part in granted.split(",") if part.strip()]
    if parts == ["-1"]:
        return []
    if not all(re.fullmatch(r"\d+", part) for part in parts):
        return None
    return [int(part) for part in parts]
