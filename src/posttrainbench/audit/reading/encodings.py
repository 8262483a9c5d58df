"""How the bytes of a text become characters."""

from __future__ import annotations

import codecs
from collections.abc import Callable

Decode = Callable[[bytes, bool], str]
"""The next bytes, and whether they are the last."""

_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b")
_LOOSE = bytes(code if 32 <= code < 127 or code in b"\t\n\r" else 32 for code in range(256))
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MANY = 32
"""One wrong byte in so many, and a text is no UTF-8 at all."""


_PATTERNS = (
    ("utf-32-le", {1, 2, 3}, 0.9),
    ("utf-32-be", {0, 1, 2}, 0.9),
    ("utf-16-le", {1, 3}, 0.6),
    ("utf-16-be", {0, 2}, 0.6),
)
"""Which of four bytes are mostly NUL, and how many of them."""


def encoding_of(head: bytes) -> str:
    """Name of the encoding; ``utf-8`` also for single-byte ones; empty for what is no text."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if wide := _wide(head):
        return wide
    return "" if is_binary(head) else "utf-8"


def is_binary(head: bytes) -> bool:
    """Whether more than a few control characters stand in it, as in no text of any alphabet."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls > len(head) // 32


def decoder(encoding: str) -> Decode:
    """How text in this encoding is read; what is wrong in it costs single characters.

    Args:
        encoding: as :func:`encoding_of` gives it.  Without one only ASCII is kept.
    """
    if not encoding:
        return lambda chunk, _final: loose(chunk)
    if encoding == "utf-8":
        return _Utf8()
    decode = codecs.getincrementaldecoder(encoding)("replace").decode
    return lambda chunk, final: decode(chunk, final)


def loose(data: bytes) -> str:
    """The ASCII text in binary data, blanks for everything else."""
    return data.translate(_LOOSE).decode("ascii")


class _Utf8:
    """UTF-8, in which bytes that cannot be are taken for Windows' Western characters."""

    def __init__(self) -> None:
        self._rest = b""

    def __call__(self, chunk: bytes, final: bool) -> str:
        data, self._rest = self._rest + chunk if self._rest else chunk, b""
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            cut = not final and error.start >= len(data) - 3
            if cut and error.reason == "unexpected end of data":
                data, self._rest = data[: error.start], data[error.start :]
                return self(data, True)
        if not final:
            # Not the first mistake in it: the last character may still be cut.
            for back in range(1, 4):
                if len(data) > back and data[-back] >= 0xC0:
                    data, self._rest = data[:-back], data[-back:]
                    break
        wrong = data.decode("utf-8", "replace").count("\ufffd")
        if wrong > len(data) // _MANY:
            return data.decode("latin-1")
        return data.decode("utf-8", _WESTERN)


def _western(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_WESTERN = "posttrainbench-western"
codecs.register_error(_WESTERN, _western)


def _wide(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: for Western text most of its bytes are NUL, in a pattern."""
    head = head[: len(head) // 4 * 4][:8192]
    if len(head) < 8:
        return ""
    share = [head[k::4].count(0) * 4 / len(head) for k in range(4)]
    for name, zeros, least in _PATTERNS:
        if all((share[k] > least) == (k in zeros) for k in range(4)) and _printable(head, name):
            return name
    return ""


def _printable(head: bytes, encoding: str) -> bool:
    """Numbers below 128 stored in two or four bytes look the same, but are no text."""
    text = head.decode(encoding, "replace")
    good = sum(character.isprintable() or character in "\t\r\n" for character in text)
    return good > 0.97 * len(text)
