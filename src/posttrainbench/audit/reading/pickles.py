"""What stands in a pickle, read opcode by opcode, never built: strings, bytes, lists of numbers."""

from __future__ import annotations

import pickletools
import re
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from .limits import Budget
from .shapes import UnreadError
from .sources import Window
from .vocabulary import Ids

LONGEST = 16_000_000
"""Bytes of a string that are taken at a time."""
OPCODES = 30_000_000
"""Opcodes that are read of one file; a run of small numbers counts as one."""
_BUFFER = 1 << 20
_LINE = 1 << 16
_TOGETHER = 1 << 20
"""Numbers of one list that are given at a time."""

Content: TypeAlias = str | bytes | Ids

_NUMBERS = re.compile(rb"(?:K[\s\S]|M[\s\S]{2}|J[\s\S]{4}|\x94)+")
_NUMBER = re.compile(rb"K([\s\S])|M([\s\S]{2})|J([\s\S]{4})|\x94")
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1, pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4, pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}  # fmt: skip
_OPCODES = {ord(op.code): (op.name, op.arg.n if op.arg else 0) for op in pickletools.opcodes}
_TEXT = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING"})
_BYTES = frozenset(
    {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8", "SHORT_BINSTRING", "BINSTRING"}
)
_BETWEEN = frozenset({"MARK", "APPENDS", "APPEND", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT"})
"""Opcodes within a long list."""
_STARTS = frozenset(b"\x80(]}\x8acIKNVX")


def contents(window: Window, budget: Budget) -> Iterator[Content]:
    """Strings, bytes and runs of numbers, in order; bytes behind the last pickle as well.

    Raises:
        UnreadError: after those before: it is no sound pickle, or too long.
    """
    yield from _Walk(window, budget).contents()


class _Walk:
    def __init__(self, window: Window, budget: Budget) -> None:
        self._window = window
        self._budget = budget
        self._position = 0
        self._buffer = b""
        self._start = 0
        self._numbers: list[Ids] = []
        self._counted = 0

    def contents(self) -> Iterator[Content]:
        for _ in range(OPCODES):
            at = self._refill()
            if at >= len(self._buffer):
                yield from self._flush()
                return
            if match := _NUMBERS.match(self._buffer, at):
                self._position += match.end() - at
                found = _numbers(match[0])
                self._numbers.append(found)
                self._counted += len(found)
                if self._counted > _TOGETHER:
                    yield from self._flush()
                continue
            name, wanted = _OPCODES.get(self._buffer[at], ("", 0))
            if not name:
                raise UnreadError("no sound pickle")
            self._position += 1
            if name not in _BETWEEN:
                yield from self._flush()
            if wanted in _LENGTHS:
                yield from self._long(name, _LENGTHS[wanted])
            elif wanted == pickletools.UP_TO_NEWLINE:
                line = self._line()
                if name in ("GLOBAL", "INST"):
                    self._line()
                elif name in _TEXT:
                    yield line.decode("raw-unicode-escape", "replace")
            else:
                self._position += wanted
            if name == "STOP" and not self._another():
                yield from self._rest()
                return
        raise UnreadError(f"a pickle of over {OPCODES} opcodes")

    def _refill(self) -> int:
        """Where in the buffer the position is, with a whole opcode behind it if there is one."""
        at = self._position - self._start
        if at + 16 > len(self._buffer):
            self._buffer, self._start, at = (
                self._window.at(self._position, _BUFFER),
                self._position,
                0,
            )
            self._budget.read(len(self._buffer))
        return at

    def _flush(self) -> Iterator[Content]:
        if self._counted:
            yield np.concatenate(self._numbers)
        self._numbers, self._counted = [], 0

    def _long(self, name: str, prefix: int) -> Iterator[Content]:
        """A value that is told its length first."""
        size = int.from_bytes(self._window.at(self._position, prefix), "little")
        self._position += prefix
        end = self._position + size
        if name in _TEXT or name in _BYTES:
            while self._position < min(end, self._window.size):
                part = self._window.at(self._position, min(LONGEST, end - self._position))
                self._position += len(part)
                self._budget.read(len(part))
                yield part if name in _BYTES else part.decode("utf-8", "replace")
        if end > self._window.size:
            raise UnreadError("no sound pickle: it breaks off")
        self._position = end

    def _line(self) -> bytes:
        line: bytes = self._window.at(self._position, _LINE)
        size = line.find(b"\n") + 1
        if not size:
            raise UnreadError("no sound pickle: a line does not end")
        self._position += size
        return line[: size - 1]

    def _another(self) -> bool:
        """Whether a pickle follows the one that ended, as in old torch files and streams."""
        start = self._window.at(self._position, 2)
        return bool(start) and start[0] in _STARTS and (start[0] != 0x80 or start[1:2] <= b"\5")

    def _rest(self) -> Iterator[Content]:
        while part := self._window.at(self._position, LONGEST):
            self._budget.read(len(part))
            self._position += len(part)
            yield part


def _numbers(data: bytes) -> Ids:
    values = [
        int.from_bytes(match[match.lastindex], "little", signed=match.lastindex == 3)
        for match in _NUMBER.finditer(data)
        if match.lastindex
    ]
    return np.array(values, np.int64)
