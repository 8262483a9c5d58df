"""The outermost process of every launch: it keeps hold of all that the sandbox program starts.

Run as ``python -I -S keeper.py PARENT FILE_SIZE GROUP... -- PROGRAM ARGS...``; standard library
only.  PARENT is the worker's pid, FILE_SIZE bytes or ``-``, each GROUP a ``cgroup.procs`` file.

The keeper is the child subreaper: whatever is orphaned below it, comes to it.  When the program
ends it kills and reaps the rest and ends with the program's status; when the worker dies, or sends
SIGTERM, it does so at once.  Should the keeper itself be killed, the kernel kills the program, and
that takes a PID namespace with it.  Before the program starts, it enters the control groups and
gets its limits; none of this could be done from a threaded parent without a fork hook.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CANNOT_START = 125

# Our own: the kernel sends it when the worker dies.  A Ctrl-C of the terminal is the worker's.
_END = signal.SIGTERM


def main(arguments: list[str]) -> NoReturn:
    """Start the program, wait for its end, leave nothing."""
    split = arguments.index("--")
    parent, file_size, *groups = arguments[:split]
    signal.pthread_sigmask(signal.SIG_BLOCK, {_END, signal.SIGCHLD})
    _die_with(int(parent), _END)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    keeper = os.getpid()
    program = os.fork()
    if program == 0:
        _die_with(keeper, signal.SIGKILL)
        _become(arguments[split + 1 :], file_size, groups)
    _close_inherited()
    status = _wait(program)
    _kill_descendants()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _wait(program: int) -> int:
    """The wait status of the program; SIGKILL's when we are told to end it."""
    while True:
        if signal.sigwait({_END, signal.SIGCHLD}) == _END:
            return int(signal.SIGKILL)
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == program:
                return status
            if pid == 0:
                break


def _kill_descendants() -> None:
    """Kill and reap until none is left; what they fork meanwhile is found the next time round."""
    while True:
        for pid in _descendants():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        # Never wait without end: one that changed its parent under the walk was not killed yet.
        signal.sigtimedwait({signal.SIGCHLD}, 0.02)


def _descendants() -> list[int]:
    """All pids below us, parents before their children."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would double our start-up time
        if name.isdigit():
            children.setdefault(_parent_of(name), []).append(int(name))
    found = [os.getpid()]
    for pid in found:
        found += children.get(pid, ())
    return found[1:]


def _parent_of(pid: str) -> int:
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return 0
    try:
        # The program's name stands in brackets and may itself hold brackets and blanks.
        return int(os.read(descriptor, 4096).rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    finally:
        os.close(descriptor)


def _become(command: list[str], file_size: str, groups: list[str]) -> NoReturn:
    try:
        for procs in groups:
            descriptor = os.open(procs, os.O_WRONLY | os.O_CLOEXEC)
            os.write(descriptor, b"0")
            os.close(descriptor)
        _lower(resource.RLIMIT_CORE, 0)
        if file_size != "-":
            _lower(resource.RLIMIT_FSIZE, int(file_size))
        # Undo what a shell, nohup or Python's own start-up made of the dispositions.
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            if signal.getsignal(number) is not signal.SIG_DFL:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(command[0], command)  # noqa: S606 - its purpose
    except (OSError, ValueError) as error:
        os.write(2, f"cannot start {command[0]}: {error}\n".encode(errors="replace"))
        os._exit(CANNOT_START)


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def _close_inherited() -> None:
    """Hold none of the pipes open: their ends must be seen when the program ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _die_with(parent: int, number: int) -> None:
    """Get signal ``number`` when the thread that started us ends, or has ended already."""
    _prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(CANNOT_START)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
