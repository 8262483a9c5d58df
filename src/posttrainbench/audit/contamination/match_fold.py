"""Undo what hides words without changing them: escapes, entities, markup, width, accents.

Items and files are folded alike, so a rule only has to be the same on both sides.  The number of
line breaks stays as it is, so that lines can be counted afterwards.
"""

from __future__ import annotations

import html
import re
import unicodedata

import numpy as np

_HEX = frozenset(b"0123456789abcdefABCDEF")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d{0,2});")
_TAG = re.compile(r"</?[a-zA-Z]{1,10}\d?[ \t]{0,2}/?>")
_HYPHEN = re.compile(r"-(\n|\\{1,8}n)([ \t#>*]{0,20})([a-z]+)")
_UNSEEN = re.compile(
    "[\u00ad\u0300-\u036f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]+"
)
"""Combining accents, soft hyphens, joiners, direction marks, variation selectors and tags."""
_NO_LETTER = re.compile(r"[^\w\x00-\x7f]")
_RAISED = str.maketrans(
    {
        sign: f" {digit}"
        for signs in ("⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉")
        for sign, digit in zip(signs, "0123456789", strict=True)
    }
)
_TWINS = str.maketrans(
    "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0425\u0423"
    "\u0430\u0432\u0441\u0435\u04bb\u0456\u0458\u043e\u0440\u0455\u0445\u0443\u0501\u051b\u051d"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
    "ABCEHIJKMOPSTXYaBcehijopsxydqwABEZHIKMNOPTYXo",
)
"""Cyrillic and Greek letters that look like Latin ones."""
_REMEMBERED = 10_000


def fold(text: str) -> bytes:
    """The text in UTF-8, every character that stands for a letter or digit as that one."""
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "-\n" in text or "-\\" in text:
        text = _HYPHEN.sub(r"\3\1\2", text)
    data = _decoded(text.encode("utf-8", "replace"))
    return data if data.isascii() else _foreign(data)


def _entity(match: re.Match[str]) -> str:
    return html.unescape(match[0]).replace("\n", " ")


def _decoded(data: bytes) -> bytes:
    """With the characters that an escape (``\\u0061``, ``\\x61``) gives by number, however often
    it was escaped itself."""
    if b"\\" not in data:
        return data
    raw = np.frombuffer(data, np.uint8)
    slashes = np.flatnonzero(raw[:-1] == 92)
    kind = raw[slashes + 1]
    parts: list[bytes] = []
    done = 0
    known: dict[bytes, bytes] = {}
    for start in slashes[(kind == 117) | (kind == 120)].tolist():
        stop = start + (6 if data[start + 1] == 117 else 4)
        code = data[start + 2 : stop]
        if (character := known.get(code)) is None:
            character = known[code] = _character(code, stop - start - 2)
        if character and start >= done:
            parts += (data[done:start].rstrip(b"\\"), character)
            done = stop
    return b"".join((*parts, data[done:])) if parts else data


def _character(code: bytes, digits: int) -> bytes:
    if len(code) < digits or not _HEX.issuperset(code):
        return b""
    value = int(code, 16)
    return b" " if value == 10 or 0xD800 <= value < 0xE000 else chr(value).encode()


def _foreign(data: bytes) -> bytes:
    """Each run of characters beyond ASCII folded; such runs are few in most files."""
    high = np.flatnonzero(np.frombuffer(data, np.uint8) > 127)
    if not len(high):
        return data
    gaps = np.flatnonzero(np.diff(high) > 1)
    firsts = [int(high[0]), *high[gaps + 1].tolist()]
    lasts = [*high[gaps].tolist(), int(high[-1])]
    parts: list[bytes] = []
    done = 0
    known: dict[bytes, bytes] = {}
    for first, last in zip(firsts, lasts, strict=True):
        run = data[first : last + 1]
        if (plain := known.get(run)) is None:
            plain = _plain(run)
            if len(known) < _REMEMBERED:
                known[run] = plain
        parts += (data[done:first], plain)
        done = last + 1
    return b"".join((*parts, data[done:]))


def _plain(run: bytes) -> bytes:
    """Letters without accents, width and disguise; invisible characters gone; the rest blank."""
    text = unicodedata.normalize("NFKD", run.decode("utf-8", "replace").translate(_RAISED))
    text = _UNSEEN.sub("", text).translate(_TWINS)
    return _NO_LETTER.sub(" ", text).lower().encode()
