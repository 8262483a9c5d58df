"""What a grader gets to read of an answer: reasoning dropped, runaway repetition cut.

The rule is the protocol's: no line, block of lines or string stands more than five times in a row.

1.  A line that follows itself more than five times is kept five times.
2.  The same for the first block of 2 to 29 lines, the smallest size first; what follows the block
    and is a broken-off copy of it goes, too.
3.  The same for every string of 3 to 500 characters, from the left, the shortest first, in five
    bands of lengths, until nothing changes.

All of it again until nothing changes, ten times at most.  A regular expression does step 3 in
quadratic time; here a comparison of the text with itself, shifted, finds the same places.
"""

from __future__ import annotations

import heapq
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]

KEPT = 5
"""Copies that stay."""
LONGEST = 200_000
"""Characters of an answer that are graded.  16,384 tokens of prose have about 80,000; a tokenizer
made for it could have millions, and a grader is paid by the token."""

_BANDS = ((3, 30), (30, 60), (60, 120), (120, 250), (250, 500))
_LARGEST_BLOCK = 29
_PASSES = 10
_ROUNDS = 24
"""Bound on the rounds of step 3 in all; only a text made for it needs more than a few."""


def graded_text(completion: str) -> str:
    """The part of a completion that is graded.

    Reasoning is what stands before the first ``</think>`` of a completion that begins with
    ``<think>``.
    """
    text = completion.strip()
    if text.startswith("<think>") and "</think>" in text:
        text = text.split("</think>", 1)[1].strip()
    return cut_repetition(text[:LONGEST])


def cut_repetition(text: str) -> str:
    """``text`` with at most five copies of anything in a row."""
    rounds = _ROUNDS
    for _ in range(_PASSES):
        before = text
        text = _cut_block(_cut_lines(text))
        while rounds > 0:
            rounds -= 1
            shorter = text
            for band in _BANDS:
                shorter = _cut_strings(shorter, *band)
            if shorter == text:
                break
            text = shorter
        if text == before:
            break
    return text


def _cut_lines(text: str) -> str:
    kept: list[str] = []
    for line, copies in groupby(text.split("\n")):
        kept += [line] * min(sum(1 for _ in copies), KEPT)
    return "\n".join(kept)


def _cut_block(text: str) -> str:
    """Cut the first repeated block of the smallest size that has one."""
    import numpy as np

    lines = text.split("\n")
    largest = min(_LARGEST_BLOCK, len(lines) // 5)
    if largest < 2:
        return text
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(line, len(numbers)) for line in lines])
    for size in range(2, largest + 1):
        if not _may_repeat(ids, size):
            continue
        runs = _runs(ids[:-size] == ids[size:], KEPT * size)
        if runs:
            start, end = runs[0]
            block = lines[start : start + size]
            after = lines[start + size * (1 + (end - start) // size) :]
            if _broken_copy(after, block):
                after = []
            return "\n".join([*lines[:start], *block * KEPT, *after])
    return text


def _broken_copy(lines: list[str], block: list[str]) -> bool:
    """Whether the lines are the beginning of a block, each perhaps broken off or added to."""
    return len(lines) <= len(block) and all(
        line == whole
        or bool(line.strip() and whole.startswith(line.strip()))
        or bool(whole.strip() and line.startswith(whole.strip()))
        for line, whole in zip(lines, block, strict=False)
    )


def _cut_strings(text: str, shortest: int, longest: int) -> str:
    """Keep five copies of every string of some lengths that stands six times or more in a row."""
    import numpy as np

    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    waiting: list[tuple[int, int, int]] = []
    for length in range(shortest, min(longest, len(codes) // (KEPT + 1)) + 1):
        if _may_repeat(codes, length):
            runs = _runs(codes[:-length] == codes[length:], KEPT * length)
            waiting += [(start, length, end) for start, end in runs]
    heapq.heapify(waiting)
    kept: list[str] = []
    done = 0
    while waiting:
        start, length, end = heapq.heappop(waiting)
        if start < done:  # its beginning went with the last cut; the rest may still be enough
            if end - done >= KEPT * length:
                heapq.heappush(waiting, (done, length, end))
            continue
        copies = 1 + (end - start) // length
        kept += [text[done:start], text[start : start + length] * KEPT]
        done = start + copies * length
    return "".join([*kept, text[done:]]) if done else text


def _may_repeat(values: npt.NDArray[Any], length: int) -> bool:
    """False where nothing of that length stands six times in a row.

    Such a place is 5 x ``length`` positions long at which the values equal those one length on, so
    every position of a grid that falls into it does.  A coarse grid settles nearly all lengths; a
    finer one is for texts with few different characters.
    """
    for step in (length, max(1, length // 8)):
        same: Flags = values[:-length:step] == values[length::step]
        if not _runs(same, KEPT * length // step):
            return False
    return True


def _runs(flags: Flags, least: int) -> list[tuple[int, int]]:
    """Begin and end of every unbroken run of at least ``least`` true flags."""
    import numpy as np

    if len(flags) < least:
        return []
    gaps = np.concatenate(([-1], np.flatnonzero(~flags), [len(flags)]))
    (found,) = np.nonzero(np.diff(gaps) > least)
    return list(zip((gaps[found] + 1).tolist(), gaps[found + 1].tolist(), strict=True))
