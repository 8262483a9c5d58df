"""The agent's place: where things are, how much time is left, how to hand a model in.

The scripts run with the workspace as their current directory.  Loads nothing heavy.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

SUBMISSION = Path("final_model")
_START = time.monotonic()


class TimeIsOverError(Exception):
    """The end signal has come: a few seconds are left to save what there is."""


def say(text: str) -> None:
    """A line of progress, out at once, with the seconds since the start."""
    print(f"[{time.monotonic() - _START:5.1f} s] {text}", flush=True)


def read_prompt() -> str:
    """The task, from the standard input."""
    return sys.stdin.buffer.read().decode(errors="replace")


def base_model() -> Path:
    """The base model's folder."""
    return _named("PTB_MODEL")


def benchmark_data() -> Path:
    """The folder of the benchmark's items."""
    return _named("PTB_DATA")


def family() -> str:
    """The model's family, which is the name of the one template on the desk."""
    [template] = Path("templates").glob("*.jinja")
    return template.stem


def seconds_left() -> float | None:
    """What timer.sh says; ``None`` without a clock."""
    asked = subprocess.run(["sh", "timer.sh"], capture_output=True, text=True)
    if "time is over" in asked.stdout:
        return 0.0
    found = re.search(r"\((\d+) seconds\)", asked.stdout)
    return float(found[1]) if found else None


def hand_in(write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a folder, then put it in the place of ``final_model`` as a whole.

    The end signal is ignored meanwhile: saving is all that could be done about it.
    """
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    fresh, old = Path(".final_model.new"), Path(".final_model.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir()
    write(fresh)
    if SUBMISSION.exists():
        SUBMISSION.rename(old)
    fresh.rename(SUBMISSION)
    shutil.rmtree(old, ignore_errors=True)
    signal.signal(signal.SIGTERM, before)


def hand_in_base() -> None:
    """Hand in a copy of the base model."""

    def copy(folder: Path) -> None:
        for file in base_model().iterdir():
            shutil.copyfile(file, folder / file.name)

    hand_in(copy)


def raise_when_time_is_over() -> None:
    """From now on the end signal raises :class:`TimeIsOverError` where the script is, once."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        ignore_the_end_signal()
        raise TimeIsOverError

    signal.signal(signal.SIGTERM, on_signal)


def ignore_the_end_signal() -> None:
    """From now on the script ends when it is done, or when it is killed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _named(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        sys.exit(f"{variable} is not set: this script runs at an agent's desk")
    return Path(value)
