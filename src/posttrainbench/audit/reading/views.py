"""Other ways to read the same text: entities, percent signs, rot13, backwards, joined literals.

Each is only made where a quick look says that there is something to gain.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

from .shapes import Piece

View = Callable[[Piece, bytes], Iterator[Piece]]
"""Takes a piece, and the same in UTF-8, in which some things are found faster."""

_ENTITIES = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|quot|amp|apos|lt|gt|nbsp);")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}[^%\s]{0,40}%[0-9A-Fa-f]{2}")
_INLINE = re.compile(
    r"</?(?:b|i|u|s|em|strong|a|code|sub|sup|span|font|mark|small|big|tt|wbr|var|kbd"
    # Office documents: whatever is smaller than a paragraph, a line or a cell.
    r"|(?:w|a|text):(?!(?:p|h|br|tab|tr|tc|line-break)\b)[\w-]{1,40})"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]{0,2000}>")
_LITERAL = re.compile(
    # No prefix and no group around it: so only quotes and hashes are ever tried.
    r'"""(?P<a>(?:[^"\\]|\\.|"(?!""))*+)(?:"""|\Z)'
    r"|'''(?P<b>(?:[^'\\]|\\.|'(?!''))*+)(?:'''|\Z)"
    r'|"(?P<c>(?:[^"\\\n]|\\.)*+)(?:"|(?=\n)|\Z)'
    r"|'(?P<d>(?:[^'\\\n]|\\.)*+)(?:'|(?=\n)|\Z)"
    r"|(?P<comment>\#[^\n]*)",
    re.DOTALL,
)
_PREFIX = re.compile(r"\b[rRbBuUfF]{1,2}\Z")
_WIDE = re.compile(r"(?:[ -~] ){16,}+")
_FEWEST_WIDE = 12
_CONTEXT = 400
"""Characters around an entity that may belong to the same text."""
_GLUE = re.compile(r"(?:[\s+()]|\\\n|#[^\n]*\n)*+")
_ESCAPE = re.compile(
    r"\\(?:(?P<line>\r?\n)|x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})"
    r"|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-7]{1,3})|(?P<other>.))",
    re.DOTALL,
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": " ", "b": " ", "f": " ", "v": " "}
_HIDES = re.compile(r"\\[xuU0-7]")


def views(piece: Piece, data: bytes) -> Iterator[Piece]:
    """The ways that can hide in any text."""
    text = piece.text
    if b"&" in data:
        for line, part in _around(_ENTITIES, text):
            yield Piece(piece.line + line, html.unescape(part), "entities")
    if b"%" in data and len(_PERCENT.findall(text[:20_000])) > 3:
        yield Piece(piece.line, unquote_plus(text, errors="replace"), "percent encoding")
    if data.count(b" gur ") > 1:
        yield Piece(piece.line, codecs.decode(text, "rot13"), "rot13")
    if data.count(b" eht ") > 1:
        lines = "\n".join(line[::-1] for line in text.split("\n"))
        yield Piece(piece.line, lines, "backwards")


def _around(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    """Whole lines around every match, with the number of the first one, from 0."""
    line = counted = end = 0
    start = -1
    for match in pattern.finditer(text):
        begin = text.rfind("\n", 0, max(0, match.start() - _CONTEXT)) + 1
        if start >= 0 and begin > end:
            yield line, text[start:end]
            start = -1
        if start < 0:
            start = begin
            line += text.count("\n", counted, start)
            counted = start
        if match.end() > end:
            end = text.find("\n", match.end() + _CONTEXT) + 1 or len(text)
    if start >= 0:
        yield line, text[start:end]


def wide_text(piece: Piece, _data: bytes) -> Iterator[Piece]:
    """In binary data: text of two bytes a character, of which every other one became a blank."""
    found = [match[0][::2].strip() for match in _WIDE.finditer(piece.text)]
    if text := "\n".join(part for part in found if len(part) >= _FEWEST_WIDE):
        yield Piece(piece.line, text, "wide characters", record=True)


def without_tags(piece: Piece, _data: bytes) -> Iterator[Piece]:
    """The text of HTML or XML."""
    text = _TAG.sub(" ", _INLINE.sub("", piece.text))
    if text != piece.text:
        yield Piece(piece.line, html.unescape(text), "markup")


def joined_literals(piece: Piece, _data: bytes) -> Iterator[Piece]:
    """String literals of Python (and of languages that write them alike) that are put together.

    ``"to" "gether"``, over line breaks, with ``+``, or with escapes for letters.  Single literals
    without escapes stand in the text itself.
    """
    text, line, counted, end = piece.text, piece.line, 0, -1
    parts: list[str] = []
    start_line, hidden = line, False
    for match in _LITERAL.finditer(text):
        if match.lastgroup == "comment":
            continue
        raw, start, prefix = match[match.lastindex or 0], match.start(), ""
        if start and text[start - 1] in "rRbBuUfF":
            found = _PREFIX.search(text[max(0, start - 8) : start])
            prefix = found[0].lower() if found else ""
            start -= len(prefix)
        value = raw if "r" in prefix else unescaped(raw)
        glue = _GLUE.match(text, end) if end >= 0 else None
        if parts and (glue is None or glue.end() < start):
            if len(parts) > 1 or hidden:
                yield Piece(start_line, "".join(parts), "joined literals", record=True)
            parts, hidden = [], False
        if not parts:
            line += text.count("\n", counted, match.start())
            counted, start_line = match.start(), line
        parts.append(value)
        hidden = hidden or _HIDES.search(raw) is not None
        end = match.end()
    if len(parts) > 1 or hidden:
        yield Piece(start_line, "".join(parts), "joined literals", record=True)


def unescaped(raw: str) -> str:
    """What a literal says, with the escapes of Python."""
    return _ESCAPE.sub(_character, raw) if "\\" in raw else raw


def _character(match: re.Match[str]) -> str:
    if match["line"] is not None:
        return ""
    if match["octal"] is not None:
        return chr(int(match["octal"], 8))
    for name in "xuU":
        if match[name] is not None:
            code = int(match[name], 16)
            return chr(code) if code < 0xD800 or 0xE000 <= code < 0x110000 else " "
    return _LETTERS.get(match["other"], match["other"])
