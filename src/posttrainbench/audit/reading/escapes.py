r"""Bytes that stand in a text as escapes: ``b'x\x9c...'`` in a program, ``$'\x1f...'`` in a shell.

Compressed data that is printed as a literal has an escape for more than half of its bytes; no prose
and no code comes near that.  Literals that are joined are taken as one, and those that stand in a
JSON string (a notebook's cell, a line of a log) have their escapes doubled.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import numpy.typing as npt

_Places = npt.NDArray[np.int64]
FEWEST = 12
"""Escapes that begin a run."""
_WITHIN = 240
"""Bytes in which they stand."""
_BEFORE = 80
"""Bytes before the first of them in which the literal begins."""
_SHORTEST = 16
_PARTS = 100_000
"""Literals of a list that are taken each for itself."""
_SPARSE = 24
"""Bytes for each escape, at most, in what goes on with a run."""
_BACKSLASH = 92
_HEX, _OCTAL, _FIRST = 1, 2, 4
_DIGITS = np.zeros(256, np.uint8)
_DIGITS[list(b"0123456789abcdefABCDEF")] |= _HEX
_DIGITS[list(b"01234567")] |= _OCTAL
_DIGITS[list(b"0123")] |= _FIRST
_ESCAPE = re.compile(rb"\\(?:x[0-9a-fA-F]{2}|[0-3][0-7]{2})")
_LITERAL = rb"""(?:'(?:[^\\'\n]|\\[\s\S])*+'?|"(?:[^\\"\n]|\\[\s\S])*+"?)"""
_LITERALS = re.compile(_LITERAL + rb"(?:[\s\\+(),;]*+(?:[bBuU]|\$)?" + _LITERAL + rb")*+")
"""A literal, and those that are joined to it or stand beside it in a list."""
_EACH = re.compile(rb"""'((?:[^\\'\n]|\\[\s\S])*+)'?|"((?:[^\\"\n]|\\[\s\S])*+)"?""")
_BARE = re.compile(rb"(?:[^\\\s'\"]|\\[\s\S])*+")
_IN_JSON = re.compile(rb"(?:[^\\\"\n]|\\[\s\S])*+")
_PLAIN = {b"\\": b"\\", b"n": b"\n", b"t": b"\t", b"r": b"\r", b'"': b'"', b"/": b"/"}
_PAIR = re.compile(rb"\\([\\ntr\"/])")


def escaped_runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Where a run of escapes begins and ends, its quotes among them."""
    places = _escapes(data)
    if len(places) < FEWEST:
        return
    dense = places[FEWEST - 1 :] - places[: 1 - FEWEST] < _WITHIN
    done = 0
    for place in places[: 1 - FEWEST][dense].tolist():
        if place < done:
            continue
        start, pattern = _opening(data, place, done)
        match = pattern.match(data, start)
        done = max(match.end() if match else start, place + 1)
        yield start, done


def goes_on_escaped(data: bytes) -> bool:
    """Whether all of ``data`` may belong to a run that was begun before it."""
    return len(_escapes(data)) * _SPARSE >= len(data)


def unescaped_bytes(run: bytes) -> Iterator[bytes]:
    """The bytes that a run stands for, by every reading that there is of it."""
    if _is_doubled(run):
        inner = _PAIR.sub(lambda match: _PLAIN[match[1]], run)
        for start, end in escaped_runs(inner):
            yield from unescaped_bytes(inner[start:end])
        return
    parts = [one or other for one, other in _EACH.findall(run)] if _quoted(run) else [run]
    listed = len(parts) > 1 and b"," in _EACH.sub(b"", run)
    for joined in (b"".join(parts), *(parts[:_PARTS] if listed else ())):
        if len(joined) < _SHORTEST:
            continue
        yield from _decoded(joined)
        # A string of Latin letters, whose printable ones stand there as UTF-8.
        with suppress(ValueError):
            latin = joined.decode("utf-8").encode("latin-1")
            if latin != joined:
                yield from _decoded(latin)


def _decoded(text: bytes) -> Iterator[bytes]:
    with suppress(ValueError):
        raw, _ = codecs.escape_decode(text)
        assert isinstance(raw, bytes)
        yield raw


def _escapes(data: bytes) -> _Places:
    """Where the escapes of bytes stand."""
    if b"\\" not in data:
        return np.zeros(0, np.int64)
    raw = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(raw[:-3] == _BACKSLASH)
    first, two = raw[places + 1], _DIGITS[raw[places + 2]] & _DIGITS[raw[places + 3]]
    hexadecimal = (first == ord("x")) & (two & _HEX > 0)
    found: _Places = places[hexadecimal | ((_DIGITS[first] & _FIRST > 0) & (two & _OCTAL > 0))]
    return found


def _opening(data: bytes, place: int, done: int) -> tuple[int, re.Pattern[bytes]]:
    """Where the literal begins whose first escape is at ``place``, and how it goes on."""
    before = data[max(done, place - _BEFORE) : place]
    doubled = before.endswith(b"\\")
    newline = before.rfind(b"\n")
    if doubled:
        return place - len(before) + max(before.rfind(b'"'), newline) + 1, _IN_JSON
    at = max(before.rfind(b"'"), before.rfind(b'"'))
    return (place - len(before) + at, _LITERALS) if at > newline else (place, _BARE)


def _quoted(run: bytes) -> bool:
    return run[:1] in (b"'", b'"')


def _is_doubled(run: bytes) -> bool:
    first = _ESCAPE.search(run)
    return first is not None and run[max(0, first.start() - 1) : first.start()] == b"\\"
