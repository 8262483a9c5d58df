"""The init process of a command in the host sandbox.

Run as ``python -I -S supervisor.py DESCRIPTOR``; standard library only.  The descriptor holds a
JSON document (:func:`main` shows its keys).  The command gets its own session; a signal sent to
the supervisor goes on to the command's process group; orphans are reaped.  When the command ends,
or the worker dies, every other descendant is killed.  As pid 1 of a PID namespace the kernel
guarantees that; elsewhere the supervisor is the child subreaper, so that orphans come to it.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
NOT_EXECUTABLE, NOT_FOUND = 126, 127

PARENT_DIED = signal.SIGUSR2
_FORWARDED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1}
_WATCHED = _FORWARDED | {signal.SIGCHLD, PARENT_DIED}


def main(descriptor: int) -> NoReturn:
    """Run the command of the document behind ``descriptor``; exit with its status."""
    with os.fdopen(descriptor, "rb") as file:
        job: dict[str, Any] = json.load(file)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    for name in ("status", "proc"):
        os.set_inheritable(job[name], False)
    if os.getpid() != 1:
        _become_subreaper(job["parent"])
    if job["loopback"]:
        _raise_loopback()
    # Asked through the host's /proc, our pid is the host's.
    host_pid = int(os.readlink("self", dir_fd=job["proc"]))
    os.close(job["proc"])
    _tell(job["status"], {"child-pid": host_pid})
    command = os.fork()
    if command == 0:
        _become_command(job)
    status = _wait(command)
    _kill_the_rest()
    code = os.waitstatus_to_exitcode(status)
    _tell(job["status"], {"exit-code": code} if code >= 0 else {"signal": -code})
    os._exit(code if code >= 0 else 128 - code)


def _wait(command: int) -> int:
    """The command's wait status; forwards signals and reaps orphans meanwhile."""
    while True:
        number = signal.sigwait(_WATCHED)
        if number == PARENT_DIED:
            _kill_the_rest()
            os._exit(128 + signal.SIGKILL)
        if number in _FORWARDED:
            _forward(command, number)
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == command:
                return status
            if pid == 0:
                break


def _forward(command: int, number: int) -> None:
    try:
        os.killpg(command, number)
    except ProcessLookupError:
        # It has not made its session yet, so it is still a single process.
        os.kill(command, number)


def _kill_the_rest() -> None:
    """Kill and reap until no descendant is left; what they fork meanwhile comes to us, too."""
    while True:
        if os.getpid() == 1:
            _kill(-1)
        else:
            for pid in _descendants():
                _kill(pid)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _descendants() -> list[int]:
    """All pids below us, by a walk over /proc."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would double our start-up time
        if name.isdigit():
            parents.setdefault(_parent_of(int(name)), []).append(int(name))
    found = [os.getpid()]
    for pid in found:
        found += parents.get(pid, ())
    return found[1:]


def _parent_of(pid: int) -> int:
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


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return


def _become_subreaper(parent: int) -> None:
    library = ctypes.CDLL(None)
    library.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Until now a dead worker meant our death; from now on it means that we clean up first.
    library.prctl(PR_SET_PDEATHSIG, int(PARENT_DIED), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lo:
        request = fcntl.ioctl(lo, SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0))
        flags = struct.unpack("16sh22x", request)[1] | IFF_UP
        fcntl.ioctl(lo, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags))


def _become_command(job: dict[str, Any]) -> NoReturn:
    argv = job["argv"]
    try:
        os.setsid()
        if job["ambient"]:
            # Capabilities over the new user namespace were for setting it up.
            ctypes.CDLL(None).prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            if signal.getsignal(number) is not signal.SIG_DFL:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(argv[0], argv, job["env"])
    except FileNotFoundError:
        _complain(f"{argv[0]}: not found", NOT_FOUND)
    except OSError as error:
        _complain(f"{argv[0]}: {error.strerror}", NOT_EXECUTABLE)


def _complain(what: str, code: int) -> NoReturn:
    os.write(2, f"cannot run {what}\n".encode(errors="replace"))
    os._exit(code)


def _tell(descriptor: int, document: dict[str, int]) -> None:
    os.write(descriptor, json.dumps(document).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
