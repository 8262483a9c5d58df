"""The system-call filter of the bubblewrap sandbox, as a classic BPF program.

Namespaces already bound what the command can reach; the filter takes away kernel surface that no
training job needs: mounting, new namespaces, the kernel keyring, BPF, io_uring, userfaultfd, and
loading kernels or modules.  A refused call gets EPERM, so that programs take their fallback.
``ptrace`` stays allowed: it reaches only processes of the same sandbox, and debuggers need it.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARG0_AT = 0, 4, 16

# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.  NEWTIME shares its
# bit with the exit signal that clone() carries, so it is left to the user namespace limit.
_NEW_NAMESPACES = 0x7E020000

# open_tree .. fspick and mount_setattr, io_uring_*: one number on every architecture.
_COMMON = (425, 426, 427, 428, 429, 430, 431, 432, 433, 442)


@dataclass(frozen=True)
class _Architecture:
    audit: int
    clone: int
    denied: tuple[int, ...]
    numbers_end: int | None = None
    """Numbers from here on belong to another ABI (x32) and are refused."""


_ARCHITECTURES = {
    # mount umount2 pivot_root unshare setns add_key request_key keyctl bpf userfaultfd
    # kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff reboot
    # open_by_handle_at
    "x86_64": _Architecture(
        0xC000003E, 56,
        (165, 166, 155, 272, 308, 248, 249, 250, 321, 323, 246, 320, 175, 313, 176, 167, 168, 169,
         304),
        numbers_end=0x40000000,
    ),
    "aarch64": _Architecture(
        0xC00000B7, 220,
        (40, 39, 41, 97, 268, 217, 218, 219, 280, 282, 104, 294, 105, 273, 106, 224, 225, 142,
         265),
    ),
}  # fmt: skip

_CLONE3 = 435


def build(machine: str | None = None) -> bytes | None:
    """The filter for this machine (``platform.machine()``), or ``None`` where we have none."""
    architecture = _ARCHITECTURES.get(machine or platform.machine())
    if architecture is None:
        return None
    refuse = _ERRNO | errno.EPERM
    program = [
        _op(_LOAD, _ARCH_AT),
        _op(_EQUAL, architecture.audit, yes=1),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER_AT),
    ]
    if architecture.numbers_end is not None:
        program += [_op(_AT_LEAST, architecture.numbers_end, no=1), _op(_RETURN, refuse)]
    # clone3 hides its flags behind a pointer; ENOSYS makes the C library fall back to clone.
    program += [_op(_EQUAL, _CLONE3, no=1), _op(_RETURN, _ERRNO | errno.ENOSYS)]
    for number in (*architecture.denied, *_COMMON):
        program += [_op(_EQUAL, number, no=1), _op(_RETURN, refuse)]
    program += [
        _op(_EQUAL, architecture.clone, no=3),
        _op(_LOAD, _ARG0_AT),
        _op(_ANY_BIT, _NEW_NAMESPACES, no=1),
        _op(_RETURN, refuse),
        _op(_RETURN, _ALLOW),
    ]
    return b"".join(program)


def _op(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
