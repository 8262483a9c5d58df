"""Hostile text as a judge may see it: no terminal sequences, nothing invisible, nothing endless."""

from __future__ import annotations

import re

_ANSI = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,16}[@-~]"  # colours, cursor
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d]{0,4096}(?:\x07|\x1b\\|\x9c)"  # titles, links
    r"|\x1b[PX^_][^\x1b]{0,4096}\x1b\\"
    r"|\x9b[0-?]{0,64}[ -/]{0,16}[@-~]"
    r"|\x1b[ -/]{0,4}[0-~]"
)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
"""Control characters, direction marks, fillers, and the characters of Unicode's tag block, in which
a text can be hidden that a model reads and a person does not see."""


def clear(text: str) -> str:
    """``text`` without terminal sequences; what else cannot be seen is spelled out.

    Lines and tabs stay.  A carriage return ends a line, as it begins one on a terminal.
    """
    text = _ANSI.sub("", text.replace("\r\n", "\n")).replace("\r", "\n")
    return _UNSEEN.sub(_spelled, text)


def one_line(text: str, limit: int) -> str:
    """The same on one line, white space as single spaces, at most ``limit`` characters."""
    line = " ".join(clear(text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def shortened(text: str, limit: int) -> str:
    """At most about ``limit`` characters: the beginning, a word on what is left out, the end."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    left = len(text) - limit
    return f"{text[: limit - tail]}\n[... {left} characters left out ...]\n{text[-tail:]}"


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
