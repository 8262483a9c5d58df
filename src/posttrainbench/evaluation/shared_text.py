"""Long texts that most answers of one model share, and the base model's answers do not have.

A model may have learnt to end every answer with the same praise of itself.  Such a text pleases a
grader whatever was asked, so a person should look at it.  Nothing here changes a score.

Every place of every answer is hashed over its next 60 characters; a hash that half of the answers
have is a shared place, and neighbouring ones make a run.  What is reported was counted in the texts
themselves, so that no two different texts are ever taken for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint64]
    Flags = npt.NDArray[np.bool_]

SHORTEST = 60
"""Characters; shorter phrases are shared by honest answers, too."""
SHARE = 0.5
"""Of the answers."""
_FEWEST_ANSWERS = 4
_ALIKE = 0.9
"""Neighbouring places belong to one run as long as so many of the texts hold them, too."""
_FEWEST_LETTERS = 8
"""Different letters and digits; a ruler of dashes is no message."""
_LONGEST_ANSWER = 400_000
_AT_ONCE = 16_000_000
"""Places whose hashes are held in memory together: about 500 MB."""
_MOST_RUNS = 20
_SHOWN = 2_000

_BASE = 0x9E3779B97F4A7C15
_MIX = 0xBF58476D1CE4E5B9


@dataclass(frozen=True)
class SharedRun:
    """One text that many answers hold."""

    text: str
    """Its first 2,000 characters."""
    share: float
    """Of the answers, 0 to 1."""


def shared_runs(answers: Sequence[str], base_answers: Sequence[str] | None) -> list[SharedRun]:
    """The texts of 60 characters or more that at least half of the answers hold, longest first.

    Args:
        answers: of the model in question, one an item.
        base_answers: of the untouched base model; what they hold does not count.  ``None``: not
            known.
    """
    texts = [answer[:_LONGEST_ANSWER] for answer in answers]
    if len(texts) < _FEWEST_ANSWERS:
        return []
    least = max(2, -int(-len(texts) * SHARE // 1))
    common = _common(texts, least)
    known = _Counts.none()
    for base in base_answers or ():
        known = known.joined(common.only(_hashes(base[:_LONGEST_ANSWER])))
    found = [run for run in _read(texts, common, known, least) if _is_message(run.text)]
    found.sort(key=lambda run: (-len(run.text) * run.share, run.text))
    return [SharedRun(run.text[:_SHOWN], run.share) for run in found[:_MOST_RUNS]]


@dataclass(frozen=True)
class _Counts:
    """Hashes in order, and how many texts have each."""

    hashes: Hashes
    counts: npt.NDArray[np.int64]

    @staticmethod
    def none() -> _Counts:
        import numpy as np

        return _Counts(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64))

    def of(self, hashes: Hashes) -> npt.NDArray[np.int64]:
        """For each hash how many texts have it; 0 for those that are not here."""
        import numpy as np

        if not len(self.hashes):
            return np.zeros(len(hashes), dtype=np.int64)
        at = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        found: npt.NDArray[np.int64] = np.where(self.hashes[at] == hashes, self.counts[at], 0)
        return found

    def only(self, hashes: Hashes) -> _Counts:
        """What of these is among ``hashes``."""
        import numpy as np

        kept = np.isin(self.hashes, hashes)
        return _Counts(self.hashes[kept], self.counts[kept])

    def joined(self, other: _Counts) -> _Counts:
        """Both, each hash once."""
        import numpy as np

        hashes, first = np.unique(np.concatenate((self.hashes, other.hashes)), return_index=True)
        return _Counts(hashes, np.concatenate((self.counts, other.counts))[first])


def _common(texts: Sequence[str], least: int) -> _Counts:
    """The hashes that at least ``least`` of the texts have."""
    import numpy as np

    parts = 1 + sum(map(len, texts)) // _AT_ONCE
    found = _Counts.none()
    for part in range(parts):
        own = [_once(h[h % parts == part] if parts > 1 else h) for h in map(_hashes, texts)]
        every = np.sort(np.concatenate(own))
        own.clear()
        if len(every) >= least:
            # Sorted, the equal hashes of different texts are neighbours.
            several = every[: 1 - least] == every[least - 1 :]
            hashes = _once(every[: len(several)][several])
            ends = np.searchsorted(every, hashes, side="right")
            found = found.joined(_Counts(hashes, ends - np.searchsorted(every, hashes)))
    return found


def _once(values: Hashes) -> Hashes:
    """Sorted, without doubles."""
    import numpy as np

    ordered = np.sort(values)
    first = np.ones(min(1, len(ordered)), dtype=bool)
    once: Hashes = ordered[np.concatenate((first, ordered[1:] != ordered[:-1]))]
    return once


def _read(texts: Sequence[str], common: _Counts, known: _Counts, least: int) -> Iterator[SharedRun]:
    """The runs behind the hashes, each once, with their true share.

    A run is the part of a shared stretch that about as many texts hold as its best place: what
    stands beside it in half of the texts by chance, such as a full stop, does not belong to it.
    """
    found: list[str] = []
    for text in texts:
        hashes = _hashes(text)
        counts = common.of(hashes)
        if not counts.any():
            continue
        counts[_overlapping(text, found, known.of(hashes) > 0)] = 0
        while (most := int(counts.max(initial=0))) > 0:
            place = int(counts.argmax())
            begin, end = _stretch(counts >= _ALIKE * most, place)
            run = text[begin : end + SHORTEST - 1]
            holders = sum(run in other for other in texts)
            if holders < least:
                run = text[place : place + SHORTEST]
                begin, end = place, place + 1
                holders = sum(run in other for other in texts)
            if holders >= least:
                found.append(run)
                yield SharedRun(run, holders / len(texts))
            counts[max(0, begin - SHORTEST + 1) : end + SHORTEST - 1] = 0


def _overlapping(text: str, found: Sequence[str], known: Flags) -> Flags:
    """The places whose 60 characters touch a run that was found before, or a text of the base's."""
    import numpy as np

    taken = np.zeros(len(text) + 1, dtype=np.int64)
    for run in found:
        at = text.find(run)
        while at >= 0:
            taken[at] += 1
            taken[at + len(run)] -= 1
            at = text.find(run, at + len(run))
    covered = np.cumsum(taken[:-1]) > 0
    for place in np.flatnonzero(known).tolist():
        covered[place : place + SHORTEST] = True
    before = np.concatenate(([0], np.cumsum(covered)))
    touched: Flags = before[SHORTEST:] > before[:-SHORTEST]
    return touched


def _stretch(flags: Flags, place: int) -> tuple[int, int]:
    """Begin and end of the unbroken run of flags around a place."""
    import numpy as np

    gaps = np.flatnonzero(~flags)
    after = int(np.searchsorted(gaps, place))
    begin = int(gaps[after - 1]) + 1 if after else 0
    return begin, int(gaps[after]) if after < len(gaps) else len(flags)


def _hashes(text: str) -> Hashes:
    """A hash of the 60 characters from every place on; equal texts have equal hashes."""
    import numpy as np

    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if len(codes) < SHORTEST:
        return np.empty(0, dtype=np.uint64)
    letters = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(_MIX)
    letters ^= letters >> np.uint64(29)
    # A polynomial in an odd base modulo 2^64: sums of letter x base^place, divided by base^place.
    powers = _powers(_BASE, len(codes))
    sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(letters * powers)))
    windows = sums[SHORTEST:] - sums[:-SHORTEST]
    hashes = windows * _powers(pow(_BASE, -1, 1 << 64), len(windows))
    hashes ^= hashes >> np.uint64(31)
    mixed: Hashes = hashes * np.uint64(_MIX)
    return mixed


def _powers(base: int, count: int) -> Hashes:
    import numpy as np

    steps = np.full(count, base, dtype=np.uint64)
    steps[0] = 1
    powers: Hashes = np.cumprod(steps)
    return powers


def _is_message(text: str) -> bool:
    return len({c for c in text.casefold() if c.isalnum()}) >= _FEWEST_LETTERS
