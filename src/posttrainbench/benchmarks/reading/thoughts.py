"""A model's text without its thoughts, as inspect takes them out of a server's answer.

inspect keeps what stands between ``<think>`` and ``</think>`` apart from the completion, so a
number or a letter in there does not count.  It does so for the first block only, with inner blocks,
and only for one that is closed: a text that was cut off while thinking is all completion.
"""

from __future__ import annotations

import re

_OPEN = re.compile(r"<think[^>]*>")
_TAG = re.compile(r"<think[^>]*>|</think>")
_END = "</think>"


def without_thoughts(text: str) -> str:
    """The text that counts; time is in proportion to its length."""
    bounded = text[: text.rfind(">") + 1]  # no tag reaches beyond, so that no search does
    block = _balanced(bounded) or _first(bounded)
    return text if block is None else (text[: block[0]] + text[block[1] :]).strip()


def _balanced(text: str) -> tuple[int, int] | None:
    """From the first opening tag to the closing one that ends it."""
    start, depth = -1, 0
    for tag in _TAG.finditer(text):
        if tag[0] != _END:
            start = tag.start() if depth == 0 else start
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                return start, tag.end()
    return None


def _first(text: str) -> tuple[int, int] | None:
    """From the first opening tag to the next closing one."""
    opened = _OPEN.search(text)
    end = text.find(_END, opened.end()) if opened else -1
    return (opened.start(), end + len(_END)) if opened and end >= 0 else None
