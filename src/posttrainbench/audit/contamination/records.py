"""Cut the text of a file into records: what belongs to one training example.

The special matchers look for several small traces of an item that stand together (a schema and the
values of its call, three asserts of one test), so they need to know what "together" is.  In JSON it
is a row, in other text a window of lines.  Escapes in strings are undone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..reading.shapes import Piece

DOCUMENT = 32_000_000
"""Characters of the largest JSON document over several lines that is parsed as a whole."""
WINDOW = 60
"""Lines of a record in text that has none; windows overlap by half."""
LONG = 24_000
"""Characters of the longest window; a longer line is cut, with an overlap of half of it."""
HUGE = 200_000
"""Characters of a row from which it is cut like text without records."""
ROWS = 8
"""A list of at least so many objects within an object is a list of rows."""
STRINGS = 50_000
"""Strings of one record that are looked at."""
_LEVELS = 3
_TURN = frozenset({"role", "from"})
_ESCAPE = re.compile(r"""\\(?:([nrtbf/"'\\])|u([0-9a-fA-F]{4}))""")
_MEANING = {"n": "\n", "r": "\n", "t": "\t", "b": "", "f": "\n"}


@dataclass(frozen=True)
class Record:
    """Texts that stand together."""

    line: int
    strings: tuple[str, ...]
    keys: frozenset[str] = frozenset()
    """Names of the fields on the way to the strings; empty where the text was no JSON."""
    value: Any = None
    """The parsed JSON, if it was some."""

    @property
    def text(self) -> str:
        """All strings, each on lines of its own."""
        return "\n".join(self.strings)


@dataclass
class Records:
    """Keeps a JSON document over several lines until it is whole, if that is what a file is."""

    keeps: bool = False
    """Whether the file is a document so far."""
    begun: bool = False
    """Whether that is decided."""
    _parts: list[Piece] = field(default_factory=list)
    _size: int = 0

    def takes(self, pieces: list[Piece]) -> bool:
        """Take the next pieces of the file, and tell whether it is a document still.

        Where it has become too large for one, what was kept stands before ``pieces``.
        """
        if not self.begun:
            start = "".join(piece.text for piece in pieces)
            if not start.strip():
                return False
            self.begun = True
            self.keeps = _opens_document(start)
        if not self.keeps:
            return False
        self._size += sum(len(piece.text) for piece in pieces)
        if self._size > DOCUMENT:
            pieces[:0] = self._parts
            self._parts, self.keeps = [], False
            return False
        self._parts += pieces
        return True

    def finish(self) -> Iterator[Record]:
        """The file is over: the records of the document."""
        text, first = "".join(piece.text for piece in self._parts), self._parts[0].line
        self._parts, self.keeps = [], False
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            for record, _ in around(lines := text.split("\n"), first, range(len(lines))):
                yield record
        else:
            yield from rows_of(value, first)


def around(
    lines: Sequence[str], first: int, spots: Mapping[int, set[int]] | range
) -> Iterator[tuple[Record, set[int]]]:
    """The rows at some lines, and windows around those that are none; and who asked for each.

    Args:
        first: the number of the first line.
        spots: indices of lines, in any order.
    """
    begin, window, wanted = 0, -1, set[int]()
    for spot in sorted(spots):
        asked = set[int]() if isinstance(spots, range) else spots[spot]
        if (row := _parsed(lines[spot])) is not None:
            for record in rows_of(row, first + spot):
                yield record, asked
            continue
        if window >= 0 and spot - WINDOW > window:
            yield from _between(lines, first, begin, window, wanted)
            window, wanted = -1, set()
        if window < 0:
            begin = spot
        window, wanted = spot, wanted | asked
    if window >= 0:
        yield from _between(lines, first, begin, window, wanted)


def _between(
    lines: Sequence[str], first: int, begin: int, end: int, wanted: set[int]
) -> Iterator[tuple[Record, set[int]]]:
    """Windows over lines and those around them, up to the next row."""
    start = begin
    while start > max(0, begin - WINDOW) and _parsed(lines[start - 1]) is None:
        start -= 1
    stop = end + 1
    while stop < min(len(lines), end + 1 + WINDOW) and _parsed(lines[stop]) is None:
        stop += 1
    for record in _windows(first + start, lines[start:stop]):
        yield record, wanted


def rows_of(value: Any, line: int) -> Iterator[Record]:
    """The records of parsed JSON: rows of a list, or of a list in an object; else it is one."""
    pending = [value]
    while pending:
        node = pending.pop()
        rows: list[Any] | None
        if isinstance(node, list) and len(node) > 1 and not _is_conversation(node):
            rows, rest = node, None
        else:
            rows, rest = _inner_rows(node)
        if rows is None:
            strings, keys = strings_of(node)
            if sum(map(len, strings)) > HUGE:
                yield from _cut(line, "\n".join(strings))
            elif strings:
                yield Record(line, strings, keys, node)
            continue
        if rest:
            pending.append(rest)
        if all(isinstance(row, str | int | float) for row in rows):
            yield from _windows(line, [str(row)[:LONG] for row in rows])
        else:
            pending.extend(reversed(rows))


def strings_of(value: Any) -> tuple[tuple[str, ...], frozenset[str]]:
    """All strings and numbers of parsed JSON in order, and the names of its fields."""
    strings: list[str] = []
    keys: set[str] = set()
    pending = [value]
    while pending and len(strings) < STRINGS:
        node = pending.pop()
        if isinstance(node, str):
            strings.append(node)
        elif isinstance(node, dict):
            keys.update(str(key).lower() for key in node)
            pending.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            pending.extend(reversed(node))
        elif isinstance(node, int | float) and not isinstance(node, bool):
            strings.append(str(node)[:400])
    return tuple(strings), frozenset(keys)


def without_escapes(text: str) -> str:
    """Undo backslash escapes as in JSON or Python strings, all levels of them."""
    for _ in range(_LEVELS):
        if "\\n" not in text and '\\"' not in text and "\\u" not in text:
            break
        text = _ESCAPE.sub(_character, text)
    return text


def _character(match: re.Match[str]) -> str:
    if match[2]:
        code = int(match[2], 16)
        return " " if 0xD800 <= code < 0xE000 else chr(code)
    return _MEANING.get(match[1], match[1])


def _parsed(line: str) -> Any:
    """The JSON of a line that holds an object or a list, else ``None``."""
    line = line.strip().rstrip(",")
    if len(line) < 2 or line[0] not in "{[" or line[-1] not in "}]":
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _opens_document(text: str) -> bool:
    first = text.lstrip("\ufeff \t\r\n")
    if first[:1] not in ("{", "["):
        return False
    return _parsed(first.partition("\n")[0]) is None


def _is_conversation(rows: list[Any]) -> bool:
    return all(isinstance(row, dict) and not _TURN.isdisjoint(row) for row in rows[:3])


def _inner_rows(node: Any) -> tuple[list[Any] | None, Any]:
    """The rows in an object, and the rest of it."""
    if isinstance(node, dict):
        for key, inner in node.items():
            if (
                isinstance(inner, list)
                and len(inner) >= ROWS
                and all(isinstance(row, dict | list) for row in inner[:ROWS])
                and not _is_conversation(inner)
            ):
                return inner, {k: v for k, v in node.items() if k != key}
    return None, None


def alone(piece: Piece) -> Iterator[Record]:
    """The record of a piece that stands for itself."""
    value = _parsed(piece.text)
    if value is not None:
        yield from rows_of(value, piece.line)
        return
    yield from _cut(piece.line, piece.text)


def _windows(first: int, lines: Sequence[str]) -> Iterator[Record]:
    for start in range(0, max(1, len(lines) - WINDOW // 2), WINDOW // 2):
        yield from _cut(first + start, "\n".join(lines[start : start + WINDOW]))


def _cut(line: int, text: str) -> Iterator[Record]:
    for start in range(0, max(1, len(text) - LONG // 2), LONG // 2):
        part = text[start : start + LONG]
        if part.strip():
            yield Record(line, (without_escapes(part),))
