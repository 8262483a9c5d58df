"""What there is to know of the GPUs here, told by ``nvidia-smi``; nothing on a machine without."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass

_SECONDS = 20.0
_POLL_S = 0.5
_SLACK_MIB = 512
"""What a driver may keep for itself, or another's process take meanwhile."""


@dataclass(frozen=True)
class Gpu:
    """A GPU that we may use."""

    name: str
    used_mib: int
    """Memory in use, by whomever."""


def gpus() -> tuple[Gpu, ...]:
    """The GPUs that ``CUDA_VISIBLE_DEVICES`` leaves; never raises."""
    program = shutil.which("nvidia-smi")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if program is None or (visible is not None and visible.strip() in ("", "-1")):
        return ()
    command = [program, "--query-gpu=name,memory.used", "--format=csv,noheader,nounits"]
    if visible is not None:
        command.append(f"--id={visible}")
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(_parse(line) for line in done.stdout.decode(errors="replace").splitlines() if line)


def wait_until_free(before: tuple[Gpu, ...], seconds: float) -> bool:
    """Wait until no GPU has more memory in use than it had, or ``seconds`` are over.

    A process that is gone may hold its memory a little longer, and the next server would refuse to
    start; so does another's process, for which we do not wait without end.
    """
    until = time.monotonic() + seconds
    while before:
        now = gpus()
        grown = [
            n for b, n in zip(before, now, strict=False) if n.used_mib > b.used_mib + _SLACK_MIB
        ]
        if not grown:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL_S)
    return True


def _parse(line: str) -> Gpu:
    name, _, used = line.rpartition(",")
    digits = used.strip()
    return Gpu(name.strip(), int(digits) if digits.isdigit() else 0)
