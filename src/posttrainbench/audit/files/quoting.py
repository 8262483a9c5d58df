"""Hostile text, made safe to store and to show.

What an agent wrote may hold terminal escapes, newlines, text-direction marks or bytes that are no
UTF-8.  Records and terminals get only what comes out of here.
"""

from __future__ import annotations

import os

QUOTE = 300
"""Longest quotation in a piece of evidence, in characters."""


def quote(text: str, limit: int = QUOTE) -> str:
    """At most ``limit`` characters of ``text`` on one line, everything unprintable escaped."""
    shown = "".join(c if c.isprintable() else _escape(c) for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def safe_name(name: str) -> str:
    """A file name or path as valid Unicode, one to one.

    Bytes that are no UTF-8 become ``\\xNN`` and, so that this stays unambiguous, a backslash of the
    name itself becomes two.  Other characters stay as they are: JSON escapes newlines by itself.
    """
    doubled = name.replace("\\", "\\\\")
    try:
        raw = os.fsencode(doubled)
    except UnicodeEncodeError:  # lone surrogates, from JSON: no file has such a name
        raw = doubled.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def shown_name(name: str) -> str:
    """A file name for a sentence: safe, one line, not too long."""
    return quote(safe_name(name), 160)


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
