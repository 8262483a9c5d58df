"""Which choice a model's text names: inspect's reading, in time proportional to the text.

inspect looks for a line ``ANSWER: X`` with nothing but a full stop behind it; the last such line
counts.  Where there is none, the last ``ANSWER: X`` anywhere counts.  Markdown's and LaTeX's bold,
``$`` and brackets around the letter are taken off first.  What is named must be one letter of the
choices; two letters, or a line that names nothing, are no answer.

inspect's own expressions need the third power of a run of spaces; a model that falls into writing
spaces after ``ANSWER:`` would hold up an evaluation for days.  The ones here find the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_LETTERS = r"([A-Za-z\d](?: *+[A-Za-z\d,]++)*+)"
_DOLLARS = re.compile(r"\$\s*+" + _LETTERS + r"\s*+\$")
_BOLD = re.compile(r"\*\*\s*+" + _LETTERS + r"\s*+\*\*")
_BRACKETS = re.compile(r"(?i)(^|[:,])(\s*+)\(([A-Za-z\d])\)(?=[^\S\n]*+(?:\n|,|\.|\Z))")

_HEAD = r"ANSWER\s*+:(\s*+)([A-Za-z\d,][A-Za-z\d ,]*+)?"
_LINE = re.compile("(?im)^" + _HEAD)
_ANYWHERE = re.compile("(?i)" + _HEAD)
_LINE_ENDS = re.compile(r"[^\S\n]*+(?:\n|\.|\Z)")

Reading = Callable[[str, "re.Match[str]"], tuple[str, int] | None]
"""What a match names, and where its text ends."""


def chosen_letter(text: str, letters: str) -> str | None:
    """The letter that a completion chooses; ``None`` where it names none or several.

    Args:
        text: the completion, without thoughts.
        letters: the letters on offer, such as ``ABCD``.
    """
    text = _DOLLARS.sub(r"\1", text)
    text = _BOLD.sub(r"\1", text)
    text = _BRACKETS.sub(r"\1\2\3", text)
    named = _last(_LINE, _on_a_line, text)
    if named is None:
        named = _last(_ANYWHERE, _in_passing, text)
    tokens = [token for token in (named or "").strip().upper().split(",") if token]
    return tokens[0] if len(tokens) == 1 and tokens[0] in set(letters) else None


def _last(head: re.Pattern[str], read: Reading, text: str) -> str | None:
    """What the last match names.  A match takes its text away from those that would follow."""
    last, position = None, 0
    while (match := head.search(text, position)) is not None:
        found = read(text, match)
        if found is None:
            position = match.start() + 1
        else:
            last, position = found
    return last


def _on_a_line(text: str, match: re.Match[str]) -> tuple[str, int] | None:
    """Letters up to the end of the line, or a space before it that stands for no letters."""
    if match[2] and _LINE_ENDS.match(text, match.end()):
        return match[2], match.end()
    gap, end = match[1], match.end(1)
    if " " not in gap:
        return None
    if gap.rfind("\n") > gap.find(" ") or text[end : end + 1] in ("", "."):
        return "", end
    return None


def _in_passing(text: str, match: re.Match[str]) -> tuple[str, int] | None:
    """Letters up to the end of a word, or a space at such an end."""
    end = match.end()
    if match[2]:
        if not _is_word(text, end):
            return match[2], end + 1
        cut = max(match[2].rfind(" "), match[2].rfind(","))
        if cut > 0:
            return match[2][:cut], match.start(2) + cut + 1
    gap, start = match[1], match.start(1)
    for index in range(len(gap) - 1, -1, -1):
        if gap[index] == " " and not _is_word(text, start + index + 1):
            return "", start + index + 2
    return None


def _is_word(text: str, index: int) -> bool:
    char = text[index : index + 1]
    return char.isalnum() or char == "_"
