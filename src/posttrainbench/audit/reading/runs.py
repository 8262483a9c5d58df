"""Where in a text stands what may be encoded data: long runs of base64, hex, numbers, escapes.

One table look-up a byte and a few comparisons of eight bytes at a time, so that ordinary text costs
next to nothing; what they point at is looked at by :mod:`literals`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .escapes import escaped_runs, goes_on_escaped

RunKind = Literal["letters", "numbers", "ascii85", "escapes"]
KINDS: tuple[RunKind, ...] = ("letters", "numbers", "ascii85", "escapes")

_LETTERS = frozenset(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~/"
)
"""Alphabets of base16 to base85 together."""
_NUMBERS = frozenset(b"0123456789abcdefABCDEFx,[]():- \t\r\n")
_ASCII85 = frozenset(range(33, 118)) | {ord("z")}
"""Without v, w, x, y and braces, so that no text goes on for long in it."""
_TABLE = bytes(
    (byte in _LETTERS) | (byte in _NUMBERS) << 1 | (byte in _ASCII85) << 2 for byte in range(256)
)
_BITS: tuple[tuple[RunKind, int, int], ...] = (
    ("letters", 1, 5),
    ("numbers", 2, 5),
    ("ascii85", 4, 12),
)
"""Kind, mark, and how many aligned groups of eight bytes a run fills: any run of 47 bytes fills 5,
of 103 bytes 12."""

_BREAK = rb"(?:\\[nrt]|[\s\"'\\,()]|(?<=\s)\+(?=\s))"
"""What may stand between the lines of one encoded value."""
# Each begins with all characters of its mark, so that a match reaches at least as far as the marks.
_PATTERNS: dict[RunKind, re.Pattern[bytes]] = {
    "letters": re.compile(
        rb"[\w+/=!#$%&()*;<>?@^`{|}~-]{32,}+"
        rb"(?:" + _BREAK + rb"{1,40}+[\w+/=-]{16,}+)*+"
        rb"(?:" + _BREAK + rb"{1,40}+[\w+/-]{1,15}={0,2}(?=[\"'\\\n]|\Z))?+" + _BREAK + rb"*+",
        re.ASCII,
    ),
    "numbers": re.compile(rb"[0-9a-fA-Fx,\[\]():\s-]{40,}+"),
    "ascii85": re.compile(rb"[!-uz]{40,}+(?:\s[!-uz]{40,}+)*+\s*+"),
}

_GOES_ON: dict[RunKind, bytes] = {
    "letters": bytes(_LETTERS) + b" \t\r\n\"'\\,()",
    "numbers": bytes(_NUMBERS),
    "ascii85": bytes(_ASCII85) + b" \t\r\n",
}


def goes_on(kind: RunKind, data: bytes) -> bool:
    """Whether all of ``data`` may belong to a run that was begun before it."""
    if kind == "escapes":
        return goes_on_escaped(data)
    return not data.translate(None, _GOES_ON[kind])


@dataclass(frozen=True)
class Run:
    """A part of a text that may be encoded data."""

    kind: RunKind
    start: int
    end: int


def runs(data: bytes) -> Iterator[Run]:
    """All runs, by kind and place; those of different kinds may overlap."""
    whole = len(data) // 8
    if not whole:
        return
    for start, end in escaped_runs(data):
        yield Run("escapes", start, end)
    marks = data.translate(_TABLE)
    words = np.frombuffer(marks, np.uint64, whole)
    for kind, bit, least in _BITS:
        mask = np.uint64(0x0101010101010101 * bit)
        full = np.flatnonzero((words & mask) == mask)
        if len(full) < least:
            continue
        ahead = full[least - 1 :] - full[: 1 - least]
        starts = full[: 1 - least][ahead == least - 1]
        done = 0
        for place in starts[np.diff(starts, prepend=-2) > 1].tolist():
            start = place * 8
            if start < done:
                continue
            while start > done and marks[start - 1] & bit:
                start -= 1
            if match := _PATTERNS[kind].match(data, start):
                yield Run(kind, start, match.end())
                done = match.end()
