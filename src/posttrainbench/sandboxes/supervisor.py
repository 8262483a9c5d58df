"""The init process of a command in the host sandbox.

Run as ``python -I -S supervisor.py DESCRIPTOR``; standard library only.  The descriptor holds a
JSON document (:func:`main` shows its keys).  The command gets its own session; a signal sent to
the supervisor goes on to the command's process group.  As pid 1 of a PID namespace it reaps
orphans, and when the command ends it kills every other process of the namespace.
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

PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
NOT_EXECUTABLE, NOT_FOUND = 126, 127

_FORWARDED = {
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
}  # fmt: skip
_WATCHED = _FORWARDED | {signal.SIGCHLD}


def main(descriptor: int) -> NoReturn:
    """Run the command of the document behind ``descriptor``; exit with its status."""
    with os.fdopen(descriptor, "rb") as file:
        job: dict[str, Any] = json.load(file)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    for name in ("status", "proc"):
        os.set_inheritable(job[name], False)
    if job["loopback"]:
        _raise_loopback()
    # Asked through the host's /proc, our pid is the host's.
    host_pid = int(os.readlink("self", dir_fd=job["proc"]))
    os.close(job["proc"])
    _tell(job["status"], {"child-pid": host_pid})
    command = os.fork()
    if command == 0:
        _become_command(job)
    for passed in job["passed"]:
        os.close(passed)
    status = _wait(command)
    _kill_the_rest()
    code = os.waitstatus_to_exitcode(status)
    shown = code if code >= 0 else 128 - code
    _tell(job["status"], {"exit-code": shown, "signal": max(0, -code)})
    os._exit(shown)


def _wait(command: int) -> int:
    """The command's wait status; forwards signals and reaps orphans meanwhile."""
    while True:
        number = signal.sigwait(_WATCHED)
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
    """As pid 1: kill and reap all others.  Elsewhere that is the keeper's work, above us."""
    if os.getpid() != 1:
        return
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
            os.waitpid(-1, 0)
        except (ProcessLookupError, ChildProcessError):
            return


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
        os.execvpe(argv[0], argv, job["env"])  # noqa: S606 - its purpose
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
