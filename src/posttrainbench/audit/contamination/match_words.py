"""The words of a text as numbers, without making a Python object of each: the fast first stage.

A word is a run of letters and digits, in lower case.  A backslash swallows the letter behind it
where the two can be an escape (``\\n``), however often the backslash was escaped itself; LaTeX
loses a letter by that, in items and files alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .match_fold import fold

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

BLOCK = 1 << 17
"""Bytes that are taken at a time, so that all that is computed of them stays in the cache."""
_NUMBER_WORDS = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
thousand million billion dozen half twice thrice double triple quarter
"""
NUMBER_WORDS = frozenset(_NUMBER_WORDS.split())

_KEPT = bytes(c if c >= 128 or c == 10 or chr(c).isalnum() else 32 for c in range(256))
_LOWER = bytes(ord(chr(c).lower()) if c < 128 else c for c in _KEPT)
_ESCAPES = np.zeros(256, np.bool_)
_ESCAPES[list(b"nrtfb")] = True
_MASKS = np.array([(1 << 8 * k) - 1 for k in range(9)], np.uint64)
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)


@dataclass(frozen=True)
class Words:
    """The words of a text."""

    text: bytes
    """As it was, folded; as long as ``lower``."""
    lower: bytes
    """The words in lower case; all else is blanks and line ends."""
    starts: Places
    ends: Places
    hashes: Hashes
    """Of each word; of a number always 0."""
    exact: Hashes
    """Of each word, numbers told apart."""
    lines: Places
    """Where the lines end."""

    def __len__(self) -> int:
        return len(self.starts)

    def between(self, first: int, last: int) -> list[str]:
        """The words from ``first`` up to, without, ``last``."""
        if last <= first:
            return []
        return (
            self.lower[self.starts[first] : self.ends[last - 1]].decode("utf-8", "replace").split()
        )

    def cased(self) -> list[str]:
        """All words with their capitals."""
        return unescaped(self.text, _KEPT).decode("utf-8", "replace").split()


def unescaped(data: bytes, table: bytes = _LOWER) -> bytes:
    """Blank what is no word, and the letters of escapes."""
    if b"\\" not in data:
        return data.translate(table)
    raw = np.frombuffer(data, np.uint8)
    behind = np.flatnonzero(raw[:-1] == 92) + 1
    clean = bytearray(data.translate(table))
    np.frombuffer(clean, np.uint8)[behind[_ESCAPES[raw[behind]]]] = 32
    return bytes(clean)


def read(text: str) -> Words:
    """Split a text into words and hash them."""
    data = fold(text)
    lower = unescaped(data)
    found: list[tuple[Places, Places, Hashes, Hashes]] = []
    done = 0
    while done < len(lower):
        stop = done + BLOCK
        if stop < len(lower):
            stop = max(lower.rfind(b" ", done, stop), lower.rfind(b"\n", done, stop)) + 1 or stop
        starts, ends, hashes, exact = _hashed(lower[done:stop])
        found.append((starts + done, ends + done, hashes, exact))
        done = stop
    if not found:
        found.append(_hashed(b""))
    starts, ends, hashes, exact = (np.concatenate(parts) for parts in zip(*found, strict=True))
    lines = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
    return Words(data, lower, starts, ends, hashes, exact, lines)


def _hashed(block: bytes) -> tuple[Places, Places, Hashes, Hashes]:
    """Starts, ends and hashes: of the first 16 bytes and the length, which is enough for words."""
    padded = np.frombuffer(b"\0" * 8 + block + bytes(32 - len(block) % 8), np.uint8)
    inside = padded > 32
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[0::2], edges[1::2]
    lengths = ends - starts
    eights = padded.view(np.uint64)
    key = _load(eights, starts) & _MASKS[np.minimum(lengths, 8)]
    number = (key & np.uint64(255)) - np.uint64(48) < np.uint64(10)
    value = key * _FACTORS[0]
    long = np.flatnonzero(lengths > 8)
    rest = _load(eights, starts[long] + 8) & _MASKS[np.minimum(lengths[long] - 8, 8)]
    value[long] += rest * _FACTORS[1] + lengths[long].astype(np.uint64)
    value ^= value >> np.uint64(29)
    value *= _FACTORS[2]
    exact = value.copy()
    value[number | _NUMBER_TABLE[value >> np.uint64(48)]] = 0
    return starts - 8, ends - 8, value, exact


def _load(eights: Hashes, places: Places) -> Hashes:
    """Eight bytes from anywhere."""
    slot = places >> 3
    shift = ((places & 7) << 3).astype(np.uint64)
    # A shift by 64 bits gives 0 in NumPy.
    loaded: Hashes = (eights[slot] >> shift) | (eights[slot + 1] << (np.uint64(64) - shift))
    return loaded


_NUMBER_TABLE = np.zeros(1 << 16, np.bool_)
"""Where the hash of a number in words begins; few other words share such a beginning."""
_NUMBER_TABLE[_hashed(" ".join(sorted(NUMBER_WORDS)).encode())[2] >> np.uint64(48)] = True


def collapsed(words: Words) -> tuple[Places, Hashes]:
    """The words without repeated numbers: which they are, and their hashes."""
    number = words.hashes == 0
    kept = np.flatnonzero(~(number[1:] & number[:-1])) + 1
    if len(number):
        kept = np.concatenate((np.zeros(1, np.int64), kept))
    return kept, words.hashes[kept]
