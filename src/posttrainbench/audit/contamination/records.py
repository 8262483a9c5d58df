"""Cut the text of a file into records: what belongs to one training example.

The special matchers look for several small traces of an item that stand together (a schema and the
values of its call, three asserts of one test), so they need to know what "together" is.  In JSON it
is a row, in other text a window of lines.  Escapes in strings are undone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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
    """Takes the pieces of one file in order; gives its records."""

    _document: list[str] | None = None
    _size: int = 0
    _begun: bool = False
    _lines: list[str] = field(default_factory=list)
    _first: int = 1

    @property
    def open(self) -> bool:
        """Whether a record goes on in the next piece."""
        return self._document is not None or bool(self._lines)

    def feed(self, piece: Piece) -> Iterator[Record]:
        """Records that are whole with this piece."""
        text = piece.text
        if piece.record or piece.how:
            yield from _alone(piece)
            return
        if not self._begun and text.strip():
            self._begun = True
            if _opens_document(text):
                self._document, self._first = [], piece.line
        if self._document is not None:
            self._document.append(text)
            self._size += len(text)
            if self._size > DOCUMENT:
                yield from self._give_up()
            return
        yield from self._rows(piece.line, text)

    def finish(self) -> Iterator[Record]:
        """The file is over: the records that are left."""
        if self._document is not None:
            try:
                value = json.loads("".join(self._document))
            except (ValueError, RecursionError):
                yield from self._give_up()
            else:
                self._document = None
                yield from rows_of(value, self._first)
        if self._lines:
            yield from _windows(self._first, self._lines)
            self._lines = []

    def _give_up(self) -> Iterator[Record]:
        text, self._document = "".join(self._document or ()), None
        yield from self._rows(self._first, text)

    def _rows(self, first: int, text: str) -> Iterator[Record]:
        for offset, line in enumerate(text.split("\n")):
            row = _parsed(line)
            if row is None:
                if not self._lines:
                    self._first = first + offset
                self._lines.append(line)
                if len(self._lines) >= 4 * WINDOW:
                    yield from _windows(self._first, self._lines)
                    keep = WINDOW // 2
                    self._first += len(self._lines) - keep
                    self._lines = self._lines[-keep:]
                continue
            if self._lines:
                yield from _windows(self._first, self._lines)
                self._lines = []
            yield from rows_of(row, first + offset)


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


def _alone(piece: Piece) -> Iterator[Record]:
    """The record of a piece that stands for itself."""
    value = _parsed(piece.text)
    if value is not None:
        yield from rows_of(value, piece.line)
        return
    yield from _cut(piece.line, piece.text)


def _windows(first: int, lines: list[str]) -> Iterator[Record]:
    for start in range(0, max(1, len(lines) - WINDOW // 2), WINDOW // 2):
        yield from _cut(first + start, "\n".join(lines[start : start + WINDOW]))


def _cut(line: int, text: str) -> Iterator[Record]:
    for start in range(0, max(1, len(text) - LONG // 2), LONG // 2):
        part = text[start : start + LONG]
        if part.strip():
            yield Record(line, (without_escapes(part),))
