"""The system-call filter: what it refuses, and what still works."""

from __future__ import annotations

import platform
import struct

import pytest

from posttrainbench.sandboxes import seccomp

CALLS = {
    "x86_64": {"mount": 165, "unshare": 272, "keyctl": 250, "bpf": 321, "io_uring_setup": 425,
               "userfaultfd": 323, "add_key": 248, "setns": 308, "open_tree": 428},
    "aarch64": {"mount": 40, "unshare": 97, "keyctl": 219, "bpf": 280, "io_uring_setup": 425,
                "userfaultfd": 282, "add_key": 217, "setns": 268, "open_tree": 428},
}  # fmt: skip
ALLOWED = {
    "x86_64": {"read": 0, "ptrace": 101, "futex": 202},
    "aarch64": {"read": 63, "ptrace": 117},
}
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE = {"x86_64": 56, "aarch64": 220}
KILL, ALLOW, EPERM, ENOSYS = 0x80000000, 0x7FFF0000, 0x50001, 0x50026


def decide(program: bytes, architecture: int, number: int, argument: int = 0) -> int:
    """Run the program on one call, as the kernel does."""
    data = struct.pack("=IIQQ", number, architecture, 0, argument)
    at, value = 0, 0
    while True:
        code, yes, no, operand = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
        elif code == 0x06:
            return int(operand)
        else:
            true = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}
            at += yes if true[code] else no


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_decisions(machine):
    program = seccomp.build(machine)
    assert program is not None
    refused = {name: decide(program, AUDIT[machine], n) for name, n in CALLS[machine].items()}
    assert set(refused.values()) == {EPERM}, refused
    allowed = {name: decide(program, AUDIT[machine], n) for name, n in ALLOWED[machine].items()}
    assert set(allowed.values()) == {ALLOW}, allowed
    assert decide(program, AUDIT[machine], 435) == ENOSYS
    assert decide(program, AUDIT[machine], CLONE[machine], 0x01200011) == ALLOW
    assert decide(program, AUDIT[machine], CLONE[machine], 0x10000011) == EPERM
    assert decide(program, 0x40000003, 4) == KILL


def test_the_other_numbering_of_x86_is_refused():
    program = seccomp.build("x86_64")
    assert program is not None
    assert decide(program, AUDIT["x86_64"], 0x40000000 + 165) == EPERM


def test_unknown_machines_have_no_filter_and_the_record_says_so(monkeypatch, bubblewrap):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert seccomp.build() is None
    ending, _ = bubblewrap.run("true")
    assert ending.exit_code == 0
    assert "no seccomp filter for riscv64" in ending.enforcement.processes
