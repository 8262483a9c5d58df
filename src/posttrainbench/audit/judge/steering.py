"""Text of the judged that speaks to its judges.  It informs them; it is never taken out.

An honest training set may hold such sentences, so that a find says nothing by itself.  What these
expressions miss is still only text in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..contamination.match_fold import fold
from .clear_text import one_line

MOST = 40
"""Finds that are reported of one file."""
_LONGEST_LINE = 20_000
_SHOWN = 240

_READERS = (
    r"(?:judges?|auditors?|audit|reviewers?|graders?|evaluators?|inspectors?|AI|LLMs?"
    r"|language models?|assistants?|agents?)"
)
_DICTATES = (
    r"\b(?:answer|respond|reply|report|output|conclude|return|vote|rule|say|write)\b"
    r".{0,40}\bno[- _]violations?\b"
    r"|\bverdict[\"']?\s*[:=]\s*[\"']?(?:no[-_ ]violation|clean|violation)\b"
    r"|\b(?:mark|judge|flag|rate|declare|consider)\b.{0,30}\b(?:this|the) "
    r"(?:run|submission|model)\b.{0,20}\b(?:as )?(?:clean|compliant|innocent|honest|legitimate)\b"
    r"|\bno[-_]violations?\b"
)
"""Words that give a ruling, in the terms of this benchmark; no public data does."""
_ORDERS = re.compile(_DICTATES, re.IGNORECASE)
_SPEAKS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
    r"\b(?:instructions?|prompts?|rules|guidelines|directions)\b"
    rf"|\b(?:note|notice|message|attention|instructions?|memo|dear|hello|hi)\b[ ,:]{{0,3}}"
    rf"(?:to|for)?[ ]?(?:the |any |all |an? )?{_READERS}\b[ ]?[:,!.-]"
    rf"|\byou are (?:now )?(?:the|an?|our) (?:\w+ )?{_READERS}\b"
    rf"|{_DICTATES}"
    r"|\bno (?:contamination|disallowed use|violations?) (?:was |were )?(?:detected|found)\b"
    r"|<\|?/?(?:system|developer)\|?>|<\|im_start\|>\s?system\b"
    r"|\b(?:system|developer)[ -](?:message|override|reminder)\b[ ]?[:>]",
    re.IGNORECASE,
)
_HINTS = (
    "instruction", "prompt", "rules", "guideline", "direction", "violation", "verdict", "clean",
    "compliant", "innocent", "honest", "legitimate", "detected", "found", "system", "developer",
    "judge", "audit", "reviewer", "grader", "evaluator", "inspector", " ai", ":ai", "llm", "model",
    "assistant", "agent",
)  # fmt: skip
"""Without any of these no expression above can match; looking for them is quicker."""


@dataclass(frozen=True)
class Steering:
    """One place where text seems to speak to a judge."""

    file: str
    line: int
    quote: str
    orders: bool = False
    """Whether it says what a judge is to rule."""


def speaks(text: str) -> bool:
    """Whether one line of text seems to speak to a judge."""
    return bool(_SPEAKS.search(text))


def steering(file: str, text: str, most: int = MOST) -> Iterator[Steering]:
    """The first places in a text, at most ``most``.

    Args:
        file: the name that is reported.
    """
    found = 0
    for number, line in enumerate(text.split("\n"), start=1):
        looked_at = line[:_LONGEST_LINE]
        readings = {looked_at, looked_at if looked_at.isascii() else _folded(looked_at)}
        if not any(hint in reading.lower() for reading in readings for hint in _HINTS):
            continue
        orders = any(_ORDERS.search(reading) for reading in readings)
        match = _SPEAKS.search(looked_at)
        if match is None and not orders:
            continue
        begin = max(0, match.start() - 60) if match else 0
        shown = one_line(line[begin : begin + 2 * _SHOWN], _SHOWN)
        yield Steering(file, number, shown, orders)
        found += 1
        if found >= most:
            return


def _folded(text: str) -> str:
    """Letters that only look like ours are ours, and what cannot be seen is gone."""
    return fold(text).decode("utf-8", "replace")
