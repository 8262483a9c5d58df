"""The first process of every launch: confine itself, then become the sandbox program.

Run as ``python -I -S starter.py PARENT FILE_SIZE GROUP... -- PROGRAM ARGS...``; standard library
only.  It exists because none of this can be done from a threaded parent without a fork hook: die
with the worker, enter the control groups before anything else runs, cap the size of files.
PARENT is the worker's pid, FILE_SIZE bytes or ``-``, each GROUP a ``cgroup.procs`` file.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
CANNOT_START = 125


def die_with_parent(parent: int, number: int) -> None:
    """Get signal ``number`` when the thread that started us ends, or has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(CANNOT_START)


def default_signals() -> None:
    """Undo what a shell, nohup or Python's own start-up made of the signal dispositions."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is not signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def main(arguments: list[str]) -> None:
    """Never returns."""
    split = arguments.index("--")
    parent, file_size, *groups = arguments[:split]
    command = arguments[split + 1 :]
    die_with_parent(int(parent), signal.SIGKILL)
    try:
        for procs in groups:
            _enter(procs)
        _lower(resource.RLIMIT_CORE, 0)
        if file_size != "-":
            _lower(resource.RLIMIT_FSIZE, int(file_size))
        default_signals()
        os.execvp(command[0], command)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot start {command[0]}: {error}\n")
        sys.stderr.flush()
        os._exit(CANNOT_START)


def _enter(procs: str) -> None:
    descriptor = os.open(procs, os.O_WRONLY | os.O_CLOEXEC)
    os.write(descriptor, b"0")
    os.close(descriptor)


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    main(sys.argv[1:])
