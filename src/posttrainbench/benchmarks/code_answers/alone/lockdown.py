"""What a process gives up before it meets hostile code: for good, in every sandbox.

Resource limits and a system-call filter.  The filter leaves a program that computes: it may read
files, use memory and the descriptors that it has.  It may not start a process or a thread, signal
one, run a program, open a file for writing, change the file system, make a socket, trace, set
limits, or reach for the rest of the kernel's surface.  A refused call gets EPERM.

The sandbox around it hides files and keeps the network off; the filter holds also where there is
no such sandbox, and where root's user is exempt from the limit on processes.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import resource
import struct
from dataclasses import dataclass

from .refused import FCNTL, FLAGS, OWNERS, REFUSED, WRITING

_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT = 0, 4
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000


@dataclass(frozen=True)
class Bounds:
    """Limits of one process: bytes of address space, seconds of processor time."""

    memory: int
    cpu_seconds: int


def confine(bounds: Bounds) -> bool:
    """Give everything up; whether the filter is in place (it exists for x86_64 and aarch64)."""
    limits = {
        resource.RLIMIT_AS: bounds.memory,
        resource.RLIMIT_CPU: bounds.cpu_seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: 1,
    }
    for limit, value in limits.items():
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # At the soft limit on time comes SIGXCPU, which tells what it was; later comes SIGKILL.
        soft = max(1, value - 1) if limit == resource.RLIMIT_CPU else value
        resource.setrlimit(limit, (soft, value))
    program = build(platform.machine())
    return program is not None and _install(program)


def build(machine: str) -> bytes | None:
    """The filter for a machine, or ``None`` where its numbers are not known."""
    if machine not in _AUDIT:
        return None
    column = tuple(_AUDIT).index(machine)
    program = [
        _op(_LOAD, _ARCH_AT),
        _op(_EQUAL, _AUDIT[machine], yes=1),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [_op(_AT_LEAST, _X32, no=1), _op(_RETURN, _REFUSE)]
    for _, *numbers in REFUSED:
        number = numbers[column]
        if number is not None:
            program += [_op(_EQUAL, number, no=1), _op(_RETURN, _REFUSE)]
    for _, x86, arm, argument in FLAGS:
        number = (x86, arm)[column]
        if number is not None:
            program += _inspected(number, argument, [_op(_ANY_BIT, WRITING, no=1)])
    for command in OWNERS:
        program += _inspected(FCNTL[column], 1, [_op(_EQUAL, command, no=1)])
    program.append(_op(_RETURN, _ALLOW))
    return b"".join(program)


def _inspected(number: int, argument: int, refused_if: list[bytes]) -> list[bytes]:
    """Refuse call ``number`` if the test on its argument holds; the number is loaded again."""
    inside = [
        _op(_LOAD, 16 + 8 * argument),
        *refused_if,
        _op(_RETURN, _REFUSE),
        _op(_LOAD, _NUMBER_AT),
    ]
    return [_op(_EQUAL, number, no=len(inside)), *inside]


def _op(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _install(program: bytes) -> bool:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    kept = ctypes.create_string_buffer(program, len(program))
    described = Program(len(program) // 8, ctypes.cast(kept, ctypes.c_void_p))
    prctl = ctypes.CDLL(None).prctl
    # The kernel reads five whole registers; a C int would leave half of one undefined.
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(prctl(_PR_SET_SECCOMP, _FILTER, ctypes.addressof(described), 0, 0) == 0)
