"""Values, messages and the filter, each by itself; what is our failure and not the answer's."""

from __future__ import annotations

import errno
import json
import math
import os
import socket
import struct
import threading
import time
from collections import Counter, OrderedDict, deque, namedtuple
from dataclasses import replace
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from code_samples import AMPLE, DOUBLE, RIGHT, Item, check, echo
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrainbench.benchmarks.code_answers import place
from posttrainbench.benchmarks.code_answers.alone import lockdown, plain, wire
from posttrainbench.benchmarks.code_answers.alone.refused import REFUSED
from posttrainbench.benchmarks.code_answers.execution import AnswerLimits
from posttrainbench.errors import EvaluationError, SandboxError, UnknownNameError
from posttrainbench.sandboxes import Mount

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.complex_numbers(allow_nan=False),
)  # fmt: skip
KEYS = st.recursive(
    SCALARS, lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.sets(KEYS, max_size=4),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=20,
)  # fmt: skip
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(),
              st.sampled_from(["int", "list", "dict", "set", "float", "bytes", "none", "bool"])),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)  # fmt: skip


def types(value: Any) -> Any:
    """The exact types in a value, in order."""
    if isinstance(value, dict):
        return dict, [(types(k), types(v)) for k, v in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [types(part) for part in value]
    if isinstance(value, set | frozenset):
        return type(value), sorted(map(str, map(types, value)))
    return type(value)


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    again = plain.decode(json.loads(json.dumps(plain.encode(value))))
    assert again == value
    assert types(again) == types(value)


@given(DOCUMENTS)
@settings(max_examples=300, deadline=None)
def test_any_document_gives_a_plain_value_or_one_kind_of_error(document: Any) -> None:
    try:
        value = plain.decode(document)
    except plain.NotPlainError:
        return
    assert types(plain.decode(plain.encode(value))) == types(value)


def test_special_numbers() -> None:
    again = plain.decode(plain.encode([-0.0, math.inf, -math.inf, math.nan, 10**400, 1, 1.0, True]))
    assert math.copysign(1, again[0]) == -1
    assert again[1:3] == [math.inf, -math.inf]
    assert math.isnan(again[3])
    assert list(map(type, again)) == [float] * 4 + [int, int, float, bool]


class Text(str):
    pass


class Level(IntEnum):
    LOW = 1


class Shade(StrEnum):
    RED = "red"


POINT = namedtuple("POINT", "x y")


@pytest.mark.parametrize(
    ("value", "reduced"),
    [
        (Text("a"), "a"), (Level.LOW, 1), (Shade.RED, "red"), (POINT(1, 2), (1, 2)),
        (Counter("aab"), {"a": 2, "b": 1}), (OrderedDict(a=1), {"a": 1}),
    ],
)  # fmt: skip
def test_a_subclass_is_the_plain_value_in_it(value: Any, reduced: Any) -> None:
    again = plain.decode(plain.encode(value))
    assert again == reduced
    assert type(again) is type(reduced)


class Mark(Enum):
    A = 1


@pytest.mark.parametrize(
    "value",
    [
        iter([]), (i for i in ()), range(3), {}.keys(), deque(), Decimal(1), Fraction(1), object(),
        int, len, Mark.A, bytearray(), memoryview(b""), NotImplemented, ..., [[object()]],
        {(object,): 1}, 1 << 40_000, "x" * 200_000, [0] * 60_000,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_anything_else_is_no_plain_value(value: Any) -> None:
    with pytest.raises(plain.NotPlainError):
        plain.encode(value)


def test_a_circle_and_depth_are_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    document: Any = ["none", ""]
    for _ in range(60):
        document = ["list", [document]]
    with pytest.raises(plain.NotPlainError, match="deeper"):
        plain.encode(circle)
    with pytest.raises(plain.NotPlainError, match="deeper"):
        plain.decode(document)


@pytest.mark.parametrize(
    "document",
    [
        ["int", "1_0" * 9000], ["int", "zz"], ["int", 1], ["float", "1e5"], ["float", "0x1" * 99],
        ["float", 1.0], ["bool", 2], ["bool", True], ["bool", 1.0], ["none", 0], ["bytes", "0"],
        ["complex", ["0x1"]], ["set", [["list", []]]], ["dict", [[["list", []], ["none", ""]]]],
        ["dict", [["none", ""]]], ["dict", ["ab"]], ["dict", {}], ["list", "ab"], ["object", []],
        [["list"], []], ["int"], ["int", "0x1", 0], "int", None, 4, {}, ["str", 4], ["str", None],
    ],
    ids=lambda document: json.dumps(document)[:40],
)  # fmt: skip
def test_forged_documents_are_refused(document: Any) -> None:
    if document == ["float", "1e5"]:  # decimal digits are hexadecimal ones, too
        assert plain.decode(document) == float.fromhex("1e5")
        return
    with pytest.raises(plain.NotPlainError):
        plain.decode(document)


def pair() -> tuple[wire.Wire, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return wire.Wire(ours.detach()), theirs


def soon() -> float:
    return time.monotonic() + 0.3


@pytest.mark.parametrize(
    "sent",
    [b"", b"\0\0", b"\0\0\0\5abc", b"\0\0\0\3abc", b"\xff\xff\xff\xff", b"\0\0\0\1\xff",
     (200_000).to_bytes(4, "big") + b"[" * 200_000,
     (9_000).to_bytes(4, "big") + b"1" * 9_000],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_message_is_one_kind_of_error(sent: bytes) -> None:
    ours, theirs = pair()
    writer = threading.Thread(target=lambda: (theirs.sendall(sent), theirs.close()))
    writer.start()
    with pytest.raises(wire.WireError):
        ours.receive(time.monotonic() + 20)
    writer.join()


def test_silence_and_deafness_end_at_the_deadline() -> None:
    ours, theirs = pair()
    with pytest.raises(wire.LateError):
        ours.receive(soon())
    theirs.send(b"\0\0")
    with pytest.raises(wire.LateError):
        ours.receive(soon())
    with pytest.raises(wire.LateError):
        ours.send("x" * 5_000_000, soon())
    theirs.close()
    with pytest.raises(wire.WireError):
        ours.send("x" * 5_000_000, soon())


def decide(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """Run the filter on one call, as the kernel does."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
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


AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
READ, OPENAT, FCNTL = {"x86_64": 0, "aarch64": 63}, {"x86_64": 257, "aarch64": 56}, {
    "x86_64": 72, "aarch64": 25}  # fmt: skip
ALLOW, EPERM, KILL = 0x7FFF0000, 0x50000 | errno.EPERM, 0x80000000


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_decides(machine: str) -> None:
    program = lockdown.build(machine)
    assert program is not None
    audit, column = AUDIT[machine], ["x86_64", "aarch64"].index(machine)
    for name, *numbers in REFUSED:
        if numbers[column] is not None:
            assert decide(program, audit, numbers[column]) == EPERM, name
    assert decide(program, audit, READ[machine]) == ALLOW
    for flags, decision in [
        (os.O_RDONLY | os.O_CLOEXEC, ALLOW), (os.O_RDONLY | os.O_DIRECTORY, ALLOW),
        (os.O_WRONLY, EPERM), (os.O_RDWR, EPERM), (os.O_CREAT, EPERM), (os.O_TRUNC, EPERM),
        (os.O_TMPFILE | os.O_RDWR, EPERM),
    ]:  # fmt: skip
        assert decide(program, audit, OPENAT[machine], 0, 0, flags) == decision
    for command, decision in [(1, ALLOW), (3, ALLOW), (8, EPERM), (10, EPERM), (15, EPERM)]:
        assert decide(program, audit, FCNTL[machine], 0, command) == decision
    assert decide(program, 0x40000003, READ[machine]) == KILL


def test_the_filter_knows_the_other_numbering_of_x86_and_its_own_machines() -> None:
    program = lockdown.build("x86_64")
    assert program is not None
    assert decide(program, AUDIT["x86_64"], 0x40000000) == EPERM
    assert lockdown.build("riscv64") is None


def test_the_numbers_are_the_kernel_s() -> None:
    """Where the C library's headers are installed."""
    header = Path("/usr/include/asm-generic/unistd.h")
    own = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not (header.exists() and own.exists()):
        pytest.skip("no kernel headers here")
    for path, column in ((own, 1), (header, 2)):
        found = {}
        for line in path.read_text().splitlines():
            words = line.replace("__NR3264_", "__NR_").split()
            if len(words) >= 3 and words[1].startswith("__NR_") and words[2].isdigit():
                found[words[1].removeprefix("__NR_")] = int(words[2])
        for row in REFUSED:
            name, number = row[0], row[column]
            assert found.get(str(name), number) == number, name


# What is our failure is no verdict.


def test_a_sandbox_that_cannot_be_set_up(
    bubblewrap: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.find_place(bubblewrap)
    missing = Mount(tmp_path / "missing", "/missing")
    monkeypatch.setattr(place, "_interpreter", lambda empty: (missing,))
    with pytest.raises(SandboxError, match="could not be set up"):
        check(DOUBLE, RIGHT, bubblewrap)


def test_a_sandbox_that_never_gets_ready(sandbox_name: str) -> None:
    with pytest.raises(SandboxError, match="did not get ready"):
        check(DOUBLE, RIGHT, sandbox_name, AnswerLimits(start_seconds=0.0))


@pytest.mark.parametrize("test", ["x = 1", "def check(candidate): pass", "no syntax"])
def test_a_broken_official_test(test: str) -> None:
    with pytest.raises(EvaluationError, match="checker"):
        check(replace(DOUBLE, test=test), RIGHT, "host")


def test_an_unknown_sandbox() -> None:
    with pytest.raises(UnknownNameError, match="bubblewrp"):
        check(DOUBLE, RIGHT, "bubblewrp")


# What a hostile value does to the test is the answer's failure.


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("while candidate(): pass", "out of time"),
        ("sum(range(10 ** (12 * candidate())))", "out of time in the test"),
        ("[0] * (10 ** 9 * candidate())", "the test cannot use it (MemoryError)"),
        ("candidate() + 'x'", "the test cannot use it (TypeError)"),
        ("raise SystemExit", ""),
    ],
)
def test_a_test_that_a_value_upsets(line: str, why: str) -> None:
    item = Item('def one():\n    """1"""\n', "one", f"def check(candidate):\n    {line}\n")
    started = time.monotonic()
    if not why:
        with pytest.raises(EvaluationError):
            check(item, "    return 1\n", "host", replace(AMPLE, seconds=2))
        return
    checked = check(item, "    return 1\n", "host", replace(AMPLE, seconds=2))
    assert not checked.passed
    assert checked.why.startswith(why)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("[1, 2.0, 'x', None, True, (1,), {2}, {'a': b'c'}]", None),
        ("float('inf')", None),
        ("{1: [2, {3: (4,)}]}", None),
        (
            "'red'",
            "from enum import Enum\n    class S(str, Enum):\n        R = 'red'\n    return S.R",
        ),
        ("(1, 2)", "from collections import namedtuple\n    return namedtuple('P', 'x y')(1, 2)"),
        ("{'a': 2}", "from collections import Counter\n    return Counter('aa')"),
        ("'\\ud83d' + 'x'", None),
        ("10 ** 200", None),
    ],
)
def test_values_arrive(value: str, code: str | None) -> None:
    checked = check(echo(value), f"    {code or f'return {value}'}\n", "host")
    assert checked.passed, checked.why
