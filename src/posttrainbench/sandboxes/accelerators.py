"""The device files of this machine's accelerators."""

from __future__ import annotations

from pathlib import Path

_DEV = Path("/dev")
_PATTERNS = ("nvidia[0-9]*", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset")


def gpu_devices(dev: Path = _DEV) -> tuple[str, ...]:
    """What a command needs to use the GPUs: device files under ``dev``; none without a GPU.

    Which of several GPUs is meant is said by ``CUDA_VISIBLE_DEVICES``, not here.
    """
    found = {path for pattern in _PATTERNS for path in dev.glob(pattern)}
    return tuple(sorted(str(path) for path in found if not path.is_dir()))
