"""A worker that is killed (SIGKILL) at its n-th durable step: `crashing_worker.py RUN N`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from posttrainbench.records import Journal, RunDir
from posttrainbench.runs.worker import Worker

fatal = int(sys.argv[2])
steps = 0


def step() -> None:
    global steps
    steps += 1
    if steps == fatal:
        os.kill(os.getpid(), signal.SIGKILL)


def lethal(function):
    def wrapped(*arguments, **named):
        step()  # just before the step is durable ...
        result = function(*arguments, **named)
        step()  # ... and just after
        return result

    return wrapped


os.replace = lethal(os.replace)
Journal.append = lethal(Journal.append)
Worker(RunDir.open(Path(sys.argv[1]))).run()
print("steps", steps)
